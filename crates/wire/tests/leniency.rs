//! Every leniency of api-v2 1.2 that lives in this crate, and the places of 1.1 where
//! parameters travel, as tables.
#![allow(clippy::unwrap_used)]

use wire::field::{self, Why};
use wire::json::{Json, parse};
use wire::params::{DataFault, MethodOverride, Params, ParamsFault};

const GET: bool = true;
const POST: bool = false;
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const MULTIPART: Option<&str> = Some("multipart/form-data; boundary=b");
const JSON: Option<&str> = Some("application/json");

fn decode(get_like: bool, query: &str, content_type: Option<&str>, body: &[u8]) -> Params {
    Params::decode(get_like, Some(query), content_type, body.to_vec()).unwrap()
}

fn json(text: &str) -> Json {
    parse(text).unwrap()
}

fn member(text: &str) -> Json {
    Json::String(text.to_owned())
}

/// The object that the method sees, as compact text.
fn object(mut params: Params) -> String {
    wire::json::shown(&Json::Object(params.data_object().unwrap().object))
}

#[test]
fn booleans() {
    for (sent, read) in [
        ("1", Some(true)),
        ("0", Some(false)),
        (r#""1""#, Some(true)),
        (r#""0""#, Some(false)),
        ("true", Some(true)),
        ("false", Some(false)),
        (r#""true""#, Some(true)),
        (r#""false""#, Some(false)),
        (r#""""#, None),
        ("null", None),
    ] {
        assert_eq!(field::boolean(Some(&json(sent))), Ok(read), "{sent}");
    }
    assert_eq!(field::boolean(None), Ok(None));
    for sent in ["2", "-1", "1.0", r#""yes""#, r#""TRUE""#, r#"" 1""#, "[]", "{}"] {
        assert_eq!(field::boolean(Some(&json(sent))).unwrap_err().why, Why::NotBoolean, "{sent}");
    }
}

#[test]
fn integers_as_numbers_or_strings() {
    for (sent, read) in [
        ("42", Ok(Some(42))),
        (r#""42""#, Ok(Some(42))),
        ("-7", Ok(Some(-7))),
        ("9007199254740993", Ok(Some(9_007_199_254_740_993))),
        (r#""""#, Ok(None)),
        ("null", Ok(None)),
        ("9223372036854775808", Err(Why::TooLarge)),
        ("1.5", Err(Why::NotInteger)),
        ("1e3", Err(Why::NotInteger)),
        (r#""+5""#, Err(Why::NotInteger)),
        (r#""abc""#, Err(Why::NotInteger)),
        ("true", Err(Why::NotInteger)),
    ] {
        assert_eq!(field::integer(Some(&json(sent))).map_err(|fault| fault.why), read, "{sent}");
    }
}

#[test]
fn decimals_keep_their_text() {
    for (sent, read) in [
        ("0.10", Some("0.10")),
        (r#""1000""#, Some("1000")),
        ("-0.5", Some("-0.5")),
        ("123456789012345678901234567890.01", Some("123456789012345678901234567890.01")),
    ] {
        assert_eq!(field::decimal_text(Some(&json(sent))), Ok(read), "{sent}");
    }
    for sent in ["1e5", r#""1.""#, r#"".5""#, r#""1.2.3""#, r#""1,5""#, "[]"] {
        assert_eq!(field::decimal_text(Some(&json(sent))).unwrap_err().why, Why::NotDecimal, "{sent}");
    }
}

#[test]
fn names_may_be_numbers_but_texts_may_not() {
    assert_eq!(field::text_or_number(Some(&json("7"))), Ok(Some("7")));
    assert_eq!(field::text_or_number(Some(&json(r#""file_7""#))), Ok(Some("file_7")));
    assert_eq!(field::text_or_number(Some(&json("true"))).unwrap_err().why, Why::NotText);
    assert_eq!(field::text(Some(&json("7"))).unwrap_err().why, Why::NotText);
    assert_eq!(field::text(Some(&json(r#"" ""#))), Ok(Some(" ")), "blank is not empty");
    for none in [r#""""#, "null"] {
        assert_eq!(field::text(Some(&json(none))), Ok(None));
        assert_eq!(field::list(Some(&json(none))), Ok(None));
        assert_eq!(field::object(Some(&json(none))), Ok(None));
    }
    assert_eq!(field::list(Some(&json("{}"))).unwrap_err().why, Why::NotList);
    assert_eq!(field::object(Some(&json("[]"))).unwrap_err().why, Why::NotObject);
}

#[test]
fn ids_in_every_form() {
    let ids = |texts: &[&str]| field::ids(&texts.iter().map(|text| json(text)).collect::<Vec<_>>());
    assert_eq!(ids(&[r#""1,2, 3""#]), Ok(Some(vec![1, 2, 3])));
    assert_eq!(ids(&[r#"[1,"2",3]"#]), Ok(Some(vec![1, 2, 3])));
    assert_eq!(ids(&[r#""1""#, r#""2,3""#]), Ok(Some(vec![1, 2, 3])));
    assert_eq!(ids(&[r#""1,,2,""#]), Ok(Some(vec![1, 2])));
    assert_eq!(ids(&["7"]), Ok(Some(vec![7])));
    assert_eq!(ids(&[]), Ok(None));
    assert_eq!(ids(&[r#""""#, "null", "[]"]), Ok(None));
    for bad in [r#""1,x""#, "0", "-1", r#"[{"job_id":1}]"#, "[[1]]", "true", r#""99999999999999999999""#] {
        assert_eq!(ids(&[bad]).unwrap_err().why, Why::NotId, "{bad}");
    }
    let many = vec!["1"; field::IDS_MAX + 1].join(",");
    assert_eq!(field::ids([&member(&many)]).unwrap_err().why, Why::TooManyIds);
}

#[test]
fn jobs_as_an_object_or_an_array() {
    let keys = |text: &str| {
        let json = json(text);
        field::entries(Some(&json)).map(|entries| {
            entries.map(|entries| entries.into_iter().map(|(key, _)| key.into_owned()).collect::<Vec<_>>())
        })
    };
    assert_eq!(
        keys(r#"{"b":1,"":2,"10":3}"#),
        Ok(Some(vec!["b".to_owned(), String::new(), "10".to_owned()]))
    );
    assert_eq!(keys("[5,6]"), Ok(Some(vec!["0".to_owned(), "1".to_owned()])));
    assert_eq!(keys("[]"), Ok(Some(vec![])));
    assert_eq!(keys("null"), Ok(None));
    assert_eq!(keys("5").unwrap_err().why, Why::NotEntries);
}

#[test]
fn callback_urls() {
    for good in [
        "http://...",
        "https://example.com/a?b=c",
        "HTTP://example.com",
        "http://127.0.0.1:8080/x",
        "https://例え.jp/",
    ] {
        assert_eq!(field::url(Some(&member(good))), Ok(Some(good)));
    }
    for (bad, why) in [
        ("example.com", Why::NotUrl),
        ("http:example.com", Why::NotUrl),
        ("//example.com", Why::NotUrl),
        ("ftp://example.com", Why::NotUrl),
        ("http://", Why::NotUrl),
        (" http://example.com", Why::NotUrl),
        ("http://exa mple.com", Why::NotUrl),
        ("javascript://example.com", Why::NotUrl),
        ("http://user@example.com", Why::UserInUrl),
        ("http://user:word@example.com", Why::UserInUrl),
        ("http://:word@example.com", Why::UserInUrl),
    ] {
        assert_eq!(field::url(Some(&member(bad))).unwrap_err().why, why, "{bad}");
    }
    assert_eq!(field::url(Some(&json("5"))).unwrap_err().why, Why::NotUrl);
    assert_eq!(field::url(Some(&member(""))), Ok(None));
}

#[test]
fn a_fault_shows_at_most_80_characters_of_the_value() {
    let long = field::integer(Some(&member(&"長".repeat(200)))).unwrap_err();
    assert_eq!(long.shown, format!("\"{}…\"", "長".repeat(80)));
    assert_eq!(field::boolean(Some(&json("[1, {\"a\": null}]"))).unwrap_err().shown, r#"[1,{"a":null}]"#);
    let list = Json::List(vec![member(&"x".repeat(500)); 10_000]);
    assert_eq!(field::text(Some(&list)).unwrap_err().shown.chars().count(), 81);
    assert_eq!(field::text(Some(&json("5"))).unwrap_err().to_string(), "5 is no text: send a string");
}

#[test]
fn query_strings() {
    for (query, seen) in [
        ("a=1", r#"{"a":"1"}"#),
        ("&a=1", r#"{"a":"1"}"#),
        ("a=1&&b=2&", r#"{"a":"1","b":"2"}"#),
        ("a=1&a=2", r#"{"a":"2"}"#),
        ("a=1+2%2B3", r#"{"a":"1 2+3"}"#),
        ("a=%E6%97%A5", r#"{"a":"日"}"#),
        ("a=日", r#"{"a":"日"}"#),
        ("a=100%&b=%zz", r#"{"a":"100%","b":"%zz"}"#),
        ("a=b=c", r#"{"a":"b=c"}"#),
        ("a", r#"{"a":""}"#),
        ("", "{}"),
        (r#"data={"a":1,"b":2}&a=3"#, r#"{"a":"3","b":2}"#),
        ("data=%7B%22a%22%3A%22%2541%22%7D", r#"{"a":"%41"}"#),
        ("data=", "{}"),
        ("api_key=k&ts=1&api_sig=s&format=xml&_method=put&a=1", r#"{"a":"1"}"#),
    ] {
        assert_eq!(object(decode(GET, query, None, b"")), seen, "{query}");
    }
}

#[test]
fn data_encoded_once_too_often_is_not_decoded_twice() {
    let mut params = decode(POST, "", FORM, b"data=%257B%2522a%2522%253A1%257D");
    let Err(DataFault::NotAnObject(fault)) = params.data_object() else { panic!("decoded twice") };
    assert_eq!((fault.line, fault.column), (1, 1));
}

#[test]
fn the_body_wins_for_post_and_the_query_for_get() {
    let query = "api_key=query&ts=1&a=query";
    let body = b"api_key=body&a=body&api_sig=s";
    let post = decode(POST, query, FORM, body);
    assert_eq!(post.api_key.as_deref(), Some("body"));
    assert_eq!(post.ts.as_deref(), Some("1"));
    assert_eq!(post.api_sig.as_deref(), Some("s"));
    assert_eq!(post.direct("a"), Some(&member("body")));
    let get = decode(GET, query, FORM, body);
    assert_eq!(get.api_key.as_deref(), Some("query"));
    assert_eq!(get.direct("a"), Some(&member("query")));
}

#[test]
fn empty_credentials_are_none_and_hide_no_others() {
    let params = decode(POST, "api_key=k&format=xml", FORM, b"api_key=&ts=&format=");
    assert_eq!((params.api_key.as_deref(), params.ts.as_deref()), (Some("k"), None));
    assert_eq!(params.format.as_deref(), Some("xml"));
}

#[test]
fn what_says_nothing_hides_nothing() {
    assert_eq!(
        object(decode(GET, r#"count=&a=1&data={"count":1,"a":2}"#, None, b"")),
        r#"{"count":1,"a":"1"}"#
    );
    let body = br#"{"data":{"a":"","b":null,"c":0},"a":1,"b":2,"c":3,"d":""}"#;
    assert_eq!(object(decode(POST, "", JSON, body)), r#"{"a":1,"b":2,"c":0,"d":""}"#);
}

#[test]
fn method_override_in_any_case() {
    for (sent, read) in [
        ("put", Some(MethodOverride::Put)),
        ("DELETE", Some(MethodOverride::Delete)),
        ("Put", Some(MethodOverride::Put)),
        ("get", None),
        ("", None),
    ] {
        assert_eq!(decode(POST, &format!("_method={sent}"), None, b"").method_override, read, "{sent}");
    }
}

#[test]
fn repeated_parameters_are_all_there() {
    for query in ["job_ids=1&job_ids=2,3", "job_ids[]=1&job_ids[]=2,3", "job_ids[0]=1&job_ids%5B1%5D=2,3"] {
        let outcome = decode(GET, query, None, b"").data_object().unwrap();
        assert_eq!(field::ids(outcome.all("job_ids")), Ok(Some(vec![1, 2, 3])), "{query}");
    }
    let outcome = decode(GET, r#"data={"job_ids":[4,"5"]}"#, None, b"").data_object().unwrap();
    assert_eq!(field::ids(outcome.all("job_ids")), Ok(Some(vec![4, 5])));
}

#[test]
fn content_types() {
    let form = b"data=%7B%22a%22%3A1%7D";
    for content_type in
        [None, Some(""), FORM, Some("text/plain"), Some("Application/X-WWW-Form-Urlencoded ; charset=UTF-8")]
    {
        assert_eq!(object(decode(POST, "", content_type, form)), r#"{"a":1}"#, "{content_type:?}");
    }
    let fault = Params::decode(POST, None, Some("image/png"), form.to_vec()).unwrap_err();
    assert_eq!((fault.code(), fault), (1352, ParamsFault::ContentType("image/png".to_owned())));
    assert!(Params::decode(GET, None, Some("image/png"), Vec::new()).is_ok());
}

#[test]
fn json_bodies() {
    let envelope = br#"{"api_key":"k","ts":1300000000,"api_sig":"s","data":{"a":1}}"#;
    let params = decode(POST, "", JSON, envelope);
    assert_eq!(params.api_key.as_deref(), Some("k"));
    assert_eq!(params.ts.as_deref(), Some("1300000000"));
    assert_eq!(object(params), r#"{"a":1}"#);
    for (body, seen) in [
        (r#"{"jobs":[]}"#, r#"{"jobs":[]}"#),
        (r#"{"data":"{\"a\":1}"}"#, r#"{"a":1}"#),
        (r#"{"api_key":"k","body":"hi","n":5}"#, r#"{"body":"hi","n":5}"#),
        (r#"{"data":{"a":1},"a":2,"b":3}"#, r#"{"a":1,"b":3}"#),
    ] {
        assert_eq!(
            object(decode(POST, "", Some("application/json; charset=utf-8"), body.as_bytes())),
            seen,
            "{body}"
        );
    }
}

#[test]
fn a_broken_json_body_is_told_after_the_credentials() {
    for body in ["{\n \"a\": }", "[1]", "5", "\"x\""] {
        let mut params = decode(POST, "api_key=k", JSON, body.as_bytes());
        assert_eq!(params.api_key.as_deref(), Some("k"));
        assert_eq!(params.data_object().unwrap_err().code(), 1251, "{body}");
    }
}

#[test]
fn data_missing_and_data_no_object() {
    assert_eq!(decode(POST, "api_key=k", FORM, b"ts=1").data_object(), Err(DataFault::Missing));
    assert_eq!(DataFault::Missing.code(), 1250);
    assert!(decode(GET, "api_key=k", None, b"").data_object().is_ok());
    assert!(decode(POST, "", FORM, b"body=hello").data_object().is_ok());
    for (data, said) in [
        ("[]", "line 1, column 1: expected an object: { … }"),
        ("\n  5", "line 2, column 3: expected an object: { … }"),
        ("{\"a\":1", "line 1, column 7: expected the rest of an object, but the text ends here"),
        ("{\"a\":1,}", "line 1, column 8: expected a member's name in double quotes"),
        ("{a:1}", "line 1, column 2: expected a member's name in double quotes"),
        ("{} x", "line 1, column 4: expected the end of the text"),
        ("{\"日本\":\n {\"語\": 語}}", "line 2, column 8: expected a value"),
        ("{\"a\":1,\"a\":2}", "line 1, column 8: expected each member once, but \"a\" comes twice here"),
    ] {
        let mut params = Params::default();
        let body = format!("data={}", data.replace(' ', "+")).into_bytes();
        params = Params::decode(params.method_is_get_like, None, FORM, body).unwrap();
        let fault = params.data_object().unwrap_err();
        assert_eq!((fault.code(), fault.to_string().as_str()), (1251, said), "{data}");
    }
}

#[test]
fn bytes_that_are_not_utf8_name_their_field() {
    let cases: [(Option<&str>, &[u8], &str); 4] = [
        (FORM, b"a=1&slug=%FF", "slug"),
        (FORM, b"slug=\xff", "slug"),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=slug\r\n\r\n\xff\r\n--b--", "slug"),
        (JSON, b"{\"a\":\"\xff\"}", "body"),
    ];
    for (content_type, body, field) in cases {
        let fault = Params::decode(POST, None, content_type, body.to_vec()).unwrap_err();
        assert_eq!(fault, ParamsFault::NotUtf8 { field: field.to_owned() });
        assert_eq!((fault.code(), fault.to_string()), (1351, format!("\"{field}\" is not UTF-8")));
    }
}

#[test]
fn too_many_parameters_are_refused() {
    let query = "a=1&".repeat(wire::params::PARAMETERS_MAX + 1);
    assert_eq!(Params::decode(GET, Some(&query), None, Vec::new()).unwrap_err(), ParamsFault::TooMany);
    let parts = "--b\r\nA: b\r\n\r\n\r\n".repeat(wire::params::PARAMETERS_MAX + 1) + "--b--";
    let fault = Params::decode(POST, None, MULTIPART, parts.into_bytes()).unwrap_err();
    assert_eq!((fault.code(), fault), (1352, ParamsFault::TooMany));
}

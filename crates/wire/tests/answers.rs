//! Envelopes, XML and the shapes of api-v2 3.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::answer::{Format, encode_error, encode_ok, keyed_as_sent, numbers_current};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn xml(response: &Value) -> String {
    text(encode_ok(response, Format::Xml))
}

#[test]
fn json_envelopes() {
    assert_eq!(text(encode_ok(&json!({}), Format::Json)), r#"{"opstat":"ok","response":{}}"#);
    assert_eq!(
        text(encode_ok(&json!({"z": "日本", "a": 1}), Format::Json)),
        r#"{"opstat":"ok","response":{"z":"日本","a":1}}"#
    );
    assert_eq!(
        text(encode_error(&json!({"code": 2250, "msg": "no"}), Format::Json)),
        r#"{"opstat":"error","err":{"code":2250,"msg":"no"}}"#
    );
}

#[test]
fn xml_golden() {
    let answer = json!({
        "jobs": [{"job_id": "1", "eta": -1}, {"job_id": "2", "done": true, "failed": false}],
        "credits": 16.2,
        "none": null,
        "blank": "",
        "list": [],
        "0": "zero",
        "two words": 2,
        "ns:name": 3,
        "xmlish": 4,
        "名前": 5,
        "a\"<\n": 6,
        "text": "a<b>&\"c\"\u{1}\u{fffe}\u{1f600}]]>\r\n",
    });
    insta::assert_snapshot!(xml(&answer).replace("><", ">\n<"), @r##"
<?xml version="1.0" encoding="UTF-8"?>
<response>
<opstat>ok</opstat>
<response>
<jobs>
<item>
<job_id>1</job_id>
<eta>-1</eta>
</item>
<item>
<job_id>2</job_id>
<done>1</done>
<failed>0</failed>
</item>
</jobs>
<credits>16.2</credits>
<none/>
<blank>
</blank>
<list>
</list>
<item key="0">zero</item>
<item key="two words">2</item>
<item key="ns:name">3</item>
<item key="xmlish">4</item>
<名前>5</名前>
<item key="a&quot;&lt;&#10;">6</item>
<text>a&lt;b&gt;&amp;&quot;c&quot;😀]]&gt;&#13;
</text>
</response>
</response>
"##);
}

#[test]
fn xml_errors() {
    let err = json!({"job_1": [{"code": 1400, "msg": "m", "field": "lc_src"}], "0": [{"code": 1}]});
    insta::assert_snapshot!(text(encode_error(&err, Format::Xml)), @r##"<?xml version="1.0" encoding="UTF-8"?><response><opstat>error</opstat><err><job_1><item><code>1400</code><msg>m</msg><field>lc_src</field></item></job_1><item key="0"><item><code>1</code></item></item></err></response>"##);
}

#[test]
fn formats() {
    for (param, accept, format) in [
        (None, None, Format::Json),
        (Some("xml"), Some("application/json"), Format::Xml),
        (Some("XML"), None, Format::Xml),
        (Some("json"), Some("application/xml"), Format::Json),
        (Some("yaml"), Some("application/xml"), Format::Xml),
        (None, Some("application/xml"), Format::Xml),
        (None, Some("text/xml; charset=utf-8"), Format::Xml),
        (None, Some("application/json, application/xml"), Format::Json),
        (None, Some("application/json;q=0.5, Application/XML;q=0.75"), Format::Xml),
        (None, Some("application/xml;q=0.9, */*"), Format::Json),
        (None, Some("application/xml;q=0"), Format::Json),
        (None, Some("*/*"), Format::Json),
        (None, Some(";,;q=x"), Format::Json),
    ] {
        assert_eq!(Format::choose(param, accept), format, "{param:?} {accept:?}");
    }
    assert_eq!(Format::Json.content_type(), "application/json");
    assert_eq!(Format::Xml.content_type(), "application/xml; charset=utf-8");
}

#[test]
fn current_numbers() {
    let mut answer = json!({
        "order": {"order_id": "232", "total_credits": "0.30", "jobs_queued": 0, "jobs_available": ["243646", "5"],
                  "jobs_held": [], "total_jobs": "3", "group_id": "9"},
        "jobs": {"credits": [{"job_id": "1", "credits": "0.20", "unit_count": "4", "auto_approve": "0",
                  "unit_price": "0.0500", "slug": "7", "body_src": "5"}]},
        "job_ids": {"a": "1", "b": "2"},
        "revisions": [{"rev_id": "1", "ctime": 5}],
        "credits": "123456789012.34",
    });
    numbers_current(&mut answer);
    assert_eq!(
        answer.to_string(),
        json!({
            "order": {"order_id": 232, "total_credits": "0.30", "jobs_queued": 0, "jobs_available": [243646, 5],
                      "jobs_held": [], "total_jobs": 3, "group_id": 9},
            "jobs": {"credits": [{"job_id": 1, "credits": 0.2, "unit_count": 4, "auto_approve": 0,
                      "unit_price": "0.0500", "slug": "7", "body_src": "5"}]},
            "job_ids": {"a": 1, "b": 2},
            "revisions": [{"rev_id": 1, "ctime": 5}],
            "credits": 123456789012.34,
        })
        .to_string()
    );
}

#[test]
fn a_number_that_would_change_stays_text() {
    for kept in ["12345678901234567890.25", "abc", "", "1e5", "-", "."] {
        let mut answer = json!({ "credits": kept });
        numbers_current(&mut answer);
        assert_eq!(answer, json!({ "credits": kept }));
    }
}

#[test]
fn maps_come_back_as_they_were_sent() {
    let keyed = |keys: &[&str]| {
        keyed_as_sent(keys.iter().enumerate().map(|(n, key)| ((*key).to_owned(), json!(n))).collect())
            .to_string()
    };
    assert_eq!(keyed(&["0", "1", "2"]), "[0,1,2]");
    assert_eq!(keyed(&["0"]), "[0]");
    assert_eq!(keyed(&["1", "2"]), r#"{"1":0,"2":1}"#);
    assert_eq!(keyed(&["0", "2"]), r#"{"0":0,"2":1}"#);
    assert_eq!(keyed(&["1", "0"]), r#"{"1":0,"0":1}"#);
    assert_eq!(keyed(&["00"]), r#"{"00":0}"#);
    assert_eq!(keyed(&["job_1"]), r#"{"job_1":0}"#);
}

proptest! {
    #[test]
    fn the_map_rule_holds_for_any_keys(
        keys in prop::collection::vec(prop_oneof!["[0-9]{1,2}", (0..4u8).prop_map(|n| n.to_string()), ".{0,3}"], 0..6)
    ) {
        let mut distinct: Vec<String> = Vec::new();
        for key in keys {
            if !distinct.contains(&key) {
                distinct.push(key);
            }
        }
        let counted: Vec<String> = (0..distinct.len()).map(|n| n.to_string()).collect();
        let keyed = keyed_as_sent(distinct.iter().map(|key| (key.clone(), json!(key))).collect());
        match keyed {
            Value::Array(values) => {
                prop_assert_eq!(&distinct, &counted);
                prop_assert_eq!(values, distinct.iter().map(|key| json!(key)).collect::<Vec<_>>());
            }
            Value::Object(members) => {
                prop_assert_ne!(&distinct, &counted);
                prop_assert_eq!(members.keys().cloned().collect::<Vec<_>>(), distinct);
            }
            other => prop_assert!(false, "neither array nor object: {}", other),
        }
    }

    #[test]
    fn an_array_sent_always_comes_back_as_an_array(length in 0..50usize) {
        let entries = (0..length).map(|n| (n.to_string(), json!(n))).collect();
        prop_assert!(keyed_as_sent(entries).is_array());
    }

    #[test]
    fn money_as_a_number_keeps_its_value(cents in -9_999_999_999_999i64..9_999_999_999_999) {
        let sign = if cents < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        let mut answer = json!({ "credits": text });
        numbers_current(&mut answer);
        let written = answer["credits"].to_string();
        let trimmed = text.trim_end_matches('0').trim_end_matches('.');
        let written = written.trim_end_matches('0').trim_end_matches('.');
        prop_assert!(answer["credits"].is_number());
        prop_assert!(trimmed == written || cents == 0 || text == written, "{} became {}", text, written);
    }

    #[test]
    fn xml_text_is_always_well_formed(key in ".{0,8}", value in any::<String>()) {
        let xml = xml(&json!({ key: value }));
        let mut reader = quick_xml::Reader::from_str(&xml);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => prop_assert!(false, "{error}: {xml}"),
            }
        }
    }
}

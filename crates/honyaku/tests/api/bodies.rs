//! Bodies in every form that clients send: forms, multipart, JSON, and bytes that are no text (api-v2 1.1, 1.2).

use crate::shop::{Raw, Shop, encoded, job};
use serde_json::{Value, json};

/// A shop with a job, whose thread shows what came through.
struct Desk {
    shop: Shop,
    job: String,
}

impl Desk {
    fn open() -> Self {
        let shop = Shop::open();
        let job = shop.orders_text("to be talked about");
        Self { shop, job }
    }

    /// Posts to the job's thread, signed in the query.
    fn post(&self, content_type: &str, body: &[u8]) -> Raw {
        self.post_with(&self.shop.credentials(), content_type, body)
    }

    fn post_with(&self, query: &str, content_type: &str, body: &[u8]) -> Raw {
        let url = format!("{}translate/job/{}/comment?{query}", self.shop.base, self.job);
        let kind = [("content-type", content_type)];
        self.shop.raw("POST", &url, if content_type.is_empty() { &[] } else { &kind }, Some(body))
    }

    fn thread(&self) -> Vec<Value> {
        let thread = self.shop.get(&format!("translate/job/{}/comments", self.job), "").unwrap();
        thread["thread"].as_array().unwrap().clone()
    }

    /// What was said last, after the call has worked.
    fn said(&self, raw: &Raw, what: &str) -> String {
        let answer = raw.json();
        assert_eq!(answer["opstat"], "ok", "{what}: {answer}");
        self.thread().last().unwrap()["body"].as_str().unwrap().to_owned()
    }
}

fn parts(boundary: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (headers, content) in parts {
        body.push_str(&format!("--{boundary}\r\n{headers}\r\n\r\n{content}\r\n"));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    body.into_bytes()
}

#[test]
fn forms_come_with_any_text_type_or_none() {
    let desk = Desk::open();
    let types = [
        "",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "text/plain",
        "text/html; charset=iso-8859-1",
        "text/x-anything",
    ];
    for content_type in types {
        let text = format!("sent as {content_type:?}, 日本 & = + %");
        let form = format!("data={}", encoded(&json!({ "body": text }).to_string()));
        assert_eq!(desk.said(&desk.post(content_type, form.as_bytes()), content_type), text);
    }
    let form = format!("data={}", encoded(&json!({ "body": "never" }).to_string()));
    for content_type in ["application/octet-stream", "application/xml", "image/png"] {
        let refused = desk.post(content_type, form.as_bytes()).json();
        assert_eq!(refused["err"]["code"], 1352, "{content_type}: {refused}");
        assert!(refused["err"]["msg"].as_str().unwrap().contains(content_type), "{refused}");
    }
}

#[test]
fn forms_have_empty_pairs_repeats_and_are_decoded_once() {
    let desk = Desk::open();
    let once = encoded(&json!({ "body": "100%25 sure %41" }).to_string());
    let rows = [
        ("&body=leading", "leading"),
        ("&&&body=many&&", "many"),
        ("=&body=nameless&=x", "nameless"),
        ("body=first&body=last", "last"),
        ("body=never&data=&data={\"body\":\"the+last+data\"}", "the last data"),
        ("data={\"body\":\"never\"}&data={\"body\":\"last\"}", "last"),
        ("body=a+b%20c%2Bd", "a b c+d"),
        ("body=100%&unknown", "100%"),
        ("body=x%zzy", "x%zzy"),
        ("body=a=b=c", "a=b=c"),
        (&format!("data={once}"), "100%25 sure %41"),
        ("data={\"body\":\"as it is, 日本\"}", "as it is, 日本"),
    ];
    for (form, text) in rows {
        assert_eq!(desk.said(&desk.post("", form.as_bytes()), form), text);
    }
    let twice = desk.post("", format!("data={}", encoded(&once)).as_bytes()).json();
    assert_eq!(twice["err"]["code"], 1251, "data encoded twice are not decoded twice: {twice}");
}

#[test]
fn multipart_is_read_as_clients_write_it() {
    let desk = Desk::open();
    let said = |text: &str| json!({ "body": text }).to_string();
    let form = "multipart/form-data; boundary=";
    let disposition = |rest: &str| format!("Content-Disposition: form-data; {rest}");
    let rows = [
        (format!("{form}b"), "b", disposition("name=\"data\""), said("quoted name")),
        (format!("{form}b"), "b", disposition("name=data"), said("bare name")),
        (format!("{form}\"b c\""), "b c", disposition("name=data"), said("quoted boundary")),
        (format!("{form}b=1'x"), "b=1'x", disposition("name=data"), said("odd boundary")),
        (
            "Multipart/Form-Data; charset=x; BOUNDARY=b".to_owned(),
            "b",
            disposition("name=data"),
            said("capitals"),
        ),
        (
            format!("{form}b"),
            "b",
            disposition("name=\"data\"; filename=\"jobs.json\""),
            said("data as a file"),
        ),
        (
            format!("{form}b"),
            "b",
            disposition("name=\"data\"; filename=\"\"\r\nContent-Type: application/json"),
            said("with a type"),
        ),
        (format!("{form}b"), "b", disposition("name=\"body\""), "given directly".into()),
        (format!("{form}b"), "b", disposition("name=\"body\"; filename=\"body\""), "as a file".into()),
        (format!("{form}b"), "b", disposition("name=body; filename=body"), "without any quotes".into()),
        (format!("{form}b"), "b", disposition("name=\"body\"; filename*=UTF-8''b%C3%B6dy"), "starred".into()),
        (format!("{form}b"), "b", "content-disposition:form-data;name=\"body\"".into(), "tight".into()),
        (format!("{form}b"), "b", disposition("name=\"body\""), "two\r\nlines\n--b\n, 日本".into()),
    ];
    for (content_type, boundary, headers, content) in &rows {
        let text = match serde_json::from_str::<Value>(content) {
            Ok(data) => data["body"].as_str().unwrap().to_owned(),
            Err(_) => content.clone(),
        };
        let body = parts(boundary, &[(headers, content)]);
        assert_eq!(desk.said(&desk.post(content_type, &body), headers), text);
    }
    let credentials = desk.shop.credentials();
    let mut all: Vec<(String, &str)> = credentials
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (disposition(&format!("name=\"{name}\"")), value))
        .collect();
    all.push((disposition("name=\"\""), "the empty pair of a form"));
    all.push((disposition("name=\"body\""), "never"));
    all.push((disposition("name=\"body\""), "signed in parts"));
    let all: Vec<_> = all.iter().map(|(headers, content)| (headers.as_str(), *content)).collect();
    let raw = desk.post_with("", &format!("{form}b"), &parts("b", &all));
    assert_eq!(desk.said(&raw, "signed in parts"), "signed in parts");
}

#[test]
fn broken_multipart_says_what_is_wrong() {
    let desk = Desk::open();
    let good = parts("b", &[("Content-Disposition: form-data; name=\"body\"", "never")]);
    let cut = &good[..good.len() - 8];
    let rows = [
        ("multipart/form-data", good.as_slice(), "names no boundary"),
        ("multipart/form-data; boundary=\"\"", &good, "names no boundary"),
        ("multipart/form-data; boundary=c", &good, "multipart body cannot be read"),
        ("multipart/form-data; boundary=b", cut, "multipart body cannot be read"),
    ];
    for (content_type, body, words) in rows {
        let refused = desk.post(content_type, body).json();
        assert_eq!(refused["err"]["code"], 1802, "{content_type}: {refused}");
        assert!(refused["err"]["msg"].as_str().unwrap().contains(words), "{refused}");
    }
    assert_eq!(desk.thread(), Vec::<Value>::new());
}

#[test]
fn names_of_files_come_in_every_notation() {
    let desk = Desk::open();
    let rows = [
        ("filename=\"plain.txt\"", "plain.txt"),
        ("filename=bare name.txt", "bare name.txt"),
        ("filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("filename=\"fallback.txt\"; filename*=utf-8'en'%E8%A8%B3.txt", "訳.txt"),
        ("filename=\"a \\\"b\\\" c.txt\"", "a \"b\" c.txt"),
        ("filename*0=\"in \"; filename*1=\"pieces.txt\"", "in pieces.txt"),
        // A file whose name is spoilt is still a file.
        ("filename*=UTF-8''caf%E9.txt", "UTF-8''caf%E9.txt"),
        ("filename*=a.txt", "a.txt"),
        ("filename=\"\"", "file"),
        (&format!("filename=\"{}.docx\"", "n".repeat(300)), &format!("{}.docx", "n".repeat(195))),
    ];
    for (notation, name) in rows {
        let headers = format!("Content-Disposition: form-data; name=file_attachments; {notation}");
        let body = parts("b", &[("Content-Disposition: form-data; name=body", name), (&headers, "content")]);
        assert_eq!(desk.said(&desk.post("multipart/form-data; boundary=b", &body), notation), name);
        assert_eq!(desk.thread().last().unwrap()["attachments"][0]["filename"], name, "{notation}");
    }
}

/// As browsers send a form in which nobody chose a file.
#[test]
fn a_field_for_a_file_that_nobody_chose_is_no_attachment() {
    let desk = Desk::open();
    let none = "Content-Disposition: form-data; name=file_attachments; filename=\"\"";
    let body = parts("b", &[("Content-Disposition: form-data; name=body", "none"), (none, ""), (none, "")]);
    assert_eq!(desk.said(&desk.post("multipart/form-data; boundary=b", &body), "none"), "none");
    assert_eq!(desk.thread().last().unwrap().get("attachments"), None);
}

#[test]
fn json_is_an_envelope_or_the_data_itself() {
    let desk = Desk::open();
    let pairs: Value = desk
        .shop
        .credentials()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let envelope = |more: Value| {
        let mut envelope = pairs.clone();
        envelope.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        envelope
    };
    let mut with_number = envelope(json!({ "data": { "body": "ts as a number" } }));
    with_number["ts"] = json!(pairs["ts"].as_str().unwrap().parse::<i64>().unwrap());
    let signed = desk.shop.credentials();
    let rows = [
        ("", "application/json", envelope(json!({ "data": { "body": "an envelope" } })), "an envelope"),
        ("", "application/json", envelope(json!({ "data": "{\"body\":\"text in it\"}" })), "text in it"),
        ("", "application/json", envelope(json!({ "body": "beside", "format": null })), "beside"),
        ("", "application/json", with_number, "ts as a number"),
        (&signed, "application/json; charset=utf-8", json!({ "body": "data itself" }), "data itself"),
        (&signed, "Application/JSON", json!({ "data": { "body": "only data" } }), "only data"),
        (
            "api_key=x&ts=x&api_sig=x",
            "application/json",
            envelope(json!({ "data": { "body": "wins" } })),
            "wins",
        ),
    ];
    for (query, content_type, body, text) in &rows {
        let raw = desk.post_with(query, content_type, body.to_string().as_bytes());
        assert_eq!(desk.said(&raw, text), *text);
    }
    let refused = [
        ("", "{\"body\":\"x\"}", 1150),
        ("", "{", 1150),
        (&signed, "{", 1251),
        (&signed, "[{}]", 1251),
        (&signed, "{\"data\":[1]}", 1251),
        (&signed, "{\"data\":\"[1]\"}", 1251),
        (&signed, "{\"data\":null}", 1250),
        (&signed, "{\"body\":\"a\",\"body\":\"b\"}", 1251),
        (&signed, "", 1250),
    ];
    for (query, body, code) in refused {
        let answer = desk.post_with(query, "application/json", body.as_bytes()).json();
        assert_eq!(answer["err"]["code"], code, "{body}: {answer}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_naming_the_field() {
    let desk = Desk::open();
    let multipart = |head: &str| {
        let mut body = parts("b", &[(head, "HERE")]);
        let at = body.windows(4).position(|four| four == b"HERE").unwrap();
        body.splice(at..at + 4, [0xFF, 0xFE]);
        body
    };
    let shift_jis = b"data={\"body\":\"\x93\xFA\x96\x7B\"}".to_vec();
    let form = "multipart/form-data; boundary=b";
    let rows = [
        ("", shift_jis, "data"),
        ("", b"data=%7B%22body%22%3A%22%93%FA%22%7D".to_vec(), "data"),
        ("", b"body=%FF".to_vec(), "body"),
        ("", b"body=ok&unknown=%C3".to_vec(), "unknown"),
        ("", b"body=ok&bad%FFname=x".to_vec(), "bad\u{fffd}name"),
        ("", b"body=%ED%A0%80".to_vec(), "body"),
        ("application/json", b"{\"body\":\"\xFF\"}".to_vec(), "body"),
        (form, multipart("Content-Disposition: form-data; name=\"body\""), "body"),
        (form, multipart("Content-Disposition: form-data; name=\"data\"; filename=\"x\""), "data"),
    ];
    for (content_type, body, field) in rows {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let refused = desk.post(content_type, &body).json()["err"].clone();
        assert_eq!(
            (&refused["code"], &refused["field"]),
            (&json!(1351), &json!(field)),
            "{shown}: {refused}"
        );
        let msg = refused["msg"].as_str().unwrap();
        assert!(msg.contains(&format!("\"{field}\" is not UTF-8")), "{shown}: {msg}");
    }
    let refused = desk.shop.get("translate/jobs", "status=%FF").unwrap_err();
    assert_eq!((refused.code(), &refused.err["field"]), (1351, &json!("status")));
    assert_eq!(desk.thread(), Vec::<Value>::new());
}

/// What is no envelope comes as it is, whatever format is asked for.
#[test]
fn glossaries_and_pictures_come_without_an_envelope() {
    let shop = Shop::open();
    let file = shop.database.directory().join("terms.csv");
    std::fs::write(&file, "en,ja\nworld,\"世界 & <all>\"\n").unwrap();
    shop.command(&["glossary", "add", "--account", "demo", "--sandbox", "--file", file.to_str().unwrap()]);
    shop.orders(&json!([job("a picture")])).unwrap();
    for format in ["json", "xml"] {
        let parameters = format!("format={format}");
        let glossary = shop.call("GET", "translate/glossary/download/1", &parameters, &[]);
        assert_eq!(glossary.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(glossary.body, std::fs::read(&file).unwrap());
        let picture = shop.call("GET", "translate/job/1/preview", &parameters, &[]);
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    }
    let unsigned = shop.raw("GET", &format!("{}translate/job/1/preview", shop.base), &[], None);
    assert_eq!(unsigned.json()["err"]["code"], 1150);
}

//! Every answer, whatever it says, in the format that was asked for and with the headers that all have (api-v2 3).

use crate::shop::{Raw, Shop, encoded, job};
use serde_json::json;
use std::collections::BTreeSet;

/// What is asked below the sandbox's address, and the HTTP status and code of the answer; 0 is none.
type Row = (&'static str, &'static str, String, u16, i64);

/// Parameter, header, and whether the answer is XML then.
const WISHES: &[(&str, &str, bool)] = &[
    ("", "", false),
    ("format=xml", "", true),
    ("format=XML", "application/json", true),
    ("format=json", "application/xml", false),
    ("format=json&format=xml", "", true),
    ("format=yaml", "text/html", false),
    ("", "application/xml", true),
    ("", "text/xml;q=0.5, application/json;q=0.4", true),
    ("", "application/xml, */*", false),
];

/// Asks each row in every format.
fn hold(shop: &Shop, rows: &[Row]) {
    let mut ids = BTreeSet::new();
    for (method, path, query, status, code) in rows {
        for (parameter, accept, xml) in WISHES {
            let what = format!("{method} {path}?{query}&{parameter}, accept {accept:?}");
            let url = format!("{}/sandbox/v2/{path}?{query}&{parameter}", shop.origin());
            let header = [("accept", *accept)];
            let body = matches!(*method, "POST" | "PUT").then_some(&b""[..]);
            let raw = shop.raw(method, &url, if accept.is_empty() { &[] } else { &header }, body);
            assert_eq!(raw.status, *status, "{what}: {}", String::from_utf8_lossy(&raw.body));
            assert_formed(&raw, *xml, *code, &what);
            assert!(ids.insert(raw.header("honyaku-request-id").to_owned()), "{what}: the id is not new");
        }
    }
}

fn assert_formed(raw: &Raw, xml: bool, code: i64, what: &str) {
    let text = String::from_utf8(raw.body.clone()).unwrap();
    let (kind, ok, refused) = match xml {
        true => (
            "application/xml; charset=utf-8",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><opstat>ok</opstat><response>".to_owned(),
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><opstat>error</opstat><err><code>{code}</code>"
            ),
        ),
        false => (
            "application/json",
            "{\"opstat\":\"ok\",\"response\":".to_owned(),
            format!("{{\"opstat\":\"error\",\"err\":{{\"code\":{code},"),
        ),
    };
    let start = if code == 0 { ok } else { refused };
    assert!(text.starts_with(&start), "{what}: {text}, not {start}");
    for (name, value) in
        [("content-type", kind), ("honyaku-environment", "sandbox"), ("cache-control", "no-store")]
    {
        assert_eq!(raw.header(name), value, "{what}: {name}");
    }
    let id = raw.header("honyaku-request-id");
    assert!(id.starts_with("req_") && id.len() == 28, "{what}: {id}");
}

#[test]
fn every_answer_is_in_the_format_asked_for_and_has_the_headers_of_all() {
    let shop = Shop::open();
    let signed = shop.credentials();
    let with = |more: &str| format!("{signed}&{more}");
    let key = format!("api_key={}", shop.public_key);
    let order = with(&format!("data={}", encoded(&json!({ "jobs": [job("x")], "dry_run": 1 }).to_string())));
    hold(
        &shop,
        &[
            ("GET", "account/balance", signed.clone(), 200, 0),
            ("GET", "translate/jobs", signed.clone(), 200, 0),
            ("GET", "translate/service/languages", key.clone(), 200, 0),
            ("POST", "translate/jobs", order, 200, 0),
            ("GET", "account/balance", String::new(), 200, 1150),
            ("GET", "account/balance", key.clone(), 200, 1100),
            ("GET", "account/balance", format!("{key}&api_sig=x&ts=1"), 200, 1000),
            ("POST", "translate/jobs", signed.clone(), 200, 1250),
            ("POST", "translate/jobs", with("data=%7B"), 200, 1251),
            ("POST", "translate/jobs", with("data=%FF"), 200, 1351),
            ("GET", "translate/job/999", signed.clone(), 200, 2100),
            ("GET", "translate/glossary/999", signed.clone(), 200, 404),
            ("GET", "translate/jbos", signed.clone(), 404, 404),
            ("DELETE", "account/balance", signed.clone(), 405, 405),
        ],
    );
    let unknown = shop.raw("GET", &format!("{}translate/jbos", shop.base), &[], None);
    assert_eq!(unknown.header("honyaku-environment"), "live", "the address decides until the key is known");
    let known = shop.call("GET", "account/balance", "", &[]);
    assert_eq!(known.header("honyaku-environment"), "sandbox", "this key selects its environment");
}

#[test]
fn refusals_before_the_call_is_read_are_formed_like_all() {
    let throttled = Shop::open_with(&["--rate-limit-per-address", "1"]);
    throttled.call("GET", "account/balance", "", &[]);
    hold(&throttled, &[("GET", "account/balance", throttled.credentials(), 429, 2800)]);
    let plain = Shop::open_with(&["--https-only", "1"]);
    hold(&plain, &[("GET", "account/balance", plain.credentials(), 403, 1000)]);
}

#[test]
fn texts_come_back_byte_for_byte() {
    let shop = Shop::open();
    let source = " \u{feff}Zażółć\r\n  \"gęślą\"\t'jaźń' & <b>ぶ</b> 😀 e\u{301} ";
    let mut sent = job(source);
    sent["custom_data"] = json!("{\"a\": 1}  ");
    shop.orders(&json!([sent])).unwrap();
    let stored = shop.job("1");
    assert_eq!((&stored["body_src"], &stored["custom_data"]), (&json!(source), &json!("{\"a\": 1}  ")));
    let raw = shop.call("GET", "translate/job/1", "", &[]);
    assert!(String::from_utf8(raw.body).unwrap().contains("Zażółć"), "not escaped");
}

//! Every code of the contract's table is met here once, or the table itself says why this
//! server does not send it (api-v2 7).

use crate::shop::{Raw, Refused, Shop, encoded, job};
use domain::error_code::{self, Sent};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What was refused: by a call as a whole, or by the first fault of its first job.
fn refusal(refused: Refused) -> Value {
    match refused.err.as_object().and_then(|err| err.values().next()) {
        Some(Value::Array(faults)) => faults[0].clone(),
        _ => refused.err,
    }
}

fn of_raw(raw: &Raw) -> Value {
    let err = raw.json()["err"].clone();
    let number = u16::try_from(err["code"].as_u64().unwrap()).unwrap();
    let expected = error_code::find(number).map(|code| code.http_status);
    assert_eq!(Some(raw.status), expected, "{err}");
    err
}

/// A job with one member changed.
fn with(name: &str, value: Value) -> Value {
    let mut job = job(&format!("with another {name}"));
    if value.is_null() {
        job.as_object_mut().unwrap().remove(name);
    } else {
        job[name] = value;
    }
    json!([job])
}

/// What jobs can be refused for, one by one.
fn of_jobs(shop: &Shop) -> Vec<Value> {
    let long = |count: usize| json!("x".repeat(count));
    let rows = [
        ("type", json!("file")),
        ("tier", json!("gold")),
        ("body_src", Value::Null),
        ("body_src", json!(" ")),
        ("max_chars", json!(0)),
        ("lc_src", Value::Null),
        ("lc_tgt", Value::Null),
        ("tier", Value::Null),
        ("lc_tgt", json!("en")),
        ("callback_url", json!("ftp://example.com/")),
        ("auto_approve", json!("yes")),
        ("use_preferred", json!(2)),
        ("custom_data", long(1_025)),
        ("custom_data", json!(5)),
        ("tone", long(129)),
        ("purpose", long(129)),
        ("attachments", json!("x")),
    ];
    rows.into_iter().map(|(name, value)| refusal(shop.orders(&with(name, value)).unwrap_err())).collect()
}

/// What an order as a whole can be refused for.
fn of_orders(shop: &Shop) -> Vec<Value> {
    let group = |one: Value, other: Value| json!({ "jobs": [one, other], "as_group": 1 });
    let tier = |text: &str, tier: &str| {
        let mut job = job(text);
        job["tier"] = json!(tier);
        job
    };
    let forced = json!({ "jobs": [{ "body_src": "again", "lc_src": "en", "lc_tgt": "ja", "tier": "pro", "force": 1 }] });
    shop.post("translate/jobs", &forced).unwrap();
    let rows = [
        json!({}),
        json!({ "jobs": [job("x")], "as_group": "x" }),
        json!({ "jobs": [job("x")], "allow_fork": 3 }),
        json!({ "jobs": [job("x")], "process": "no" }),
        group(tier("a", "pro"), tier("b", "standard")),
        group(tier("a", "ultra"), tier("b", "ultra")),
        forced,
        json!({ "jobs": [job(&"word ".repeat(90_000))] }),
    ];
    let mut met: Vec<Value> =
        rows.iter().map(|data| refusal(shop.post("translate/jobs", data).unwrap_err())).collect();
    met.push(refusal(shop.post("translate/service/quote/file", &json!({ "jobs": [] })).unwrap_err()));
    met
}

/// What calls about jobs, orders and groups can be refused for.
fn of_lookups(shop: &Shop, id: &str) -> Vec<Value> {
    let paths = [
        "translate/job",
        "translate/job/999",
        "translate/order/999",
        "translate/jobs/group",
        "translate/jobs/group/999",
        "translate/jobs?status=flying",
    ];
    let revision = [format!("translate/job/{id}/revision"), format!("translate/job/{id}/revision/999")];
    let of = |path: &str| {
        let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
        refusal(shop.get(path, parameters).unwrap_err())
    };
    let mut met: Vec<Value> = paths.into_iter().map(of).collect();
    met.extend(revision.iter().map(|path| of(path)));
    met
}

/// What reviewing can be refused for; the installation asks for the captcha.
fn of_reviews(shop: &Shop) -> Vec<Value> {
    let waiting = shop.orders_text("waits for a translator");
    let delivered = shop.orders_text("is delivered");
    shop.delivers(&delivered, "訳");
    let put = |id: &str, data: Value| refusal(shop.put(&format!("translate/job/{id}"), &data).unwrap_err());
    let reject = |changes: Value| {
        let mut data = json!({ "action": "reject", "reason": "quality", "comment": "bad" });
        for (name, value) in changes.as_object().unwrap() {
            data[name] = value.clone();
        }
        data
    };
    let mut met = vec![
        put(&waiting, json!({ "action": "approve" })),
        put(&waiting, json!({ "action": "purchase" })),
        put(&delivered, reject(json!({ "comment": "" }))),
        put(&delivered, reject(json!({ "reason": "mood" }))),
        put(&delivered, reject(json!({}))),
        put(&delivered, reject(json!({ "captcha": "WRONG7" }))),
        put(&delivered, reject(json!({ "follow_up": "sue" }))),
        put(&delivered, json!({ "action": "approve", "rating": "five" })),
        put(&delivered, json!({ "action": "approve", "rating": 6 })),
        put(&delivered, json!({ "action": "approve", "rating": 5, "public": "x" })),
        refusal(shop.delete(&format!("translate/job/{delivered}")).unwrap_err()),
        refusal(shop.post(&format!("translate/job/{waiting}/comment"), &json!({ "body": " " })).unwrap_err()),
    ];
    shop.command(&["account", "set", "--account", "demo", "--rating-required", "1"]);
    met.push(put(&delivered, json!({ "action": "approve" })));
    let bulk = json!({ "action": "reject", "job_ids": [{ "job_id": delivered, "reason": "quality", "comment": "c", "follow_up": "sue" }] });
    assert_eq!(refusal(shop.put("translate/jobs", &bulk).unwrap_err())["code"], 2450, "in bulk");
    met
}

/// What any call can be refused for, before it is looked at.
fn of_requests(shop: &Shop) -> Vec<Value> {
    let get =
        |query: &str| of_raw(&shop.raw("GET", &format!("{}account/balance?{query}", shop.base), &[], None));
    let key = &shop.public_key;
    let oversized = ("content-length", "104857601");
    vec![
        get(""),
        get(&format!("api_key={key}")),
        get(&format!("api_key={key}&api_sig=x")),
        get(&format!("api_key={key}&api_sig=x&ts=soon")),
        get(&format!("api_key={key}&api_sig=x&ts=1")),
        of_raw(&shop.call("POST", "translate/jobs", "", &[])),
        of_raw(&shop.call("POST", "translate/jobs", &format!("data={}", encoded("{")), &[])),
        of_raw(&shop.call("GET", "translate/jbos", "", &[])),
        of_raw(&shop.call("DELETE", "account/balance", "", &[])),
        announced(shop, oversized.1),
    ]
}

/// A body that is refused by its announced length.
fn announced(shop: &Shop, length: &str) -> Value {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(shop.origin().strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "POST /v2/translate/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}") {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
    }
    let text = String::from_utf8(answer).unwrap();
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    body["err"].clone()
}

/// Too many calls: the server is not available to this caller.
fn throttled() -> Value {
    let shop = Shop::open_with(&["--rate-limit-per-key", "3"]);
    let answers = (0..8).map(|_| shop.call("GET", "account/balance", "", &[]));
    let refused = answers.into_iter().find(|answer| answer.status == 429).unwrap();
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    refused.json()["err"].clone()
}

#[test]
fn every_code_is_met_or_the_table_says_why_not() {
    let shop = Shop::open_with(&["--review-captcha", "always"]);
    shop.command(&["key", "set", "--key", &shop.public_key, "--guard-identical", "1"]);
    let known = shop.orders_text("known");
    let mut met = of_jobs(&shop);
    met.extend(of_orders(&shop));
    met.extend(of_lookups(&shop, &known));
    met.extend(of_reviews(&shop));
    met.extend(of_requests(&shop));
    met.push(throttled());
    for err in &met {
        let number = u16::try_from(err["code"].as_u64().unwrap()).unwrap();
        let code = error_code::find(number).unwrap();
        let msg = err["msg"].as_str().unwrap();
        assert!(msg.starts_with(code.words), "{number}: {msg:?} does not begin with {:?}", code.words);
        assert!(msg.len() > code.words.len() + 10, "{number}: {msg:?} says no more than its words");
    }
    let met: BTreeSet<u64> = met.iter().map(|err| err["code"].as_u64().unwrap()).collect();
    let sent: BTreeSet<u64> =
        error_code::all().filter(|code| code.sent == Sent::Yes).map(|code| code.number.into()).collect();
    assert_eq!(met, sent, "left: met; right: what the table says is sent");
    shop.verify();
}

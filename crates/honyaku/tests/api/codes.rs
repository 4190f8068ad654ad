//! A row for each refusal: what is sent, and the code that must come back (api-v2 2, 4.3, 7).

use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

/// A job with some members changed; `null` takes one out.
fn with(changes: Value) -> Value {
    let mut job = job("Hello, world!");
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            job.as_object_mut().unwrap().remove(name);
        } else {
            job[name] = value.clone();
        }
    }
    job
}

#[test]
fn every_field_of_a_job_is_checked() {
    let shop = Shop::open();
    let long = |count: usize| "x".repeat(count);
    let rows = [
        (json!({ "type": "file" }), 1301, "type"),
        (json!({ "type": "sound" }), 1301, "type"),
        (json!({ "body_src": null }), 1350, "body_src"),
        (json!({ "body_src": "  \n" }), 1351, "body_src"),
        (json!({ "body_src": 5 }), 1351, "body_src"),
        (json!({ "body_src": "a\u{0}b" }), 1351, "body_src"),
        (json!({ "body_src": "[[[all of it]]] ..." }), 1351, "body_src"),
        (json!({ "body_src": "word ".repeat(100_001) }), 1351, "body_src"),
        (json!({ "tier": "machine", "body_src": "word ".repeat(1_501) }), 1351, "body_src"),
        (json!({ "lc_src": null }), 1400, "lc_src"),
        (json!({ "lc_src": "" }), 1400, "lc_src"),
        (json!({ "lc_tgt": null }), 1450, "lc_tgt"),
        (json!({ "lc_src": "tlh" }), 1551, "lc_src"),
        (json!({ "lc_tgt": "en" }), 1551, "lc_tgt"),
        (json!({ "lc_src": "ko", "lc_tgt": "fr" }), 1551, "lc_tgt"),
        (json!({ "tier": null }), 1500, "tier"),
        (json!({ "tier": "gold" }), 1304, "tier"),
        (json!({ "services": ["translation", "edit"] }), 1304, "tier"),
        (json!({ "services": ["cook"] }), 1352, "services"),
        (json!({ "slug": long(1_001) }), 1351, "slug"),
        (json!({ "comment": long(25_001) }), 1351, "comment"),
        (json!({ "attachments": "x" }), 2010, "attachments"),
        (
            json!({ "attachments": [{ "url": "http://127.0.0.1/x", "filename": "x", "mime_type": "y" }] }),
            2010,
            "attachments",
        ),
        (json!({ "url_attachments": [{ "filename": "x" }] }), 2010, "url_attachments"),
        (json!({ "glossary_id": 77 }), 1352, "glossary_id"),
        (json!({ "force": "maybe" }), 1352, "force"),
        (json!({ "use_preferred": 2 }), 1701, "use_preferred"),
        (json!({ "auto_approve": "yes" }), 1651, "auto_approve"),
        (json!({ "callback_url": "ftp://example.com/x" }), 1601, "callback_url"),
        (json!({ "callback_url": "http://user@example.com/x" }), 1601, "callback_url"),
        (json!({ "callback_url": "http://10.0.0.1/x" }), 1601, "callback_url"),
        (json!({ "custom_data": 5 }), 1758, "custom_data"),
        (json!({ "custom_data": long(1_025) }), 1751, "custom_data"),
        (json!({ "purpose": long(129) }), 2753, "purpose"),
        (json!({ "tone": long(129) }), 2752, "tone"),
        (json!({ "max_chars": 0 }), 1352, "max_chars"),
        (json!({ "as_group": "both" }), 1851, "as_group"),
    ];
    for (changes, code, field) in rows {
        let shown: String = changes.to_string().chars().take(80).collect();
        let refused = shop.orders(&json!({ "job_1": with(changes) })).unwrap_err();
        let faults = refused.err["job_1"].as_array().unwrap_or_else(|| panic!("{shown}: {}", refused.err));
        assert_eq!(faults.len(), 1, "{shown}: {faults:?}");
        assert_eq!((&faults[0]["code"], &faults[0]["field"]), (&json!(code), &json!(field)), "{shown}");
        assert!(faults[0]["msg"].as_str().unwrap().len() > 20);
    }
    assert_eq!(shop.balance(), "1000.00");
}

#[test]
fn every_failing_job_is_listed_with_all_its_faults() {
    let shop = Shop::open();
    let refused = shop.orders(&json!([job("good"), { "body_src": "x" }, 7])).unwrap_err();
    let keys: Vec<&String> = refused.err.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 2);
    let codes: Vec<i64> =
        refused.err["1"].as_array().unwrap().iter().map(|fault| fault["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [1500, 1400, 1450]);
    assert_eq!(
        refused.err["1"][0]["msg"],
        "\"tier\" is a required field: send one of machine, standard, pro, ultra"
    );
    assert_eq!(refused.err["2"][0]["code"], 1800);
    // Units are counted by the source alone.
    let mut nothing = job("[[[x]]] !!!");
    nothing["lc_tgt"] = json!("zz");
    let refused = shop.orders(&json!([nothing])).unwrap_err();
    assert_eq!((&refused.err["0"][0]["code"], &refused.err["0"][1]["code"]), (&json!(1551), &json!(1351)));
    assert_eq!(shop.get("translate/jobs", "").unwrap(), json!([]), "none was stored");
}

#[test]
fn order_level_members_answer_alone() {
    let shop = Shop::open();
    let rows = [
        (json!({}), 1800),
        (json!({ "jobs": {} }), 1800),
        (json!({ "jobs": [] }), 1800),
        (json!({ "jobs": "x" }), 1800),
        (json!({ "jobs": [job("x")], "as_group": "x" }), 1851),
        (json!({ "jobs": [job("x")], "allow_fork": 3 }), 1852),
        (json!({ "jobs": [job("x")], "process": "no" }), 1901),
        (json!({ "jobs": [job("x")], "attachments": [1] }), 2010),
        (json!({ "jobs": [job("x")], "reference_id": "r".repeat(256) }), 1352),
        (json!({ "jobs": [job("x")], "callback_url": "nowhere" }), 1601),
        (json!({ "jobs": (0..10_001).map(|n| job(&n.to_string())).collect::<Vec<_>>() }), 1800),
    ];
    for (data, code) in rows {
        let refused = shop.post("translate/jobs", &data).unwrap_err();
        let shown: String = data.to_string().chars().take(100).collect();
        assert_eq!(refused.code(), code, "{shown}: {}", refused.err);
        assert!(refused.err["help"].as_str().unwrap().ends_with(&format!("#{code}")));
    }
}

#[test]
fn paths_methods_and_bodies() {
    let shop = Shop::open();
    let unknown = shop.call("GET", "translate/jbos", "", &[]);
    assert_eq!((unknown.status, &unknown.json()["err"]["code"]), (404, &json!(404)));
    assert!(unknown.json()["err"]["msg"].as_str().unwrap().contains("translate/jobs"));
    let method = shop.call("DELETE", "account/balance", "", &[]);
    assert_eq!(
        (method.status, method.header("allow"), &method.json()["err"]["code"]),
        (405, "GET", &json!(405))
    );
    assert_eq!(shop.call("POST", "translate/jobs", "", &[]).json()["err"]["code"], 1250);
    for broken in ["{", "[1]", "5", "{\"a\":1,\"a\":2}"] {
        let answer = shop.call("POST", "translate/jobs", &format!("data={}", encoded(broken)), &[]);
        assert_eq!(answer.json()["err"]["code"], 1251, "{broken}");
    }
    let missing = shop.call("POST", "translate/jobs", "data=%FF", &[]);
    assert_eq!(missing.json()["err"]["code"], 1351);
}

#[test]
fn ids_that_are_not_the_accounts_are_all_alike() {
    let shop = Shop::open();
    let id = shop.orders_text("mine");
    for path in [
        "translate/job/999",
        "translate/job/x",
        "translate/job/-1",
        "translate/job/999/comments",
        "translate/jobs/998,999",
    ] {
        assert_eq!(shop.get(path, "").unwrap_err().code(), 2100, "{path}");
    }
    assert_eq!(shop.get("translate/job", "").unwrap_err().code(), 2050);
    assert_eq!(shop.get("translate/order/999", "").unwrap_err().code(), 2750);
    assert_eq!(shop.get("translate/jobs/group/999", "").unwrap_err().code(), 2600);
    assert_eq!(shop.get("translate/jobs/group", "").unwrap_err().code(), 2550);
    assert_eq!(shop.get(&format!("translate/job/{id}/revision"), "").unwrap_err().code(), 2150);
    assert_eq!(shop.get("translate/glossary/9", "").unwrap_err().code(), 404);
    assert_eq!(shop.get("translate/jobs", "status=flying").unwrap_err().code(), 2650);
    assert_eq!(shop.get("translate/jobs", "count=-1").unwrap_err().code(), 1352);
    assert_eq!(shop.get("translate/jobs", "count=x").unwrap_err().code(), 1352);
    let many = (0..201).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(shop.get(&format!("translate/jobs/{many}"), "").unwrap_err().code(), 1352);
}

#[test]
fn review_actions_check_their_fields_then_the_state() {
    let shop = Shop::open();
    let id = shop.orders_text("to review");
    let path = format!("translate/job/{id}");
    let rows = [
        (json!({ "x": 1 }), 1352),
        (json!({ "action": "explode" }), 1352),
        (json!({ "action": "approve", "rating": "five" }), 2501),
        (json!({ "action": "approve", "rating": 6 }), 2502),
        (json!({ "action": "approve", "public": "x" }), 2503),
        (json!({ "action": "approve" }), 2250),
        (json!({ "action": "revise", "comment": "c" }), 2250),
        (json!({ "action": "reject", "comment": "c" }), 2350),
        (json!({ "action": "reject", "reason": "mood", "comment": "c" }), 2350),
        (json!({ "action": "reject", "reason": "quality" }), 2300),
        (json!({ "reason": "quality", "comment": "c", "follow_up": "sue" }), 2450),
        (json!({ "reason": "quality", "comment": "c" }), 2650),
        (json!({ "action": "archive" }), 2650),
        (json!({ "action": "purchase" }), 2251),
    ];
    for (data, code) in rows {
        assert_eq!(shop.put(&path, &data).unwrap_err().code(), code, "{data}");
    }
    assert_eq!(shop.post(&format!("{path}/comment"), &json!({ "body": " " })).unwrap_err().code(), 2000);
    assert_eq!(
        shop.post(&format!("{path}/comment"), &json!({ "body": "x".repeat(25_001) })).unwrap_err().code(),
        1351
    );
    assert_eq!(shop.put("translate/jobs", &json!({ "action": "approve" })).unwrap_err().code(), 2050);
    shop.control(&id, "take", &json!({})).unwrap();
    let refused = shop.delete(&path).unwrap_err();
    assert_eq!(
        refused.msg(),
        "job cannot be cancelled (incorrect state): job 1 is pending, a translator is working on it. Only unpaid, queued and available jobs can be cancelled."
    );
}

#[test]
fn what_is_not_there_yet_says_so() {
    let shop = Shop::open();
    let rows = [
        (shop.orders(&json!([with(json!({ "type": "file" }))])).unwrap_err().err["0"][0].clone(), 1301),
        (shop.post("translate/service/quote/file", &json!({ "jobs": [] })).unwrap_err().err, 1802),
        (
            shop.post("translate/service/quote", &json!({ "jobs": [{ "type": "file", "file_key": "f" }] }))
                .unwrap_err()
                .err,
            1802,
        ),
        (shop.post("translate/glossary", &json!({ "x": 1 })).unwrap_err().err, 1352),
    ];
    for (err, code) in rows {
        assert_eq!(err["code"], json!(code));
        assert!(err["msg"].as_str().unwrap().contains("not available on this server yet"), "{err}");
    }
    let preview = shop.call("GET", "translate/job/1/preview", "", &[]);
    assert_eq!((preview.status, preview.header("content-type"), preview.body.len()), (200, "image/jpeg", 0));
}

#[test]
fn an_account_can_demand_ratings_and_a_suspended_one_gets_nothing() {
    let shop = Shop::open();
    let id = shop.orders_text("rate me");
    shop.delivers(&id, "訳");
    shop.command(&["account", "set", "--account", "demo", "--rating-required", "1"]);
    assert_eq!(
        shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve" })).unwrap_err().code(),
        2500
    );
    shop.command(&["account", "set", "--account", "demo", "--suspended", "1"]);
    assert_eq!(shop.get("account/balance", "").unwrap_err().code(), 1000);
}

#[test]
fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let shop = Shop::open();
    let url = format!("{}translate/jobs", shop.base);
    let over = vec![b'x'; 100 * 1024 * 1024 + 1];
    let mut stream = std::net::TcpStream::connect(shop.origin().strip_prefix("http://").unwrap()).unwrap();
    use std::io::{Read, Write};
    write!(stream, "POST /v2/translate/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", over.len())
        .unwrap();
    let mut head = [0; 1024];
    let read = stream.read(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    let mut body = shop.credentials().into_bytes();
    body.extend_from_slice(b"&data=");
    body.resize(100 * 1024 * 1024, b'{');
    let answer =
        shop.raw("POST", &url, &[("content-type", "application/x-www-form-urlencoded")], Some(&body));
    assert_eq!(answer.json()["err"]["code"], 1251);
}

//! How much a text may be, and what it may not hold: at the edge it is taken and comes back whole, beyond it is
//! refused by its field's code (api-v2 1, 4.3).

use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

fn with(name: &str, value: Value) -> Value {
    let mut job = job("a text of some words");
    job[name] = value;
    job
}

/// So many characters, of four bytes each.
fn long(count: usize) -> String {
    "😀".repeat(count)
}

fn links(count: usize) -> Value {
    let link = |n| json!({ "url": format!("https://example.com/{n}"), "filename": "a", "mime_type": "b" });
    (0..count).map(link).collect()
}

#[test]
fn fields_of_jobs_end_where_the_contract_says() {
    let shop = Shop::open();
    let url = |chars: usize| json!(format!("https://example.com/{}", "x".repeat(chars - 20)));
    let bytes = |count: usize| json!("é".repeat(count / 2) + if count % 2 == 1 { "x" } else { "" });
    let words = |chars: usize| json!("é".repeat(chars));
    let rows = [
        ("slug", json!(long(1_000)), json!(long(1_001)), 1351),
        ("comment", json!(long(25_000)), json!(long(25_001)), 1351),
        ("custom_data", bytes(1_024), bytes(1_025), 1751),
        ("purpose", json!(long(128)), json!(long(129)), 2753),
        ("tone", json!(long(128)), json!(long(129)), 2752),
        ("callback_url", url(2_048), url(2_049), 1601),
        ("attachments", links(5), links(6), 2010),
        ("max_chars", json!(1), json!(0), 1352),
        ("body_src", words(500_000), words(500_001), 1351),
    ];
    for (name, taken, refused, code) in rows {
        let mut edge = with(name, taken.clone());
        if name != "body_src" {
            edge["body_src"] = json!(format!("at the edge of {name}"));
        }
        let placed = shop.orders(&json!([edge])).unwrap_or_else(|refused| panic!("{name}: {}", refused.err));
        let id = placed["job_ids"][0].as_str().unwrap();
        if name == "comment" {
            let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
            assert!(thread["thread"][0]["body"] == taken, "the comment is not what was sent");
        } else {
            assert!(shop.job(id)[name] == taken, "{name} is not what was sent");
        }
        let fault = shop.orders(&json!([with(name, refused)])).unwrap_err().err["0"].clone();
        assert_eq!(fault.as_array().unwrap().len(), 1, "{fault}");
        assert_eq!((&fault[0]["code"], &fault[0]["field"]), (&json!(code), &json!(name)), "{fault}");
    }
    let machine = |chars: usize| {
        let mut job = with("tier", json!("machine"));
        job["body_src"] = words(chars);
        shop.post("translate/jobs", &json!({ "jobs": [job], "dry_run": 1 }))
    };
    machine(7_500).unwrap();
    assert_eq!(machine(7_501).unwrap_err().err["0"][0]["code"], 1351);
    shop.verify();
}

#[test]
fn what_is_said_of_orders_and_in_threads_ends_there_too() {
    let shop = Shop::open();
    let id = shop.orders_text("to be talked about");
    shop.delivers(&id, "訳");
    let order = |name: &str, value: Value| {
        let data = json!({ "jobs": [job("an order's")], name: value, "dry_run": 1 });
        shop.post("translate/jobs", &data).map_err(|refused| refused.code())
    };
    let rows = [
        ("comment", json!(long(25_000)), json!(long(25_001)), 1351),
        ("reference_id", json!(long(255)), json!(long(256)), 1352),
        ("tone", json!(long(128)), json!(long(129)), 2752),
        ("purpose", json!(long(128)), json!(long(129)), 2753),
        ("attachments", links(5), links(6), 2010),
    ];
    for (name, taken, refused, code) in rows {
        assert!(order(name, taken).is_ok(), "{name}");
        assert_eq!(order(name, refused).unwrap_err(), code, "{name}");
    }
    let path = format!("translate/job/{id}");
    let says = |count: usize| json!({ "body": long(count) });
    for path in [format!("{path}/comment"), "translate/order/1/comment".to_owned()] {
        shop.post(&path, &says(25_000)).unwrap();
        assert_eq!(shop.post(&path, &says(25_001)).unwrap_err().code(), 1351, "{path}");
        let linked = |count| json!({ "body": "see", "attachments": links(count) });
        shop.post(&path, &linked(5)).unwrap();
        assert_eq!(shop.post(&path, &linked(6)).unwrap_err().code(), 2010, "{path}");
    }
    let thread = shop.get(&format!("{path}/comments"), "").unwrap();
    assert!(thread["thread"][0]["body"] == json!(long(25_000)), "the comment is not what was sent");
    let revise = |count: usize| shop.put(&path, &json!({ "action": "revise", "comment": long(count) }));
    assert_eq!(revise(25_001).unwrap_err().code(), 1351);
    revise(25_000).unwrap();
    let cancels = |count: usize| {
        let ids: Vec<String> = (0..count).map(|n| (n + 1_000).to_string()).collect();
        shop.call("POST", "translate/jobs", &format!("_method=delete&job_ids={}", ids.join(",")), &[]).json()
    };
    assert_eq!(cancels(10_000)["err"]["code"], 2100);
    assert_eq!(cancels(10_001)["err"]["code"], 1352);
}

/// No text of ours holds U+0000: one database cannot keep it.
#[test]
fn the_character_zero_is_refused_wherever_it_stands() {
    let shop = Shop::open();
    let id = shop.orders_text("to be reviewed");
    shop.delivers(&id, "訳");
    let path = format!("translate/job/{id}");
    let zero = "a\u{0}b";
    let link = |name: &str| {
        let mut link = json!({ "url": "https://example.com/", "filename": "a", "mime_type": "b" });
        link[name] = json!(zero);
        json!([link])
    };
    let of_jobs = [
        ("body_src", json!(zero), 1351),
        ("slug", json!(zero), 1351),
        ("comment", json!(zero), 1351),
        ("custom_data", json!(zero), 1758),
        ("purpose", json!(zero), 2753),
        ("tone", json!(zero), 2752),
        ("callback_url", json!("https://example.com/\u{0}"), 1601),
        ("attachments", link("url"), 2010),
        ("attachments", link("filename"), 2010),
        ("attachments", link("mime_type"), 2010),
        ("lc_tgt", json!(zero), 1551),
        ("tier", json!(zero), 1304),
    ];
    for (name, value, code) in of_jobs {
        let err = shop.orders(&json!([with(name, value.clone())])).unwrap_err().err;
        assert_eq!(err["0"][0]["code"], json!(code), "{name} {value}: {err}");
    }
    let of_calls = [
        ("POST", "translate/jobs".to_owned(), json!({ "jobs": [job("x")], "comment": zero }), 1351),
        ("POST", "translate/jobs".to_owned(), json!({ "jobs": [job("x")], "reference_id": zero }), 1352),
        ("POST", format!("{path}/comment"), json!({ "body": zero }), 1351),
        ("PUT", path.clone(), json!({ "action": "approve", "for_translator": zero }), 1351),
        ("PUT", path.clone(), json!({ "action": "revise", "comment": zero }), 1351),
        ("PUT", path.clone(), json!({ "action": "reject", "reason": "other", "comment": zero }), 1351),
        ("PUT", path.clone(), json!({ "reason": "other", "comment": "c", "captcha": zero }), 2401),
        (
            "POST",
            "translate/service/unit_count".to_owned(),
            json!({ "body_src": zero, "lc_src": "en" }),
            1351,
        ),
        ("GET", "translate/jobs".to_owned(), json!({ "status": zero }), 2650),
        ("GET", "translate/job/a%00b".to_owned(), json!({}), 2100),
        ("GET", "translate/jobs/a%00b".to_owned(), json!({}), 2100),
        ("GET", "translate/order/a%00b".to_owned(), json!({}), 2750),
        ("GET", "translate/jobs/group/a%00b".to_owned(), json!({}), 2600),
        ("GET", format!("{path}/revision/a%00b"), json!({}), 2200),
        ("GET", "translate/glossary/a%00b".to_owned(), json!({}), 404),
        ("GET", "sandbox/inbox/a%00b".to_owned(), json!({}), 404),
        ("POST", "account/callbacks/a%00b/resend".to_owned(), json!({}), 404),
        ("POST", "account/callbacks/resume".to_owned(), json!({ "destination": zero }), 1352),
    ];
    for (method, path, data, code) in of_calls {
        let raw = shop.call(method, &path, &format!("data={}", encoded(&data.to_string())), &[]);
        assert_eq!((raw.status, &raw.json()["err"]["code"]), (200, &json!(code)), "{method} {path} {data}");
    }
    let unknown =
        shop.raw("GET", &format!("{}account/balance?api_key=a%00b&ts=1&api_sig=x", shop.base), &[], None);
    assert_eq!((unknown.status, &unknown.json()["err"]["code"]), (200, &json!(1000)), "a key");
    let form = "--b\r\nContent-Disposition: form-data; name=body\r\n\r\nsee\r\n--b\r\nContent-Disposition: form-data; \
                name=file_attachments; filename*=UTF-8''a%00b\r\n\r\ncontent\r\n--b--\r\n";
    let url = format!("{}{path}/comment?{}", shop.base, shop.credentials());
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let file = shop.raw("POST", &url, &kind, Some(form.as_bytes()));
    assert_eq!((file.status, &file.json()["err"]["code"]), (200, &json!(2010)), "a file's name");
    assert_eq!(shop.get(&format!("{path}/comments"), "").unwrap()["thread"], json!([]));
}

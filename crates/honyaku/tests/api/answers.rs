//! Shapes and types of answers: maps keyed as sent, numbers as texts or as numbers, XML (api-v2 3).

use crate::sandbox_settings::with_key;
use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

/// A job of each text, under keys.
fn keyed(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), job(text))).collect::<serde_json::Map<_, _>>().into()
}

/// The keys of a map; those of an array are numbers.
fn keys(map: &Value) -> (bool, Vec<String>) {
    match map {
        Value::Array(values) => (true, (0..values.len()).map(|index| index.to_string()).collect()),
        Value::Object(members) => (false, members.keys().cloned().collect()),
        other => panic!("neither array nor object: {other}"),
    }
}

/// A map whose keys in order are exactly 0, 1, 2, … is an array, any other an object.
fn assert_keyed(map: &Value, sent: &[&str], what: &str) {
    let is_array = sent.iter().enumerate().all(|(index, key)| *key == index.to_string());
    let expected = (is_array, sent.iter().map(|key| (*key).to_owned()).collect());
    assert_eq!(keys(map), expected, "{what}: {map}");
}

#[test]
fn maps_follow_the_keys_that_were_sent() {
    let shop = Shop::open();
    shop.orders(&json!([job("known")])).unwrap();
    let sets: &[&[&str]] = &[
        &["0"],
        &["0", "1", "2"],
        &["1", "0"],
        &["1", "2"],
        &["0", "2"],
        &["0", "1", "3"],
        &["00", "1"],
        &["0", "01"],
        &["-1", "0"],
        &["0", "a"],
        &["job_1", "job_2"],
        &["0", "1", "x", "2"],
        &["+0"],
        &["0.0"],
        &[""],
    ];
    for set in sets {
        let pairs: Vec<_> = set.iter().map(|key| (*key, "known")).collect();
        let sent = keyed(&pairs);
        let what = format!("{set:?}");
        let quote = shop.post("translate/service/quote", &json!({ "jobs": sent })).unwrap();
        assert_keyed(&quote["jobs"], set, &what);
        let placed = shop.orders(&sent).unwrap();
        assert_keyed(&placed["jobs"], set, &what);
        assert_keyed(&placed["job_ids"], set, &what);
        let texts: Vec<String> = set.iter().map(|key| format!("new under {key} of {set:?}")).collect();
        let pairs: Vec<_> = set.iter().zip(&texts).map(|(key, text)| (*key, text.as_str())).collect();
        let placed = shop.orders(&keyed(&pairs)).unwrap();
        assert!(placed.get("jobs").is_none(), "all are new: {placed}");
        assert_keyed(&placed["job_ids"], set, &what);
    }
}

/// An array comes back as an array if what is there has no gap before it.
#[test]
fn what_is_missing_shortens_an_array_or_makes_it_an_object() {
    let shop = Shop::open();
    shop.orders(&json!([job("k")])).unwrap();
    // k is known, each n is new, r is sent twice.
    let rows: &[(&str, &[&str])] = &[
        ("k", &["0"]),
        ("kn", &["0"]),
        ("kkn", &["0", "1"]),
        ("nk", &["1"]),
        ("knk", &["0", "2"]),
        ("nnk", &["2"]),
        ("rr", &["0", "1"]),
        ("nrr", &["1", "2"]),
        ("rnr", &["0", "2"]),
        ("rkr", &["0", "1", "2"]),
    ];
    for (row, expected) in rows {
        let text = |index: usize, letter: char| match letter {
            'k' => "k".to_owned(),
            'r' => format!("repeated in {row}"),
            _ => format!("new {index} of {row}"),
        };
        let jobs: Value = row.chars().enumerate().map(|(index, letter)| job(&text(index, letter))).collect();
        let placed = shop.orders(&jobs).unwrap();
        assert_keyed(&placed["jobs"], expected, row);
        assert_eq!(
            keys(&placed["job_ids"]),
            (true, (0..row.len()).map(|n| n.to_string()).collect()),
            "{row}"
        );
    }
}

#[test]
fn err_is_an_object_whatever_was_sent() {
    let shop = Shop::open();
    let bad = || json!({ "body_src": "no more" });
    let rows = [
        (json!([bad()]), vec!["0"]),
        (json!([bad(), bad()]), vec!["0", "1"]),
        (json!([job("good"), bad()]), vec!["1"]),
        (json!({ "0": bad(), "1": bad() }), vec!["0", "1"]),
        (json!({ "x": job("good"), "code": bad(), "": bad() }), vec!["code", ""]),
    ];
    for (jobs, expected) in &rows {
        for path in ["translate/jobs", "translate/service/quote"] {
            let err = shop.post(path, &json!({ "jobs": jobs })).unwrap_err().err;
            let keys: Vec<&str> = err.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, *expected, "{path} {jobs}: nothing else is in it");
            for fault in err.as_object().unwrap().values().flat_map(|faults| faults.as_array().unwrap()) {
                assert!(fault["code"].is_i64() && fault["msg"].is_string() && fault["field"].is_string());
            }
        }
    }
    let err = shop.post("translate/job", &json!({ "job": bad() })).unwrap_err().err;
    assert_eq!(err.as_object().unwrap().keys().collect::<Vec<_>>(), ["job"]);
    for path in ["translate/job/999", "translate/jobs/998", "translate/order/999"] {
        let err = shop.get(path, "").unwrap_err().err;
        let keys: Vec<&str> = err.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "msg", "field", "help"], "{path}");
    }
}

/// The fields that a key can have as numbers, and those of the lists whose elements are such.
const AS_NUMBERS: &[&str] =
    &["job_id", "order_id", "group_id", "rev_id", "unit_count", "credits", "auto_approve", "total_jobs"];
const LISTS: &[&str] = &[
    "job_ids",
    "jobs_available",
    "jobs_pending",
    "jobs_reviewable",
    "jobs_revising",
    "jobs_approved",
    "jobs_rejected",
    "jobs_cancelled",
    "jobs_held",
    "jobs_unpaid",
];

/// Holds an answer for a usual key against the one for a key with numbers; how many fields differ.
fn compare(name: &str, usual: &Value, current: &Value) -> usize {
    match (usual, current) {
        (Value::Array(some), Value::Array(others)) => {
            assert_eq!(some.len(), others.len(), "{name}");
            some.iter().zip(others).map(|(one, other)| compare(name, one, other)).sum()
        }
        (Value::Object(some), Value::Object(others)) => {
            let keys = |members: &serde_json::Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(some), keys(others), "{name}");
            let inner = |key: &str| if LISTS.contains(&name) { name.to_owned() } else { key.to_owned() };
            some.iter().map(|(key, one)| compare(&inner(key), one, &others[key])).sum()
        }
        (Value::String(text), Value::Number(number)) => {
            assert!(AS_NUMBERS.contains(&name) || LISTS.contains(&name), "{name} is no such field");
            assert_eq!(text.parse::<f64>().ok(), number.as_f64(), "{name}");
            1
        }
        _ => {
            assert_eq!(usual, current, "{name}");
            let is_text = usual.is_string() && (AS_NUMBERS.contains(&name) || LISTS.contains(&name));
            assert!(!is_text, "{name} stayed a text");
            0
        }
    }
}

#[test]
fn a_key_can_have_numbers_where_others_have_texts() {
    let mut shop = Shop::open();
    let mut full = job("Hello, world!");
    full["custom_data"] = json!("42");
    full["slug"] = json!("7");
    full["purpose"] = json!("3.5");
    let order =
        json!({ "jobs": { "credits": full, "b": job("Good bye") }, "as_group": 1, "reference_id": "12" });
    shop.post("translate/jobs", &order).unwrap();
    shop.wait_for("2", "available");
    shop.delivers("1", "5");
    shop.put("translate/job/1", &json!({ "action": "approve", "rating": 4 })).unwrap();
    let pair = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    let current = pair["public_key"].as_str().unwrap();
    shop.command(&["key", "set", "--key", current, "--numbers", "current"]);
    let usual = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let known = format!("data={}", encoded(&order.to_string()));
    let new = json!({ "jobs": { "x": job("a new one") }, "dry_run": 1 });
    let quote =
        format!("data={}", encoded(&json!({ "jobs": [job("a new one"), job("Good bye")] }).to_string()));
    // With how many fields that are to differ.
    let rows = [
        ("GET", "account/stats", "", 0),
        ("GET", "account/balance", "", 1),
        ("GET", "account/me", "", 0),
        ("GET", "account/preferred_translators", "", 0),
        ("GET", "translate/jobs", "", 2),
        ("GET", "translate/jobs/2,1", "", 12),
        ("GET", "translate/jobs/group/1", "", 2),
        ("GET", "translate/job/1", "", 6),
        ("GET", "translate/job/1/revisions", "", 2),
        ("GET", "translate/job/1/revision/1", "", 0),
        ("GET", "translate/job/1/feedback", "", 0),
        ("GET", "translate/order/1", "", 5),
        ("GET", "translate/service/language_pairs", "lc_src=de", 0),
        ("GET", "translate/service/unit_count", "body_src=one%20two&lc_src=en", 0),
        ("GET", "translate/glossary", "", 0),
        ("POST", "translate/service/quote", &quote, 0),
        ("POST", "translate/jobs", &format!("data={}", encoded(&new.to_string())), 0),
    ];
    let answers: Vec<Value> =
        rows.map(|(method, path, sent, _)| shop.call(method, path, sent, &[]).json()).into();
    let first = shop.call("POST", "translate/jobs", &known, &[]).json();
    with_key(&mut shop, &pair);
    for ((method, path, sent, differing), one) in rows.iter().zip(&answers) {
        let other = shop.call(method, path, sent, &[]).json();
        assert_eq!(one["opstat"], "ok", "{path}: {one}");
        assert_eq!(compare("", one, &other), *differing, "{path}: {other}");
    }
    let mut second = shop.call("POST", "translate/jobs", &known, &[]).json();
    let (one, other) = (&first["response"]["order_id"], second["response"]["order_id"].take());
    assert!(one.is_string() && other.is_i64(), "each order is a new one: {one} {other}");
    second["response"]["order_id"] = one.clone();
    assert_eq!(compare("", &without_id(&first), &without_id(&second)), 14, "{second}");
    // In a request both are taken from both.
    assert_eq!(shop.get("translate/jobs/1,2", "").unwrap()["jobs"][0]["job_id"], 1);
    with_key(&mut shop, &usual);
    assert_eq!(shop.job("1")["job_id"], "1");
}

fn without_id(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer["response"].as_object_mut().unwrap().remove("order_id");
    answer
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let mut shop = Shop::open();
    for (currency, pattern) in [("EUR", "0.00"), ("GBP", "0.00"), ("JPY", "0")] {
        shop.command(&["account", "add", "--name", currency, "--currency", currency]);
        let account = currency.to_lowercase();
        let pair = shop.command(&["key", "add", "--account", &account, "--sandbox"]);
        with_key(&mut shop, &pair);
        let decimals = |value: &Value| {
            let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
            assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{text}");
            text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
        };
        let expected = decimals(&json!(pattern));
        shop.post("sandbox/credits", &json!({ "set": "5000" })).unwrap();
        let placed = shop.orders(&json!([job("one two three")])).unwrap();
        let job = shop.job(placed["job_ids"][0].as_str().unwrap());
        let order = shop.get(&format!("translate/order/{}", job["order_id"].as_str().unwrap()), "").unwrap();
        let pairs = shop.get("translate/service/language_pairs", "").unwrap();
        for amount in [
            &shop.get("account/balance", "").unwrap()["credits"],
            &shop.get("account/stats", "").unwrap()["credits_spent"],
            &placed["credits_used"],
            &job["credits"],
            &order["order"]["total_credits"],
        ] {
            assert_eq!(decimals(amount), expected, "{currency}: {amount}");
        }
        assert_eq!(decimals(&pairs[0]["unit_price"]), 4, "{}", pairs[0]);
        for told in [&placed, &job, &order["order"], &pairs[0]] {
            assert_eq!(told["currency"], currency, "{told}");
        }
    }
}

#[test]
fn xml_holds_every_text_that_json_holds() {
    let shop = Shop::open();
    let odd = "a\u{1}b\u{b}c\u{fffe}\u{ffff} <d> & \"e\" ]]> \r\n\t日本 😀";
    let mut sent = job(odd);
    sent["custom_data"] = json!(odd);
    let placed = shop.orders(&json!({ "1st & <only>": sent })).unwrap();
    let id = placed["job_ids"]["1st & <only>"].as_str().unwrap();
    assert_eq!(shop.job(id)["body_src"], odd, "as it was sent");
    assert_eq!(shop.job(id)["custom_data"], odd, "as it was sent");
    let xml = |path: &str, parameters: &str| {
        let raw = shop.call("GET", path, &format!("{parameters}&format=xml"), &[]);
        String::from_utf8(raw.body).unwrap()
    };
    let shown = xml(&format!("translate/job/{id}"), "");
    let text = "abc &lt;d&gt; &amp; &quot;e&quot; ]]&gt; &#13;\n\t日本 😀";
    for name in ["body_src", "custom_data"] {
        assert!(shown.contains(&format!("<{name}>{text}</{name}>")), "{shown}");
    }
    assert!(!shown.contains("CDATA"), "{shown}");
    let quote =
        format!("data={}&format=xml", encoded(&json!({ "jobs": { "1st & <only>": job("x") } }).to_string()));
    let quoted = shop.call("POST", "translate/service/quote", &quote, &[]);
    let quoted = String::from_utf8(quoted.body).unwrap();
    assert!(
        quoted.contains("<jobs><item key=\"1st &amp; &lt;only&gt;\"><unit_count>1</unit_count>"),
        "{quoted}"
    );
    assert!(xml("translate/jobs", "status=pending").ends_with("<response></response></response>"));
}

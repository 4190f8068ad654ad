//! Fields in every form that clients send: booleans, numbers, blanks, codes, keys of jobs (api-v2 1.2).

use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

/// A job with one more member.
fn with(name: &str, value: Value) -> Value {
    let mut job = job("with one more");
    job[name] = value;
    job
}

/// The first fault of the only job.
fn fault(shop: &Shop, job: Value) -> Value {
    shop.orders(&json!([job])).unwrap_err().err["0"][0].clone()
}

#[test]
fn booleans_have_eight_forms_and_no_more() {
    let shop = Shop::open();
    let yes = [json!(1), json!("1"), json!(true), json!("true")];
    let no = [json!(0), json!("0"), json!(false), json!("false")];
    let blank = [json!(""), Value::Null];
    let neither = [json!(2), json!(-1), json!(1.0), json!("yes"), json!("TRUE"), json!(" 1"), json!([1])];
    let of_jobs = [("force", 1352), ("use_preferred", 1701), ("auto_approve", 1651), ("as_group", 1851)];
    for (name, code) in of_jobs {
        for value in yes.iter().chain(&no).chain(&blank) {
            let data = json!({ "jobs": [with(name, value.clone())], "dry_run": 1 });
            assert!(shop.post("translate/jobs", &data).is_ok(), "{name} {value} of a job");
        }
        for value in &neither {
            let fault = fault(&shop, with(name, value.clone()));
            assert_eq!((&fault["code"], &fault["field"]), (&json!(code), &json!(name)), "{name} {value}");
        }
    }
    let of_orders = [
        ("as_group", 1851),
        ("allow_fork", 1852),
        ("process", 1901),
        ("auto_approve", 1651),
        ("use_preferred", 1701),
        ("dry_run", 1352),
    ];
    for (name, code) in of_orders {
        for value in yes.iter().chain(&no).chain(&blank) {
            let mut data = json!({ "jobs": [job("an order's")], "dry_run": 1 });
            data[name] = value.clone();
            assert!(shop.post("translate/jobs", &data).is_ok(), "{name} {value} of an order");
        }
        for value in &neither {
            let mut data = json!({ "jobs": [job("an order's")], "dry_run": 1 });
            data[name] = value.clone();
            let refused = shop.post("translate/jobs", &data).unwrap_err();
            assert_eq!((refused.code(), &refused.err["field"]), (code, &json!(name)), "{name} {value}");
        }
    }
}

/// A form that is taken must also mean what it says.
#[test]
fn each_form_of_a_boolean_means_the_same() {
    let shop = Shop::open();
    shop.command(&["account", "set", "--account", "demo", "--auto-approve", "1"]);
    shop.orders(&json!([job("known")])).unwrap();
    let yes = [json!(1), json!("1"), json!(true), json!("true")].map(|value| (value, Some(true)));
    let no = [json!(0), json!("0"), json!(false), json!("false")].map(|value| (value, Some(false)));
    let blank = [json!(""), Value::Null].map(|value| (value, None));
    for (n, (value, meaning)) in yes.into_iter().chain(no).chain(blank).enumerate() {
        let mut approved = job(&format!("text {n}"));
        approved["auto_approve"] = value.clone();
        let id = shop.orders(&json!([approved])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
        let expected = if meaning.unwrap_or(true) { "1" } else { "0" };
        assert_eq!(shop.job(&id)["auto_approve"], expected, "auto_approve {value}; 1 by the account");
        let charges = |data: Value| shop.post("translate/jobs", &data).unwrap()["credits_used"] != "0.00";
        let processed = json!({ "jobs": [job("new")], "dry_run": 1, "process": value });
        assert_eq!(charges(processed), meaning.unwrap_or(true), "process {value}");
        let mut forced = job("known");
        forced["force"] = value.clone();
        let forced = json!({ "jobs": [forced], "dry_run": 1 });
        assert_eq!(charges(forced), meaning.unwrap_or(false), "force {value}");
    }
}

#[test]
fn numbers_come_as_numbers_or_texts() {
    let shop = Shop::open();
    for value in [json!(50), json!("50")] {
        let mut limited = job(&format!("at most {value}"));
        limited["max_chars"] = value.clone();
        let id = shop.orders(&json!([limited])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
        assert_eq!(shop.job(&id)["max_chars"], 50, "{value}");
    }
    for value in [json!("many"), json!(1.5), json!("1e3"), json!(true), json!([5]), json!(-1), json!("0")] {
        let fault = fault(&shop, with("max_chars", value.clone()));
        assert_eq!((&fault["code"], &fault["field"]), (&json!(1352), &json!("max_chars")), "{value}");
    }
    let id = shop.orders_text("to be reviewed");
    shop.delivers(&id, "訳");
    let rate = |rating: Value| {
        let item = json!({ "job_id": id.parse::<i64>().unwrap(), "rating": rating });
        shop.put("translate/jobs", &json!({ "action": "approve", "job_ids": [item] }))
    };
    for (rating, code) in [(json!("five"), 2501), (json!(true), 2501), (json!("6"), 2502), (json!(4.5), 2502)]
    {
        assert_eq!(rate(rating.clone()).unwrap_err().code(), code, "{rating}");
    }
    rate(json!("4")).unwrap();
    let feedback =
        |id: &str| shop.get(&format!("translate/job/{id}/feedback"), "").unwrap()["feedback"].clone();
    assert_eq!(feedback(&id)["rating"], "4.0");
}

#[test]
fn blank_optional_fields_are_not_given() {
    let shop = Shop::open();
    let of_jobs = [
        "type",
        "slug",
        "comment",
        "attachments",
        "url_attachments",
        "glossary_id",
        "position",
        "force",
        "use_preferred",
        "auto_approve",
        "callback_url",
        "custom_data",
        "services",
        "purpose",
        "tone",
        "max_chars",
        "as_group",
        "identifier",
        "no_such_field",
    ];
    let of_orders = [
        "as_group",
        "allow_fork",
        "process",
        "comment",
        "attachments",
        "reference_id",
        "tone",
        "purpose",
        "glossary_id",
        "callback_url",
        "auto_approve",
        "use_preferred",
        "dry_run",
        "no_such_member",
    ];
    let plain = shop.orders(&json!([job("nothing more")])).unwrap();
    let members = |id: &Value| {
        let job = shop.job(id.as_str().unwrap());
        job.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let expected = members(&plain["job_ids"][0]);
    for blank in [json!(""), Value::Null] {
        let mut full = job(&format!("blank {blank}"));
        of_jobs.iter().for_each(|name| full[*name] = blank.clone());
        let mut data = json!({ "jobs": [full] });
        of_orders.iter().for_each(|name| data[*name] = blank.clone());
        let placed = shop.post("translate/jobs", &data).unwrap();
        assert_eq!(members(&placed["job_ids"][0]), expected, "{blank}");
        let id = placed["job_ids"][0].as_str().unwrap();
        assert_eq!(shop.job(id)["slug"], format!("blank {blank}"));
        let order =
            shop.get(&format!("translate/order/{}", placed["order_id"].as_str().unwrap()), "").unwrap();
        assert!(order["order"].get("reference_id").is_none(), "{order}");
        for thread in [format!("job/{id}"), format!("order/{}", placed["order_id"].as_str().unwrap())] {
            let thread = shop.get(&format!("translate/{thread}/comments"), "").unwrap();
            assert_eq!(thread["thread"], json!([]), "{blank}");
        }
    }
}

#[test]
fn codes_and_tiers_have_many_spellings_and_one_answer() {
    let shop = Shop::open();
    let rows = [
        ("EN", "JA", "STANDARD", "en", "ja", "standard"),
        ("en_US", "ja_JP", "Pro", "en", "ja", "pro"),
        ("en-us", "ja-jp", "pRO", "en", "ja", "pro"),
        ("en", "zh-Hans", "standard", "en", "zh", "standard"),
        ("en", "ZH_hant_TW", "standard", "en", "zh-tw", "standard"),
        ("en", "ja", "ultra_pro", "en", "ja", "ultra"),
        ("en", "ja", "Ultra", "en", "ja", "ultra"),
        ("en", "ja", "MACHINE", "en", "ja", "machine"),
    ];
    for (n, (source, target, tier, lc_src, lc_tgt, answered)) in rows.into_iter().enumerate() {
        let text = format!("spelling {n}");
        let sent = json!({ "body_src": text, "lc_src": source, "lc_tgt": target, "tier": tier });
        let placed = shop.orders(&json!({ "a": sent })).unwrap();
        let job = shop.job(placed["job_ids"]["a"].as_str().unwrap());
        let found = ["lc_src", "lc_tgt", "tier"].map(|name| job[name].as_str().unwrap());
        assert_eq!(found, [lc_src, lc_tgt, answered], "{source} {target} {tier}");
        let known = json!({ "body_src": text, "lc_src": lc_src, "lc_tgt": lc_tgt, "tier": answered });
        assert_eq!(shop.orders(&json!([known])).unwrap()["credits_used"], "0.00", "the same text: {tier}");
    }
}

#[test]
fn jobs_have_any_keys_and_come_back_under_them() {
    let shop = Shop::open();
    let keys =
        ["10", "2", "", "日本", "a b", "job_1", "0", "items[0]", "{6F9619FF-8B86-D011-B42D-00C04FC964FF}"];
    let jobs: serde_json::Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), job(&format!("text of {key:?}")))).collect();
    let placed = shop.orders(&json!(jobs)).unwrap();
    let sent = placed["job_ids"].as_object().unwrap();
    assert_eq!(sent.keys().collect::<Vec<_>>(), keys);
    for (key, id) in sent {
        assert_eq!(shop.job(id.as_str().unwrap())["body_src"], format!("text of {key:?}"));
    }
    let known = shop.orders(&json!(jobs)).unwrap();
    assert_eq!(known["jobs"].as_object().unwrap().keys().collect::<Vec<_>>(), keys);
    let twice = format!("{{\"jobs\":{{\"a\":{},\"a\":{}}}}}", job("one"), job("other"));
    let refused = shop.call("POST", "translate/jobs", &format!("data={}", encoded(&twice)), &[]).json();
    assert_eq!(refused["err"]["code"], 1251, "{refused}");
}

#[test]
fn an_id_beside_the_path_is_ignored_and_a_forgotten_segment_is_guessed() {
    let shop = Shop::open();
    let (id, other) = (shop.orders_text("meant"), shop.orders_text("not meant"));
    let order = shop.job(&id)["order_id"].as_str().unwrap().to_owned();
    let path = format!("translate/job/{id}");
    let beside = format!("id={other}&job_id={other}");
    assert_eq!(shop.call("GET", &path, &beside, &[]).json()["response"]["job"]["job_id"], json!(id));
    let says = |path: &str, text: &str| {
        let said = shop.post(path, &json!({ "id": other, "job_id": other, "body": text })).unwrap();
        assert_eq!(said, json!({}), "{path}");
    };
    says(&format!("{path}/comment"), "to the job");
    says(&path, "to the job, in short");
    says(&format!("translate/order/{order}/comment"), "to the order");
    says(&format!("translate/order/{order}"), "to the order, in short");
    let thread = |path: &str| {
        let thread = shop.get(&format!("{path}/comments"), "").unwrap()["thread"].clone();
        let bodies = thread.as_array().unwrap().iter();
        bodies.map(|comment| comment["body"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(thread(&path), ["to the job", "to the job, in short"]);
    assert_eq!(thread(&format!("translate/order/{order}")), ["to the order", "to the order, in short"]);
    assert!(thread(&format!("translate/job/{other}")).is_empty());
    // With an action it is no comment.
    let acts = json!({ "id": other, "action": "approve", "body": "x" });
    assert_eq!(shop.post(&path, &acts).unwrap_err().code(), 2250);
    assert_eq!(shop.put(&path, &json!({ "id": other, "action": "archive" })).unwrap_err().code(), 2650);
    shop.call("DELETE", &path, &beside, &[]);
    assert_eq!(
        (&shop.job(&id)["status"], &shop.job(&other)["status"]),
        (&json!("canceled"), &json!("available"))
    );
}

#[test]
fn what_cannot_be_meant_is_ignored() {
    let shop = Shop::open();
    let mut odd = [job("first"), job("second")];
    odd[0]["position"] = json!("after the second");
    odd[0]["callback_url"] = json!("http://...");
    odd[1]["position"] = json!([1]);
    odd[1]["no_such_field"] = json!({ "x": [] });
    let data = json!({ "jobs": odd, "as_group": 1, "callback_url": "http://...", "no_such_member": [{}] });
    let placed = shop.post("translate/jobs", &data).unwrap();
    assert!(placed["group_id"].is_string(), "{placed}");
    for id in placed["job_ids"].as_array().unwrap() {
        let job = shop.job(id.as_str().unwrap());
        assert!(job.get("position").is_none() && job.get("callback_url").is_none(), "{job}");
    }
    let mut alone = job("alone");
    alone["position"] = json!(3);
    let placed = shop.orders(&json!([alone])).unwrap();
    let job = shop.job(placed["job_ids"][0].as_str().unwrap());
    assert!(job.get("position").is_none(), "without a group: {job}");
}

//! What is said of an order as a whole: defaults for its jobs, its own members, and what is checked
//! in which order (api-v2 1.2, 4.3, 5.1).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn with(text: &str, more: Value) -> Value {
    let mut job = job(text);
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn attachment(name: &str) -> Value {
    json!({ "url": format!("https://example.com/{name}"), "filename": name, "mime_type": "text/plain" })
}

/// The comments under a path: author and text.
fn thread(shop: &Shop, path: &str) -> Vec<(String, String)> {
    let thread = shop.get(&format!("translate/{path}/comments"), "").unwrap()["thread"].clone();
    let text = |comment: &Value, name: &str| comment[name].as_str().unwrap().to_owned();
    thread.as_array().unwrap().iter().map(|said| (text(said, "author"), text(said, "body"))).collect()
}

fn job_under(shop: &Shop, placed: &Value, key: &str) -> Value {
    shop.job(placed["job_ids"][key].as_str().unwrap())
}

/// The members that are defaults, with a value each.
fn defaults() -> Value {
    json!({
        "tone": "the order's",
        "purpose": "the order's",
        "callback_url": "https://example.com/order",
        "auto_approve": 1,
        "glossary_id": 1,
    })
}

fn glossaries(shop: &Shop) {
    for name in ["first.csv", "second.csv"] {
        let file = shop.database.directory().join(name);
        std::fs::write(&file, "en,ja\nworld,世界\n").unwrap();
        let add = ["glossary", "add", "--account", "demo", "--sandbox", "--file"];
        shop.command(&[&add[..], &[file.to_str().unwrap()]].concat());
    }
}

/// What a job's payload says of the defaults.
fn told(job: &Value) -> Value {
    json!({
        "tone": job["tone"],
        "purpose": job["purpose"],
        "callback_url": job["callback_url"],
        "auto_approve": job["auto_approve"].as_str().unwrap().parse::<i64>().unwrap(),
        "glossary_id": job["glossary_id"],
    })
}

#[test]
fn defaults_reach_the_jobs_that_have_none_of_their_own() {
    let shop = Shop::open();
    glossaries(&shop);
    let own = json!({
        "tone": "its own",
        "purpose": "its own",
        "callback_url": "https://example.com/own",
        "auto_approve": 0,
        "glossary_id": 2,
    });
    let blank =
        json!({ "tone": "", "purpose": null, "callback_url": "", "auto_approve": null, "glossary_id": "" });
    let mut data = defaults();
    data["jobs"] = json!({ "a": job("none"), "b": with("own", own.clone()), "c": with("blank", blank) });
    let placed = shop.post("translate/jobs", &data).unwrap();
    for (key, expected) in [("a", defaults()), ("b", own.clone()), ("c", defaults())] {
        assert_eq!(told(&job_under(&shop, &placed, key)), expected, "job {key}");
    }
    // Inside of jobs they mean the same; beside them they win.
    let mut jobs = own.clone();
    jobs["x"] = job("inside");
    let placed = shop.post("translate/jobs", &json!({ "jobs": jobs })).unwrap();
    assert_eq!(placed["job_count"], 1);
    assert_eq!(told(&job_under(&shop, &placed, "x")), own);
    jobs["x"] = job("beside");
    let mut data = defaults();
    data["jobs"] = jobs;
    let placed = shop.post("translate/jobs", &data).unwrap();
    assert_eq!(told(&job_under(&shop, &placed, "x")), defaults());
}

/// Who asks for preferred translators and has none is told so in the job's thread.
#[test]
fn preferred_translators_are_asked_for_by_the_order_or_by_the_job() {
    let shop = Shop::open();
    let jobs = json!({
        "none": job("none"),
        "no": with("no", json!({ "use_preferred": 0 })),
        "yes": with("yes", json!({ "use_preferred": 1 })),
    });
    let asks = |texts: &str, order: Value| {
        let mut data = order;
        data["jobs"] = jobs.clone();
        for key in ["none", "no", "yes"] {
            data["jobs"][key]["body_src"] = json!(format!("{key} {texts}"));
        }
        let placed = shop.post("translate/jobs", &data).unwrap();
        ["none", "no", "yes"].map(|key| {
            let id = placed["job_ids"][key].as_str().unwrap().to_owned();
            shop.wait_for(&id, "available");
            thread(&shop, &format!("job/{id}")).len()
        })
    };
    assert_eq!(asks("asked", json!({ "use_preferred": "1" })), [1, 0, 1]);
    assert_eq!(asks("not asked", json!({ "use_preferred": 0 })), [0, 0, 1]);
    assert_eq!(asks("nothing", json!({})), [0, 0, 1]);
}

#[test]
fn what_is_the_orders_own_goes_to_the_order() {
    let shop = Shop::open();
    // Attachments have two names.
    let own = |name: &str| {
        let attachments = [attachment("a.txt"), attachment("b.txt")];
        json!({ "comment": "all", name: attachments, "reference_id": "r-7 & 日本" })
    };
    let jobs = |text: &str, name: &str| {
        let more = json!({ "comment": "the job's", name: [attachment("own.txt")] });
        json!({ "x": with(text, more) })
    };
    let beside = |mut members: Value, jobs: Value| {
        members["jobs"] = jobs;
        members
    };
    let inside = |mut members: Value, jobs: Value| {
        members.as_object_mut().unwrap().extend(jobs.as_object().unwrap().clone());
        json!({ "jobs": members })
    };
    let (usual, other) = ("attachments", "url_attachments");
    for data in [
        beside(own(usual), jobs("one", other)),
        beside(own(other), jobs("two", usual)),
        inside(own(usual), jobs("three", usual)),
        inside(own(other), jobs("four", other)),
    ] {
        let placed = shop.post("translate/jobs", &data).unwrap();
        let (order, id) = (placed["order_id"].as_str().unwrap(), placed["job_ids"]["x"].as_str().unwrap());
        let shown = shop.get(&format!("translate/order/{order}"), "").unwrap();
        assert_eq!(shown["order"]["reference_id"], "r-7 & 日本", "{data}");
        assert_eq!(thread(&shop, &format!("order/{order}")), [("customer".into(), "all".into())], "{data}");
        assert_eq!(thread(&shop, &format!("job/{id}")), [("customer".into(), "the job's".into())], "{data}");
        let said = shop.get(&format!("translate/order/{order}/comments"), "").unwrap();
        let names = |attachments: &Value| {
            let names = attachments.as_array().unwrap().iter();
            names.map(|one| one["filename"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&said["thread"][0]["attachments"]), ["a.txt", "b.txt"]);
        assert_eq!(names(&shop.job(id)["attachments"]), ["own.txt"]);
    }
    for reference in [json!(77), json!("77")] {
        let data = json!({ "jobs": [with("numbered", json!({}))], "reference_id": reference });
        let placed = shop.post("translate/jobs", &data).unwrap();
        let order =
            shop.get(&format!("translate/order/{}", placed["order_id"].as_str().unwrap()), "").unwrap();
        assert_eq!(order["order"]["reference_id"], "77", "any string, and a number is one");
    }
    let placed = shop
        .post("translate/jobs", &inside(json!({ "as_group": 1, "process": "0" }), jobs("later", usual)))
        .unwrap();
    assert_eq!((&placed["job_count"], &placed["credits_used"]), (&json!(1), &json!("0.00")));
}

/// Each row is wrong in what it is named for and in all that is checked after it.
#[test]
fn an_order_is_checked_from_the_whole_to_the_parts_to_the_money() {
    let shop = Shop::open();
    shop.command(&["key", "set", "--key", &shop.public_key, "--guard-identical", "1"]);
    let pair = |text: &str, target: &str, tier: &str| {
        with(text, json!({ "lc_tgt": target, "tier": tier, "force": 1 }))
    };
    let good = json!([pair("a b", "ja", "pro"), pair("c d", "ja", "pro")]);
    let identical = json!({ "jobs": good, "as_group": 1 });
    shop.post("translate/jobs", &identical).unwrap();
    shop.post("sandbox/credits", &json!({ "set": "0.00" })).unwrap();
    let faulty = json!([{ "body_src": "x", "force": 1 }, pair("a", "ja", "ultra"), pair("b", "fr", "ultra")]);
    let mixed = json!([pair("a", "ja", "ultra"), pair("b", "fr", "ultra")]);
    let ultra = json!([pair("a", "ja", "ultra"), pair("b", "ja", "ultra")]);
    let edited = json!([
        with("a", json!({ "tier": "pro", "services": ["translation", "edit"] })),
        with("b", json!({ "tier": "pro", "services": ["translation", "edit"] })),
    ]);
    let long = "x".repeat(129);
    let grouped = |jobs: &Value| json!({ "jobs": jobs, "as_group": 1 });
    let of_the_whole = [
        ("as_group", json!("x"), 1851),
        ("allow_fork", json!("x"), 1852),
        ("process", json!("x"), 1901),
        ("comment", json!("x".repeat(25_001)), 1351),
        ("attachments", json!({ "url": "x" }), 2010),
        ("attachments", json!((0..6).map(|n| attachment(&n.to_string())).collect::<Vec<_>>()), 2010),
        ("reference_id", json!("r".repeat(256)), 1352),
        ("callback_url", json!("x"), 1601),
        ("dry_run", json!("x"), 1352),
        ("auto_approve", json!("x"), 1651),
        ("use_preferred", json!("x"), 1701),
        ("tone", json!(long), 2752),
        ("purpose", json!(long), 2753),
        ("glossary_id", json!("x"), 1352),
    ];
    for (name, value, code) in of_the_whole {
        let mut data = grouped(&faulty);
        data[name] = value.clone();
        let refused = shop.post("translate/jobs", &data).unwrap_err();
        assert_eq!((refused.code(), &refused.err["field"]), (code, &json!(name)), "{}", refused.err);
    }
    let refused = shop.post("translate/jobs", &grouped(&faulty)).unwrap_err();
    assert_eq!(refused.err.as_object().unwrap().keys().collect::<Vec<_>>(), ["0"], "{}", refused.err);
    let rows = [
        (grouped(&mixed), 1950),
        (grouped(&ultra), 1952),
        (grouped(&edited), 1952),
        (identical, 1754),
        (json!({ "jobs": good }), 2700),
    ];
    for (data, code) in rows {
        let refused = shop.post("translate/jobs", &data).unwrap_err();
        assert_eq!(refused.code(), code, "{data}: {}", refused.err);
    }
    assert_eq!(shop.get("translate/jobs", "").unwrap().as_array().unwrap().len(), 2, "nothing was stored");
}

/// What is known already, and what a job wants for itself, decide how many are left for a group.
#[test]
fn a_group_is_of_the_new_jobs_that_want_it() {
    let shop = Shop::open();
    shop.orders(&json!([job("known"), with("known", json!({ "lc_tgt": "fr" }))])).unwrap();
    let french = |text: &str| with(text, json!({ "lc_tgt": "fr" }));
    let alone = |mut job: Value| {
        job["as_group"] = json!("0");
        job
    };
    // Which of the jobs are in the group; with none of them there is no group.
    let rows = [
        (json!([job("a1"), job("a2")]), vec![0, 1]),
        (json!([job("b1"), alone(job("b2")), job("b3")]), vec![0, 2]),
        (json!([job("c1"), alone(french("c2")), job("c3")]), vec![0, 2]),
        (json!([job("d1"), job("known"), job("d3")]), vec![0, 2]),
        (json!([job("e1"), french("known"), job("e3")]), vec![0, 2]),
        (json!([job("f1"), alone(job("f2"))]), vec![]),
        (json!([job("g1"), job("known")]), vec![]),
        (json!([job("h1"), job("h1")]), vec![]),
        (json!([job("i1")]), vec![]),
        (json!([with("j1", json!({ "tier": "ultra" }))]), vec![]),
        (json!([french("k1"), alone(job("k2"))]), vec![]),
    ];
    for (jobs, members) in rows {
        let placed = shop.post("translate/jobs", &json!({ "jobs": jobs, "as_group": 1 })).unwrap();
        assert_eq!(placed["group_id"].is_string(), !members.is_empty(), "{jobs}: {placed}");
        for (index, id) in placed["job_ids"].as_array().unwrap().iter().enumerate() {
            let job = shop.job(id.as_str().unwrap());
            let expected = if members.contains(&index) { &placed["group_id"] } else { &Value::Null };
            assert_eq!(&job["group_id"], expected, "{index} of {jobs}");
        }
        let order =
            shop.get(&format!("translate/order/{}", placed["order_id"].as_str().unwrap()), "").unwrap();
        assert_eq!(order["order"]["as_group"], i64::from(!members.is_empty()), "{jobs}");
    }
    let mixed = json!({ "jobs": [job("l1"), alone(job("l2")), french("l3")], "as_group": 1 });
    assert_eq!(shop.post("translate/jobs", &mixed).unwrap_err().code(), 1950);
    let ungrouped = json!({ "jobs": [job("m1"), with("m2", json!({ "as_group": 1 }))] });
    assert!(
        shop.post("translate/jobs", &ungrouped).unwrap().get("group_id").is_none(),
        "nobody asked for a group"
    );
}

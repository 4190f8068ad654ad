//! The control API, row by row, with good and bad input (sandbox.md 4, 5, 7). Clock and inbox
//! have files of their own.

use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A refused call: code, the field that it names, and what is sent besides.
fn refuses(shop: &Shop, path: &str, data: &Value, code: i64, field: &str) {
    let refused = match shop.post(path, data) {
        Err(refused) => refused,
        Ok(answer) => panic!("{path} {data} was accepted: {answer}"),
    };
    assert_eq!(
        (refused.code(), refused.err["field"].as_str()),
        (code, Some(field)),
        "{path} {data}: {}",
        refused.err
    );
}

fn received(shop: &Shop, token: &str) -> Vec<Value> {
    shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().clone()
}

#[test]
fn test_credits_are_added_and_set() {
    let shop = Shop::open_with(&["--sandbox-max-credits", "20000.00"]);
    let rows = [
        (json!({ "add": "12.50" }), "1012.50"),
        (json!({ "amount": "0.01" }), "1012.51"),
        (json!({ "add": 10 }), "1022.51"),
        (json!({ "add": "10000.00" }), "11022.51"),
        (json!({ "set": "0.00" }), "0.00"),
        (json!({ "set": "20000.00" }), "20000.00"),
        (json!({ "set": "7" }), "7.00"),
        (json!({ "set": "5.00", "add": "100.00" }), "5.00"),
        (json!({ "set": "", "add": "1.00" }), "6.00"),
    ];
    for (data, balance) in rows {
        assert_eq!(shop.post("sandbox/credits", &data).unwrap(), json!({ "credits": balance }), "{data}");
        assert_eq!(shop.balance(), balance, "{data}");
    }
    let wrong = [
        (json!({ "add": "10000.01" }), "add"),
        (json!({ "amount": "10000.01" }), "amount"),
        (json!({ "add": "0.00" }), "add"),
        (json!({ "amount": "0" }), "amount"),
        (json!({ "add": "-1.00" }), "add"),
        (json!({ "amount": "-1.00" }), "amount"),
        (json!({ "set": "-0.01" }), "set"),
        (json!({ "set": "20000.01" }), "set"),
        (json!({ "set": "lots" }), "set"),
        (json!({ "add": "1.001" }), "add"),
        (json!({ "amount": true }), "amount"),
        (json!({ "add": [1] }), "add"),
        (json!({ "ad": "1.00" }), "add"),
    ];
    for (data, field) in wrong {
        refuses(&shop, "sandbox/credits", &data, 1352, field);
    }
    shop.post("sandbox/credits", &json!({ "set": "15000.00" })).unwrap();
    // Together too much, though each part is not.
    refuses(&shop, "sandbox/credits", &json!({ "add": "6000.00" }), 1352, "add");
    refuses(&shop, "sandbox/credits", &json!({ "amount": "6000.00" }), 1352, "amount");
    assert_eq!(shop.balance(), "15000.00");
    assert_eq!(shop.get("account/stats", "").unwrap()["credits_spent"], "0.00", "a grant is nothing spent");
    shop.verify();
}

#[test]
fn wrong_input_is_refused_with_the_member_that_was_sent() {
    let shop = Shop::open();
    let id = shop.orders_text("to be controlled");
    let of_job = |step: &str| format!("sandbox/job/{id}/{step}");
    let rows = [
        (of_job("advance"), json!({ "steps": 0 }), 1352, "steps"),
        (of_job("advance"), json!({ "steps": 21 }), 1352, "steps"),
        (of_job("advance"), json!({ "steps": "two" }), 1352, "steps"),
        (of_job("advance"), json!({ "callbacks": "maybe" }), 1352, "callbacks"),
        (of_job("status"), json!({}), 2650, "status"),
        (of_job("status"), json!({ "status": "flying" }), 2650, "status"),
        (of_job("status"), json!({ "status": 5 }), 2650, "status"),
        (of_job("status"), json!({ "status": "pending", "force": "hard" }), 1352, "force"),
        (of_job("status"), json!({ "status": "approved", "force": 1, "body_tgt": ["訳"] }), 1352, "body_tgt"),
        (of_job("submit"), json!({ "body_tgt": "a\u{0}b" }), 1352, "body_tgt"),
        (of_job("comment"), json!({ "author": "support" }), 2000, "body"),
        (of_job("comment"), json!({ "body": "  " }), 2000, "body"),
        (of_job("comment"), json!({ "body": "x".repeat(25_001) }), 1351, "body"),
        (of_job("comment"), json!({ "body": "x", "author": "customer" }), 1352, "author"),
        (of_job("comment"), json!({ "body": "x", "author": "Translator" }), 1352, "author"),
        (of_job("callback"), json!({ "event": "order" }), 1352, "event"),
        (of_job("callback"), json!({ "url": "ftp://example.com/" }), 1601, "url"),
        (of_job("callback"), json!({ "url": "http://10.0.0.1/" }), 1601, "url"),
        (of_job("callback"), json!({ "event": "comment" }), 1352, "comment_id"),
        (of_job("callback"), json!({ "event": "comment", "comment_id": 999 }), 1352, "comment_id"),
        (of_job("callback"), json!({ "event": "comment", "comment_id": "last" }), 1352, "comment_id"),
        ("sandbox/jobs/advance".into(), json!({ "status": "flying" }), 2650, "status"),
        ("sandbox/jobs/advance".into(), json!({ "steps": 0 }), 1352, "steps"),
        ("sandbox/jobs/advance".into(), json!({ "limit": "all" }), 1352, "limit"),
        ("sandbox/clock".into(), json!({ "forward": -1 }), 1352, "forward"),
        ("sandbox/clock".into(), json!({ "forward": "1h" }), 1352, "forward"),
        ("sandbox/clock".into(), json!({ "forward": 401 * 24 * 3600 }), 1352, "forward"),
        ("sandbox/clock".into(), json!({ "to_next": 2 }), 1352, "to_next"),
        ("sandbox/robot".into(), json!({ "mode": "eager" }), 1352, "mode"),
        ("sandbox/robot".into(), json!({ "preset": "slow" }), 1352, "preset"),
        ("sandbox/robot".into(), json!({ "take": -1 }), 1352, "take"),
        ("sandbox/robot".into(), json!({ "submit": 30 * 24 * 3600 + 1 }), 1352, "submit"),
        ("sandbox/robot".into(), json!({ "revise": [5, 1] }), 1352, "revise"),
        ("sandbox/robot".into(), json!({ "answer": "soon" }), 1352, "answer"),
        ("sandbox/robot".into(), json!({ "style": "poetic" }), 1352, "style"),
        ("sandbox/robot".into(), json!({ "seed": "x" }), 1352, "seed"),
        ("sandbox/robot".into(), json!({ "apply_to_open": "yes" }), 1352, "apply_to_open"),
        ("sandbox/wipe".into(), json!({ "confirm": "Demo" }), 1352, "confirm"),
        ("sandbox/wipe".into(), json!({ "keep": ["keys"] }), 1352, "confirm"),
        ("sandbox/wipe".into(), json!({ "confirm": "demo", "keep": "robot" }), 1352, "keep"),
        ("sandbox/wipe".into(), json!({ "confirm": "demo", "keep": ["keys", "robots"] }), 1352, "keep"),
    ];
    let before = shop.get("sandbox", "").unwrap();
    for (path, data, code, field) in rows {
        refuses(&shop, &path, &data, code, field);
    }
    let mut after = shop.get("sandbox", "").unwrap();
    after["clock"]["now"] = before["clock"]["now"].clone();
    assert_eq!(after, before, "what was refused changed nothing");
    assert_eq!(shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"], json!([]));
    shop.verify();
}

#[test]
fn advancing_tells_who_listens_unless_it_is_told_not_to() {
    let shop = Shop::open();
    let token = shop.inbox();
    let heard = shop.orders_text("heard");
    let unheard = shop.orders_text("unheard");
    shop.until("both are on the board", || received(&shop, &token).len() == 2);
    let steps = |id: &str, steps: i64, callbacks: i64| {
        shop.control(id, "advance", &json!({ "steps": steps, "callbacks": callbacks })).unwrap()["status"]
            .clone()
    };
    assert_eq!(steps(&unheard, 3, 0), "approved");
    assert_eq!(steps(&heard, 1, 1), "pending");
    assert_eq!(steps(&heard, 1, 1), "reviewable");
    assert_eq!(steps(&heard, 1, 1), "approved");
    // All that is due is sent by then, in the order in which it is due.
    shop.post("sandbox/clock", &json!({ "forward": 1 })).unwrap();
    shop.until("three more", || received(&shop, &token).len() == 5);
    let told: Vec<Value> =
        received(&shop, &token).into_iter().filter(|request| request["job_id"] == unheard).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    shop.verify();
}

/// A step takes, gives back or forks the rest of a group along.
#[test]
fn a_silent_step_is_silent_about_the_rest_of_the_group_too() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.command(&["key", "set", "--key", &shop.public_key, "--callback-all", "1"]);
    let data = json!({ "jobs": [job("one"), job("two"), job("three")], "as_group": 1 });
    let placed = shop.post("translate/jobs", &data).unwrap();
    let ids = [0, 1, 2].map(|index| placed["job_ids"][index].as_str().unwrap().to_owned());
    for id in &ids {
        shop.wait_for(id, "available");
    }
    let silent = json!({ "callbacks": 0 });
    shop.control(&ids[0], "take", &silent).unwrap();
    shop.control(&ids[0], "submit", &silent).unwrap();
    shop.control(&ids[1], "release", &silent).unwrap();
    shop.post("sandbox/jobs/advance", &json!({ "status": "available", "limit": 1, "callbacks": 0 })).unwrap();
    assert_eq!(ids.map(|id| shop.job(&id)["status"].clone()), ["reviewable", "pending", "pending"]);
    shop.post("sandbox/clock", &json!({ "forward": 1 })).unwrap();
    let told: Vec<Value> = received(&shop, &token).iter().map(|request| request["event"].clone()).collect();
    let of_the_queue = ["job.available", "job.available", "job.available", "order.available"];
    assert_eq!(told.len(), of_the_queue.len(), "{told:?}");
    assert!(of_the_queue.iter().all(|event| told.contains(&json!(event))), "{told:?}");
    shop.verify();
}

#[test]
fn the_overview_counts_what_the_steps_have_done() {
    let shop = Shop::open();
    let [first, second, _] = ["one", "two", "three"].map(|text| shop.orders_text(text));
    let step = |id: &str, data: Value| shop.control(id, "status", &data).unwrap();
    step(&first, json!({ "status": "pending" }));
    let delivered = step(&first, json!({ "status": "reviewable", "body_tgt": "一" }));
    assert_eq!(delivered["body_tgt"], "一");
    step(&second, json!({ "status": "cancelled" }));
    let overview = shop.get("sandbox", "").unwrap();
    let mut jobs: serde_json::Map<String, Value> =
        domain::job::Status::ALL.into_iter().map(|status| (status.code().to_owned(), json!(0))).collect();
    for status in ["available", "reviewable", "canceled"] {
        jobs[status] = json!(1);
    }
    assert_eq!(overview["jobs"], json!(jobs));
    let rest = ["environment", "account", "credits", "currency"].map(|name| overview[name].clone());
    assert_eq!(rest, ["sandbox", "demo", "999.90", "USD"].map(|text| json!(text)));
    let inboxes = overview["inboxes"].as_array().unwrap();
    assert!(inboxes.len() == 1 && inboxes[0].as_str().unwrap().starts_with(shop.origin()), "{inboxes:?}");
}

/// The numbers are kept and not counted: what does not come about must not be in them.
#[test]
fn the_overview_counts_nothing_that_did_not_come_about() {
    let shop = Shop::open();
    let counts = || {
        let jobs = shop.get("sandbox", "").unwrap()["jobs"].clone();
        let all: i64 = jobs.as_object().unwrap().values().map(|number| number.as_i64().unwrap()).sum();
        (jobs, all)
    };
    let [id, ..] = ["one of three", "two of three", "three of three"].map(|text| shop.orders_text(text));
    shop.control(&id, "status", &json!({ "status": "revising", "force": 1 })).unwrap();
    let (jobs, all) = counts();
    assert_eq!((&jobs["revising"], all), (&json!(1), 3), "{jobs}");
    shop.post("translate/jobs", &json!({ "jobs": [job("not yet")], "dry_run": 1 })).unwrap();
    shop.orders(&json!([job("one of three")])).unwrap();
    let dear: Vec<Value> = (0..200).map(|number| job(&format!("{number} {}", "dear ".repeat(200)))).collect();
    assert_eq!(shop.orders(&json!(dear)).unwrap_err().code(), 2700);
    shop.control(&id, "status", &json!({ "status": "unpaid" })).unwrap_err();
    assert_eq!(counts(), (jobs, 3), "nothing new, nothing moved");
    shop.verify();
}

#[test]
fn many_jobs_are_advanced_by_status_steps_and_limit() {
    let shop = Shop::open();
    let ids: Vec<String> = (0..5).map(|number| shop.orders_text(&format!("number {number}"))).collect();
    let advance = |data: Value| shop.post("sandbox/jobs/advance", &data).unwrap()["job_ids"].clone();
    let statuses =
        || ids.iter().map(|id| shop.job(id)["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(advance(json!({ "status": "pending" })), json!([]));
    assert_eq!(advance(json!({ "status": "available", "limit": 2 })), json!([ids[0], ids[1]]));
    assert_eq!(statuses(), ["pending", "pending", "available", "available", "available"]);
    assert_eq!(advance(json!({ "status": "pending", "steps": 2, "limit": 1 })), json!([ids[0]]));
    assert_eq!(statuses(), ["approved", "pending", "available", "available", "available"]);
    assert_eq!(advance(json!({ "limit": 0 })), json!([]));
    let mut moved: Vec<String> = serde_json::from_value(advance(json!({}))).unwrap();
    moved.sort_unstable_by_key(|id| id.parse::<i64>().unwrap());
    assert_eq!(moved, ids[1..], "each once, whatever it has become on the way");
    assert_eq!(statuses(), ["approved", "reviewable", "pending", "pending", "pending"]);
    shop.verify();
}

#[test]
fn a_job_that_nothing_happened_to_is_not_said_to_be_advanced() {
    let shop = Shop::open();
    let data = json!({ "jobs": [job("cheap"), job(&"dear ".repeat(10))], "process": 0 });
    let placed = shop.post("translate/jobs", &data).unwrap();
    shop.post("sandbox/credits", &json!({ "set": "0.20" })).unwrap();
    let moved = shop.post("sandbox/jobs/advance", &json!({ "status": "unpaid" })).unwrap();
    assert_eq!(moved["job_ids"], json!([placed["job_ids"][0]]), "only one can be bought");
    let dear = placed["job_ids"][1].as_str().unwrap();
    assert_eq!(shop.job(dear)["status"], "unpaid");
    assert_eq!(shop.control(dear, "advance", &json!({})).unwrap_err().code(), 2700);
    shop.verify();
}

/// The statuses that a refusal names as possible.
fn named(msg: &str) -> BTreeSet<String> {
    let (_, list) = msg.split_once("it can become ").unwrap_or_else(|| panic!("{msg}"));
    let (list, _) = list.split_once(". ").unwrap();
    list.split(", ").filter(|name| *name != "nothing").map(str::to_owned).collect()
}

#[test]
fn a_refused_step_names_the_steps_that_are_made() {
    let shop = Shop::open();
    // Nothing happens by itself.
    let idle = json!({ "mode": "automatic", "queue": 3_600, "take": "never", "submit": "never" });
    shop.put("sandbox/robot", &idle).unwrap();
    let all = domain::job::Status::ALL.map(domain::job::Status::code);
    for from in all {
        let (mut made, mut said) = (BTreeSet::new(), Vec::new());
        for to in all {
            let placed = shop.orders(&json!([job(&format!("from {from} to {to}"))])).unwrap();
            let id = placed["job_ids"][0].as_str().unwrap().to_owned();
            if from != "queued" {
                shop.control(&id, "status", &json!({ "status": from, "force": 1 })).unwrap();
            }
            match shop.control(&id, "status", &json!({ "status": to })) {
                Ok(job) => {
                    assert_eq!(job["status"], to, "from {from}");
                    made.insert(to.to_owned());
                }
                Err(refused) => {
                    assert_eq!(
                        (refused.code(), refused.err["field"].as_str()),
                        (2650, Some("status")),
                        "{}",
                        refused.err
                    );
                    said.push(named(refused.msg()));
                }
            }
        }
        assert!(said.iter().all(|named| *named == made), "from {from}: made {made:?}, said {said:?}");
    }
    shop.verify();
}

#[test]
fn comments_are_written_as_whoever_speaks_and_called_back() {
    let shop = Shop::open();
    let token = shop.inbox();
    let mut named = job("talk about me");
    named["custom_data"] = json!("mine");
    let id = shop.orders(&json!([named])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    shop.wait_for(&id, "available");
    for (author, written) in [
        (None, "translator"),
        (Some("translator"), "translator"),
        (Some("senior translator"), "senior translator"),
        (Some("support"), "support"),
    ] {
        let mut data = json!({ "body": format!("from {written}") });
        if let Some(author) = author {
            data["author"] = json!(author);
        }
        assert_eq!(shop.control(&id, "comment", &data).unwrap(), json!({}));
        let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
        let last = thread.as_array().unwrap().last().unwrap();
        assert_eq!((&last["author"], &last["body"]), (&json!(written), &json!(format!("from {written}"))));
    }
    let comments = || {
        let all = received(&shop, &token);
        all.into_iter().filter(|request| request["event"] == "comment.created").collect::<Vec<_>>()
    };
    shop.until("four comments are called back", || comments().len() == 4);
    for request in comments() {
        assert_eq!(
            (&request["comment"]["job_id"], &request["comment"]["custom_data"]),
            (&json!(id), &json!("mine"))
        );
    }
}

#[test]
fn a_callback_sent_by_hand_is_shown_and_changes_nothing() {
    let shop = Shop::open();
    let first = shop.inbox();
    let second = shop.post("sandbox/inbox", &json!({})).unwrap();
    let id = shop.orders_text("send me");
    shop.control(&id, "comment", &json!({ "body": "the last one" })).unwrap();
    shop.until("the two of the schedule", || received(&shop, &first).len() == 2);
    let log = || shop.get("account/callbacks", "").unwrap()["callbacks"].as_array().unwrap().len();
    let (job, logged) = (shop.job(&id), log());
    let token = second["token"].as_str().unwrap();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 503 })).unwrap();
    let by_hand = [
        (json!({}), &first[..], json!(200), "job"),
        (json!({ "event": "comment" }), &first[..], json!(200), "comment"),
        (json!({ "event": "job", "url": second["url"] }), token, json!(503), "job"),
    ];
    let mut message_ids = BTreeSet::new();
    for (data, token, status, member) in by_hand {
        let before = received(&shop, token).len();
        let sent = shop.control(&id, "callback", &data).unwrap();
        assert_eq!(sent["answer"]["status"], status, "{data}: {sent}");
        let all = received(&shop, token);
        let last = all.last().unwrap();
        assert_eq!((all.len(), &last["body"]), (before + 1, &sent["request"]["body"]), "{data}");
        assert_eq!(last[member]["job_id"], json!(id), "{data}");
        assert!(sent["request"]["url"].as_str().unwrap().ends_with(token), "{data}");
        message_ids.insert(last["headers"]["webhook-id"].as_str().unwrap().to_owned());
    }
    for request in received(&shop, &first).iter().take(2) {
        message_ids.insert(request["headers"]["webhook-id"].as_str().unwrap().to_owned());
    }
    assert_eq!(message_ids.len(), 5, "receivers that drop what they know would drop these: {message_ids:?}");
    // A port that nobody listens at.
    let refused = shop.control(&id, "callback", &json!({ "url": "http://127.0.0.1:2/" })).unwrap();
    assert_eq!(refused["answer"]["status"], Value::Null);
    assert!(refused["answer"]["error"].is_string(), "{refused}");
    assert_eq!((shop.job(&id), log()), (job, logged), "neither the job nor the log knows of it");
    shop.command(&["key", "set", "--key", &shop.public_key, "--callback-url", ""]);
    let nowhere = shop.control(&id, "callback", &json!({})).unwrap_err();
    assert_eq!((nowhere.code(), nowhere.err["field"].as_str()), (1601, Some("url")));
}

#[test]
fn the_captcha_is_shown_so_that_a_test_can_reject() {
    let shop = Shop::open_with(&["--review-captcha", "always"]);
    let id = shop.orders_text("reject me");
    shop.delivers(&id, "悪い");
    let captcha = shop.get(&format!("sandbox/job/{id}/captcha"), "").unwrap();
    let letters = captcha["captcha"].as_str().unwrap();
    assert!(!letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{captcha}");
    let mut reject = json!({ "action": "reject", "reason": "quality", "comment": "bad" });
    assert_eq!(shop.put(&format!("translate/job/{id}"), &reject).unwrap_err().code(), 2400);
    reject["captcha"] = json!(letters);
    shop.put(&format!("translate/job/{id}"), &reject).unwrap();
    assert_eq!(shop.job(&id)["status"], "available");
    assert_eq!(shop.get("sandbox/job/999/captcha", "").unwrap_err().code(), 2100);
}

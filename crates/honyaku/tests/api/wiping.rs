//! A wipe, and what it leaves: what was asked to be kept, and other test runs' (sandbox.md 7, 8).

use crate::sandbox_settings::with_key;
use crate::shop::{Shop, job};
use serde_json::{Value, json};

/// A glossary and a robot of one's own.
fn furnish(shop: &Shop) {
    let csv = shop.database.directory().join("terms.csv");
    std::fs::write(&csv, "en,ja\ncat,猫\n").unwrap();
    let file = csv.to_str().unwrap();
    shop.command(&["glossary", "add", "--account", "demo", "--sandbox", "--file", file]);
    shop.put("sandbox/robot", &json!({ "mode": "off", "style": "echo" })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 1_000 })).unwrap();
}

#[test]
fn a_wipe_keeps_what_it_is_asked_to_keep() {
    let mut shop = Shop::open();
    let rows = [
        (json!(null), true, false, false),
        (json!(["keys"]), true, false, false),
        (json!(["keys", "glossaries"]), true, true, false),
        (json!(["robot", "keys"]), true, false, true),
        (json!(["keys", "glossaries", "robot"]), true, true, true),
        (json!([]), false, false, false),
        (json!(["glossaries", "robot"]), false, true, true),
    ];
    for (keep, keys, glossaries, robot) in rows {
        furnish(&shop);
        let id = shop.orders_text("soon gone");
        shop.post("sandbox/wipe", &json!({ "confirm": "demo", "keep": keep })).unwrap();
        let balance = shop.get("account/balance", "");
        assert_eq!(balance.as_ref().err().map(|refused| refused.code()), (!keys).then_some(1000), "{keep}");
        if !keys {
            let add = ["key", "add", "--account", "demo", "--sandbox", "--public-url", shop.origin()];
            let pair = shop.command(&add);
            with_key(&mut shop, &pair);
        }
        assert_eq!(shop.balance(), "1000.00", "{keep}");
        let left = shop.get("translate/glossary", "").unwrap().as_array().unwrap().len();
        assert_eq!(left > 0, glossaries, "{keep}");
        let style = shop.get("sandbox/robot", "").unwrap()["style"].clone();
        assert_eq!(style == "echo", robot, "{keep}: {style}");
        assert_eq!(shop.get(&format!("translate/job/{id}"), "").unwrap_err().code(), 2100, "{keep}");
        assert_eq!(shop.get("sandbox", "").unwrap()["clock"]["offset"], 0, "{keep}");
        shop.command(&["verify"]);
        // The rest of a row does not reach the next one.
        shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    }
    shop.verify();
}

#[test]
fn nothing_from_before_a_wipe_is_called_back_after_it() {
    let shop = Shop::open();
    let token = shop.inbox();
    let read =
        || shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().clone();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 500 })).unwrap();
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "preset": "gentle" })).unwrap();
    let old = shop.orders_text("before");
    shop.until("it was refused", || read().len() == 1);
    shop.post("sandbox/wipe", &json!({ "confirm": "demo", "keep": ["keys", "robot"] })).unwrap();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 200 })).unwrap();
    let new = shop.orders_text("after");
    shop.post("sandbox/clock", &json!({ "forward": 130 * 3_600 })).unwrap();
    shop.wait_for(&new, "approved");
    shop.until("all of the new one", || read().len() == 4);
    assert!(read().iter().all(|request| request["job_id"] == new), "{old} is gone");
    shop.verify();
}

/// A member of each request that an inbox has.
fn of_requests(shop: &Shop, token: &str, member: &str) -> Vec<Value> {
    let inbox = shop.get(&format!("sandbox/inbox/{token}"), "").unwrap();
    inbox["requests"].as_array().unwrap().iter().map(|request| request[member].clone()).collect()
}

/// Two test suites at once, each with a key of its own run, in one sandbox.
#[test]
fn two_test_runs_in_one_sandbox_do_not_disturb_each_other() {
    let mut shop = Shop::open();
    let token = shop.inbox();
    let runs = ["nightly", "branch"].map(|run| {
        let add = [
            "key",
            "add",
            "--account",
            "demo",
            "--sandbox",
            "--test-run",
            run,
            "--public-url",
            shop.origin(),
        ];
        shop.command(&add)
    });
    let received = |shop: &Shop| of_requests(shop, &token, "job_id");
    let ids = [0, 1].map(|number| {
        with_key(&mut shop, &runs[number]);
        shop.orders_text(&format!("of run {number}"))
    });
    for (own, id) in runs.iter().zip(&ids) {
        with_key(&mut shop, own);
        shop.until("its own callback", || received(&shop) == [json!(id)]);
        let moved = shop.post("sandbox/jobs/advance", &json!({})).unwrap();
        assert_eq!(moved["job_ids"], json!([id]));
        shop.until("and the next", || received(&shop) == [json!(id), json!(id)]);
    }
    with_key(&mut shop, &runs[0]);
    shop.delete(&format!("sandbox/inbox/{token}")).unwrap();
    assert_eq!(received(&shop), Vec::<Value>::new());
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    assert_eq!(shop.get(&format!("translate/job/{}", ids[0]), "").unwrap_err().code(), 2100);
    with_key(&mut shop, &runs[1]);
    assert_eq!(received(&shop), [json!(ids[1]), json!(ids[1])]);
    assert_eq!(shop.job(&ids[1])["status"], "pending");
    // What the other run has ordered again is no concern of this one.
    with_key(&mut shop, &runs[0]);
    assert_eq!(shop.orders(&json!([job("of run 0")])).unwrap()["credits_used"], "0.15");
    shop.verify();
}

/// Its inbox has what is about whole orders; what is wiped counts for nothing any more.
#[test]
fn a_test_run_begins_anew_after_its_wipe() {
    let mut shop = Shop::open();
    let token = shop.inbox();
    let add = ["key", "add", "--account", "demo", "--sandbox", "--test-run", "nightly", "--public-url"];
    let run = shop.command(&[&add[..], &[shop.origin()]].concat());
    with_key(&mut shop, &run);
    let key = shop.public_key.clone();
    shop.command(&["key", "set", "--key", &key, "--spending-limit", "0.20", "--callback-all", "1"]);
    let received = |shop: &Shop| of_requests(shop, &token, "event");
    for _ in 0..2 {
        shop.orders_text("of the nightly run");
        shop.until("the order is told too", || received(&shop).contains(&json!("order.available")));
        let refused = shop.orders(&json!([job("one too many")])).unwrap_err();
        assert!(refused.code() == 2700 && refused.msg().contains("spending limit"), "{}", refused.err);
        shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
        assert_eq!(received(&shop), Vec::<Value>::new());
    }
    assert_eq!(shop.balance(), "1000.00");
    shop.verify();
}

/// What came in before the migration has its key from the job it is about.
#[test]
fn what_an_inbox_has_from_before_belongs_to_its_run_too() {
    let mut shop = Shop::open();
    let token = shop.inbox();
    shop.orders_text("of nobody's run");
    let add = ["key", "add", "--account", "demo", "--sandbox", "--test-run", "nightly", "--public-url"];
    let run = shop.command(&[&add[..], &[shop.origin()]].concat());
    with_key(&mut shop, &run);
    let own = shop.orders_text("of the nightly run");
    let received = |shop: &Shop| of_requests(shop, &token, "job_id");
    shop.until("its callback", || received(&shop) == [json!(own)]);
    shop.database.change("UPDATE inbox_request SET key_id = NULL");
    assert_eq!(received(&shop), Vec::<Value>::new());
    let (_, fills) = include_str!("../../../store/migrations/0012_run.sql").split_once(';').unwrap();
    shop.database.change(fills.trim().trim_end_matches(';'));
    assert_eq!(received(&shop), [json!(own)]);
}

//! Callbacks: what is sent, when again, and to whom not (api-v2 8).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn received(shop: &Shop, token: &str, at_least: usize) -> Vec<Value> {
    let read =
        || shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().clone();
    shop.until(&format!("{at_least} callbacks"), || read().len() >= at_least);
    read()
}

/// An inbox that got one callback, so that its destination is known.
fn called_back_once(shop: &Shop) -> String {
    let token = shop.inbox();
    shop.orders_text("before");
    received(shop, &token, 1);
    shop.until("it is delivered", || {
        shop.get("account/callbacks", "").unwrap()["callbacks"][0]["state"] == "delivered"
    });
    token
}

#[test]
fn every_step_is_called_back_in_order_and_signed() {
    let shop = Shop::open();
    let token = shop.inbox();
    let id = shop.orders_text("call me");
    shop.delivers(&id, "訳");
    shop.control(&id, "comment", &json!({ "body": "Which brand?" })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 121 * 3600 })).unwrap();
    let all = received(&shop, &token, 5);
    let mut events: Vec<&str> = all.iter().map(|request| request["event"].as_str().unwrap()).collect();
    events.sort_unstable();
    assert_eq!(events, ["comment.created", "job.approved", "job.available", "job.reviewable", "job.started"]);
    let reviewable = all.iter().find(|request| request["event"] == "job.reviewable").unwrap();
    assert_eq!(
        (&reviewable["job"]["job_id"], &reviewable["job"]["status"], &reviewable["job"]["unit_type"]),
        (&json!(id), &json!("reviewable"), &json!("word"))
    );
    assert!(reviewable["body"].as_str().unwrap().starts_with("job=%7B"));
    let comment = all.iter().find(|request| request["event"] == "comment.created").unwrap();
    assert_eq!(
        (&comment["comment"]["body"], &comment["comment"]["author"]),
        (&json!("Which brand?"), &json!("translator"))
    );
    assert!(comment["comment"]["ctime"].is_string());
    for header in [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "honyaku-event",
        "honyaku-sequence",
        "honyaku-environment",
        "user-agent",
    ] {
        assert!(reviewable["headers"].get(header).is_some(), "{header}");
    }
}

/// With what a receiver is told: the key's secret, the headers and the body.
#[test]
fn a_receiver_can_check_the_signature() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.orders_text("sign me");
    let request = received(&shop, &token, 1).remove(0);
    let header = |name: &str| request["headers"][name].as_str().unwrap().to_owned();
    let secret = shop.command(&["key", "secret", "--key", &shop.public_key]);
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp").parse().unwrap());
    let body = request["body"].as_str().unwrap().as_bytes();
    let right = outbound::signature::sign(secret.as_str().unwrap().trim(), &id, timestamp, body).unwrap();
    assert_eq!(header("webhook-signature"), right);
    let other = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    let other = other["webhook_secret"].as_str().unwrap();
    assert_ne!(outbound::signature::sign(other, &id, timestamp, body).unwrap(), right);
}

#[test]
fn one_is_not_called_back_for_ones_own_approval() {
    let shop = Shop::open();
    let token = shop.inbox();
    let id = shop.orders_text("quiet");
    shop.delivers(&id, "訳");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve" })).unwrap();
    received(&shop, &token, 3);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(received(&shop, &token, 3).len(), 3);
}

#[test]
fn a_failing_inbox_gets_three_attempts_on_schedule() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "fail_next": 2 })).unwrap();
    shop.orders(&json!([job("retry")])).unwrap();
    received(&shop, &token, 1);
    shop.post("sandbox/clock", &json!({ "forward": 10 * 60 })).unwrap();
    let all = received(&shop, &token, 3);
    let times: Vec<i64> = all.iter().map(|request| request["ctime"].as_i64().unwrap()).collect();
    let answers: Vec<&str> = all.iter().map(|request| request["answered"].as_str().unwrap()).collect();
    assert_eq!(answers, ["500", "500", "200"]);
    assert!((times[1] - times[0] - 60).abs() <= 7, "{times:?}");
    assert!((times[2] - times[0] - 300).abs() <= 32, "{times:?}");
    let log = shop.get("account/callbacks", "").unwrap();
    assert_eq!(log["callbacks"][0]["state"], "delivered");
    let attempts = |shop: &Shop| -> Vec<i64> {
        let log = shop.get("account/callbacks", "").unwrap();
        let attempts = log["callbacks"][0]["attempts"].as_array().unwrap().clone();
        attempts.iter().map(|attempt| attempt["time"].as_i64().unwrap()).collect()
    };
    assert_eq!(attempts(&shop).len(), 3);
    // All are listed in their order, however often it is sent again.
    let id = log["callbacks"][0]["id"].as_str().unwrap();
    for number in 4..=5 {
        shop.post(&format!("account/callbacks/{id}/resend"), &json!({})).unwrap();
        shop.until("it is sent again", || attempts(&shop).len() == number);
        assert!(attempts(&shop).is_sorted(), "{:?}", attempts(&shop));
    }
}

/// sandbox 6: all times that are shown are the sandbox's.
#[test]
fn the_log_tells_the_next_attempt_by_the_sandboxs_clock() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 500 })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 10 * 24 * 3600 })).unwrap();
    shop.orders(&json!([job("not taken")])).unwrap();
    let newest = || shop.get("account/callbacks", "limit=1").unwrap()["callbacks"][0].clone();
    shop.until("it was tried", || newest()["attempts"][0]["time"].is_i64());
    let (tried, next) = (&newest()["attempts"][0]["time"], &newest()["next_attempt"]);
    let after = next.as_i64().unwrap() - tried.as_i64().unwrap();
    assert!((50..=70).contains(&after), "{after} s after the first");
}

#[test]
fn gone_ends_at_once_and_can_be_sent_again() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 410 })).unwrap();
    shop.orders(&json!([job("gone")])).unwrap();
    shop.until("a dead letter", || {
        shop.get("account/callbacks", "state=dead").unwrap()["callbacks"].as_array().unwrap().len() == 1
    });
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 200 })).unwrap();
    let dead = shop.get("account/callbacks", "state=dead").unwrap();
    let id = dead["callbacks"][0]["id"].as_str().unwrap();
    shop.post(&format!("account/callbacks/{id}/resend"), &json!({})).unwrap();
    shop.until("delivered", || {
        shop.get("account/callbacks", "state=delivered").unwrap()["callbacks"].as_array().unwrap().len() == 1
    });
}

#[test]
fn the_feed_says_all_that_callbacks_say() {
    let shop = Shop::open();
    let id = shop.orders_text("feed");
    let first = shop.get("account/events", "").unwrap();
    let next = first["next"].as_str().unwrap().to_owned();
    assert!(first["events"].as_array().unwrap().iter().any(|event| event["type"] == "job.available"));
    let waiting = std::thread::scope(|scope| {
        let polling = scope.spawn(|| shop.get("account/events", &format!("after={next}&wait=20")).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(100));
        shop.control(&id, "take", &json!({})).unwrap();
        polling.join().unwrap()
    });
    assert_eq!(waiting["events"][0]["type"], "job.started");
}

/// The original's third known issue: unreachable callback addresses slowed everything down.
#[test]
fn dead_addresses_do_not_hold_up_the_queue_or_other_callbacks() {
    let shop = Shop::open();
    let token = shop.inbox();
    let jobs: Vec<Value> = (0..500)
        .map(|number| {
            let mut job = job(&format!("dead{number}"));
            job["callback_url"] = json!(format!("http://127.0.0.1:{}/x", 2_000 + number));
            job
        })
        .collect();
    shop.orders(&json!(jobs)).unwrap();
    let id = shop.orders_text("healthy");
    let is_there = || {
        shop.get(&format!("sandbox/inbox/{token}"), &format!("job_id={id}")).unwrap()["requests"]
            .as_array()
            .unwrap()
            .len()
            == 1
    };
    shop.until("the healthy one is called", is_there);
    shop.until("all are on the board", || shop.get("translate/jobs", "status=queued").unwrap() == json!([]));
}

#[test]
fn a_destination_that_failed_long_ago_is_tried_again() {
    let shop = Shop::open();
    let token = called_back_once(&shop);
    // It failed too often to be asked at once, and nothing was left to send.
    shop.database.change("UPDATE destination SET failures = 12, due_at = 9223372036854775807");
    shop.orders_text("after");
    received(&shop, &token, 2);
}

/// One sandbox's inbox that answers nothing must not make another one's callbacks late.
#[test]
fn each_inbox_is_a_destination_of_its_own() {
    let shop = Shop::open();
    called_back_once(&shop);
    let soon = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap() + 1_800_000;
    shop.database.change(&format!("UPDATE destination SET failures = 12, due_at = {soon}"));
    let other = shop.post("sandbox/inbox", &json!({})).unwrap();
    let mut to_other = job("to the second");
    to_other["callback_url"] = other["url"].clone();
    shop.orders(&json!([to_other])).unwrap();
    received(&shop, other["token"].as_str().unwrap(), 1);
}

#[test]
fn inboxes_keep_a_hundred_megabytes_the_oldest_goes_first() {
    let shop = Shop::open();
    let token = shop.inbox();
    let mut jobs = Vec::new();
    for text in ["first", "second", "third"] {
        jobs.push(shop.orders_text(text));
        received(&shop, &token, jobs.len());
    }
    let forty = if shop.database.is_postgres() {
        "decode(repeat('00', 40000000), 'hex')"
    } else {
        "zeroblob(40000000)"
    };
    shop.database.change(&format!("UPDATE inbox_request SET body = {forty}"));
    shop.database.change("UPDATE environment SET inbox_bytes = 120000000 WHERE sandbox = 1");
    jobs.push(shop.orders_text("fourth"));
    // The large ones are too large to be asked for often.
    let kept = || {
        let counted = "SELECT CAST(SUM(inbox_bytes / 1000000) AS TEXT) FROM environment WHERE sandbox = 1";
        let of_jobs = jobs.iter().map(|id| {
            shop.database
                .told(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM inbox_request WHERE job_id = {id}"))
        });
        (of_jobs.collect::<String>(), shop.database.told(counted))
    };
    shop.until("the first makes room", || kept().0 == "0111");
    assert_eq!(kept().1, "80");
}

/// Lets the destination of what waits have failed for five days; how its pause is told.
pub fn pauses(shop: &Shop) -> Value {
    let paused = || shop.get("account/callbacks", "").unwrap()["paused"].clone();
    shop.until("it is paused", || {
        // Each time anew: a turn that is just ending says when the next one is due.
        shop.database.change("UPDATE delivery SET run_at = 1 WHERE state = 'waiting'");
        shop.database
            .change("UPDATE destination SET failures = 60, failing_since = 1, due_at = 1 WHERE paused = 0");
        paused() != json!([])
    });
    paused()[0].clone()
}

/// Five days of failures: the destination rests until its owner resumes it, and then gets all.
#[test]
fn a_dead_destination_is_paused_until_it_is_resumed() {
    let shop = Shop::open();
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 500 })).unwrap();
    shop.orders_text("refused");
    received(&shop, &token, 1);
    let state = |query: &str| shop.get("account/callbacks", query).unwrap();
    shop.until("it has failed", || {
        state("")["callbacks"][0]["attempts"].as_array().is_some_and(|attempts| attempts.len() == 1)
    });
    assert_eq!(state("")["paused"], json!([]));
    let paused = pauses(&shop);
    assert!(paused["destination"].as_str().unwrap().ends_with(&format!("/inbox/{token}")));
    assert_eq!((&paused["failing_since"], &paused["waiting"]), (&json!(0), &json!(1)));
    assert_eq!(state("")["callbacks"][0]["next_attempt"], Value::Null);
    shop.orders_text("waits");
    shop.until("it waits", || state("")["paused"][0]["waiting"] == 2);
    assert_eq!(received(&shop, &token, 2).len(), 2);

    let unknown = shop.post("account/callbacks/resume", &json!({ "destination": "https://a.example:443" }));
    let refused = unknown.unwrap_err();
    assert_eq!(refused.code(), 1352);
    assert!(refused.msg().contains("destination"), "{}", refused.msg());
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 200 })).unwrap();
    let resumed = shop.post("account/callbacks/resume", &json!({})).unwrap();
    assert_eq!(resumed, json!({ "resumed": [paused["destination"]] }));
    shop.until("both are delivered", || {
        state("state=delivered")["callbacks"].as_array().is_some_and(|delivered| delivered.len() == 2)
    });
    assert_eq!(state("")["paused"], json!([]));
    assert_eq!(shop.post("account/callbacks/resume", &json!({})).unwrap(), json!({ "resumed": [] }));
}

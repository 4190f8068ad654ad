//! Golden files of the sandbox's controls, and of the event feed and the callback log.

use crate::golden::{Book, Call, data};
use crate::shop::job;
use serde_json::{Value, json};

fn get(name: &'static str, path: &str) -> Call {
    (name, "GET", path.to_owned(), String::new())
}

fn post(name: &'static str, path: &str, value: Value) -> Call {
    (name, "POST", path.to_owned(), data(&value))
}

fn put(name: &'static str, path: &str, value: Value) -> Call {
    (name, "PUT", path.to_owned(), data(&value))
}

/// The settings of a sandbox, and its money.
fn settings() -> Vec<Call> {
    let robot = json!({ "preset": "fast", "style": "echo", "seed": 7, "take": "never" });
    vec![
        get("sandbox", "sandbox"),
        put("sandbox_set", "sandbox", json!({ "original_behaviour": 0 })),
        get("sandbox_robot", "sandbox/robot"),
        put("sandbox_robot_set", "sandbox/robot", robot),
        put("sandbox_robot_off", "sandbox/robot", json!({ "mode": "off" })),
        put("sandbox_robot_refused", "sandbox/robot", json!({ "mode": "eager" })),
        post("sandbox_credits_added", "sandbox/credits", json!({ "add": "10.50" })),
        post("sandbox_credits_set", "sandbox/credits", json!({ "set": 500 })),
        post("sandbox_credits_refused", "sandbox/credits", json!({ "add": "10000.01" })),
    ]
}

/// A job's way by hand.
fn steps() -> Vec<Call> {
    vec![
        post("sandbox_take", "sandbox/job/1/take", json!({ "callbacks": 0 })),
        post("sandbox_release", "sandbox/job/1/release", json!({ "callbacks": 0 })),
        post("sandbox_advance", "sandbox/job/1/advance", json!({ "callbacks": 0 })),
        post("sandbox_submit", "sandbox/job/1/submit", json!({ "body_tgt": "訳", "callbacks": 0 })),
        post("sandbox_submit_refused", "sandbox/job/1/submit", json!({})),
        get("sandbox_captcha", "sandbox/job/1/captcha"),
        post("sandbox_status", "sandbox/job/1/status", json!({ "status": "revising", "callbacks": 0 })),
        post("sandbox_status_refused", "sandbox/job/1/status", json!({ "status": "queued" })),
        post(
            "sandbox_status_forced",
            "sandbox/job/1/status",
            json!({ "status": "hold", "force": 1, "callbacks": 0 }),
        ),
        post("sandbox_hold_released", "sandbox/job/1/release", json!({ "callbacks": 0 })),
        post(
            "sandbox_jobs_advance",
            "sandbox/jobs/advance",
            json!({ "status": "available", "callbacks": 0 }),
        ),
        post("sandbox_comment", "sandbox/job/1/comment", json!({ "body": "Hm", "author": "support" })),
    ]
}

fn delivered(book: &Book<'_>, count: usize) {
    book.shop.until(&format!("{count} callbacks are delivered"), || {
        let log = book.shop.get("account/callbacks", "state=delivered").unwrap();
        log["callbacks"].as_array().unwrap().len() == count
    });
}

pub fn play(book: &mut Book<'_>) {
    settings().iter().for_each(|call| book.hold(call));
    let mut ordered = job("By hand");
    ordered["custom_data"] = json!("mine");
    book.shop.orders(&json!([ordered])).unwrap();
    delivered(book, 1);
    let inbox = format!("sandbox/inbox/{}", book.shop.inbox());
    let inbox_of = |name| get(name, &inbox);
    book.hold(&inbox_of("sandbox_inbox"));
    book.hold(&get("account_callbacks", "account/callbacks"));
    book.hold(&post("sandbox_callback", "sandbox/job/1/callback", json!({})));
    steps().iter().for_each(|call| book.hold(call));
    // The comment's.
    delivered(book, 2);
    for call in [
        post("sandbox_clock", "sandbox/clock", json!({ "forward": 0 })),
        put("sandbox_inbox_set", &inbox, json!({ "answer": 410, "fail_next": 0 })),
        post("account_callback_resend", "account/callbacks/1/resend", json!({})),
        post("account_callbacks_resume", "account/callbacks/resume", json!({})),
        get("account_events", "account/events"),
        ("sandbox_inbox_cleared", "DELETE", inbox.clone(), String::new()),
        post("sandbox_wipe_refused", "sandbox/wipe", json!({ "confirm": "x" })),
        post("sandbox_wipe", "sandbox/wipe", json!({ "confirm": "demo" })),
        get("account_events_none", "account/events"),
    ] {
        book.hold(&call);
    }
}

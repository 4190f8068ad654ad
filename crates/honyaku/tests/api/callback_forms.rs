//! What a key says of its callbacks: how they are written, and of which events (api-v2 8); and what becomes of answers
//! that are none (sandbox.md 5.1).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn set(shop: &Shop, flag: &str, value: &str) {
    shop.command(&["key", "set", "--key", &shop.public_key, flag, value]);
}

/// The callbacks about a job, once there are so many.
fn about(shop: &Shop, id: &str, count: usize) -> Vec<Value> {
    let inbox = format!("sandbox/inbox/{}", shop.inbox());
    let all = || {
        let answer = shop.get(&inbox, &format!("job_id={id}&limit=100")).unwrap();
        answer["requests"].as_array().unwrap().clone()
    };
    shop.until(&format!("{count} callbacks about {id}"), || all().len() >= count);
    all()
}

fn events(requests: &[Value]) -> Vec<&str> {
    let mut events: Vec<&str> = requests.iter().map(|request| request["event"].as_str().unwrap()).collect();
    events.sort_unstable();
    events
}

#[test]
fn a_key_chooses_how_its_callbacks_are_written() {
    let shop = Shop::open();
    for (encoding, content_type, start) in [
        ("form", "application/x-www-form-urlencoded", "job=%7B%22"),
        ("multipart", "multipart/form-data; boundary=", "--"),
        ("json", "application/json", "{\"job\":{\""),
    ] {
        set(&shop, "--callback-encoding", encoding);
        set(&shop, "--numbers", "current");
        let placed = shop.orders(&json!([job(&format!("written as {encoding}"))])).unwrap();
        let id = placed["job_ids"][0].as_i64().unwrap().to_string();
        shop.wait_for(&id, "available");
        shop.control(&id, "comment", &json!({ "body": "Which brand? & <so> on" })).unwrap();
        about(&shop, &id, 2);
        // So that the answer about the inbox shows what it received as it is.
        set(&shop, "--numbers", "strings");
        let requests = about(&shop, &id, 2);
        let of = |event: &str| requests.iter().find(|request| request["event"] == event).unwrap();
        let (job, comment) = (of("job.available"), of("comment.created"));
        let headers = &job["headers"];
        let (kind, body) = (headers["content-type"].as_str().unwrap(), job["body"].as_str().unwrap());
        assert!(kind.starts_with(content_type) && body.starts_with(start), "{kind}: {body}");
        // Ids and amounts are strings whatever the key says of answers.
        let said = &job["job"];
        assert_eq!(
            (&said["job_id"], &said["unit_count"], &said["credits"], &said["auto_approve"]),
            (&json!(id), &json!("3"), &json!("0.15"), &json!("0"))
        );
        assert!(said["eta"].is_i64() && said["ctime"].is_i64() && said["unit_type"] == "word", "{said}");
        assert_eq!(comment["comment"]["body"], "Which brand? & <so> on");
        assert_eq!(comment["comment"]["job_id"], json!(id));
        if encoding == "multipart" {
            assert!(body.contains("name=\"job\"\r\n"), "{body}");
        }
    }
}

#[test]
fn all_events_are_told_to_a_key_that_asks_for_them() {
    let shop = Shop::open();
    let through = |text: &str| {
        let id = shop.orders_text(text);
        for (step, data) in [
            ("take", json!({})),
            ("release", json!({})),
            ("status", json!({ "status": "hold" })),
            ("release", json!({})),
            ("status", json!({ "status": "canceled" })),
        ] {
            shop.control(&id, step, &data).unwrap();
        }
        id
    };
    let id = through("with the usual ones");
    set(&shop, "--callback-all", "1");
    let all = through("with all of them");
    let own = shop.orders_text("stopped by oneself");
    shop.delete(&format!("translate/job/{own}")).unwrap();
    assert_eq!(
        events(&about(&shop, &all, 7)),
        [
            "comment.created",
            "job.available",
            "job.canceled",
            "job.hold",
            "job.released",
            "job.reopened",
            "job.started"
        ],
        "a hold is explained in a comment"
    );
    // Sent in the order of time, so what was not sent by now is not to come.
    assert_eq!(events(&about(&shop, &id, 3)), ["comment.created", "job.available", "job.started"]);
    let last = shop.orders_text("the last");
    about(&shop, &last, 1);
    assert_eq!(events(&about(&shop, &own, 1)), ["job.available"], "one knows what one did oneself");
}

#[test]
fn an_answer_that_is_none_is_a_failure_and_says_which() {
    let shop = Shop::open();
    let inbox = format!("sandbox/inbox/{}", shop.inbox());
    for (answer, status, error) in [
        (json!("redirect"), json!(302), Value::Null),
        (json!(404), json!(404), Value::Null),
        (json!(503), json!(503), Value::Null),
        (json!("never"), Value::Null, json!("timeout: the inbox is set to never answer")),
        (json!("close"), Value::Null, json!("io: the inbox is set to close the connection")),
    ] {
        shop.put(&inbox, &json!({ "answer": answer })).unwrap();
        let id = shop.orders_text(&format!("answered with {answer}"));
        let callback = || {
            let log = shop.get("account/callbacks", "count=1").unwrap();
            log["callbacks"][0].clone()
        };
        shop.until("it was tried", || {
            callback()["job_id"] == json!(id)
                && callback()["attempts"].as_array().is_some_and(|tries| tries.len() == 1)
        });
        let (state, attempt) = (callback()["state"].clone(), callback()["attempts"][0].clone());
        assert_eq!(
            (&state, &attempt["status"], &attempt["error"]),
            (&json!("waiting"), &status, &error),
            "{answer}"
        );
    }
}

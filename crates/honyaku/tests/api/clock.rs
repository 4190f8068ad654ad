//! The test clock: what happened while it went forward (sandbox 6).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn list(shop: &Shop, path: &str, parameters: &str, name: &str) -> Vec<Value> {
    shop.get(path, parameters).unwrap()[name].as_array().unwrap().clone()
}

/// Attempts that the log of callbacks knows.
fn attempts(shop: &Shop) -> usize {
    let log = list(shop, "account/callbacks", "limit=1000", "callbacks");
    log.iter().map(|delivery| delivery["attempts"].as_array().unwrap().len()).sum()
}

#[test]
fn it_lists_all_that_happened_whoever_of_the_workers_did_it() {
    let shop = Shop::open();
    let token = shop.inbox();
    assert_eq!(shop.post("sandbox/clock", &json!({ "forward": 3600 })).unwrap()["offset"], 3600);
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "take": 3600, "submit": 3600 })).unwrap();
    let jobs: Vec<Value> = (0..20).map(|number| job(&format!("Text {number}"))).collect();
    shop.orders(&json!(jobs)).unwrap();
    let waiting = || list(&shop, "account/callbacks", "state=waiting", "callbacks").len();
    shop.until("all are on the board", || attempts(&shop) == 20 && waiting() == 0);
    let before = list(&shop, "account/events", "limit=1000", "events");
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "fail_next": 7 })).unwrap();

    let clock = shop.post("sandbox/clock", &json!({ "forward": 123 * 3600 })).unwrap();
    assert!(clock.get("unfinished").is_none(), "{clock}");
    let happened = clock["events"].as_array().unwrap();
    let (sent, done): (Vec<_>, Vec<_>) = happened.iter().partition(|event| event["type"] == "callback");
    assert_eq!(sent.len(), attempts(&shop) - 20, "each attempt, also of those that were made again");
    assert_eq!(sent.len(), 3 * 20 + 7);
    assert_eq!(sent.iter().filter(|attempt| attempt["status"] == 500).count(), 7, "{sent:?}");
    let feed = list(&shop, "account/events", "limit=1000", "events");
    let told = |event: &Value| {
        let of = event.get("job").map_or(&event["order"]["order_id"], |job| &job["job_id"]);
        json!([event["id"], event["type"], event["ctime"], of])
    };
    let listed = |event: &&Value| {
        let of = event.get("job_id").unwrap_or(&event["order_id"]);
        json!([event["id"], event["type"], event["ctime"], of])
    };
    let by_id = |mut rows: Vec<Value>| {
        rows.sort_by_key(|row| row[0].as_str().map(str::to_owned));
        rows
    };
    let feed = feed[before.len()..].iter().map(told).collect();
    assert_eq!(by_id(done.iter().map(listed).collect()), by_id(feed));
    let times: Vec<i64> = happened.iter().map(|event| event["ctime"].as_i64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");

    let quiet = shop.post("sandbox/clock", &json!({ "forward": 60 })).unwrap();
    assert_eq!(quiet["events"], json!([]), "what was listed once is not listed again");
}

//! The built-in receiver of callbacks and the test clock, as their owner uses them
//! (sandbox.md 5.1, 6, 7).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn requests(shop: &Shop, token: &str, query: &str) -> Vec<Value> {
    let answer = shop.get(&format!("sandbox/inbox/{token}"), query);
    answer.unwrap_or_else(|refused| panic!("{query}: {}", refused.err))["requests"]
        .as_array()
        .unwrap()
        .clone()
}

fn forward(shop: &Shop, seconds: i64) -> Value {
    shop.post("sandbox/clock", &json!({ "forward": seconds })).unwrap()
}

/// The only callback that a job has had: its state, and how its first attempt ended.
fn delivery(shop: &Shop, id: &str) -> Option<(Value, Value)> {
    let all = shop.get("account/callbacks", "").unwrap()["callbacks"].clone();
    let of_job = all.as_array().unwrap().iter().find(|callback| callback["job_id"] == id)?.clone();
    (of_job["attempts"] != json!([])).then(|| (of_job["state"].clone(), of_job["attempts"][0].clone()))
}

#[test]
fn requests_are_found_by_place_job_and_number() {
    let shop = Shop::open();
    let token = shop.inbox();
    let ids: Vec<String> = (0..3).map(|number| shop.orders_text(&format!("number {number}"))).collect();
    shop.control(&ids[1], "take", &json!({})).unwrap();
    shop.until("four requests", || requests(&shop, &token, "").len() == 4);
    let all = requests(&shop, &token, "");
    let place = |request: &Value| request["id"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(all.is_sorted_by_key(place), "oldest first: {all:?}");
    assert_eq!(requests(&shop, &token, "limit=2"), all[..2]);
    assert_eq!(requests(&shop, &token, "limit=0"), Vec::<Value>::new());
    assert_eq!(requests(&shop, &token, &format!("after={}", place(&all[1]))), all[2..]);
    assert_eq!(requests(&shop, &token, &format!("after={}&limit=1", place(&all[0]))), all[1..2]);
    assert_eq!(requests(&shop, &token, &format!("after={}", place(&all[3]))), Vec::<Value>::new());
    let about = |id: &str| requests(&shop, &token, &format!("job_id={id}"));
    assert_eq!([about(&ids[0]).len(), about(&ids[1]).len(), about("999").len()], [1, 2, 0]);
    let one = &about(&ids[0])[0];
    assert_eq!(
        (&one["method"], &one["attempt"], &one["answered"]),
        (&json!("POST"), &json!(1), &json!("200"))
    );
    assert!(one["path"].as_str().unwrap().ends_with(&token));
    assert_eq!(one["job"]["status"], "available");
    for wrong in ["after=x", "limit=x", "job_id=x", "wait=x"] {
        let refused = shop.get(&format!("sandbox/inbox/{token}"), wrong).unwrap_err();
        let name = wrong.strip_suffix("=x").unwrap();
        assert_eq!((refused.code(), refused.err["field"].as_str()), (1352, Some(name)), "{}", refused.err);
    }
    let nobodys = shop.call("GET", &format!("sandbox/inbox/{}", "x".repeat(32)), "", &[]);
    assert_eq!((nobodys.status, &nobodys.json()["err"]["code"]), (200, &json!(404)));
    let other = shop.post("sandbox/inbox", &json!({})).unwrap();
    shop.delete(&format!("sandbox/inbox/{}", other["token"].as_str().unwrap())).unwrap();
    assert_eq!(requests(&shop, &token, ""), all, "only the other one was cleared");
    assert_eq!(shop.delete(&format!("sandbox/inbox/{token}")).unwrap(), json!({}));
    assert_eq!(requests(&shop, &token, ""), Vec::<Value>::new());
}

#[test]
fn who_waits_gets_what_comes_and_only_what_was_asked_for() {
    let shop = Shop::open();
    let token = shop.inbox();
    let id = shop.orders_text("wait for me");
    shop.until("the first request", || requests(&shop, &token, "").len() == 1);
    let seen = requests(&shop, &token, "")[0]["id"].as_str().unwrap().to_owned();
    let came = std::thread::scope(|scope| {
        let waits = scope.spawn(|| requests(&shop, &token, &format!("after={seen}&job_id={id}&wait=30")));
        shop.orders_text("something else");
        shop.control(&id, "take", &json!({})).unwrap();
        waits.join().unwrap()
    });
    assert_eq!(came.len(), 1, "{came:?}");
    assert_eq!((&came[0]["job_id"], &came[0]["event"]), (&json!(id), &json!("job.started")));
    assert_eq!(requests(&shop, &token, "after=999999&wait=1"), Vec::<Value>::new(), "nothing came in time");
}

#[test]
fn an_inbox_answers_as_it_is_told() {
    let shop = Shop::open();
    let token = shop.inbox();
    let path = format!("sandbox/inbox/{token}");
    // What is set, what the inbox writes down, what the sender has seen, and what becomes of the callback.
    let rows = [
        (json!(200), "200", json!(200), "delivered"),
        (json!("204"), "204", json!(204), "delivered"),
        (json!(400), "400", json!(400), "waiting"),
        (json!(404), "404", json!(404), "waiting"),
        (json!(410), "410", json!(410), "dead"),
        (json!(500), "500", json!(500), "waiting"),
        (json!(503), "503", json!(503), "waiting"),
        (json!("redirect"), "302", json!(302), "waiting"),
        (json!("never"), "never", Value::Null, "waiting"),
        (json!("close"), "close", Value::Null, "waiting"),
    ];
    for (answer, answered, status, state) in rows {
        let set = shop.put(&path, &json!({ "answer": answer })).unwrap();
        assert_eq!(set["answer"].as_str().unwrap(), answer.as_str().unwrap_or(answered), "{answer}");
        // It failed before: a destination that failed is asked more rarely, but this is another row.
        shop.database.change("UPDATE destination SET failures = 0, due_at = 1 WHERE paused = 0");
        let id = shop.orders(&json!([job(&format!("answer {answer}"))])).unwrap()["job_ids"][0].clone();
        let id = id.as_str().unwrap();
        shop.until(&format!("{answer}: an attempt"), || delivery(&shop, id).is_some());
        let (is, attempt) = delivery(&shop, id).unwrap();
        assert_eq!((is, &attempt["status"]), (json!(state), &status), "{answer}: {attempt}");
        assert_eq!(attempt["error"].is_null(), !status.is_null(), "{answer}: {attempt}");
        assert_eq!(requests(&shop, &token, &format!("job_id={id}"))[0]["answered"], answered, "{answer}");
    }
    let wrong = [
        (json!({ "answer": 199 }), "answer"),
        (json!({ "answer": 600 }), "answer"),
        (json!({ "answer": "maybe" }), "answer"),
        (json!({ "answer": [200] }), "answer"),
        (json!({ "fail_next": -1 }), "fail_next"),
        (json!({ "fail_next": 1_001 }), "fail_next"),
        (json!({ "fail_next": "few" }), "fail_next"),
        (json!({ "open": 2 }), "open"),
    ];
    let settings = || {
        let answer = shop.get(&path, "limit=0").unwrap();
        ["answer", "fail_next", "open"].map(|name| answer[name].clone())
    };
    let before = settings();
    for (data, field) in wrong {
        let refused = shop.put(&path, &data).unwrap_err();
        assert_eq!(
            (refused.code(), refused.err["field"].as_str()),
            (1352, Some(field)),
            "{data}: {}",
            refused.err
        );
    }
    assert_eq!(settings(), before);
    // One setting at a time: the others stay.
    shop.put(&path, &json!({ "answer": 200, "fail_next": 0 })).unwrap();
    shop.put(&path, &json!({ "fail_next": "1" })).unwrap();
    assert_eq!(settings(), [json!("200"), json!(1), json!(0)]);
    shop.verify();
}

#[test]
fn the_clock_runs_what_falls_due_in_its_order() {
    let shop = Shop::open();
    let settings = json!({ "mode": "automatic", "queue": 0, "take": 600, "submit": 1_200 });
    shop.put("sandbox/robot", &settings).unwrap();
    shop.inbox();
    let began = shop.get("sandbox", "").unwrap()["clock"].clone();
    assert_eq!(began["offset"], 0);
    let id = shop.orders_text("by and by");
    let ran = |answer: &Value| -> Vec<String> {
        let events = answer["events"].as_array().unwrap();
        events
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .filter(|kind| kind != "callback")
            .collect()
    };
    // The callback of the board may be due still; then comes the translator.
    let mut first = shop.post("sandbox/clock", &json!({ "to_next": 1 })).unwrap();
    while shop.job(&id)["status"] == "available" {
        first = shop.post("sandbox/clock", &json!({ "to_next": 1 })).unwrap();
    }
    assert_eq!(shop.job(&id)["status"], "pending", "and no further");
    assert!((500..=605).contains(&first["offset"].as_i64().unwrap()), "{first}");
    let rest = forward(&shop, 125 * 3_600);
    assert_eq!(ran(&rest), ["job.reviewable", "job.approved"], "{rest}");
    assert_eq!(shop.job(&id)["status"], "approved");
    let offset = rest["offset"].as_i64().unwrap();
    assert!((125 * 3_600 + 500..=125 * 3_600 + 605).contains(&offset), "{rest}");
    let nothing = shop.post("sandbox/clock", &json!({ "to_next": 1 })).unwrap();
    assert_eq!((&nothing["offset"], ran(&nothing).len()), (&json!(offset), 0), "nothing is due any more");
    for still in [json!({}), json!({ "forward": 0 }), json!({ "to_next": 0 })] {
        assert_eq!(shop.post("sandbox/clock", &still).unwrap()["offset"], json!(offset), "{still}");
    }
    shop.verify();
}

#[test]
fn all_times_of_a_sandbox_are_its_own_and_signatures_are_of_the_real_time() {
    let shop = Shop::open();
    let token = shop.inbox();
    let day_s = 24 * 3_600;
    let real = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    let began = real();
    // Further than any signature may be ahead or behind.
    forward(&shop, 100 * day_s);
    let id = shop.orders_text("of another time");
    shop.delivers(&id, "訳");
    shop.post(&format!("translate/job/{id}/comment"), &json!({ "body": "when?" })).unwrap();
    shop.until("three callbacks", || requests(&shop, &token, "").len() == 3);
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
    let revisions = shop.get(&format!("translate/job/{id}/revisions"), "").unwrap();
    let events = shop.get("account/events", "").unwrap();
    let log = shop.get("account/callbacks", "").unwrap();
    let times = [
        ("job", shop.job(&id)["ctime"].clone()),
        ("list", shop.get("translate/jobs", "").unwrap()[0]["ctime"].clone()),
        ("comment", thread["thread"][0]["ctime"].clone()),
        ("revision", revisions["revisions"][0]["ctime"].clone()),
        ("event", events["events"][0]["ctime"].clone()),
        ("callback", log["callbacks"][0]["ctime"].clone()),
        ("attempt", log["callbacks"][0]["attempts"][0]["time"].clone()),
        ("request", requests(&shop, &token, "")[0]["ctime"].clone()),
        ("frozen", requests(&shop, &token, "")[0]["job"]["ctime"].clone()),
        ("clock", shop.get("sandbox", "").unwrap()["clock"]["now"].clone()),
    ];
    for (what, time) in times {
        let ahead = time.as_i64().unwrap_or_else(|| panic!("{what}: {time}")) - began;
        assert!((100 * day_s..=100 * day_s + 300).contains(&ahead), "{what} is {ahead} s ahead");
    }
    let sent = requests(&shop, &token, "")[0]["headers"]["webhook-timestamp"].clone();
    let sent: i64 = sent.as_str().unwrap().parse().unwrap();
    assert!((began..=real()).contains(&sent), "receivers check a signature's age by the real time");
    let since = shop.get("translate/jobs", &format!("timestamp_after={}", began + 99 * day_s)).unwrap();
    assert_eq!(since.as_array().unwrap().len(), 1);
    shop.verify();
}

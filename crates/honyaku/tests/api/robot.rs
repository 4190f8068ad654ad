//! The robot's modes, presets and chance (sandbox.md 3.1, 3.2). The test clock is put forward.

use crate::shop::{Shop, job};
use serde_json::{Value, json};

pub fn set(shop: &Shop, settings: Value) -> Value {
    shop.put("sandbox/robot", &settings).unwrap_or_else(|refused| panic!("{settings}: {}", refused.err))
}

fn forward(shop: &Shop, seconds: i64) {
    shop.post("sandbox/clock", &json!({ "forward": seconds })).unwrap();
}

fn of_tier(text: &str, tier: &str) -> Value {
    let mut job = job(text);
    job["tier"] = json!(tier);
    job
}

pub fn ids(answer: &Value) -> Vec<String> {
    answer["job_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn events(shop: &Shop) -> Vec<Value> {
    let feed = shop.get("account/events", "limit=1000").unwrap();
    feed["events"].as_array().unwrap().clone()
}

/// When something happened to a job, in seconds.
fn at(shop: &Shop, id: &str, kind: &str) -> i64 {
    let events = events(shop);
    let found = events.iter().rev().find(|event| event["job"]["job_id"] == id && event["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} of job {id}"))["ctime"].as_i64().unwrap()
}

#[test]
fn a_preset_fills_in_the_delays_of_the_table() {
    let shop = Shop::open();
    // Queue, take, submit, revise, answer.
    let table = [
        ("manual", json!([0, "never", "never", "never", "never"])),
        ("instant", json!([0, 0, 0, 0, "never"])),
        ("fast", json!([1, 3, 5, 5, 3])),
        ("gentle", json!([1, 30, 30, 30, 20])),
        ("realistic", json!([2, [600, 2_400], "by_units", [3_600, 21_600], [300, 3_600]])),
    ];
    let delays = |shown: &Value| {
        ["queue", "take", "submit", "revise", "answer"]
            .map(|step| shown[step].clone())
            .into_iter()
            .collect::<Value>()
    };
    for (preset, expected) in table {
        let set = set(&shop, json!({ "preset": preset }));
        assert_eq!((&set["preset"], delays(&set)), (&json!(preset), expected), "{preset}");
        assert_eq!(shop.get("sandbox/robot", "").unwrap(), set, "{preset}");
        assert_eq!(shop.get("sandbox", "").unwrap()["robot"], set, "{preset}");
    }
    let rows = [
        (json!({ "mode": "automatic" }), "mode", json!("automatic")),
        (json!({ "mode": "off" }), "mode", json!("manual")),
        (json!({ "mode": "manual" }), "mode", json!("manual")),
        (json!({ "mode": "instant" }), "mode", json!("automatic")),
        (json!({ "mode": "instant" }), "preset", json!("instant")),
        (json!({ "take": "90" }), "take", json!(90)),
        (json!({ "take": "90" }), "preset", json!("custom")),
        (json!({ "submit": [1, "9"] }), "submit", json!([1, 9])),
        (json!({ "revise": "never" }), "revise", json!("never")),
        (json!({ "answer": 2_592_000 }), "answer", json!(2_592_000)),
        (json!({ "preset": "fast", "take": 1 }), "submit", json!(5)),
        (json!({ "seed": "77" }), "seed", json!(77)),
        (json!({ "style": "Echo" }), "style", json!("echo")),
        (json!({ "take": "", "style": null, "unknown": 1 }), "style", json!("echo")),
    ];
    for (data, name, expected) in rows {
        let answer = shop.post("sandbox/robot", &data).unwrap();
        assert_eq!(answer[name], expected, "{data}");
    }
}

/// What happens to one job, in the order in which it happened, as callbacks say it.
fn callbacks(shop: &Shop, token: &str, id: &str) -> Vec<String> {
    let read = || {
        let all = shop.get(&format!("sandbox/inbox/{token}"), &format!("job_id={id}&limit=1000")).unwrap();
        all["requests"].as_array().unwrap().clone()
    };
    shop.until(&format!("job {id} is approved"), || {
        read().iter().any(|request| request["event"] == "job.approved")
    });
    let mut all = read();
    all.sort_by_key(|request| {
        request["headers"]["honyaku-sequence"].as_str().unwrap().parse::<i64>().unwrap()
    });
    all.iter().map(|request| request["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_preset_drives_every_kind_of_job_to_approved() {
    let shop = Shop::open();
    let token = shop.inbox();
    // Seconds from the board to the translator, and from there to the customer.
    let presets = [
        ("instant", 0..=0, 0..=0),
        ("fast", 3..=3, 5..=5),
        ("gentle", 30..=30, 30..=30),
        ("realistic", 600..=2_400, 0..=60),
    ];
    for (preset, take, submit) in presets {
        set(&shop, json!({ "mode": "automatic", "preset": preset }));
        let text = |words: &str| format!("{preset}: {words}");
        let data = json!({ "jobs": [job(&text("one")), job(&text("two"))], "as_group": 1 });
        let grouped = ids(&shop.post("translate/jobs", &data).unwrap());
        let alone = json!([
            of_tier(&text("text"), "standard"),
            of_tier(&text("edited"), "ultra"),
            of_tier(&text("machine"), "machine")
        ]);
        let alone = ids(&shop.orders(&alone).unwrap());
        // Over the review period of five days.
        forward(&shop, 122 * 3_600);
        for id in grouped.iter().chain(&alone[..2]) {
            let expected = ["job.available", "job.started", "job.reviewable", "job.approved"];
            assert_eq!(callbacks(&shop, &token, id), expected, "{preset}: job {id}");
            assert_eq!(shop.job(id)["status"], "approved", "{preset}: job {id}");
        }
        let machine = &alone[2];
        assert_eq!(callbacks(&shop, &token, machine), ["job.approved"], "{preset}");
        assert_eq!(shop.job(machine)["credits"], "0.00");
        let id = &alone[0];
        let taken = at(&shop, id, "job.started") - at(&shop, id, "job.available");
        let handed_in = at(&shop, id, "job.reviewable") - at(&shop, id, "job.started");
        let fits = |found: i64, wanted: &std::ops::RangeInclusive<i64>| {
            (*wanted.start()..=wanted.end() + 20).contains(&found)
        };
        assert!(fits(taken, &take) && fits(handed_in, &submit), "{preset}: {taken}, {handed_in}");
    }
    shop.verify();
}

#[test]
fn a_customers_comment_is_answered_after_its_delay_and_delays_nothing_else() {
    let shop = Shop::open();
    set(&shop, json!({ "mode": "automatic", "queue": 0, "take": 300, "submit": 300, "answer": 200 }));
    let id = shop.orders_text("to be talked about");
    let said = || {
        let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
        thread
            .as_array()
            .unwrap()
            .iter()
            .map(|said| said["author"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    shop.post(&format!("translate/job/{id}/comment"), &json!({ "body": "Is it a name?" })).unwrap();
    forward(&shop, 150);
    assert_eq!(said(), ["customer"]);
    forward(&shop, 51);
    assert_eq!(said(), ["customer", "translator"]);
    assert_eq!(shop.job(&id)["status"], "available");
    forward(&shop, 100);
    assert_eq!(shop.job(&id)["status"], "pending");
    shop.post(&format!("translate/job/{id}/comment"), &json!({ "body": "It is one" })).unwrap();
    forward(&shop, 301);
    assert_eq!(shop.job(&id)["status"], "reviewable");
    set(&shop, json!({ "preset": "instant" }));
    shop.post(&format!("translate/job/{id}/comment"), &json!({ "body": "Thanks" })).unwrap();
    forward(&shop, 3_600);
    assert_eq!(said(), ["customer", "translator", "customer", "translator", "customer"]);
    shop.verify();
}

#[test]
fn every_paid_job_waits_in_the_queue_as_long_as_is_set() {
    let shop = Shop::open();
    set(&shop, json!({ "mode": "automatic", "queue": 500, "take": "never" }));
    let ordered = ids(&shop.orders(&json!([job("paid at once")])).unwrap()).remove(0);
    let unpaid = json!({ "jobs": [job("bought alone"), job("bought by an order")], "process": 0 });
    let [bought, known] = ids(&shop.post("translate/jobs", &unpaid).unwrap()).try_into().unwrap();
    shop.put(&format!("translate/job/{bought}"), &json!({ "action": "purchase" })).unwrap();
    shop.orders(&json!([job("bought by an order")])).unwrap();
    for (forward_s, expected) in [(300, "queued"), (201, "available")] {
        forward(&shop, forward_s);
        for id in [&ordered, &bought, &known] {
            let job = shop.job(id);
            assert_eq!(job["status"], expected, "after {forward_s} s more: {}", job["body_src"]);
        }
    }
    shop.verify();
}

#[test]
fn what_the_robot_will_do_is_what_eta_says() {
    let shop = Shop::open();
    set(&shop, json!({ "mode": "automatic", "queue": 50, "take": 600, "submit": [100, 300] }));
    let id = ids(&shop.orders(&json!([job("estimate me")])).unwrap()).remove(0);
    let eta = || shop.job(&id)["eta"].clone();
    assert_eq!(eta(), 850, "queue, take, and the middle of submit");
    let quote = shop.post("translate/service/quote", &json!({ "jobs": [job("quote me")] })).unwrap();
    assert_eq!(quote["jobs"][0]["eta"], 850);
    forward(&shop, 55);
    assert_eq!(eta(), 800);
    forward(&shop, 600);
    let counts_down = |from: i64| {
        let left = eta().as_i64().unwrap();
        assert!((from - 30..=from).contains(&left), "{left} s of {from}");
    };
    assert_eq!(shop.job(&id)["status"], "pending");
    counts_down(200);
    forward(&shop, 40);
    counts_down(160);
    forward(&shop, 300);
    assert_eq!(eta(), -1);
}

#[test]
fn new_settings_hold_for_open_jobs_only_on_request() {
    let shop = Shop::open();
    set(
        &shop,
        json!({ "mode": "automatic", "queue": 0, "take": "never", "submit": "never", "revise": "never" }),
    );
    let [on_board, taken, in_revision] = ["board", "taken", "revision"].map(|text| shop.orders_text(text));
    for id in [&taken, &in_revision] {
        shop.control(id, "take", &json!({})).unwrap();
    }
    shop.control(&in_revision, "submit", &json!({})).unwrap();
    let revise = json!({ "action": "revise", "comment": "again" });
    shop.put(&format!("translate/job/{in_revision}"), &revise).unwrap();
    set(&shop, json!({ "queue": 3_600 }));
    let queued = ids(&shop.orders(&json!([job("queue")])).unwrap()).remove(0);
    let status = |id: &str| shop.job(id)["status"].as_str().unwrap().to_owned();
    let all = || [&on_board, &taken, &in_revision, &queued].map(|id| status(id));

    set(&shop, json!({ "mode": "instant" }));
    forward(&shop, 60);
    assert_eq!(all(), ["available", "pending", "revising", "queued"]);
    set(&shop, json!({ "apply_to_open": 1 }));
    for id in [&on_board, &taken, &in_revision, &queued] {
        shop.wait_for(id, "reviewable");
    }
    // What a job was told goes before.
    set(&shop, json!({ "mode": "automatic", "preset": "instant", "submit": 7_000 }));
    let told = ids(&shop.orders(&json!([job("lapse [[[sandbox: expire]]]")])).unwrap()).remove(0);
    shop.wait_for(&told, "pending");
    set(&shop, json!({ "preset": "instant", "apply_to_open": 1 }));
    forward(&shop, 600);
    assert_eq!(status(&told), "pending", "its time is not up yet");
    forward(&shop, 12 * 3_600);
    shop.wait_for(&told, "reviewable");
    // The other way round: what was planned does not happen any more.
    set(&shop, json!({ "mode": "automatic", "preset": "gentle" }));
    let stopped = shop.orders_text("stop");
    set(&shop, json!({ "mode": "off", "apply_to_open": 1 }));
    forward(&shop, 3_600);
    assert_eq!(status(&stopped), "available");
    shop.verify();
}

/// More than fit into the call's own transaction.
#[test]
fn new_settings_reach_every_open_job_of_a_big_sandbox() {
    let shop = Shop::open();
    set(&shop, json!({ "mode": "automatic", "queue": 0, "take": "never" }));
    let texts: Vec<Value> = (0..700).map(|number| job(&format!("Open {number}"))).collect();
    shop.orders(&json!(texts)).unwrap();
    let count = |status: &str| shop.get("sandbox", "").unwrap()["jobs"][status].as_i64().unwrap();
    shop.until("all are on the board", || count("available") == 700);
    set(&shop, json!({ "take": 3_600, "submit": "never", "apply_to_open": 1 }));
    shop.until("the rest is planned", || {
        shop.database.ask("SELECT COUNT(*) FROM task WHERE kind = 'robot_take' AND dead = 0") == 700
    });
    set(&shop, json!({ "mode": "off", "apply_to_open": 1 }));
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM task WHERE kind = 'robot_take'"), 0);
    set(&shop, json!({ "mode": "automatic", "take": 1, "apply_to_open": 1 }));
    shop.until("the rest is taken", || {
        shop.post("sandbox/clock", &json!({ "forward": 2 })).unwrap();
        count("pending") == 700
    });
    shop.verify();
}

/// A run is repeated in the same sandbox, after a wipe: ids do not come back, texts do.
#[test]
fn the_same_seed_gives_the_same_chance() {
    let shop = Shop::open();
    let waits = |seed: i64| -> Vec<i64> {
        shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
        set(
            &shop,
            json!({ "mode": "automatic", "queue": 0, "take": [1_000, 900_000], "submit": "never", "seed": seed }),
        );
        let ids = ["one", "two", "three"].map(|text| shop.orders_text(text));
        forward(&shop, 900_100);
        let first = |id: &str, kind: &str| {
            let events = events(&shop);
            let found = events.iter().find(|event| event["job"]["job_id"] == id && event["type"] == kind);
            found.unwrap()["ctime"].as_i64().unwrap()
        };
        ids.iter().map(|id| first(id, "job.started") - first(id, "job.available")).collect()
    };
    let [first, second, again] = [7, 8, 7].map(waits);
    let near = |one: i64, other: i64| (one - other).abs() <= 30;
    for ((first, second), again) in first.iter().zip(&second).zip(&again) {
        assert!(near(*first, *again) && !near(*first, *second), "{first}, {second}, {again}");
    }
    assert!(!near(first[0], first[1]) && !near(first[1], first[2]), "each job has its own: {first:?}");
}

//! What a job tells the robot, one instruction a row (sandbox.md 3.4). Nobody waits: the test
//! clock is put forward.

use crate::shop::{Shop, job};
use serde_json::{Value, json};

/// A shop whose robot takes after 100 s and hands in after 100 s; corrections take as long.
fn shop() -> Shop {
    let shop = Shop::open();
    let delays = json!({ "mode": "automatic", "queue": 0, "take": 100, "submit": 100, "revise": 100, "answer": "never" });
    shop.put("sandbox/robot", &delays).unwrap();
    shop
}

/// Orders one job; its id, once it has left the queue.
fn ordered(shop: &Shop, text: &str) -> String {
    let id = shop.orders(&json!([job(text)])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    shop.until(text, || status(shop, &id) != "queued");
    id
}

/// The same with an instruction in its text.
fn told(shop: &Shop, instruction: &str) -> String {
    ordered(shop, &format!("Say hello [[[sandbox: {instruction}]]]"))
}

fn forward(shop: &Shop, seconds: i64) {
    shop.post("sandbox/clock", &json!({ "forward": seconds })).unwrap();
}

fn status(shop: &Shop, id: &str) -> String {
    shop.job(id)["status"].as_str().unwrap().to_owned()
}

/// Who said what, in order.
fn thread(shop: &Shop, id: &str) -> Vec<(String, String)> {
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    thread.as_array().unwrap().iter().map(|said| (text(&said["author"]), text(&said["body"]))).collect()
}

/// The types of what happened to a job, in order.
fn feed(shop: &Shop, id: &str) -> Vec<String> {
    let events = shop.get("account/events", "limit=1000").unwrap()["events"].as_array().unwrap().clone();
    let about = |event: &Value| event["job"]["job_id"] == id || event["comment"]["job_id"] == id;
    events
        .iter()
        .filter(|event| about(event))
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn delays_are_obeyed_in_every_unit() {
    let shop = shop();
    // The instruction, and after how many seconds the job is taken and handed in; none: never.
    let rows = [
        ("take=0s; submit=0s", Some(0), Some(0)),
        ("take=7; submit=20s", Some(7), Some(27)),
        ("take=90s; submit=5m", Some(90), Some(390)),
        ("TAKE = 5m ; Submit = 2h", Some(300), Some(7_500)),
        ("take=2h", Some(7_200), Some(7_300)),
        ("submit=1s", Some(100), Some(101)),
        ("take=never", None, None),
    ];
    let ids: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(number, (instruction, ..))| ordered(&shop, &format!("{number} [[[sandbox: {instruction}]]]")))
        .collect();
    forward(&shop, 8_000);
    let events = shop.get("account/events", "limit=1000").unwrap()["events"].as_array().unwrap().clone();
    let at = |id: &str, kind: &str| {
        let found = events.iter().find(|event| event["job"]["job_id"] == id && event["type"] == kind);
        found.map(|event| event["ctime"].as_i64().unwrap())
    };
    for (id, (instruction, taken, handed_in)) in ids.iter().zip(rows) {
        let ordered = at(id, "job.available").unwrap();
        let after = |kind: &str| at(id, kind).map(|ctime| ctime - ordered);
        // Times are cut to seconds, and the machine's own clock goes on.
        let fits = |found: Option<i64>, wanted: Option<i64>| match (found, wanted) {
            (Some(found), Some(wanted)) => (wanted..=wanted + 30).contains(&found),
            (found, wanted) => found == wanted,
        };
        assert!(fits(after("job.started"), taken), "{instruction}: {:?}", after("job.started"));
        assert!(fits(after("job.reviewable"), handed_in), "{instruction}: {:?}", after("job.reviewable"));
    }
    let idle = told(&shop, "take=0s; submit=NEVER");
    forward(&shop, 3_000);
    assert_eq!(status(&shop, &idle), "pending");
    shop.verify();
}

#[test]
fn corrections_have_a_delay_of_their_own() {
    let shop = shop();
    for (instruction, delay) in
        [("revise=90s", Some(90)), ("revise=30h", Some(108_000)), ("revise=never", None)]
    {
        let id = told(&shop, &format!("take=0s; submit=0s; {instruction}"));
        shop.wait_for(&id, "reviewable");
        shop.put(&format!("translate/job/{id}"), &json!({ "action": "revise", "comment": "shorter" }))
            .unwrap();
        forward(&shop, delay.unwrap_or(20 * 3_600) - 60);
        assert_eq!(status(&shop, &id), "revising", "{instruction}");
        if delay.is_some() {
            forward(&shop, 61);
            let job = shop.job(&id);
            assert_eq!(job["status"], "reviewable", "{instruction}");
            assert!(job["body_tgt"].as_str().unwrap().ends_with(" (v2)"), "{instruction}: {job}");
            let (author, said) = thread(&shop, &id).pop().unwrap();
            assert!(author == "translator" && said.contains("shorter"), "{instruction}: {said}");
        }
    }
    shop.verify();
}

#[test]
fn the_robot_says_and_writes_what_it_is_told() {
    let shop = shop();
    let rows = [
        ("comment=\"Which; brand?\"", vec![("translator", "Which; brand?")], "pending"),
        ("submit=0s; comment_after=\"Here it is\"", vec![("translator", "Here it is")], "reviewable"),
        (
            "submit=0s; senior; comment=\"First\"; comment_after=\"Last\"",
            vec![("senior translator", "First"), ("senior translator", "Last")],
            "reviewable",
        ),
    ];
    for (instruction, expected, end) in rows {
        let id = told(&shop, &format!("take=0s; {instruction}"));
        shop.wait_for(&id, end);
        let said: Vec<(String, String)> =
            expected.iter().map(|(author, body)| ((*author).to_owned(), (*body).to_owned())).collect();
        shop.until(instruction, || thread(&shop, &id) == said);
    }
    let exact = told(&shop, "take=0s; submit=0s; text=\"こんにちは; 世界\"");
    shop.wait_for(&exact, "reviewable");
    let job = shop.job(&exact);
    assert_eq!(job["body_tgt"], "こんにちは; 世界");
    assert!(job["body_src"].as_str().unwrap().contains("[[[sandbox: "), "it stays visible: {job}");
    assert_eq!(job["unit_count"], "2", "and costs nothing");
    shop.verify();
}

#[test]
fn a_job_can_be_given_back_or_run_out_of_time_once() {
    let shop = shop();
    for (instruction, seconds) in [("decline", 110), ("expire", 12 * 3_600)] {
        let id = told(&shop, &format!("take=1s; submit=1s; {instruction}"));
        forward(&shop, seconds);
        forward(&shop, 10);
        shop.wait_for(&id, "reviewable");
        assert_eq!(
            feed(&shop, &id),
            ["job.available", "job.started", "job.reopened", "job.started", "job.reviewable"],
            "{instruction}"
        );
    }
    shop.verify();
}

/// Each is done once, the next when the job is taken the next time.
#[test]
fn a_job_can_be_told_to_be_given_back_and_to_run_out_of_time_and_to_be_held() {
    let shop = shop();
    let id = told(&shop, "take=1s; submit=1s; flag=\"odd names\"; release=1h; expire; decline");
    forward(&shop, 13 * 3_600);
    shop.wait_for(&id, "reviewable");
    let twice = ["job.started", "job.reopened", "job.started", "job.reopened"];
    let held = ["job.started", "comment.created", "job.hold", "job.released", "job.reviewable"];
    assert_eq!(feed(&shop, &id), [["job.available"].as_slice(), &twice, &held].concat());
    shop.verify();
}

#[test]
fn a_text_that_cannot_be_handed_in_is_told_and_the_robot_writes_its_own() {
    let shop = shop();
    let mut long = job("Say hello [[[sandbox: take=0s; submit=0s; text=\"far too long\"]]]");
    long["max_chars"] = json!(6);
    let id = shop.orders(&json!([long])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    shop.wait_for(&id, "reviewable");
    assert_eq!(shop.job(&id)["body_tgt"].as_str().unwrap().chars().count(), 6);
    let said = "I cannot follow these instructions: text (it has 12 characters; max_chars of the job is 6)";
    assert_eq!(thread(&shop, &id), [("translator".to_owned(), said.to_owned())]);
    let blank = told(&shop, "take=0s; submit=0s; text=\"  \"");
    shop.wait_for(&blank, "reviewable");
    assert!(thread(&shop, &blank)[0].1.contains("write a text in double quotes"));
    shop.verify();
}

#[test]
fn a_flagged_job_is_held_until_it_is_released() {
    let shop = shop();
    let by_time = told(&shop, "take=0s; submit=0s; flag=\"odd names\"; release=1h");
    let by_hand = told(&shop, "take=0s; submit=0s; flag=\"odd names\"");
    for id in [&by_time, &by_hand] {
        shop.wait_for(id, "hold");
        assert_eq!(thread(&shop, id), [("support".to_owned(), "odd names".to_owned())]);
    }
    forward(&shop, 3_500);
    assert_eq!(status(&shop, &by_time), "hold");
    forward(&shop, 101);
    assert_eq!(status(&shop, &by_time), "reviewable");
    assert_eq!(status(&shop, &by_hand), "hold");
    shop.control(&by_hand, "release", &json!({})).unwrap();
    shop.wait_for(&by_hand, "reviewable");
    shop.verify();
}

#[test]
fn the_robot_corrects_itself_as_often_as_it_is_told() {
    let shop = shop();
    for corrections in [0, 1, 3] {
        let id = told(&shop, &format!("take=0s; submit=0s; revisions={corrections}"));
        let revisions = || {
            let list = shop.get(&format!("translate/job/{id}/revisions"), "").unwrap()["revisions"].clone();
            list.as_array().unwrap().len()
        };
        shop.wait_for(&id, "reviewable");
        shop.until("all are there", || revisions() == corrections + 1);
        let text = shop.job(&id)["body_tgt"].as_str().unwrap().to_owned();
        let marked = (corrections > 0).then(|| format!(" (v{})", corrections + 1));
        assert!(marked.is_none_or(|mark| text.ends_with(&mark)), "{text}");
        assert_eq!(status(&shop, &id), "reviewable");
    }
    shop.verify();
}

#[test]
fn an_order_can_be_told_to_fail_or_to_be_slow() {
    let shop = shop();
    for code in [2700, 1000, 2800, 1551] {
        let refused = shop.orders(&json!([job(&format!("[[[sandbox: error={code}]]] fail"))])).unwrap_err();
        assert_eq!(refused.code(), code, "{}", refused.err);
    }
    let whole = json!({ "jobs": [job("a"), job("b")], "comment": "Dear all\nsandbox: error=2751" });
    assert_eq!(shop.post("translate/jobs", &whole).unwrap_err().code(), 2751);
    assert_eq!((shop.get("translate/jobs", "").unwrap(), shop.balance()), (json!([]), "1000.00".to_owned()));
    let began = std::time::Instant::now();
    let placed = shop.orders(&json!([job("[[[sandbox: slow=1s]]] wait")])).unwrap();
    assert!(began.elapsed().as_millis() >= 1_000);
    assert_eq!(placed["job_count"], 1);
    shop.verify();
}

#[test]
fn what_is_not_understood_is_said_and_the_rest_is_done() {
    let shop = shop();
    let id = told(&shop, "take=0s; dance; submit=soon; slow=2h; callback=loud; release=31d; text=\"\"");
    shop.wait_for(&id, "pending");
    shop.until("it is said", || !thread(&shop, &id).is_empty());
    let [(author, said)] = thread(&shop, &id).try_into().unwrap();
    assert_eq!(author, "translator");
    for part in ["dance", "submit=soon", "slow=2h", "callback=loud", "release=31d", "text=\"\""] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("take"), "{said}");
    let unclosed = shop.orders_text("an open bracket [[[sandbox: take=0s");
    forward(&shop, 50);
    assert_eq!(status(&shop, &unclosed), "available");
}

#[test]
fn comments_instruct_too_and_the_jobs_own_comes_last() {
    let shop = shop();
    let mut own = job("own [[[sandbox: text=\"of the text\"]]]");
    own["comment"] = json!("Dear translator,\nSandbox: text=\"of the job's comment\"\nthank you");
    let data = json!({
        "jobs": { "own": own, "orders": job("order's [[[sandbox: text=\"of the text\"]]]"), "quiet": job("plain") },
        "comment": "sandbox: take=0s; submit=0s\n  sandbox: text=\"of the order's comment\"\nno sandbox: take=never",
    });
    let placed = shop.post("translate/jobs", &data).unwrap();
    let text = |key: &str| {
        let id = placed["job_ids"][key].as_str().unwrap();
        shop.wait_for(id, "reviewable");
        shop.job(id)["body_tgt"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("own"), "of the job's comment");
    assert_eq!(text("orders"), "of the order's comment");
    assert_eq!(text("quiet"), "of the order's comment");
    // A comment that is written later is for people.
    let id = shop.orders_text("later");
    shop.post(&format!("translate/job/{id}/comment"), &json!({ "body": "sandbox: take=0s" })).unwrap();
    forward(&shop, 50);
    assert_eq!(status(&shop, &id), "available");
}

#[test]
fn texts_that_differ_in_their_instruction_are_different_texts() {
    let shop = shop();
    let first = told(&shop, "take=1h");
    let second = told(&shop, "take=2h");
    assert_ne!(first, second);
    let again = shop.orders(&json!([job("Say hello [[[sandbox: take=1h]]]")])).unwrap();
    assert_eq!((&again["job_ids"][0], &again["credits_used"]), (&json!(first), &json!("0.00")));
}

#[test]
fn callbacks_are_spoiled_as_a_job_asks() {
    let shop = Shop::open();
    let token = shop.inbox();
    let of = |id: &str| {
        let all = shop.get(&format!("sandbox/inbox/{token}"), &format!("job_id={id}")).unwrap();
        all["requests"].as_array().unwrap().clone()
    };
    let [none, twice, late, garbled] =
        ["none", "twice", "late", "garbled"].map(|trick| told(&shop, &format!("callback={trick}")));
    let whole = shop.orders_text("as usual");
    shop.until("the usual one", || of(&whole).len() == 1 && of(&twice).len() == 2 && of(&garbled).len() == 1);

    let message = |request: &Value| request["headers"]["webhook-id"].as_str().unwrap().to_owned();
    let both = of(&twice);
    assert_eq!(both[0]["body"], both[1]["body"]);
    assert_eq!(message(&both[0]), message(&both[1]), "who has seen it can tell");
    assert_ne!(message(&both[0]), message(&of(&whole)[0]));

    let cut = of(&garbled).remove(0);
    assert_eq!(cut["job"], Value::Null, "it cannot be read");
    assert!(cut["body"].as_str().unwrap().starts_with("job=%7B"), "{cut}");

    assert_eq!(of(&late).len(), 0);
    forward(&shop, 70);
    shop.until("the late one", || of(&late).len() == 1);
    let waited = of(&late)[0]["ctime"].as_i64().unwrap() - of(&whole)[0]["ctime"].as_i64().unwrap();
    assert!((55..=75).contains(&waited), "{waited}");
    assert_eq!(of(&none).len(), 0, "but the feed has it");
    assert!(feed(&shop, &none).contains(&"job.available".to_owned()));
    shop.verify();
}

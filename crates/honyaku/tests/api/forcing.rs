//! Forced and legal steps on jobs of every kind: whatever was done to a job, its money,
//! revisions and claims are right, and it can be brought to an end (sandbox.md 4, 12).

use crate::shop::{Shop, job};
use domain::job::Status;
use serde_json::{Value, json};

/// Jobs that differ in what hangs on them.
fn kinds(text: &str) -> Vec<(&'static str, Value)> {
    let with = |changes: Value| {
        let mut job = job(&format!("{text}: {changes}"));
        for (name, value) in changes.as_object().unwrap() {
            job[name] = value.clone();
        }
        job
    };
    vec![
        ("ultra", with(json!({ "tier": "ultra" }))),
        ("edited", with(json!({ "tier": "pro", "services": ["translation", "edit"] }))),
        ("approved by itself", with(json!({ "auto_approve": 1 }))),
        ("machine", with(json!({ "tier": "machine" }))),
    ]
}

/// Orders, and waits until the queue is done with it.
fn ordered(shop: &Shop, data: &Value) -> Vec<String> {
    let placed = shop.post("translate/jobs", data).unwrap();
    let ids: Vec<String> =
        placed["job_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    for id in &ids {
        shop.until("the queue is done", || shop.job(id)["status"] != "queued");
    }
    ids
}

/// Steps until the job is finished; how many there were.
fn to_its_end(shop: &Shop, id: &str) -> usize {
    (0..10).take_while(|_| shop.control(id, "advance", &json!({ "callbacks": 0 })).is_ok()).count()
}

#[test]
fn jobs_of_every_kind_survive_being_forced_and_come_to_an_end() {
    let shop = Shop::open();
    // From where somebody works on it, and from where nobody ever will.
    let from = ["pending", "rejected"].into_iter().cycle();
    for (to, from) in Status::ALL.map(Status::code).into_iter().zip(from) {
        let force = json!({ "status": to, "force": 1, "callbacks": 0 });
        let shown = format!("to {to} from {from}");
        let first = json!({ "status": from, "force": 1, "callbacks": 0 });
        let mut forced = Vec::new();
        for (kind, job) in kinds(&shown) {
            let id = ordered(&shop, &json!({ "jobs": [job] })).remove(0);
            forced.push((kind, id));
        }
        let pair = [job(&format!("{shown} one")), job(&format!("{shown} two"))];
        let grouped = ordered(&shop, &json!({ "jobs": pair, "as_group": 1 }));
        forced.push(("grouped", grouped[0].clone()));
        for (kind, id) in &forced {
            assert_eq!(shop.control(id, "status", &first).unwrap()["status"], from, "{kind} {shown}");
            let job = shop.control(id, "status", &force).unwrap();
            assert_eq!(job["status"], to, "{kind} {shown}");
            let has_text = matches!(to, "reviewable" | "revising" | "approved");
            assert!(!has_text || job["body_tgt"].is_string(), "{kind} {shown}: {job}");
        }
        for (kind, id) in forced.iter().chain([&("the other of the group", grouped[1].clone())]) {
            shop.until("the queue is done", || shop.job(id)["status"] != "queued");
            to_its_end(&shop, id);
            let end = shop.job(id)["status"].clone();
            assert!(
                ["approved", "rejected", "canceled"].contains(&end.as_str().unwrap()),
                "{kind} {shown}: it stays {end}"
            );
        }
    }
    shop.verify();
}

#[test]
fn an_operators_cancel_gives_the_money_back() {
    let shop = Shop::open();
    for from in ["unpaid", "queued", "available", "pending", "revising", "hold"] {
        for (kind, job) in kinds(from).into_iter().filter(|(kind, _)| *kind != "machine") {
            let id = ordered(&shop, &json!({ "jobs": [job] })).remove(0);
            let price = shop.job(&id)["credits"].clone();
            let force = json!({ "status": from, "force": 1, "callbacks": 0 });
            shop.control(&id, "status", &force).unwrap();
            let canceled = shop.control(&id, "status", &json!({ "status": "canceled" })).unwrap();
            assert_eq!(
                (&canceled["status"], &canceled["credits"]),
                (&json!("canceled"), &price),
                "{kind} {from}"
            );
            assert_eq!(shop.balance(), "1000.00", "{kind} {from}");
        }
    }
    let pair = json!({ "jobs": [job("one"), job("two")], "as_group": 1 });
    let grouped = ordered(&shop, &pair);
    shop.control(&grouped[0], "take", &json!({})).unwrap();
    shop.control(&grouped[0], "status", &json!({ "status": "canceled" })).unwrap();
    assert_eq!(shop.job(&grouped[1])["status"], "pending", "the other is still worked on");
    shop.control(&grouped[1], "submit", &json!({})).unwrap();
    assert_eq!(shop.job(&grouped[1])["status"], "reviewable");
    shop.verify();
}

//! The sandbox: environments kept apart, the robot, forcing, wiping (sandbox.md).

use crate::shop::{Shop, job};
use serde_json::json;

#[test]
fn an_instant_robot_drives_every_kind_of_job_to_its_end() {
    let shop = Shop::open();
    assert_eq!(shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap()["preset"], "instant");
    let mut jobs = Vec::new();
    for tier in ["machine", "standard", "pro", "ultra"] {
        let mut job = job(&format!("{tier} text {{name}}"));
        job["tier"] = json!(tier);
        job["auto_approve"] = json!(1);
        jobs.push(job);
    }
    shop.orders(&json!(jobs)).unwrap();
    for id in ["1", "2", "3", "4"] {
        shop.wait_for(id, "approved");
        assert!(shop.job(id)["body_tgt"].as_str().unwrap().contains("{name}"), "placeholders survive");
    }
    assert_eq!(shop.job("1")["credits"], "0.00");
    shop.verify();
}

#[test]
fn a_tool_that_orders_and_takes_at_once_need_not_wait_for_the_queue() {
    let shop = Shop::open();
    let slow = json!({ "mode": "automatic", "queue": 3600, "take": "never" });
    shop.put("sandbox/robot", &slow).unwrap();
    shop.orders(&json!([job("Take me")])).unwrap();
    assert_eq!(shop.job("1")["status"], "queued");
    assert_eq!(shop.control("1", "take", &json!({})).unwrap()["status"], "pending");
    shop.verify();
}

#[test]
fn instructions_inside_a_job_are_obeyed() {
    let shop = Shop::open();
    shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap();
    let ask =
        |text: &str| shop.orders(&json!([job(text)])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    let told = ask(
        "Say it [[[sandbox: text=\"exactly this\"; comment=\"Which name?\"; comment_after=\"done\"; dance]]]",
    );
    shop.wait_for(&told, "reviewable");
    assert_eq!(shop.job(&told)["body_tgt"], "exactly this");
    shop.until("three comments", || {
        shop.get(&format!("translate/job/{told}/comments"), "").unwrap()["thread"].as_array().unwrap().len()
            == 3
    });
    let held = ask("Hold it [[[sandbox: flag=\"odd text\"]]]");
    shop.wait_for(&held, "hold");
    shop.control(&held, "release", &json!({})).unwrap();
    shop.wait_for(&held, "reviewable");
    let declined = ask("Give it back [[[sandbox: decline]]]");
    shop.wait_for(&declined, "reviewable");
    let twice = ask("Correct it [[[sandbox: revisions=2]]]");
    shop.until("three revisions", || {
        shop.get(&format!("translate/job/{twice}/revisions"), "").unwrap()["revisions"]
            .as_array()
            .unwrap()
            .len()
            == 3
    });
    let never = ask("Leave it [[[sandbox: take=never]]]");
    let expired = ask("Let it lapse [[[sandbox: expire]]]");
    shop.wait_for(&expired, "pending");
    shop.post("sandbox/clock", &json!({ "forward": 4000 })).unwrap();
    shop.wait_for(&expired, "reviewable");
    assert_eq!(shop.job(&never)["status"], "available");
    let error = shop.orders(&json!([job("Fail [[[sandbox: error=2700]]]")])).unwrap_err();
    assert_eq!(error.code(), 2700);
    shop.verify();
}

#[test]
fn every_status_can_be_forced_from_every_status() {
    let shop = Shop::open();
    let all = [
        "unpaid",
        "queued",
        "available",
        "pending",
        "reviewable",
        "revising",
        "approved",
        "rejected",
        "canceled",
        "hold",
    ];
    for from in all {
        for to in all {
            let answer = shop.orders(&json!([job(&format!("force {from} {to}"))])).unwrap();
            let id = answer["job_ids"][0].as_str().unwrap().to_owned();
            shop.wait_for(&id, "available");
            for status in [from, to] {
                let job = shop
                    .control(&id, "status", &json!({ "status": status, "force": 1, "callbacks": 0 }))
                    .unwrap();
                assert_eq!(job["status"], status, "{from} to {to}");
            }
        }
    }
    shop.verify();
}

#[test]
fn a_job_forced_back_to_unpaid_can_be_bought_and_cancelled_again() {
    let shop = Shop::open();
    let id = shop.orders_text("bought twice");
    shop.control(&id, "status", &json!({ "status": "unpaid", "force": 1 })).unwrap();
    assert_eq!(shop.balance(), "1000.00");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "purchase" })).unwrap();
    shop.delete(&format!("translate/job/{id}")).unwrap();
    assert_eq!((shop.balance().as_str(), &shop.job(&id)["status"]), ("1000.00", &json!("canceled")));
    shop.verify();
}

#[test]
fn without_force_only_legal_steps_are_made() {
    let shop = Shop::open();
    let id = shop.orders_text("step by step");
    let refused = shop.control(&id, "status", &json!({ "status": "approved" })).unwrap_err();
    assert_eq!(refused.code(), 2650);
    assert!(refused.msg().contains("canceled, hold, pending"), "{}", refused.msg());
    for status in ["pending", "reviewable", "revising", "reviewable", "hold", "reviewable", "approved"] {
        assert_eq!(shop.control(&id, "status", &json!({ "status": status })).unwrap()["status"], status);
    }
    shop.verify();
}

#[test]
fn advance_makes_the_next_normal_steps() {
    let shop = Shop::open();
    let id = shop.orders_text("advance");
    let job = shop.control(&id, "advance", &json!({ "steps": 3 })).unwrap();
    assert_eq!((&job["status"], &job["body_tgt"]), (&json!("approved"), &json!("[ja] advance")));
    assert_eq!(shop.control(&id, "advance", &json!({})).unwrap_err().code(), 2650);
    shop.orders_text("many one");
    shop.orders_text("many two");
    let moved = shop.post("sandbox/jobs/advance", &json!({ "status": "available", "limit": 1 })).unwrap();
    assert_eq!(moved["job_ids"], json!(["2"]));
    shop.verify();
}

#[test]
fn a_wipe_starts_anew_and_ids_do_not_come_back() {
    let shop = Shop::open();
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "take": 1 })).unwrap();
    let id = shop.orders_text("to be wiped");
    assert_eq!(shop.post("sandbox/wipe", &json!({ "confirm": "wrong" })).unwrap_err().code(), 1352);
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    assert_eq!(shop.balance(), "1000.00");
    assert_eq!(shop.get(&format!("translate/job/{id}"), "").unwrap_err().code(), 2100);
    assert_eq!(shop.get("account/events", "").unwrap()["events"], json!([]));
    assert_eq!(shop.orders(&json!([job("to be wiped")])).unwrap()["job_ids"], json!(["2"]));
    shop.verify();
}

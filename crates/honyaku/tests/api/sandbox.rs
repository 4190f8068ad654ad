//! The sandbox: environments kept apart, the robot, forcing, wiping (sandbox.md).

use crate::database::Database;
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::process::Stdio;

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

/// A server with both environments, an account, and a key in each.
struct Both {
    server: std::process::Child,
    origin: String,
    live: Value,
    test: Value,
    _database: Database,
}

impl Both {
    fn open() -> Self {
        let database = Database::new();
        let command = |words: &[&str]| -> Value {
            let done = database.command(words).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            serde_json::from_slice(&done.stdout).unwrap()
        };
        command(&["account", "add", "--name", "Acme Ltd", "--email", "a@example.com"]);
        let live = command(&["key", "add", "--account", "acme-ltd"]);
        let test = command(&["key", "add", "--account", "acme-ltd", "--sandbox"]);
        command(&["credit", "add", "--account", "acme-ltd", "--amount", "50.00", "--reference", "invoice 1"]);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let server = database
            .command(&[
                "serve",
                "--listen",
                &listen,
                "--log-level",
                "error",
                "--rate-limit-per-address",
                "20",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let both = Self { server, origin: format!("http://{listen}"), live, test, _database: database };
        for _ in 0..200 {
            if std::net::TcpStream::connect(&listen).is_ok() {
                return both;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("the server did not start");
    }

    fn balance(&self, key: &Value, base: &str) -> Value {
        let ts =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let sig = wire::signature::sign(key["private_key"].as_str().unwrap(), &ts);
        let url = format!(
            "{}{base}account/balance?api_key={}&ts={ts}&api_sig={sig}",
            self.origin,
            key["public_key"].as_str().unwrap()
        );
        let mut answer = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent()
            .get(&url)
            .call()
            .unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn live_and_sandbox_are_kept_apart_and_callers_are_throttled() {
    let both = Both::open();
    assert_eq!(both.balance(&both.live, "/v2/")["response"]["credits"], "50.00");
    assert_eq!(both.balance(&both.test, "/sandbox/v2/")["response"]["credits"], "1000.00");
    for (key, base, right) in [(&both.live, "/sandbox/v2/", "/v2/"), (&both.test, "/v2/", "/sandbox/v2/")] {
        let refused = both.balance(key, base);
        assert_eq!(refused["err"]["code"], 1000);
        assert!(
            refused["err"]["msg"].as_str().unwrap().ends_with(&format!("{}{right}", both.origin)),
            "{refused}"
        );
    }
    let throttled =
        (0..40).map(|_| both.balance(&both.live, "/v2/")).find(|answer| answer["opstat"] == "error");
    assert_eq!(throttled.unwrap()["err"]["code"], 2800);
}

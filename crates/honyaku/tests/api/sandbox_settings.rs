//! What a sandbox's owner can set: test runs, inboxes, silence (sandbox.md 5, 7, 8).

use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

/// Continues as the owner of another key.
pub fn with_key(shop: &mut Shop, pair: &Value) {
    shop.public_key = pair["public_key"].as_str().unwrap().to_owned();
    shop.private_key = pair["private_key"].as_str().unwrap().to_owned();
}

fn received(shop: &Shop, token: &str) -> Vec<Value> {
    shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().clone()
}

#[test]
fn test_runs_keep_out_of_each_others_way() {
    let mut shop = Shop::open();
    let token = shop.inbox();
    let mine = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let add = ["key", "add", "--account", "demo", "--sandbox", "--test-run", "nightly", "--public-url"];
    let run = shop.command(&[&add[..], &[shop.origin()]].concat());
    let kept = shop.orders_text("of nobody's run");
    with_key(&mut shop, &run);
    let own = shop.orders_text("of the nightly run");
    shop.delivers(&own, "訳");
    shop.until("its callbacks", || received(&shop, &token).len() == 3);
    assert!(received(&shop, &token).iter().all(|request| request["job_id"] == own));
    let other = shop.orders_text("also nightly");
    assert_eq!(
        shop.post("sandbox/jobs/advance", &json!({ "status": "available" })).unwrap()["job_ids"],
        json!([other])
    );
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    assert_eq!(shop.get(&format!("translate/job/{own}"), "").unwrap_err().code(), 2100);
    assert_eq!(received(&shop, &token), Vec::<Value>::new());
    shop.verify();
    with_key(&mut shop, &mine);
    assert_eq!(shop.job(&kept)["status"], "available");
    let left = received(&shop, &token);
    assert_eq!(left.len(), 1, "the other callbacks went with their jobs: {left:?}");
    assert_eq!(shop.balance(), "999.85", "only what is left was paid");
}

#[test]
fn steps_by_hand_are_silent_if_the_owner_wants_the_original_behaviour() {
    let shop = Shop::open();
    let token = shop.inbox();
    let id = shop.orders_text("quiet steps");
    shop.until("available is called back", || received(&shop, &token).len() == 1);
    assert_eq!(shop.put("sandbox", &json!({})).unwrap_err().code(), 1352);
    let set = shop.put("sandbox", &json!({ "original_behaviour": 1 })).unwrap();
    assert_eq!(set["original_behaviour"], 1);
    shop.control(&id, "take", &json!({})).unwrap();
    shop.control(&id, "submit", &json!({ "callbacks": 1 })).unwrap();
    shop.until("the submission, asked for", || received(&shop, &token).len() == 2);
    assert_eq!(received(&shop, &token)[1]["event"], "job.reviewable");
    shop.post("sandbox/jobs/advance", &json!({})).unwrap();
    shop.control(&id, "callback", &json!({})).unwrap();
    shop.until("the one sent by hand", || received(&shop, &token).len() == 3);
    assert_eq!(shop.job(&id)["status"], "approved");
}

#[test]
fn inboxes_are_made_opened_and_counted() {
    let shop = Shop::open();
    let made = shop.post("sandbox/inbox", &json!({})).unwrap();
    let (token, url) = (made["token"].as_str().unwrap(), made["url"].as_str().unwrap());
    assert_eq!(shop.raw("POST", url, &[], Some(b"x")).status, 403);
    assert_eq!(shop.put(&format!("sandbox/inbox/{token}"), &json!({ "open": 1 })).unwrap()["open"], 1);
    let statuses: Vec<u16> = (0..61).map(|_| shop.raw("POST", url, &[], Some(b"hello")).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 60, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(received(&shop, token).first().unwrap()["body"], "hello");
    for _ in 2..20 {
        shop.post("sandbox/inbox", &json!({})).unwrap();
    }
    assert_eq!(shop.post("sandbox/inbox", &json!({})).unwrap_err().code(), 1352);
}

#[test]
fn old_orders_go_and_the_credits_stay() {
    let shop = Shop::open();
    let old = shop.orders_text("from long ago");
    shop.delivers(&old, "訳");
    let new = shop.orders_text("of today");
    let balance = shop.balance();
    shop.post(&format!("translate/job/{old}/comment"), &json!({ "body": "hm" })).unwrap();
    shop.database
        .change("UPDATE \"order\" SET created_at = created_at - 91 * CAST(86400000 AS BIGINT) WHERE id = 1");
    let shop = shop.restart();
    shop.until("the old order is gone", || shop.get(&format!("translate/job/{old}"), "").is_err());
    assert_eq!(shop.job(&new)["status"], "available");
    assert_eq!(shop.balance(), balance);
    shop.verify();
}

#[test]
fn legacy_addresses_answer_in_the_envelope() {
    let shop = Shop::open();
    for path in ["/v1.1/account/balance", "/sandbox/v1/account/balance"] {
        let answer = shop.raw("GET", &format!("{}{path}", shop.origin()), &[], None);
        assert_eq!((answer.status, &answer.json()["opstat"]), (404, &json!("error")));
        assert!(answer.json()["err"]["msg"].as_str().unwrap().contains("/v2/"));
    }
}

#[test]
fn a_sandbox_key_can_have_its_own_rate() {
    let shop = Shop::open_with(&["--sandbox-rate-limit", "5"]);
    let throttled = (0..10).find_map(|_| shop.get("account/balance", "").err()).unwrap();
    assert!(throttled.msg().contains("with this key"), "{}", throttled.msg());
    shop.verify();
}

/// Permanent refusals: whoever is told to come back later comes back for ever.
#[test]
fn a_full_sandbox_says_so_and_not_that_it_is_busy() {
    let shop = Shop::open_with(&["--sandbox-max-jobs", "2"]);
    shop.orders(&json!([job("one"), job("two")])).unwrap();
    let data = format!("data={}", encoded(&json!({ "jobs": [job("three")] }).to_string()));
    let full = shop.call("POST", "translate/jobs", &data, &[]);
    assert_eq!((full.status, full.json()["err"]["code"].as_i64()), (200, Some(1352)));
    assert_eq!(full.header("retry-after"), "");
    shop.verify();
}

#[test]
fn nobody_waits_for_an_inbox_when_the_server_goes_down() {
    let shop = Shop::open();
    let token = shop.inbox();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| shop.get(&format!("sandbox/inbox/{token}"), "wait=30"));
        std::thread::sleep(std::time::Duration::from_millis(500));
        let asked = std::time::Instant::now();
        shop.tell("TERM");
        assert_eq!(waits.join().unwrap().unwrap()["requests"], json!([]));
        assert!(asked.elapsed().as_secs() < 15, "it waited to its end");
    });
}

#[test]
fn a_wipe_puts_the_clock_back_even_while_somebody_moves_it() {
    let shop = Shop::open();
    let jobs: Vec<_> = (0..2_000).map(|n| job(&format!("text {n}"))).collect();
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "take": 100, "submit": 100 })).unwrap();
    shop.orders(&json!(jobs)).unwrap();
    std::thread::scope(|scope| {
        let moves = scope.spawn(|| shop.post("sandbox/clock", &json!({ "forward": 3_600 })));
        shop.until("the clock moves", || shop.get("sandbox", "").unwrap()["clock"]["offset"] != 0);
        shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
        moves.join().unwrap().unwrap();
    });
    assert_eq!(shop.get("sandbox", "").unwrap()["clock"]["offset"], 0);
}

#[test]
fn a_senior_robot_speaks_as_one() {
    let shop = Shop::open();
    shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap();
    let told = job("Ask [[[sandbox: senior; comment=\"Which?\"; comment_after=\"Done\"]]]");
    shop.orders(&json!([told])).unwrap();
    shop.wait_for("1", "reviewable");
    let thread = shop.get("translate/job/1/comments", "").unwrap();
    let authors: Vec<&str> =
        thread["thread"].as_array().unwrap().iter().map(|said| said["author"].as_str().unwrap()).collect();
    assert_eq!(authors, ["senior translator", "senior translator"]);
}

#[test]
fn a_comment_instructs_the_robot_briefly() {
    let shop = Shop::open();
    let comment = "sandbox: take=never\n".repeat(200);
    let refused =
        shop.post("translate/jobs", &json!({ "jobs": [job("a")], "comment": comment })).unwrap_err();
    assert_eq!((refused.code(), refused.err["field"].as_str()), (1351, Some("comment")));
}

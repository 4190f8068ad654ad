//! What must hold when many do the same at once.

use crate::house::House;
use crate::shop::{encoded, job};
use serde_json::{Value, json};
use std::sync::Barrier;

/// Runs the same thing on many threads, all at once.
pub fn together<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    barrier.wait();
                    run(number)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The original's second known issue: a batch ordered again while its queue was full was
/// charged twice.
#[test]
fn fifty_equal_batches_of_two_hundred_are_charged_once() {
    let house = House::full();
    let shop = &house.shop;
    let jobs: Vec<Value> = (0..200).map(|number| job(&format!("batch text number {number}"))).collect();
    let parameters = format!("data={}", encoded(&json!({ "jobs": jobs }).to_string()));
    let answers = together(50, |_| shop.call("POST", "translate/jobs", &parameters, &[]).json());
    let charged: Vec<&str> =
        answers.iter().map(|answer| answer["response"]["credits_used"].as_str().unwrap()).collect();
    assert_eq!(charged.iter().filter(|credits| **credits == "40.00").count(), 1, "{charged:?}");
    assert_eq!(charged.iter().filter(|credits| **credits == "0.00").count(), 49);
    assert!(answers.iter().all(|answer| answer["response"]["job_ids"] == answers[0]["response"]["job_ids"]));
    assert_eq!(shop.balance(), "960.00");
    shop.verify();
}

#[test]
fn one_of_a_hundred_claims_wins() {
    let house = House::full();
    let shop = &house.shop;
    let id = shop.orders_text("first come, first served");
    let taken = together(100, |_| shop.control(&id, "take", &json!({})).is_ok());
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    shop.verify();
}

#[test]
fn cancel_and_claim_have_one_winner_and_the_money_is_right() {
    let house = House::full();
    let shop = &house.shop;
    let ids: Vec<String> = (0..10).map(|number| shop.orders_text(&format!("race {number}"))).collect();
    for id in &ids {
        let won = together(2, |side| {
            if side == 0 {
                shop.delete(&format!("translate/job/{id}")).is_ok()
            } else {
                shop.control(id, "take", &json!({})).is_ok()
            }
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let expected = if won[0] { "canceled" } else { "pending" };
        assert_eq!(shop.job(id)["status"], expected);
    }
    shop.verify();
}

#[test]
fn approve_and_the_timer_pay_once() {
    let house = House::full();
    let shop = &house.shop;
    let ids: Vec<String> = (0..5).map(|number| shop.orders_text(&format!("timer {number}"))).collect();
    ids.iter().for_each(|id| shop.delivers(id, "訳"));
    together(6, |side| match ids.get(side) {
        Some(id) => shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve" })).is_ok(),
        None => shop.post("sandbox/clock", &json!({ "forward": 121 * 3600 })).is_ok(),
    });
    assert!(ids.iter().all(|id| shop.job(id)["status"] == "approved"));
    shop.verify();
}

#[test]
fn cancelling_an_order_against_its_queue_gives_each_price_back_once() {
    let house = House::full();
    let shop = &house.shop;
    for round in 0..5 {
        let jobs: Vec<Value> = (0..300).map(|number| job(&format!("queue {round} {number}"))).collect();
        let answer = shop.orders(&json!(jobs)).unwrap();
        shop.delete(&format!("translate/order/{}", answer["order_id"].as_str().unwrap())).unwrap();
    }
    shop.until("the queue is empty", || shop.get("translate/jobs", "status=queued").unwrap() == json!([]));
    assert_eq!(shop.get("translate/jobs", "status=available").unwrap(), json!([]));
    assert_eq!(shop.balance(), "1000.00");
    shop.verify();
}

#[test]
fn the_balance_never_falls_below_zero() {
    let house = House::full();
    let shop = &house.shop;
    shop.post("sandbox/credits", &json!({ "set": "0.50" })).unwrap();
    let bought = together(30, |number| shop.orders(&json!([job(&format!("poor{number}"))])).is_ok());
    assert_eq!(bought.iter().filter(|bought| **bought).count(), 10);
    assert_eq!(shop.balance(), "0.00");
    shop.verify();
}

#[test]
fn ten_thousand_jobs_in_one_order() {
    let house = House::full();
    let shop = &house.shop;
    let jobs: Vec<Value> = (0..10_000).map(|number| job(&format!("n{number}"))).collect();
    let answer = shop.orders(&json!(jobs)).unwrap();
    assert_eq!((&answer["job_count"], &answer["credits_used"]), (&json!(10_000), &json!("500.00")));
    let single = shop.orders_text("not held up by the ten thousand");
    assert_eq!(single, "10001");
    let order = format!("translate/order/{}", answer["order_id"].as_str().unwrap());
    shop.until("all are on the board", || {
        let order = shop.get(&order, "").unwrap()["order"].clone();
        let listed: usize =
            order.as_object().unwrap().values().filter_map(Value::as_array).map(Vec::len).sum();
        assert_eq!(
            listed + order["jobs_queued"].as_u64().unwrap() as usize,
            10_000,
            "lists and queue add up at every instant"
        );
        order["jobs_queued"] == 0
    });
    shop.verify();
}

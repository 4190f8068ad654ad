//! Random actions, legal and not, against the contract's table: after each the status is what
//! the table says, the credits are what the jobs cost, and the books are balanced.

use crate::shop::{Shop, job};
use domain::job::{Event, Status, apply};
use serde_json::json;

/// What a customer, a translator or the controls try.
const ACTIONS: &[(&str, Event)] = &[
    ("cancel", Event::Cancel),
    ("take", Event::Claim),
    ("release", Event::ClaimEnds),
    ("submit", Event::Submit { auto_approve: false }),
    ("approve", Event::Approve),
    ("revise", Event::Revise),
    ("requeue", Event::RejectAndRequeue),
    ("reject", Event::RejectAndCancel),
    ("hold", Event::Hold),
    ("purchase", Event::Purchase),
];

fn attempt(shop: &Shop, id: &str, action: &str) -> bool {
    let path = format!("translate/job/{id}");
    match action {
        "cancel" => shop.delete(&path).is_ok(),
        "take" | "release" => shop.control(id, action, &json!({})).is_ok(),
        "submit" => shop.control(id, action, &json!({ "body_tgt": "訳" })).is_ok(),
        "approve" | "purchase" => shop.put(&path, &json!({ "action": action })).is_ok(),
        "revise" => shop.put(&path, &json!({ "action": "revise", "comment": "better" })).is_ok(),
        "requeue" => shop.put(&path, &json!({ "reason": "quality", "comment": "bad" })).is_ok(),
        "reject" => {
            shop.put(&path, &json!({ "reason": "other", "comment": "bad", "follow_up": "cancel" })).is_ok()
        }
        _ => shop.control(id, "status", &json!({ "status": "hold" })).is_ok(),
    }
}

/// The table's answer; a held job is released by `release`.
fn expected(status: Status, before_hold: Status, event: Event) -> Option<Status> {
    match (status, event) {
        (Status::Hold, Event::ClaimEnds) => Some(before_hold),
        // Whoever tries to hold what is not open is refused; the table says the same.
        _ => apply(status, event).ok().map(|transition| transition.to),
    }
}

/// Cents that are charged for a job: it has been paid from the start, the price comes back when it is cancelled, and
/// the robot that judges rejections finds one for another reason unfair.
fn charged(status: Status) -> i64 {
    if status == Status::Canceled { 0 } else { 10 }
}

const UNBALANCED: &str = "SELECT COUNT(*) FROM (SELECT transaction_id FROM ledger_entry \
    GROUP BY account_id, transaction_id HAVING SUM(amount) <> 0) wrong";

#[test]
fn random_actions_follow_the_table() {
    let shop = Shop::open();
    let mut spent = 0;
    let mut dice: u64 = 0x5EED;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % sides
    };
    for number in 0..40 {
        let id = shop.orders_text(&format!("model {number}"));
        let (mut status, mut before_hold) = (Status::Available, Status::Available);
        for _ in 0..14 {
            let (name, event) = ACTIONS[roll(ACTIONS.len())];
            let done = attempt(&shop, &id, name);
            let approved_again = status == Status::Approved && name == "approve";
            match expected(status, before_hold, event) {
                Some(next) => {
                    assert!(done, "{status}: {name} should lead to {next}");
                    if next == Status::Hold {
                        before_hold = status;
                    }
                    status = next;
                }
                None => assert!(!done || approved_again, "{status}: {name} should be refused"),
            }
            assert_eq!(shop.job(&id)["status"], status.code(), "after {name}");
            let rest = 100_000 - spent - charged(status);
            assert_eq!(shop.balance(), format!("{}.{:02}", rest / 100, rest % 100), "after {name}: {status}");
        }
        assert_eq!(shop.database.ask(UNBALANCED), 0, "after job {id}");
        spent += charged(status);
    }
    shop.orders(&json!([job("the end")])).unwrap();
    shop.verify();
}

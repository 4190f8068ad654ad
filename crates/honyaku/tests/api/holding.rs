//! What holds and corrections do to time: a translator's, a group's, and the review's (api-v2 4.1, engines J,
//! translator-platform 2.1 and 5.12). The test clock is put forward.

use crate::shop::{Shop, job};
use serde_json::{Value, json};

const HOUR: i64 = 3_600;

fn forward(shop: &Shop, seconds: i64) {
    shop.post("sandbox/clock", &json!({ "forward": seconds })).unwrap();
}

fn status(shop: &Shop, id: &str) -> String {
    shop.job(id)["status"].as_str().unwrap().to_owned()
}

fn revise(shop: &Shop, id: &str) {
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "revise", "comment": "shorter" })).unwrap();
}

fn hold(shop: &Shop, id: &str) {
    shop.control(id, "status", &json!({ "status": "hold" })).unwrap();
}

fn release(shop: &Shop, id: &str) {
    shop.control(id, "release", &json!({})).unwrap();
}

/// A group of so many jobs that is taken.
fn group(shop: &Shop, texts: &[&str], allow_fork: i64) -> Vec<String> {
    let jobs: Vec<Value> = texts.iter().map(|text| job(text)).collect();
    let order = json!({ "jobs": jobs, "as_group": 1, "allow_fork": allow_fork });
    let placed = shop.post("translate/jobs", &order).unwrap();
    let ids = placed["job_ids"]
        .as_object()
        .map_or_else(|| placed["job_ids"].as_array().unwrap().clone(), |ids| ids.values().cloned().collect());
    let ids: Vec<String> = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    for id in &ids {
        shop.wait_for(id, "available");
    }
    shop.control(&ids[0], "take", &json!({})).unwrap();
    ids
}

fn hands_in(shop: &Shop, id: &str) {
    shop.control(id, "submit", &json!({ "body_tgt": "訳" })).unwrap();
}

#[test]
fn an_edited_job_whose_corrections_do_not_come_goes_back_on_the_board() {
    let shop = Shop::open();
    for ends in ["lapse", "given back", "held meanwhile"] {
        let mut ultra = job(&format!("edited twice, {ends}"));
        ultra["tier"] = json!("ultra");
        let id = shop.orders(&json!([ultra])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
        shop.delivers(&id, "訳");
        revise(&shop, &id);
        match ends {
            "lapse" => forward(&shop, 24 * HOUR + 180),
            "given back" => release(&shop, &id),
            _ => {
                hold(&shop, &id);
                release(&shop, &id);
                assert_eq!(status(&shop, &id), "revising");
                release(&shop, &id);
            }
        }
        assert_eq!(status(&shop, &id), "available", "{ends}");
        shop.delivers(&id, "新訳");
        let delivered = shop.job(&id);
        assert_eq!(
            (&delivered["status"], &delivered["body_tgt"]),
            (&json!("reviewable"), &json!("新訳")),
            "{ends}"
        );
    }
    shop.verify();
}

#[test]
fn corrections_in_a_group_leave_the_time_of_the_rest_as_it_is() {
    let shop = Shop::open();
    // What is not handed in is canceled when the group's own time is up, whatever is being corrected.
    let [a, b] = &group(&shop, &["fork a", "fork b"], 0)[..] else { panic!() };
    hands_in(&shop, a);
    revise(&shop, a);
    forward(&shop, 6 * HOUR);
    assert_eq!((status(&shop, a).as_str(), status(&shop, b).as_str()), ("revising", "canceled"));
    hands_in(&shop, a);

    // Corrections asked for within the hour have one clock, later ones their own.
    let ids = group(&shop, &["clock a", "clock b", "clock c"], 1);
    ids.iter().for_each(|id| hands_in(&shop, id));
    revise(&shop, &ids[0]);
    forward(&shop, HOUR / 2);
    revise(&shop, &ids[1]);
    forward(&shop, 10 * HOUR);
    revise(&shop, &ids[2]);
    let etas = [0, 1, 2].map(|number: usize| shop.job(&ids[number])["eta"].as_i64().unwrap() / 60);
    assert!((etas[0] - 13 * 60 - 30).abs() <= 2 && etas[0] == etas[1], "{etas:?}");
    assert!((etas[2] - 24 * 60).abs() <= 2, "{etas:?}");
    hands_in(&shop, &ids[1]);
    forward(&shop, 14 * HOUR);
    let states = [0, 1, 2].map(|number: usize| status(&shop, &ids[number]));
    assert_eq!(states, ["available", "reviewable", "revising"]);
    forward(&shop, 11 * HOUR);
    assert_eq!(status(&shop, &ids[2]), "available");
    shop.verify();
}

#[test]
fn a_hold_stops_the_clock_of_who_works() {
    let shop = Shop::open();
    let alone = shop.orders_text("held alone");
    shop.control(&alone, "take", &json!({})).unwrap();
    let left = shop.job(&alone)["eta"].clone();
    hold(&shop, &alone);
    forward(&shop, 40 * HOUR);
    release(&shop, &alone);
    assert_eq!((status(&shop, &alone).as_str(), &shop.job(&alone)["eta"]), ("pending", &left));
    hands_in(&shop, &alone);
    revise(&shop, &alone);
    forward(&shop, 23 * HOUR);
    hold(&shop, &alone);
    forward(&shop, 40 * HOUR);
    release(&shop, &alone);
    assert_eq!(status(&shop, &alone), "revising");
    forward(&shop, HOUR / 2);
    assert_eq!(status(&shop, &alone), "revising", "half an hour is left");
    forward(&shop, HOUR);
    assert_eq!(status(&shop, &alone), "available");

    // The whole claim stands, until none of its jobs is held.
    let ids = group(&shop, &["held a", "held b", "held c"], 0);
    hands_in(&shop, &ids[0]);
    hold(&shop, &ids[1]);
    forward(&shop, 20 * HOUR);
    hold(&shop, &ids[2]);
    release(&shop, &ids[1]);
    forward(&shop, 20 * HOUR);
    release(&shop, &ids[2]);
    let states = |ids: &[String]| ids.iter().map(|id| status(&shop, id)).collect::<Vec<_>>();
    assert_eq!(states(&ids), ["reviewable", "pending", "pending"]);
    forward(&shop, 20 * HOUR);
    assert_eq!(states(&ids), ["reviewable", "canceled", "canceled"]);
    shop.verify();
}

/// engines J: 120 h, put on hold 10 h after submission for 48 h: due 168 h after submission.
#[test]
fn a_hold_stops_the_clock_of_the_review() {
    let shop = Shop::open();
    let id = shop.orders_text("held in review");
    shop.delivers(&id, "訳");
    forward(&shop, 10 * HOUR);
    hold(&shop, &id);
    forward(&shop, 48 * HOUR);
    release(&shop, &id);
    forward(&shop, 109 * HOUR);
    assert_eq!(status(&shop, &id), "reviewable", "167 hours after submission");
    hold(&shop, &id);
    forward(&shop, HOUR);
    release(&shop, &id);
    forward(&shop, 50 * 60);
    assert_eq!(status(&shop, &id), "reviewable");
    forward(&shop, 20 * 60);
    assert_eq!(status(&shop, &id), "approved");
    shop.verify();
}

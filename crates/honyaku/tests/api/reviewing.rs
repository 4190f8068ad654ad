//! Taking, delivering, reviewing, and the money of it (api-v2 6.3).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

#[test]
fn a_delivered_job_is_approved_and_keeps_its_feedback() {
    let shop = Shop::open();
    let id = shop.orders_text("Hello, world!");
    shop.delivers(&id, "こんにちは");
    let reviewable = shop.job(&id);
    assert_eq!((&reviewable["body_tgt"], &reviewable["eta"]), (&json!("こんにちは"), &json!(-1)));
    assert!(reviewable["captcha_url"].as_str().unwrap().starts_with(shop.origin()));
    let path = format!("translate/job/{id}");
    let approve = json!({ "action": "approve", "rating_time": 5, "rating_quality": "4", "rating_response": 4, "for_translator": "ありがとう" });
    shop.put(&path, &approve).unwrap();
    assert_eq!(shop.job(&id)["status"], "approved");
    shop.put(&path, &approve).unwrap();
    assert_eq!(shop.put(&path, &json!({ "action": "approve", "rating": 1 })).unwrap_err().code(), 2250);
    let feedback = shop.get(&format!("{path}/feedback"), "").unwrap();
    assert_eq!(feedback["feedback"], json!({ "rating": "4.0", "for_translator": "ありがとう" }));
    assert_eq!(shop.get("account/stats", "").unwrap()["credits_spent"], "0.10");
    shop.put(&path, &json!({ "action": "archive" })).unwrap();
    shop.verify();
}

#[test]
fn corrections_make_a_new_revision() {
    let shop = Shop::open();
    let id = shop.orders_text("correct me");
    shop.delivers(&id, "一");
    let path = format!("translate/job/{id}");
    assert_eq!(shop.put(&path, &json!({ "action": "revise" })).unwrap_err().code(), 2300);
    shop.put(&path, &json!({ "action": "revise", "comment": "more polite" })).unwrap();
    assert_eq!(shop.job(&id)["status"], "revising");
    shop.control(&id, "submit", &json!({ "body_tgt": "二" })).unwrap();
    let revisions = shop.get(&format!("{path}/revisions"), "").unwrap();
    assert_eq!(revisions["revisions"].as_array().unwrap().len(), 2);
    let last = revisions["revisions"][1]["rev_id"].as_str().unwrap();
    assert_eq!(shop.get(&format!("{path}/revision/{last}"), "").unwrap()["revision"]["body_tgt"], "二");
    assert_eq!(shop.get(&format!("{path}/revision/999"), "").unwrap_err().code(), 2200);
    let thread = shop.get(&format!("{path}/comments"), "").unwrap();
    assert_eq!(thread["thread"][0]["body"], "more polite");
    assert_eq!(thread["thread"][0]["author"], "customer");
}

fn captcha(shop: &Shop, id: &str) -> String {
    shop.get(&format!("sandbox/job/{id}/captcha"), "").unwrap()["captcha"].as_str().unwrap().to_owned()
}

#[test]
fn a_fair_rejection_gives_the_money_back() {
    let shop = Shop::open();
    let id = shop.orders_text("bad work");
    shop.delivers(&id, "悪い");
    let path = format!("translate/job/{id}");
    let mut reject = json!({ "action": "reject", "reason": "quality", "comment": "bad", "follow_up": "cancel", "captcha": "WRONG1" });
    let before = shop.job(&id)["captcha_url"].clone();
    let wrong = shop.put(&path, &reject).unwrap_err();
    assert_eq!(wrong.code(), 2401);
    assert_ne!(wrong.err["captcha_url"], before, "a new picture");
    assert_eq!(shop.job(&id)["captcha_url"], wrong.err["captcha_url"]);
    reject["captcha"] = json!(captcha(&shop, &id).to_lowercase());
    shop.put(&path, &reject).unwrap();
    let rejected = shop.job(&id);
    assert_eq!(rejected["status"], "rejected");
    assert!(rejected.get("body_tgt").is_none(), "refunded: no text");
    assert_eq!(shop.balance(), "1000.00");
    shop.verify();
}

#[test]
fn an_unfair_rejection_leaves_the_text_and_the_charge() {
    let shop = Shop::open();
    let id = shop.orders_text("fine work");
    shop.delivers(&id, "良い");
    shop.put(
        &format!("translate/job/{id}"),
        &json!({ "reason": "other", "comment": "no", "follow_up": "cancel" }),
    )
    .unwrap();
    assert_eq!(shop.job(&id)["body_tgt"], "良い");
    assert_eq!(shop.balance(), "999.90");
    shop.verify();
}

#[test]
fn several_jobs_are_shown_as_each_alone_in_the_order_asked() {
    let shop = Shop::open();
    let ids: Vec<String> = (0..9).map(|number| shop.orders_text(&format!("one of nine, {number}"))).collect();
    for (id, reason) in
        [(&ids[1], None), (&ids[3], None), (&ids[5], Some("quality")), (&ids[7], Some("other"))]
    {
        shop.delivers(id, &format!("訳 {id}"));
        if let Some(reason) = reason {
            let mut reject =
                json!({ "action": "reject", "reason": reason, "comment": "no", "follow_up": "cancel" });
            reject["captcha"] = json!(captcha(&shop, id));
            shop.put(&format!("translate/job/{id}"), &reject).unwrap();
        }
    }
    let asked: Vec<&String> = [7, 1, 0, 5, 3, 8, 2].map(|place| &ids[place]).into();
    let list = asked.iter().chain(&asked).map(|id| id.as_str()).collect::<Vec<_>>().join(",");
    let shown = shop.get(&format!("translate/jobs/{list},999999"), "").unwrap();
    let each: Vec<_> = asked.iter().map(|id| shop.job(id)).collect();
    assert_eq!(shown["jobs"], json!(each));
    assert_ne!(each[1]["captcha_url"], each[4]["captcha_url"]);
    assert_eq!((&each[0]["body_tgt"], each[3].get("body_tgt")), (&json!(format!("訳 {}", ids[7])), None));

    // Ordered once more: the live ones are found, each as often as it is asked for.
    let again = [3, 0, 3].map(|place| job(&format!("one of nine, {place}")));
    let found = shop.orders(&json!(again)).unwrap();
    let old = [shop.job(&ids[3]), shop.job(&ids[0])];
    assert_eq!(found["jobs"], json!([[old[0]], [old[1]], [old[0]]]));
    let order = shop.get(&format!("translate/order/{}", found["order_id"].as_str().unwrap()), "").unwrap();
    assert_eq!(order["order"]["total_jobs"], "2");
    shop.verify();
}

#[test]
fn a_rejected_job_goes_to_another_translator() {
    let shop = Shop::open();
    let id = shop.orders_text("once more");
    for round in ["quality", "other"] {
        shop.delivers(&id, "訳");
        let reject = json!({ "action": "reject", "reason": round, "comment": "again" });
        shop.put(&format!("translate/job/{id}"), &reject).unwrap();
        assert_eq!(shop.job(&id)["status"], "available");
        assert!(shop.job(&id).get("body_tgt").is_none());
    }
    shop.delivers(&id, "良い訳");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve" })).unwrap();
    assert_eq!(shop.balance(), "999.90");
    shop.verify();
}

#[test]
fn the_review_period_ends_by_itself() {
    let shop = Shop::open();
    let id = shop.orders_text("wait for me");
    shop.delivers(&id, "待つ");
    shop.post("sandbox/clock", &json!({ "forward": 119 * 3600 })).unwrap();
    assert_eq!(shop.job(&id)["status"], "reviewable");
    shop.post("sandbox/clock", &json!({ "forward": 2 * 3600 })).unwrap();
    assert_eq!(shop.job(&id)["status"], "approved");
    shop.verify();
}

#[test]
fn a_translator_who_runs_out_of_time_loses_the_job() {
    let shop = Shop::open();
    let id = shop.orders_text("too slow");
    shop.control(&id, "take", &json!({})).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 3600 + 121 })).unwrap();
    assert_eq!(shop.job(&id)["status"], "available");
    shop.delivers(&id, "速い");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "revise", "comment": "x" })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 25 * 3600 })).unwrap();
    assert_eq!(shop.job(&id)["status"], "available");
    shop.verify();
}

#[test]
fn ultra_is_edited_by_a_second_person_and_both_are_paid() {
    let shop = Shop::open();
    let mut ultra = job("edit this text");
    ultra["tier"] = json!("ultra");
    ultra["auto_approve"] = json!(1);
    let mut edited = job("edit this text");
    edited["tier"] = json!("pro");
    edited["services"] = json!(["translation", "edit"]);
    let answer = shop.orders(&json!([ultra, edited])).unwrap();
    assert_eq!(answer["job_ids"], json!(["1", "1"]), "pro with edit counts as ultra");
    shop.wait_for("1", "available");
    shop.delivers("1", "編集済み");
    assert_eq!(shop.job("1")["status"], "approved");
    shop.verify();
}

#[test]
fn bulk_actions_are_all_or_none() {
    let shop = Shop::open();
    let ids: Vec<String> = ["a1", "b1", "c1"].iter().map(|text| shop.orders_text(text)).collect();
    shop.delivers(&ids[0], "一");
    shop.delivers(&ids[1], "二");
    let refused = shop.put("translate/jobs", &json!({ "action": "approve", "job_ids": ids })).unwrap_err();
    assert_eq!(refused.code(), 2250);
    assert_eq!(refused.err["jobs"].as_object().unwrap().len(), 1);
    assert_eq!(shop.job(&ids[0])["status"], "reviewable", "none was approved");
    let items: Value = json!([{ "job_id": ids[0], "rating": 5 }, { "body_src": "b1", "lc_src": "en", "lc_tgt": "ja", "tier": "standard" }]);
    shop.put("translate/jobs", &json!({ "action": "approve", "job_ids": items })).unwrap();
    assert_eq!(shop.job(&ids[1])["status"], "approved");
    let gone = shop.call("DELETE", "translate/jobs", &format!("job_ids={},999", ids[2]), &[]);
    assert_eq!(gone.json()["err"]["code"], 2100);
    shop.call("DELETE", "translate/jobs", &format!("job_ids={}", ids[2]), &[]);
    assert_eq!(shop.job(&ids[2])["status"], "canceled");
    shop.verify();
}

#[test]
fn max_chars_binds_the_translator() {
    let shop = Shop::open();
    let mut short = job("short");
    short["max_chars"] = json!(3);
    shop.orders(&json!([short])).unwrap();
    shop.wait_for("1", "available");
    shop.control("1", "take", &json!({})).unwrap();
    assert_eq!(shop.control("1", "submit", &json!({ "body_tgt": "長すぎる" })).unwrap_err().code(), 1352);
    shop.control("1", "submit", &json!({ "body_tgt": "短い。" })).unwrap();
}

#[test]
fn a_wrong_captcha_speaks_for_many_jobs_only_if_it_is_the_first_fault() {
    let shop = Shop::open();
    let (waiting, first) = (shop.orders_text("waiting"), shop.orders_text("first"));
    shop.delivers(&first, "一");
    let before = shop.job(&first)["captcha_url"].clone();
    let wrong = json!({ "job_id": first, "reason": "quality", "comment": "x", "captcha": "nope" });
    let reject =
        |items: Value| json!({ "action": "reject", "job_ids": items, "reason": "quality", "comment": "c" });
    let refused = shop.put("translate/jobs", &reject(json!([waiting, wrong]))).unwrap_err();
    assert_eq!(refused.code(), 2650);
    let jobs: Vec<&String> = refused.err["jobs"].as_object().unwrap().keys().collect();
    assert_eq!(jobs, [&waiting, &first]);
    assert_eq!(shop.job(&first)["captcha_url"], before, "no try was used");
    let refused = shop.put("translate/jobs", &reject(json!([wrong, waiting]))).unwrap_err();
    assert_eq!(refused.code(), 2401);
    assert_eq!(refused.err["jobs"].as_object().unwrap().len(), 2);
    assert_ne!(refused.err["captcha_url"], before);
    assert_eq!(shop.job(&first)["captcha_url"], refused.err["captcha_url"]);
}

#[test]
fn an_edited_job_is_found_by_what_its_answer_says() {
    let shop = Shop::open();
    let mut edited = job("find me");
    edited["tier"] = json!("pro");
    edited["services"] = json!(["translation", "edit"]);
    shop.orders(&json!([edited])).unwrap();
    shop.wait_for("1", "available");
    let shown = shop.job("1");
    let mut item = json!({});
    for name in ["body_src", "lc_src", "lc_tgt", "tier", "services"] {
        item[name] = shown[name].clone();
    }
    shop.control("1", "status", &json!({ "status": "reviewable", "force": 1 })).unwrap();
    shop.put("translate/jobs", &json!({ "action": "approve", "job_ids": [item] })).unwrap();
    assert_eq!(shop.job("1")["status"], "approved");
}

#[test]
fn many_jobs_are_named_once_and_shown_briefly() {
    let shop = Shop::open();
    let id = shop.orders_text("twice");
    let long = "9x".repeat(50_000);
    let refused = shop.put("translate/jobs", &json!({ "action": "archive", "job_ids": [long] })).unwrap_err();
    assert!(refused.err.to_string().len() < 1_000, "cut");
    let twice = shop.call("DELETE", "translate/jobs", &format!("job_ids={id},{id}"), &[]).json();
    assert_eq!(twice["opstat"], "ok", "{twice}");
    assert_eq!(shop.job(&id)["status"], "canceled");
    shop.verify();
}

#[test]
fn fields_are_refused_before_the_state_and_comments_by_their_length() {
    let shop = Shop::open();
    let id = shop.orders_text("rated");
    shop.command(&["account", "set", "--account", "demo", "--rating-required", "1"]);
    let path = format!("translate/job/{id}");
    assert_eq!(shop.put(&path, &json!({ "action": "approve" })).unwrap_err().code(), 2500);
    assert_eq!(shop.put(&path, &json!({ "action": "approve", "rating": 3 })).unwrap_err().code(), 2250);
    let long = json!({ "action": "revise", "comment": "x".repeat(25_001) });
    assert_eq!(shop.put(&path, &long).unwrap_err().code(), 1351);
}

/// 6.2: the newest job that matches, in all that the item says.
#[test]
fn a_job_that_is_named_by_its_text_is_of_the_tier_that_is_named() {
    let shop = Shop::open();
    let tiers = ["pro", "ultra", "pro with an edit step"];
    let text = |text: &str, tier: &str| {
        let mut job = job(text);
        job["tier"] = json!(tier.split(' ').next().unwrap());
        if tier.contains("edit") {
            job["services"] = json!(["translation", "edit"]);
        }
        job
    };
    let rows = [
        (["pro", "ultra"], "pro", Some("pro")),
        (["ultra", "pro"], "ultra", Some("ultra")),
        (["ultra", "ultra"], "pro", None),
        (["pro with an edit step", "pro with an edit step"], "ultra", None),
        (["pro with an edit step", "pro with an edit step"], "pro", Some("pro with an edit step")),
    ];
    for (number, (ordered, named, acted_on)) in rows.into_iter().enumerate() {
        assert!(ordered.iter().all(|tier| tiers.contains(tier)));
        let body = format!("named {number}");
        let ids = ordered.map(|tier| {
            let placed = shop.post("translate/jobs", &json!({ "jobs": [text(&body, tier)] })).unwrap();
            let known = || placed["jobs"][0][0]["job_id"].clone();
            let id = placed["job_ids"].get(0).cloned().unwrap_or_else(known);
            let id = id.as_str().unwrap().to_owned();
            if shop.job(&id)["status"] != "reviewable" {
                shop.wait_for(&id, "available");
                shop.delivers(&id, "訳");
            }
            id
        });
        let item = json!({ "body_src": body, "lc_src": "en", "lc_tgt": "ja", "tier": named });
        let answer = shop.put("translate/jobs", &json!({ "action": "approve", "job_ids": [item] }));
        match acted_on {
            None => assert_eq!(answer.unwrap_err().code(), 2100, "{body}"),
            Some(_) => assert_eq!(answer.unwrap(), json!({}), "{body}"),
        }
        for (id, tier) in ids.iter().zip(ordered) {
            let wanted = if acted_on == Some(tier) { "approved" } else { "reviewable" };
            assert_eq!(shop.job(id)["status"], wanted, "{body}: {tier}");
        }
    }
    shop.verify();
}

/// 6.3: first the id, then the action, then its fields; for each of many as for one.
#[test]
fn an_unknown_job_among_many_is_told_before_fields_that_are_missing() {
    let shop = Shop::open();
    let id = shop.orders_text("known");
    shop.delivers(&id, "訳");
    let refused =
        shop.put("translate/jobs", &json!({ "action": "revise", "job_ids": ["999999", id] })).unwrap_err();
    let of = |id: &str| refused.err["jobs"][id][0]["code"].clone();
    assert_eq!((of("999999"), of(&id)), (json!(2100), json!(2300)), "{}", refused.err);
}

/// 1.2: what is empty is not given.
#[test]
fn a_comment_beside_an_empty_action_is_a_comment() {
    let shop = Shop::open();
    let id = shop.orders_text("commented on");
    for (number, empty) in
        [json!({ "action": null }), json!({ "action": "" }), json!({ "reason": "" })].into_iter().enumerate()
    {
        let mut data = json!({ "body": format!("comment {number}") });
        data.as_object_mut().unwrap().extend(empty.as_object().unwrap().clone());
        shop.post(&format!("translate/job/{id}"), &data).unwrap();
        let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
        assert_eq!(thread[number]["body"], data["body"], "{data}");
    }
}

//! What the robot writes (sandbox.md 3.3), and machine translations ahead of a person's
//! (api-v2 5.7).

use crate::robot::{ids, set};
use crate::shop::{Shop, job};
use serde_json::{Value, json};

const SOURCE: &str = "Hello {name}, you have %1$d new <b>messages</b>\r\n\r\n[[[Do not touch]]] but {{this}} is %s\n  See <a href=\"x\">here</a>";
const KEPT: [&str; 9] =
    ["{name}", "%1$d", "<b>", "</b>", "[[[Do not touch]]]", "{{this}}", "%s", "<a href=\"x\">", "</a>"];

#[test]
fn every_style_keeps_what_is_not_to_be_translated() {
    let shop = Shop::open();
    let breaks = |text: &str| text.chars().filter(|letter| "\r\n".contains(*letter)).collect::<String>();
    for style in ["marked", "accented", "echo", "sample", "machine", "shuffled"] {
        set(&shop, json!({ "mode": "instant", "style": style }));
        let mut ask = job(SOURCE);
        let translated = |ask: &Value| {
            let id = ids(&shop.orders(&json!([ask])).unwrap()).remove(0);
            shop.wait_for(&id, "reviewable");
            shop.job(&id)["body_tgt"].as_str().unwrap().to_owned()
        };
        ask["force"] = json!(1);
        let text = translated(&ask);
        let mut rest = text.as_str();
        for kept in KEPT {
            let at = rest.find(kept).unwrap_or_else(|| panic!("{style} lost {kept}: {text:?}"));
            rest = &rest[at + kept.len()..];
        }
        assert_eq!(breaks(&text), breaks(SOURCE), "{style}");
        assert_eq!(translated(&ask), text, "{style}: the same source, the same text");
        let expected = match style {
            "echo" => Some(SOURCE.to_owned()),
            "marked" | "machine" => Some(
                "[ja] Hello {name}, you have %1$d new <b>messages</b>\r\n\r\n[ja] [[[Do not touch]]] but {{this}} is %s\n[ja]   See <a href=\"x\">here</a>"
                    .to_owned(),
            ),
            _ => None,
        };
        match expected {
            Some(expected) => assert_eq!(text, expected, "{style}"),
            None => assert_ne!(text, SOURCE, "{style}"),
        }
    }
    shop.verify();
}

#[test]
fn the_robot_keeps_to_the_length_that_a_job_allows() {
    let shop = Shop::open();
    for style in ["marked", "accented", "echo", "sample", "shuffled"] {
        set(&shop, json!({ "mode": "instant", "style": style }));
        let mut short = job(&format!("Keep it short [[[and]]] sweet, {style} [[[sandbox: revisions=1]]]"));
        short["max_chars"] = json!(12);
        let id = ids(&shop.orders(&json!([short])).unwrap()).remove(0);
        shop.wait_for(&id, "reviewable");
        let revise = json!({ "action": "revise", "comment": "again" });
        shop.put(&format!("translate/job/{id}"), &revise).unwrap();
        shop.wait_for(&id, "reviewable");
        let text = shop.job(&id)["body_tgt"].as_str().unwrap().to_owned();
        let length = text::length::graphemes(&text);
        assert!((1..=12).contains(&length), "{style}: {text:?}");
    }
    shop.verify();
}

/// A machine's text is shown where it was asked for, and nowhere else.
#[test]
fn a_machine_translation_is_shown_ahead_only_where_it_is_asked_for() {
    let shop = Shop::open();
    let token = shop.inbox();
    set(&shop, json!({ "style": "shuffled" }));
    let id = shop.orders_text("one two three");
    let ahead = |query: &str| {
        let job = shop.get(&format!("translate/job/{id}"), query).unwrap()["job"].clone();
        (job.get("body_tgt").cloned(), job.get("mt").cloned())
    };
    let machine = (Some(json!("three two one")), Some(json!(1)));
    let none = (None, None);
    let step = |status: &str| shop.control(&id, "status", &json!({ "status": status })).unwrap();
    assert_eq!(
        (ahead("pre_mt=1"), ahead("pre_mt=true"), ahead("pre_mt=0"), ahead("")),
        (machine.clone(), machine.clone(), none.clone(), none.clone())
    );
    assert_eq!(shop.get(&format!("translate/job/{id}"), "pre_mt=x").unwrap_err().code(), 1352);
    step("hold");
    assert_eq!(ahead("pre_mt=1"), machine, "as before the hold");
    step("available");
    step("pending");
    assert_eq!(ahead("pre_mt=1"), machine);

    let several = shop.get(&format!("translate/jobs/{id}"), "pre_mt=1").unwrap()["jobs"][0].clone();
    let again = shop.post("translate/jobs", &json!({ "jobs": [job("one two three")], "pre_mt": 1 })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 1 })).unwrap();
    let requests = shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].clone();
    assert!(!requests.as_array().unwrap().is_empty());
    let elsewhere = requests.as_array().unwrap().iter().map(|request| request["job"].clone());
    for shown in elsewhere.chain([several, again["jobs"][0][0].clone()]) {
        assert_eq!((shown.get("body_tgt"), shown.get("mt")), (None, None), "{shown}");
    }
    shop.control(&id, "submit", &json!({ "body_tgt": "一 二 三" })).unwrap();
    let human = (Some(json!("一 二 三")), None);
    assert_eq!(ahead("pre_mt=1"), human);
    step("revising");
    assert_eq!(ahead("pre_mt=1"), human);
    let unpaid = shop.post("translate/jobs", &json!({ "jobs": [job("unpaid")], "process": 0 })).unwrap();
    let unpaid = shop.get(&format!("translate/job/{}", ids(&unpaid)[0]), "pre_mt=1").unwrap();
    assert_eq!(unpaid["job"].get("body_tgt"), None);
}

//! Two accounts, two environments each, on one server: everybody sees and changes what is
//! theirs and nothing else (sandbox.md 1, 12; api-v2 6).

use crate::shop::{Caller, Environment::*, Shop, encoded, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A caller and what belongs to it.
struct Tenant {
    name: &'static str,
    caller: Caller,
    job: String,
    order: String,
    group: String,
    grouped: Vec<String>,
    glossary: String,
    /// Only a sandbox has one.
    inbox: Option<String>,
}

const WORDS: &str = "en,ja\ncat,猫\n";

/// One server with four tenants, and something of everything for each.
fn street() -> (Shop, Vec<Tenant>) {
    let mut shop = Shop::live();
    shop.command(&["account", "add", "--name", "Other"]);
    shop.command(&["credit", "add", "--account", "other", "--amount", "1000.00"]);
    let csv = shop.database.directory().join("terms.csv");
    std::fs::write(&csv, WORDS).unwrap();
    let all = [
        ("acme in live", "acme", Live),
        ("acme in the sandbox", "acme", Sandbox),
        ("other in live", "other", Live),
        ("other in the sandbox", "other", Sandbox),
    ];
    let tenants = all.map(|(name, account, environment)| {
        let mut words = vec!["glossary", "add", "--account", account, "--file", csv.to_str().unwrap()];
        words.extend((environment == Sandbox).then_some("--sandbox"));
        shop.command(&words);
        let caller = shop.key(account, environment);
        shop.becomes(&caller);
        settle_in(&shop, name, caller)
    });
    (shop, tenants.into())
}

/// An order with the same `Idempotency-Key` as everybody's.
fn orders_once(shop: &Shop) -> Value {
    let data = format!("data={}", encoded(&json!({ "jobs": [job("once")] }).to_string()));
    let answer = shop.call("POST", "translate/jobs", &data, &[("idempotency-key", "one for all")]);
    assert_eq!(answer.json()["opstat"], "ok", "{}", answer.json());
    answer.json()["response"]["job_ids"][0].clone()
}

/// Everybody orders the same texts: what one has paid for must not answer another.
fn settle_in(shop: &Shop, name: &'static str, caller: Caller) -> Tenant {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let glossary = shop.get("translate/glossary", "").unwrap()[0]["id"].to_string();
    let placed = shop.orders(&json!([job("the same text")])).unwrap();
    assert_eq!((&placed["credits_used"], placed.get("jobs")), (&json!("0.15"), None), "{name}");
    let grouped =
        shop.post("translate/jobs", &json!({ "jobs": [job("one"), job("two")], "as_group": 1 })).unwrap();
    let ids = [&placed["job_ids"][0], &grouped["job_ids"][0], &grouped["job_ids"][1]].map(text);
    for id in &ids {
        shop.wait_for(id, "available");
    }
    shop.post(&format!("translate/job/{}/comment", ids[0]), &json!({ "body": format!("of {name}") }))
        .unwrap();
    let order = text(&placed["order_id"]);
    shop.post(&format!("translate/order/{order}/comment"), &json!({ "body": format!("of {name}") })).unwrap();
    let [job, one, two] = ids;
    Tenant {
        name,
        caller,
        job,
        order,
        group: text(&grouped["group_id"]),
        grouped: vec![one, two],
        glossary,
        inbox: name.ends_with("sandbox").then(|| shop.inbox()),
    }
}

/// All that a tenant can see of its own.
fn world(shop: &Shop, tenant: &Tenant) -> Value {
    let get = |path: &str| shop.get(path, "").unwrap_or_else(|refused| panic!("{path}: {}", refused.err));
    json!({
        "balance": get("account/balance"),
        "spent": get("account/stats")["credits_spent"],
        "jobs": get("translate/jobs"),
        "job": get(&format!("translate/job/{}", tenant.job)),
        "thread": get(&format!("translate/job/{}/comments", tenant.job)),
        "order": get(&format!("translate/order/{}", tenant.order)),
        "talk": get(&format!("translate/order/{}/comments", tenant.order)),
        "group": get(&format!("translate/jobs/group/{}", tenant.group)),
        "glossaries": get("translate/glossary"),
        "inbox": tenant.inbox.as_ref().map(|token| {
            let inbox = get(&format!("sandbox/inbox/{token}"));
            (inbox["answer"].clone(), inbox["fail_next"].clone())
        }),
    })
}

fn ids<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let mut ids: Vec<&str> =
        list.as_array().unwrap().iter().filter_map(|element| element[name].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_list_holds_what_is_ones_own() {
    let (mut shop, tenants) = street();
    for tenant in &tenants {
        shop.becomes(&tenant.caller);
        let mut own = vec![tenant.job.as_str(), &tenant.grouped[0], &tenant.grouped[1]];
        own.sort_unstable();
        for query in ["", "status=available", "timestamp_after=1"] {
            assert_eq!(
                ids(&shop.get("translate/jobs", query).unwrap(), "job_id"),
                own,
                "{}: {query}",
                tenant.name
            );
        }
        let events = shop.get("account/events", "").unwrap();
        let jobs: Value =
            events["events"].as_array().unwrap().iter().map(|event| event["job"].clone()).collect();
        assert_eq!(ids(&jobs, "job_id"), own, "{}", tenant.name);
        let glossaries = shop.get("translate/glossary", "").unwrap();
        let listed: Vec<String> =
            glossaries.as_array().unwrap().iter().map(|glossary| glossary["id"].to_string()).collect();
        assert_eq!(listed, [tenant.glossary.as_str()], "{}", tenant.name);
        let callbacks = || shop.get("account/callbacks", "").unwrap()["callbacks"].clone();
        match &tenant.inbox {
            None => assert_eq!(callbacks(), json!([]), "{}: its key has no address", tenant.name),
            Some(token) => {
                shop.until("three callbacks", || callbacks().as_array().unwrap().len() == 3);
                assert_eq!(ids(&callbacks(), "job_id"), own, "{}", tenant.name);
                let requests =
                    || shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].clone();
                shop.until("three requests", || requests().as_array().unwrap().len() == 3);
                assert_eq!(ids(&requests(), "job_id"), own, "{}", tenant.name);
            }
        }
        assert_eq!(shop.balance(), "999.75", "{}", tenant.name);
        assert_eq!(shop.get("account/stats", "").unwrap()["credits_spent"], "0.25", "{}", tenant.name);
    }
    shop.verify();
}

#[test]
fn what_another_account_has_is_not_there() {
    let (mut shop, tenants) = street();
    let before: Vec<Value> = tenants
        .iter()
        .map(|tenant| {
            shop.becomes(&tenant.caller);
            world(&shop, tenant)
        })
        .collect();
    for tenant in &tenants {
        shop.becomes(&tenant.caller);
        for other in tenants.iter().filter(|other| other.name != tenant.name) {
            let whose = format!("{} asks for what {} has", tenant.name, other.name);
            cannot_look(&shop, tenant, other, &whose);
            cannot_change(&shop, other, &whose);
        }
    }
    for (tenant, before) in tenants.iter().zip(before) {
        shop.becomes(&tenant.caller);
        assert_eq!(world(&shop, tenant), before, "{} is as it was", tenant.name);
    }
    shop.verify();
}

fn cannot_look(shop: &Shop, tenant: &Tenant, other: &Tenant, whose: &str) {
    let Tenant { job, order, group, grouped, glossary, .. } = other;
    let rows = [
        (format!("translate/job/{job}"), 2100),
        (format!("translate/job/{job}/comments"), 2100),
        (format!("translate/job/{job}/revisions"), 2100),
        (format!("translate/job/{job}/revision/1"), 2100),
        (format!("translate/job/{job}/feedback"), 2100),
        (format!("translate/jobs/{job},{}", grouped[0]), 2100),
        (format!("translate/order/{order}"), 2750),
        (format!("translate/order/{order}/comments"), 2750),
        (format!("translate/jobs/group/{group}"), 2600),
        (format!("translate/glossary/{glossary}"), 404),
        (format!("translate/glossary/download/{glossary}"), 404),
    ];
    for (path, code) in rows {
        assert_eq!(shop.get(&path, "").unwrap_err().code(), code, "{whose}: {path}");
    }
    let message = |id: &str| shop.get(&format!("translate/job/{id}"), "").unwrap_err().msg().replace(id, "…");
    assert_eq!(message(job), message("999999"), "{whose}: it is as if there were none");
    let preview = shop.call("GET", &format!("translate/job/{job}/preview"), "", &[]);
    assert_eq!((preview.status, preview.body.len()), (200, 0), "{whose}");
    let own = shop.get(&format!("translate/jobs/{job},{}", tenant.job), "").unwrap();
    assert_eq!(ids(&own["jobs"], "job_id"), [tenant.job.as_str()], "{whose}");
}

fn cannot_change(shop: &Shop, other: &Tenant, whose: &str) {
    let Tenant { job, order, glossary, grouped, .. } = other;
    let path = format!("translate/job/{job}");
    let say = json!({ "body": "from a stranger" });
    for action in [
        json!({ "action": "approve" }),
        json!({ "action": "revise", "comment": "c" }),
        json!({ "action": "reject", "reason": "quality", "comment": "c" }),
        json!({ "action": "archive" }),
        json!({ "action": "purchase" }),
        json!({ "action": "no such thing" }),
    ] {
        assert_eq!(shop.put(&path, &action).unwrap_err().code(), 2100, "{whose}: {action}");
        let mut many = action.clone();
        many["job_ids"] = json!([{ "job_id": job, "comment": "c", "reason": "quality" }]);
        if action["action"] != "no such thing" {
            assert_eq!(shop.put("translate/jobs", &many).unwrap_err().code(), 2100, "{whose}: {many}");
        }
    }
    let both = format!("job_ids={}", encoded(&format!("{job},{}", grouped[0])));
    let bulk = shop.call("DELETE", "translate/jobs", &both, &[]);
    assert_eq!(bulk.json()["err"]["code"], 2100, "{whose}");
    let rows = [
        (shop.delete(&path), 2100),
        (shop.post(&format!("{path}/comment"), &say), 2100),
        (shop.post(&path, &say), 2100),
        (shop.delete(&format!("translate/order/{order}")), 2750),
        (shop.post(&format!("translate/order/{order}/comment"), &say), 2750),
    ];
    for (index, (outcome, code)) in rows.into_iter().enumerate() {
        assert_eq!(outcome.unwrap_err().code(), code, "{whose}: row {index}");
    }
    let mut with_terms = crate::shop::job("with another's terms");
    with_terms["glossary_id"] = json!(glossary);
    let refused = shop.orders(&json!([with_terms])).unwrap_err();
    assert_eq!(refused.err["0"][0]["code"], 1352, "{whose}: {}", refused.err);
    if shop.base.contains("/sandbox/") {
        cannot_control(shop, other, whose);
    }
}

fn cannot_control(shop: &Shop, other: &Tenant, whose: &str) {
    let job = &other.job;
    for (step, data) in [
        ("take", json!({})),
        ("submit", json!({ "body_tgt": "訳" })),
        ("release", json!({})),
        ("advance", json!({})),
        ("status", json!({ "status": "approved", "force": 1 })),
        ("comment", json!({ "body": "as a translator" })),
        ("callback", json!({})),
    ] {
        assert_eq!(shop.control(job, step, &data).unwrap_err().code(), 2100, "{whose}: {step}");
    }
    let captcha = shop.get(&format!("sandbox/job/{job}/captcha"), "").unwrap_err();
    assert_eq!(captcha.code(), 2100, "{whose}");
    let Some(token) = other.inbox.as_ref() else { return };
    let path = format!("sandbox/inbox/{token}");
    for refused in [
        shop.get(&path, "").unwrap_err(),
        shop.put(&path, &json!({ "answer": 500, "fail_next": 3 })).unwrap_err(),
        shop.delete(&path).unwrap_err(),
    ] {
        assert_eq!(refused.code(), 404, "{whose}");
    }
}

#[test]
fn what_acts_on_everything_acts_on_ones_own() {
    let (mut shop, tenants) = street();
    let [acme_live, acme, _, other] = tenants.as_slice() else { panic!("four tenants") };
    shop.becomes(&other.caller);
    let before = world(&shop, other);
    let callbacks = shop.get("account/callbacks", "").unwrap()["callbacks"].clone();
    let foreign = callbacks[0]["id"].as_str().unwrap().to_owned();
    shop.becomes(&acme.caller);
    let moved = shop.post("sandbox/jobs/advance", &json!({ "status": "available" })).unwrap();
    // Of a group all are taken with the first, and a step is made by each that is listed.
    assert!(
        moved["job_ids"]
            .as_array()
            .unwrap()
            .iter()
            .all(|id| { id == &json!(acme.job) || acme.grouped.iter().any(|own| id == &json!(own)) })
    );
    let resend = shop.post(&format!("account/callbacks/{foreign}/resend"), &json!({})).unwrap_err();
    assert_eq!(resend.code(), 404);
    shop.post("sandbox/robot", &json!({ "mode": "instant", "apply_to_open": 1 })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 100 * 24 * 3600 })).unwrap();
    shop.wait_for(&acme.job, "approved");
    shop.post("sandbox/wipe", &json!({ "confirm": "acme" })).unwrap();
    shop.becomes(&other.caller);
    assert_eq!(world(&shop, other), before);
    assert_eq!(shop.get("sandbox", "").unwrap()["clock"]["offset"], 0);
    shop.becomes(&acme_live.caller);
    assert_eq!(shop.job(&acme_live.job)["status"], "available");
    assert_eq!(shop.balance(), "999.75");
    let made: BTreeSet<String> = tenants
        .iter()
        .map(|tenant| {
            shop.becomes(&tenant.caller);
            let id = orders_once(&shop);
            assert_eq!(orders_once(&shop), id, "{}: the second is the first's answer", tenant.name);
            id.to_string()
        })
        .collect();
    assert_eq!(made.len(), 4, "each has a job of its own");
    shop.verify();
}

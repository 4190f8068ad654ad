//! The same request again: with an `Idempotency-Key` it is answered from the first, and without one what is
//! forced twice is refused (api-v2 5.3).

use crate::house::House;
use crate::sandbox_settings::with_key;
use crate::shop::{Raw, Shop, encoded, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn forced(text: &str) -> Value {
    let mut job = job(text);
    job["force"] = json!(1);
    json!({ "jobs": { "a": job } })
}

fn data(value: &Value) -> String {
    format!("data={}", encoded(&value.to_string()))
}

fn send(shop: &Shop, key: &str, method: &str, path: &str, sent: &str) -> Raw {
    shop.call(method, path, sent, &[("Idempotency-Key", key)])
}

fn code(raw: &Raw) -> i64 {
    raw.json()["err"]["code"].as_i64().unwrap_or(0)
}

#[test]
fn a_key_used_at_once_from_twenty_threads_places_one_order() {
    let house = House::full();
    let shop = &house.shop;
    let sent = data(&forced("one two"));
    let answers: Vec<Raw> = std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..20).map(|_| scope.spawn(|| send(shop, "at once", "POST", "translate/jobs", &sent))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let bodies: BTreeSet<&[u8]> = answers.iter().map(|raw| raw.body.as_slice()).collect();
    assert_eq!(bodies.len(), 1, "{:?}", answers.iter().map(Raw::json).collect::<Vec<_>>());
    assert_eq!(code(&answers[0]), 0, "{}", answers[0].json());
    let first = answers.iter().filter(|raw| raw.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1, "one was carried out");
    assert!(answers.iter().all(|raw| ["", "true"].contains(&raw.header("idempotent-replayed"))));
    assert!(answers.iter().all(|raw| raw.header("content-type") == "application/json"));
    assert_eq!(shop.get("translate/jobs", "").unwrap().as_array().unwrap().len(), 1);
    assert_eq!(shop.balance(), "999.90");
    shop.verify();
}

#[test]
fn a_key_stands_for_one_request_whatever_it_is() {
    let mut shop = Shop::open();
    let id = shop.orders_text("commented");
    let comment = format!("translate/job/{id}/comment");
    let ask = |shop: &Shop, method: &str, path: &str, sent: &str| send(shop, "k", method, path, sent);
    let first = ask(&shop, "POST", &comment, &data(&json!({ "body": "once", "x": 1 })));
    assert_eq!(code(&first), 0);
    // The time, the signature and the order of members are no difference.
    let signed = shop.credentials();
    shop.until("the next second", || shop.credentials() != signed);
    let again = ask(&shop, "POST", &comment, &data(&json!({ "x": 1, "body": "once" })));
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
    let same = data(&json!({ "body": "once", "x": 1 }));
    let others = [
        ("POST", comment.clone(), data(&json!({ "body": "twice", "x": 1 }))),
        ("POST", comment.clone(), data(&json!({ "body": "once", "x": "1" }))),
        ("POST", comment.clone(), data(&json!({ "body": "once" }))),
        ("POST", comment.clone(), format!("{same}&format=xml&_=")),
        ("POST", comment.clone(), format!("{same}&direct=1")),
        ("POST", "translate/order/1/comment".to_owned(), same.clone()),
        ("PUT", format!("translate/job/{id}"), data(&json!({ "action": "archive" }))),
        ("POST", "translate/jobs".to_owned(), data(&forced("another"))),
        ("DELETE", format!("translate/job/{id}"), String::new()),
    ];
    for (method, path, sent) in &others {
        let raw = ask(&shop, method, path, sent);
        let body = String::from_utf8_lossy(&raw.body).into_owned();
        assert!(body.contains("1754") && body.contains("Idempotency-Key"), "{method} {path} {sent}: {body}");
        assert_eq!(raw.header("idempotent-replayed"), "");
    }
    let listed = ask(&shop, "GET", "translate/jobs", "");
    assert_eq!((code(&listed), listed.header("idempotent-replayed")), (0, ""), "GET ignores the header");
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
    assert_eq!(thread["thread"].as_array().unwrap().len(), 1, "{thread}");
    // Another key of the account shares the keys; another account has its own.
    let pair = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    with_key(&mut shop, &pair);
    assert_eq!(ask(&shop, "POST", &comment, &same).header("idempotent-replayed"), "true");
    shop.command(&["account", "add", "--name", "Acme"]);
    let pair = shop.command(&["key", "add", "--account", "acme", "--sandbox"]);
    with_key(&mut shop, &pair);
    let placed = ask(&shop, "POST", "translate/jobs", &data(&forced("another")));
    assert_eq!((code(&placed), placed.header("idempotent-replayed")), (0, ""));
}

#[test]
fn cancellations_are_repeated_like_orders_and_refusals_are_not_kept() {
    let shop = Shop::open();
    let id = shop.orders_text("to be canceled");
    let path = format!("translate/job/{id}");
    let canceled = send(&shop, "cancel", "DELETE", &path, "");
    let again = send(&shop, "cancel", "DELETE", &path, "");
    assert_eq!((code(&canceled), &again.body), (0, &canceled.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(code(&send(&shop, "another", "DELETE", &path, "")), 2252);
    // What was refused can be tried again with the same key.
    let order = data(&forced("too dear"));
    shop.post("sandbox/credits", &json!({ "set": "0.00" })).unwrap();
    let refused = send(&shop, "dear", "POST", "translate/jobs", &order);
    assert_eq!((code(&refused), refused.header("idempotent-replayed")), (2700, ""));
    shop.post("sandbox/credits", &json!({ "set": "10.00" })).unwrap();
    let placed = send(&shop, "dear", "POST", "translate/jobs", &order);
    assert_eq!((code(&placed), placed.header("idempotent-replayed")), (0, ""));
    for (key, accepted) in [("k".repeat(255), true), ("k".repeat(256), false), (String::new(), false)] {
        let raw = send(&shop, &key, "POST", "translate/jobs", &data(&json!({ "jobs": [job("lengths")] })));
        assert_eq!(code(&raw), if accepted { 0 } else { 1352 }, "{} characters", key.len());
    }
    shop.verify();
}

#[test]
fn an_answer_in_xml_is_repeated_in_xml() {
    let shop = Shop::open();
    let sent = format!("{}&format=xml", data(&forced("in XML")));
    let first = send(&shop, "xml", "POST", "translate/jobs", &sent);
    let again = send(&shop, "xml", "POST", "translate/jobs", &sent);
    assert!(first.body.starts_with(b"<?xml"), "{}", String::from_utf8_lossy(&first.body));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("content-type"), "application/xml; charset=utf-8");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let by_header = [("idempotency-key", "accept"), ("accept", "application/xml")];
    let asked = shop.call("POST", "translate/jobs", &data(&forced("by header")), &by_header);
    assert_eq!(asked.header("content-type"), "application/xml; charset=utf-8");
}

#[test]
fn what_is_forced_twice_within_five_minutes_is_guarded() {
    let mut shop = Shop::open();
    let mine = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let pair = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    let open = forced("unguarded");
    for _ in 0..2 {
        shop.post("translate/jobs", &open).unwrap();
    }
    shop.command(&["key", "set", "--key", &shop.public_key, "--guard-identical", "1"]);
    let sent = forced("guarded");
    let order = shop.post("translate/jobs", &sent).unwrap()["order_id"].as_str().unwrap().to_owned();
    let refused = |shop: &Shop, data: &Value| shop.post("translate/jobs", data).unwrap_err();
    let guarded = refused(&shop, &sent);
    assert_eq!(guarded.code(), 1754);
    let named = format!("order {order} of ");
    assert!(guarded.msg().contains(&named) && guarded.msg().contains("Idempotency-Key"), "{}", guarded.msg());
    let mut turned = serde_json::Map::new();
    for (name, value) in sent["jobs"]["a"].as_object().unwrap().iter().rev() {
        turned.insert(name.clone(), value.clone());
    }
    assert_eq!(refused(&shop, &json!({ "jobs": { "a": turned } })).code(), 1754, "members in another order");
    let mut other = sent.clone();
    other["jobs"]["a"]["slug"] = json!("other");
    shop.post("translate/jobs", &other).unwrap();
    for key in ["once more", "and again"] {
        let raw = shop.call("POST", "translate/jobs", &data(&sent), &[("idempotency-key", key)]);
        assert_eq!(code(&raw), 0, "{}", raw.json());
    }
    // What costs nothing, and what is not forced, is never refused.
    let mut machine = forced("by the engine");
    machine["jobs"]["a"]["tier"] = json!("machine");
    let mut later = forced("paid later");
    later["process"] = json!(0);
    let mut unforced = forced("not forced");
    unforced["jobs"]["a"]["force"] = json!(0);
    for harmless in [machine, later, unforced, json!({ "jobs": [job("plain")] })] {
        for _ in 0..2 {
            let placed = shop.post("translate/jobs", &harmless);
            assert!(placed.is_ok(), "{harmless}: {placed:?}");
        }
    }
    // A refused order is none that others could equal.
    shop.post("sandbox/credits", &json!({ "set": "0.00" })).unwrap();
    let dear = forced("too dear");
    for _ in 0..2 {
        assert_eq!(refused(&shop, &dear).code(), 2700);
    }
    shop.post("sandbox/credits", &json!({ "set": "10.00" })).unwrap();
    shop.post("translate/jobs", &dear).unwrap();
    // It guards the account's environment, for each key that wants it.
    with_key(&mut shop, &pair);
    shop.post("translate/jobs", &sent).unwrap();
    shop.command(&["key", "set", "--key", &shop.public_key, "--guard-identical", "1"]);
    assert_eq!(refused(&shop, &dear).code(), 1754);
    with_key(&mut shop, &mine);
    shop.post("sandbox/clock", &json!({ "forward": 301 })).unwrap();
    shop.post("translate/jobs", &sent).unwrap();
    assert_eq!(refused(&shop, &sent).code(), 1754);
    shop.verify();
}

/// A list may come as one parameter repeated: all of its values are the request.
#[test]
fn a_repeated_parameter_counts_with_all_its_values() {
    let shop = Shop::open();
    let ids = ["one", "two", "three"].map(|text| shop.orders_text(text));
    let [first, second, third] = &ids;
    let list = |name: &str, ids: [&str; 2]| format!("{name}={}&{name}={}", ids[0], ids[1]);
    let delete = |sent: &str| send(&shop, "d", "DELETE", "translate/jobs", sent);
    assert_eq!(code(&delete(&list("job_ids", [first, third]))), 0);
    assert_eq!(code(&delete(&list("job_ids", [second, third]))), 1754);
    assert_eq!(delete(&list("job_ids", [first, third])).header("idempotent-replayed"), "true");
    assert_eq!(shop.job(second)["status"], "available");

    let unpaid = json!({ "jobs": [job("four"), job("five"), job("six")], "process": 0 });
    let ids = shop.post("translate/jobs", &unpaid).unwrap()["job_ids"].clone();
    let ids: Vec<&str> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let buy = |of: [&str; 2]| {
        let sent = format!("action=purchase&{}", list("job_ids[]", of));
        send(&shop, "p", "PUT", "translate/jobs", &sent)
    };
    assert_eq!(code(&buy([ids[0], ids[2]])), 0);
    assert_eq!(code(&buy([ids[1], ids[2]])), 1754);
    assert_eq!(shop.job(ids[1])["status"], "unpaid");
}

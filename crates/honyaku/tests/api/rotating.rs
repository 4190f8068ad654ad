//! A key's successor: both pairs work for a while, and nothing that the old one began is lost (api-v2 8).

use crate::database::refusal;
use crate::sandbox_settings::with_key;
use crate::shop::{Shop, job};
use serde_json::{Value, json};

/// The signatures that a callback bore, and those that these secrets give, in their order.
fn signatures(request: &Value, secrets: &[&str]) -> (Vec<String>, Vec<String>) {
    let header =
        |name: &str| request["headers"][name].as_str().unwrap_or_else(|| panic!("{request}")).to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp").parse().unwrap());
    let body = request["body"].as_str().unwrap().as_bytes();
    let right = secrets
        .iter()
        .map(|secret| outbound::signature::sign(secret, &id, timestamp, body).unwrap())
        .collect();
    (header("webhook-signature").split(' ').map(str::to_owned).collect(), right)
}

fn rotated(shop: &Shop, words: &[&str]) -> Value {
    shop.command(&[&["key", "rotate", "--key", &shop.public_key], words].concat())
}

fn received(shop: &Shop, token: &str, count: usize) -> Vec<Value> {
    let all =
        || shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().clone();
    shop.until(&format!("{count} callbacks"), || all().len() >= count);
    all()
}

fn secret_of(shop: &Shop) -> String {
    let told = shop.command(&["key", "secret", "--key", &shop.public_key]);
    told.as_str().unwrap().trim().to_owned()
}

#[test]
fn both_pairs_are_taken_and_both_secrets_sign() {
    let mut shop = Shop::open();
    let token = shop.inbox();
    let of_old = shop.orders_text("ordered with the old key");
    received(&shop, &token, 1);
    let (old, old_secret) = ((shop.public_key.clone(), shop.private_key.clone()), secret_of(&shop));

    let new = rotated(&shop, &[]);

    let new_secret = new["webhook_secret"].as_str().unwrap();
    assert_eq!((new["environment"].as_str(), new_secret == old_secret), (Some("sandbox"), false));
    shop.orders_text("the old key is still taken");
    with_key(&mut shop, &new);
    let of_new = shop.orders_text("and so is the new one");
    for request in &received(&shop, &token, 3)[1..] {
        let (bears, right) = signatures(request, &[new_secret, &old_secret]);
        assert_eq!(bears, right, "the newest first");
    }
    // What the old key ordered is called back where its successor's callbacks go.
    let other = shop.post("sandbox/inbox", &json!({})).unwrap();
    shop.command(&[
        "key",
        "set",
        "--key",
        &shop.public_key,
        "--callback-url",
        other["url"].as_str().unwrap(),
    ]);
    for id in [&of_old, &of_new] {
        shop.control(id, "take", &json!({})).unwrap();
    }
    assert_eq!(received(&shop, other["token"].as_str().unwrap(), 2).len(), 2);

    shop.command(&["key", "revoke", "--key", &old.0]);
    shop.control(&of_old, "submit", &json!({})).unwrap();
    let last = received(&shop, other["token"].as_str().unwrap(), 3).remove(2);
    let (bears, right) = signatures(&last, &[new_secret]);
    assert_eq!(bears, right, "a secret that ended signs nothing");
    (shop.public_key, shop.private_key) = old;
    assert_eq!(shop.get("account/balance", "").unwrap_err().code(), 1000);
}

#[test]
fn a_key_without_time_left_ends_at_once_and_is_rotated_once() {
    let mut shop = Shop::open();
    let first = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let second = rotated(&shop, &["--hours", "0"]);
    assert_eq!(shop.get("account/balance", "").unwrap_err().code(), 1000);
    let again = ["key", "rotate", "--key", &shop.public_key];
    let refused = shop.database.command(&again).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("was rotated before"), "{said}");
    with_key(&mut shop, &second);
    let listed = shop.database.command(&["key", "list", "--account", "demo"]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let line = |key: &Value| -> Value {
        let public = key["public_key"].as_str().unwrap();
        serde_json::from_str(listed.lines().find(|line| line.contains(public)).unwrap()).unwrap()
    };
    assert_eq!((&line(&first)["revoked"], &line(&second)["revoked"]), (&json!(true), &json!(false)));
    assert_eq!(line(&second)["callback_url"], line(&first)["callback_url"]);
}

#[test]
fn one_limit_holds_for_a_key_and_all_that_follow_it() {
    let mut shop = Shop::open();
    let limited = |shop: &Shop, most: &str| {
        shop.command(&["key", "set", "--key", &shop.public_key, "--spending-limit", most]);
    };
    // A text of two words costs 0.10.
    limited(&shop, "0.40");
    let first = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    shop.orders(&json!([job("spends one")])).unwrap();
    let second = rotated(&shop, &[]);
    shop.orders(&json!([job("spends two")])).unwrap();
    with_key(&mut shop, &second);
    let third = rotated(&shop, &[]);
    shop.orders(&json!([job("spends three")])).unwrap();
    with_key(&mut shop, &third);
    shop.orders(&json!([job("spends four")])).unwrap();
    for key in [&first, &second, &third] {
        with_key(&mut shop, key);
        let refused = shop.orders(&json!([job("one too many")])).unwrap_err();
        assert!(refused.code() == 2700 && refused.msg().contains("spending limit"), "{}", refused.err);
    }
    for (flag, value) in
        [("--spending-limit", "9.00"), ("--callback-url", "https://a.example/"), ("--callback-all", "1")]
    {
        let of_old = ["key", "set", "--key", first["public_key"].as_str().unwrap(), flag, value];
        let refused = refusal(&mut shop.database.command(&of_old));
        assert!(refused.contains("the pair that took its place") && refused.contains(flag), "{refused}");
    }
    limited(&shop, "0.50");
    with_key(&mut shop, &first);
    shop.orders(&json!([job("the last")])).unwrap();
    shop.verify();
}

/// 5.5: what is bought counts for the key that buys it, whichever stored it.
#[test]
fn a_limit_is_of_the_key_that_buys() {
    let mut shop = Shop::open();
    let free = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let limited = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    let public = limited["public_key"].as_str().unwrap();
    shop.command(&["key", "set", "--key", public, "--spending-limit", "0.10"]);
    let store = |shop: &Shop, text: &str| {
        let placed = shop.post("translate/jobs", &json!({ "jobs": [job(text)], "process": 0 })).unwrap();
        placed["job_ids"][0].as_str().unwrap().to_owned()
    };
    let buys = |shop: &Shop, id: &str| {
        shop.put(&format!("translate/job/{id}"), &json!({ "action": "purchase" })).map(|_| ())
    };
    let by_free = ["stored one", "stored two"].map(|text| store(&shop, text));
    with_key(&mut shop, &limited);
    let by_limited = store(&shop, "stored three");
    buys(&shop, &by_free[0]).unwrap();
    assert_eq!(buys(&shop, &by_free[1]).unwrap_err().code(), 2700);
    with_key(&mut shop, &free);
    buys(&shop, &by_limited).unwrap();
    buys(&shop, &by_free[1]).unwrap();
    shop.verify();
}

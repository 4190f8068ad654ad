//! What the server writes down about calls: enough to find one, and nothing that is the
//! customer's business alone.

use crate::shop::{Environment::Sandbox, Shop, encoded, job};
use serde_json::{Value, json};

/// The lines about one call.
fn lines_of(shop: &Shop, request_id: &str) -> Vec<Value> {
    let lines = shop.log();
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["request_id"] == request_id)
        .collect()
}

#[test]
fn every_call_has_one_line_with_its_id_and_nothing_of_what_was_said() {
    let mut shop = Shop::live_with(&[
        "--log-level",
        "trace",
        "--callbacks-allow-loopback",
        "1",
        "--callbacks-allow-low-ports",
        "1",
    ]);
    let live = (shop.public_key.clone(), shop.private_key.clone());
    shop.becomes(&shop.key("acme", Sandbox));
    let webhook_secret = shop.command(&["key", "secret", "--key", &shop.public_key]);
    let webhook_secret = webhook_secret.as_str().unwrap().trim().to_owned();

    let mut told = job("a text that nobody reads xyzzy");
    told["comment"] = json!("a comment in confidence plugh");
    told["custom_data"] = json!("data of our own frotz");
    // One to the inbox, one over the network to nobody.
    let mut elsewhere = job("another text xyzzy");
    elsewhere["callback_url"] = json!("http://127.0.0.1:2/hook?password=hunter2");
    let placed = shop.orders(&json!([told, elsewhere])).unwrap();
    let ids = [0, 1].map(|index| placed["job_ids"][index].as_str().unwrap().to_owned());
    shop.wait_for(&ids[1], "available");
    shop.delivers(&ids[0], "誰も読まない訳文");
    shop.post(&format!("translate/job/{}/comment", ids[0]), &json!({ "body": "said aloud plugh" })).unwrap();
    let token = shop.inbox();
    shop.until("callbacks", || {
        shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].as_array().unwrap().len() == 3
    });
    shop.until("the one to nobody has failed", || {
        let all = shop.get("account/callbacks", "").unwrap()["callbacks"].clone();
        all.as_array().unwrap().iter().any(|callback| {
            callback["job_id"] == ids[1] && !callback["attempts"].as_array().unwrap().is_empty()
        })
    });
    let inbox = shop.get(&format!("sandbox/inbox/{token}"), "").unwrap();
    let webhook_signature = inbox["requests"][0]["headers"]["webhook-signature"].as_str().unwrap().to_owned();
    let captcha = shop.get(&format!("sandbox/job/{}/captcha", ids[0]), "").unwrap();

    let credentials = shop.credentials();
    let signature = credentials.rsplit_once("api_sig=").unwrap().1.to_owned();
    let wrong = "00000000000000000000000000000000deadbeef";
    let data = format!("data={}", encoded(&json!({ "jobs": [job("refused xyzzy")] }).to_string()));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let url = |path: &str| format!("{}{path}", shop.base);
    let refused = format!("{}&{data}", credentials.replace(&signature, wrong));
    let xml = [("accept", "application/xml")];
    let calls = [
        (shop.raw("POST", &url("translate/jobs"), &form, Some(refused.as_bytes())), "translate/jobs"),
        (shop.raw("GET", &url(&format!("account/balance?{credentials}")), &xml, None), "account/balance"),
        (
            shop.raw("GET", &url(&format!("translate/job/{}?{credentials}", ids[0])), &[], None),
            "translate/job/",
        ),
        (shop.raw("GET", &url(&format!("translate/jbos?{credentials}")), &[], None), "translate/jbos"),
        (shop.raw("DELETE", &url(&format!("account/balance?{credentials}")), &[], None), "account/balance"),
        (
            shop.raw(
                "POST",
                &url("translate/jobs"),
                &form,
                Some(format!("{credentials}&data={{x").as_bytes()),
            ),
            "translate/jobs",
        ),
        (shop.raw("POST", &url("translate/jobs"), &form, Some(b"data=%FF")), "translate/jobs"),
    ];
    for (answer, path) in &calls {
        let id = answer.header("honyaku-request-id");
        shop.until(&format!("{path} is written down"), || !lines_of(&shop, id).is_empty());
        let lines = lines_of(&shop, id);
        assert_eq!(lines.len(), 1, "{path}: {lines:?}");
        assert_eq!(lines[0]["status"], answer.status, "{path}: {lines:?}");
        assert!(lines[0]["path"].as_str().unwrap().contains(path), "{path}: {lines:?}");
    }
    let log = shop.log();
    let secrets = [
        ("a text", "xyzzy"),
        ("a translation", "誰も読まない"),
        ("a comment", "plugh"),
        ("custom data", "frotz"),
        ("a private key", &shop.private_key),
        ("live's private key", &live.1),
        ("a key's secret", &webhook_secret),
        ("the secret without its prefix", webhook_secret.strip_prefix("whsec_").unwrap()),
        ("a callback's signature", &webhook_signature),
        ("a signature", &signature),
        ("a wrong signature", wrong),
        ("a captcha", captcha["captcha"].as_str().unwrap()),
        ("what an address carries", "hunter2"),
    ];
    let found: Vec<String> = secrets
        .iter()
        .filter_map(|(what, secret)| {
            let line = log.lines().find(|line| line.contains(*secret))?;
            Some(format!("{what}: {}", line.chars().take(300).collect::<String>()))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    let installation = std::fs::read_to_string(shop.database.directory().join("secret.key")).unwrap();
    assert!(!log.contains(installation.trim()));
    assert!(log.contains("TRACE"), "it was as talkative as can be");
}

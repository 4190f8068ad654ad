//! Where the API is reached, and how long what reached it stays valid (api-v2 2, sandbox.md 1.1).

use crate::database::Database;
use crate::files::attaches;
use crate::sandbox_settings::with_key;
use crate::shop::{Environment, Shop, job};
use serde_json::{Value, json};

/// A call to a host by name.
fn at(shop: &Shop, host: &str, path: &str) -> Value {
    let url = format!("{}{path}account/balance?{}", shop.origin(), shop.credentials());
    shop.raw("GET", &url, &[("host", host)], None).json()
}

#[test]
fn the_sandbox_may_have_a_host_of_its_own() {
    let flags = [
        ["--live-enabled", "1"],
        ["--sandbox-key-selects-environment", "0"],
        ["--live-api-url", "https://api.acme.example/"],
        ["--sandbox-api-url", "https://api.sandbox.acme.example"],
    ];
    let shop = Shop::open_with(flags.as_flattened());
    for (host, path) in [
        ("api.sandbox.acme.example", "/v2/"),
        ("API.Sandbox.Acme.example:443", "/v2/"),
        ("api.sandbox.acme.example", "/sandbox/v2/"),
        ("api.acme.example", "/sandbox/v2/"),
    ] {
        assert_eq!(at(&shop, host, path)["response"]["credits"], "1000.00", "{host}{path}");
    }
    let refused = at(&shop, "api.acme.example", "/v2/");
    assert_eq!(refused["err"]["code"], 1000);
    let msg = refused["err"]["msg"].as_str().unwrap();
    assert!(
        msg.ends_with("this is a sandbox key; use it with the base URL https://api.sandbox.acme.example/v2/"),
        "{msg}"
    );
}

/// Keys may be made before anything is served, by a command that does not know where that will be.
#[test]
fn a_key_made_before_the_first_start_calls_the_inbox_that_is_served() {
    let database = Database::new();
    let made = |words: &[&str]| -> Value {
        let done = database.command(words).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    made(&["account", "add", "--name", "Acme"]);
    let key = made(&["key", "add", "--account", "acme", "--sandbox"]);
    let mut shop = Shop::live_on(database, &[]);
    let later = shop.command(&["key", "add", "--account", "acme", "--sandbox"]);
    shop.becomes(&shop.key("acme", Environment::Sandbox));
    for pair in [&key, &later] {
        with_key(&mut shop, pair);
        let id = shop.orders_text(&format!("ordered by {}", shop.public_key));
        let inbox = format!("sandbox/inbox/{}", shop.inbox());
        shop.until("it is called", || {
            shop.get(&inbox, &format!("job_id={id}")).unwrap()["requests"] != json!([])
        });
    }
}

#[test]
fn an_address_that_is_none_is_told_at_the_start() {
    let shop = Shop::open();
    for address in ["api.acme.example", "ftp://acme.example", "https://acme.example/api"] {
        let done = shop.database.command(&["config", "--sandbox-api-url", address]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains("sandbox.api_url"), "{address}: {said}");
    }
    let same =
        ["config", "--public-url", "https://acme.example", "--sandbox-api-url", "https://acme.example:8443"];
    let done = shop.database.command(&same).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        !done.status.success() && said.contains("write another host"),
        "all would be the sandbox: {said}"
    );
}

#[test]
fn how_long_a_signature_is_valid_is_a_setting() {
    let shop = Shop::open_with(&["--signature-back-s", "100", "--signature-ahead-s", "20"]);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for (ts, code) in
        [(now - 60, Value::Null), (now - 200, json!(1000)), (now + 15, Value::Null), (now + 90, json!(1000))]
    {
        let ts = ts.to_string();
        let signature = wire::signature::sign(&shop.private_key, &ts);
        let url =
            format!("{}account/balance?api_key={}&ts={ts}&api_sig={signature}", shop.base, shop.public_key);
        let answer = shop.raw("GET", &url, &[], None).json();
        assert_eq!(answer["err"]["code"], code, "{ts} at {now}: {answer}");
    }
}

/// What is stored under the server's address of the time is where the server is now.
#[test]
fn files_and_inboxes_follow_the_server_to_another_address() {
    let shop = Shop::open();
    let token = shop.inbox();
    let mut to_inbox = job("ordered at the old address");
    to_inbox["callback_url"] = json!(format!("{}/inbox/{token}", shop.origin()));
    let id = shop.orders(&json!([to_inbox])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    shop.wait_for(&id, "available");
    attaches(&shop, &id, b"a brief");
    let before = shop.origin().to_owned();
    let shop = shop.restart().restart();
    assert_ne!(shop.origin(), before);
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
    let address = thread[0]["attachments"][0]["url"].as_str().unwrap();
    assert!(address.starts_with(shop.origin()), "{address}");
    assert_eq!(shop.raw("GET", address, &[], None).body, b"a brief");
    shop.delivers(&id, "訳");
    shop.until("its inbox is told", || {
        let requests = shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].clone();
        requests.as_array().unwrap().iter().any(|request| request["event"] == "job.reviewable")
    });
}

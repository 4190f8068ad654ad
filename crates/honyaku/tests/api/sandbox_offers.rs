//! The operator's settings of environments: which there are, whose keys work where, and how
//! much a sandbox holds (sandbox.md 1.4).

use crate::database::lines;
use crate::shop::{Environment, Environment::*, Raw, Shop, job};
use serde_json::{Value, json};

fn code(answer: &Raw) -> (u16, i64) {
    (answer.status, answer.json()["err"]["code"].as_i64().unwrap_or(0))
}

/// What a key of an environment gets at an address.
fn at(shop: &mut Shop, environment: Environment, base: &str, path: &str) -> Raw {
    let key = shop.key("acme", environment);
    shop.becomes(&key);
    shop.base = format!("{}{base}", shop.origin());
    shop.call("GET", path, "", &[])
}

const HELLO: (u16, i64) = (200, 0);
const NO_PATH: (u16, i64) = (404, 404);
const DENIED: (u16, i64) = (200, 1000);

#[test]
fn an_environment_that_is_switched_off_is_not_there() {
    // The flags, and what each key gets at each address: balance, then the controls.
    let rows = [
        (
            &["--sandbox-enabled", "0"][..],
            [
                (Live, "/v2/", HELLO, NO_PATH),
                (Live, "/sandbox/v2/", NO_PATH, NO_PATH),
                (Sandbox, "/v2/", DENIED, NO_PATH),
                (Sandbox, "/sandbox/v2/", NO_PATH, NO_PATH),
            ],
        ),
        (
            &["--live-enabled", "0"],
            [
                (Live, "/v2/", NO_PATH, NO_PATH),
                (Live, "/sandbox/v2/", DENIED, DENIED),
                (Sandbox, "/v2/", NO_PATH, NO_PATH),
                (Sandbox, "/sandbox/v2/", HELLO, HELLO),
            ],
        ),
        (
            &["--sandbox-key-selects-environment", "1"],
            [
                (Live, "/v2/", HELLO, DENIED),
                (Live, "/sandbox/v2/", DENIED, DENIED),
                (Sandbox, "/v2/", HELLO, HELLO),
                (Sandbox, "/sandbox/v2/", HELLO, HELLO),
            ],
        ),
        (
            &["--live-enabled", "0", "--sandbox-key-selects-environment", "1"],
            [
                (Live, "/v2/", DENIED, DENIED),
                (Live, "/sandbox/v2/", DENIED, DENIED),
                (Sandbox, "/v2/", HELLO, HELLO),
                (Sandbox, "/sandbox/v2/", HELLO, HELLO),
            ],
        ),
    ];
    for (flags, expected) in rows {
        let mut shop = Shop::live_with(flags);
        for (environment, base, balance, controls) in expected {
            let shown = format!("{flags:?}: a {environment:?} key at {base}");
            let answer = at(&mut shop, environment, base, "account/balance");
            assert_eq!(code(&answer), balance, "{shown}: {}", answer.json());
            if balance == HELLO {
                let name = if environment == Sandbox { "sandbox" } else { "live" };
                assert_eq!(answer.header("honyaku-environment"), name, "{shown}");
                assert_eq!(answer.json()["response"]["credits"], "1000.00", "{shown}");
            }
            let answer = at(&mut shop, environment, base, "sandbox");
            assert_eq!(code(&answer), controls, "{shown}: {}", answer.json());
        }
    }
}

#[test]
fn inboxes_are_there_as_long_as_the_sandbox_is_and_nobody_finds_them() {
    for (flags, status) in [(&["--sandbox-enabled", "0"][..], 404), (&[], 403)] {
        let shop = Shop::live_with(flags);
        shop.key("acme", Sandbox);
        let keys = lines(&mut shop.database.command(&["key", "list", "--account", "acme"]));
        let keys: Vec<Value> = keys.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let inbox = keys.iter().find_map(|key| key["callback_url"].as_str()).unwrap();
        let answer = shop.raw("POST", inbox, &[], Some(b"hello"));
        assert_eq!(answer.status, status, "{flags:?}");
        if status == 403 {
            assert_eq!(answer.header("x-robots-tag"), "noindex");
        }
    }
}

/// A sandbox's key on the live address works in the sandbox: nothing of it reaches live.
#[test]
fn a_key_that_selects_its_environment_spends_test_credits() {
    let mut shop = Shop::live_with(&["--sandbox-key-selects-environment", "1"]);
    let (live, sandbox) = (shop.key("acme", Live), shop.key("acme", Sandbox));
    shop.becomes(&sandbox);
    shop.base = format!("{}/v2/", shop.origin());
    let id = shop.orders_text("on the live address");
    shop.delivers(&id, "訳");
    assert_eq!(shop.balance(), "999.80");
    shop.base = format!("{}/sandbox/v2/", shop.origin());
    assert_eq!(shop.job(&id)["status"], "reviewable");
    shop.becomes(&live);
    assert_eq!((shop.balance().as_str(), shop.get("translate/jobs", "").unwrap()), ("1000.00", json!([])));
    assert_eq!(shop.get(&format!("translate/job/{id}"), "").unwrap_err().code(), 2100);
    shop.verify();
}

#[test]
fn a_sandbox_starts_with_and_holds_what_the_operator_says() {
    let flags =
        ["--sandbox-start-credits", "12.50", "--sandbox-max-credits", "20.00", "--sandbox-max-jobs", "3"];
    let mut shop = Shop::live_with(&flags);
    shop.becomes(&shop.key("acme", Sandbox));
    assert_eq!(shop.balance(), "12.50");
    assert_eq!(shop.post("sandbox/credits", &json!({ "add": "7.51" })).unwrap_err().code(), 1352);
    assert_eq!(shop.post("sandbox/credits", &json!({ "add": "7.50" })).unwrap()["credits"], "20.00");
    let texts = |range: std::ops::Range<i64>| -> Value {
        range.map(|number| job(&format!("text {number}"))).collect()
    };
    shop.orders(&texts(0..2)).unwrap();
    let full = shop.orders(&texts(2..4)).unwrap_err();
    assert_eq!(full.code(), 1352, "{}", full.err);
    assert!(full.msg().contains('3'), "it says how many: {}", full.msg());
    // What is known already takes no room, and what fits is taken.
    shop.orders(&texts(0..3)).unwrap();
    assert_eq!(shop.orders(&texts(3..4)).unwrap_err().code(), 1352);
    shop.post("sandbox/wipe", &json!({ "confirm": "acme" })).unwrap();
    assert_eq!(shop.balance(), "12.50", "a wipe gives what a new one has");
    shop.orders(&texts(0..3)).unwrap();
    // Live has no such limits.
    shop.becomes(&shop.key("acme", Live));
    assert_eq!(shop.balance(), "1000.00");
    shop.orders(&texts(0..5)).unwrap();
    shop.verify();
}

#[test]
fn amounts_of_a_sandbox_are_in_the_accounts_currency() {
    let mut shop = Shop::live();
    for (currency, start, all) in
        [("JPY", "1000", ["11000", "1000000"]), ("EUR", "1000.00", ["11000.00", "1000000.00"])]
    {
        let account = currency.to_lowercase();
        shop.command(&["account", "add", "--name", &account, "--currency", currency]);
        shop.becomes(&shop.key(&account, Sandbox));
        assert_eq!(shop.balance(), start, "{currency}");
        let credits =
            |data: Value| shop.post("sandbox/credits", &data).map(|answer| answer["credits"].clone());
        assert_eq!(credits(json!({ "add": "10001" })).unwrap_err().code(), 1352, "{currency}");
        assert_eq!(credits(json!({ "add": "10000" })).unwrap(), all[0], "{currency}");
        assert_eq!(credits(json!({ "set": "1000001" })).unwrap_err().code(), 1352, "{currency}");
        assert_eq!(credits(json!({ "set": "1000000" })).unwrap(), all[1], "{currency}");
        shop.post("sandbox/wipe", &json!({ "confirm": account })).unwrap();
        assert_eq!(shop.balance(), start, "{currency}: after a wipe");
    }
    shop.verify();
}

#[test]
fn a_sandbox_key_has_a_rate_of_its_own() {
    let flags = ["--sandbox-rate-limit", "5", "--rate-limit-per-key", "30", "--rate-limit-per-address", "0"];
    let mut shop = Shop::live_with(&flags);
    for (environment, most) in [(Sandbox, "5"), (Live, "30")] {
        shop.becomes(&shop.key("acme", environment));
        let first = shop.call("GET", "account/balance", "", &[]);
        assert_eq!((first.status, first.header("ratelimit-limit")), (200, most), "{environment:?}");
        let throttled = (0..400).find_map(|_| shop.get("account/balance", "").err());
        assert_eq!(throttled.map(|refused| refused.code()), Some(2800), "{environment:?}");
    }
}

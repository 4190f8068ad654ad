//! Who calls: every check of api-v2 2, in its order and at its edges.

use crate::races::together;
use crate::shop::{Caller, Environment, Raw, Shop, encoded};
use base64::Engine as _;
use serde_json::{Value, json};

/// A key pair.
struct Pair {
    public: String,
    private: String,
}

impl Pair {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        Self { public: text("public_key"), private: text("private_key") }
    }

    fn of_shop(shop: &Shop) -> Self {
        Self { public: shop.public_key.clone(), private: shop.private_key.clone() }
    }

    /// A new one of an account's sandbox.
    fn add(shop: &Shop, account: &str) -> Self {
        Self::of(&shop.command(&["key", "add", "--account", account, "--sandbox"]))
    }

    fn set(&self, shop: &Shop, flag: &str, value: &str) {
        shop.command(&["key", "set", "--key", &self.public, flag, value]);
    }

    fn signed(&self, ts: &str) -> String {
        let signature = wire::signature::sign(&self.private, ts);
        format!("api_key={}&ts={}&api_sig={signature}", encoded(&self.public), encoded(ts))
    }

    fn basic(&self) -> String {
        let pair = format!("{}:{}", self.public, self.private);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn balance(shop: &Shop, query: &str, headers: &[(&str, &str)]) -> Raw {
    shop.raw("GET", &format!("{}account/balance?{query}", shop.base), headers, None)
}

/// The code of a refusal and its message; nothing of an answer that worked.
fn refusal(raw: &Raw) -> Option<(i64, String)> {
    let answer = raw.json();
    assert!(raw.status == 200 || raw.status == 429, "{}: {answer}", raw.status);
    let err = answer.get("err")?;
    Some((err["code"].as_i64().unwrap(), err["msg"].as_str().unwrap().to_owned()))
}

fn assert_refused(raw: &Raw, code: i64, words: &str, what: &str) {
    match refusal(raw) {
        Some((found, msg)) => {
            assert!(found == code && msg.contains(words), "{what}: {found} {msg}, not {code} {words}");
        }
        None => panic!("{what}: worked, not {code} {words}"),
    }
}

const WRONG: &str = "the key is not known here or was revoked, or the signature does not fit";

/// Each row is wrong in what it is named for and in all that is checked after it.
#[test]
fn the_first_fault_in_the_contracts_order_answers() {
    let shop = Shop::open();
    shop.command(&["account", "add", "--name", "Acme"]);
    let (revoked, limited) = (Pair::add(&shop, "acme"), Pair::add(&shop, "acme"));
    let live = Pair::of(&shop.command(&["key", "add", "--account", "acme"]));
    shop.command(&["key", "revoke", "--key", &revoked.public]);
    for key in [&revoked, &limited, &live] {
        key.set(&shop, "--versions", "v1");
        key.set(&shop, "--addresses", "192.0.2.1");
    }
    let suspend = |on| shop.command(&["account", "set", "--account", "acme", "--suspended", on]);
    suspend("1");
    let ask = |query: &str, code: i64, words: &str, what: &str| {
        let url = format!("{}/sandbox/v2/translate/jobs?{query}", shop.origin());
        assert_refused(&shop.raw("POST", &url, &[], Some(b"")), code, words, what);
    };
    let recent = now().to_string();
    let unsigned = |key: &Pair| format!("api_key={}", key.public);
    ask("", 1150, "\"api_key\" is a required field", "nothing is given");
    ask("api_key=&api_sig=&ts=", 1150, "\"api_key\" is a required field", "all are empty");
    ask("api_key=unknown", 1100, "\"api_sig\" is a required field", "no signature");
    ask("api_key=unknown&api_sig=", 1100, "\"api_sig\" is a required field", "an empty signature");
    ask("api_key=unknown&api_sig=x", 1200, "\"ts\" - timestamp is a required field", "no time");
    ask("api_key=unknown&api_sig=x&ts=soon", 1201, "must be numeric", "no number");
    ask("api_key=unknown&api_sig=x&ts=1", 1000, WRONG, "an unknown key");
    ask(&revoked.signed("1"), 1000, WRONG, "a revoked key");
    ask(&format!("{}&api_sig=x&ts=1", unsigned(&limited)), 1000, WRONG, "a wrong signature");
    ask(&limited.signed("1"), 1000, "ts 1 is too old", "an old signature");
    ask(&limited.signed(&recent), 1000, "the account is suspended", "a suspended account");
    suspend("0");
    let base = format!("this is a live key; use it with the base URL {}/v2/", shop.origin());
    ask(&live.signed(&recent), 1000, &base, "a key of the other environment");
    ask(&limited.signed(&recent), 1000, "may not use the API v2; it may use v1", "another version");
    limited.set(&shop, "--versions", "v1.1, v2");
    ask(&limited.signed(&recent), 1000, "may not be used from the address 127.0.0.1", "another address");
    limited.set(&shop, "--addresses", "192.0.2.1, 127.0.0.1");
    ask(&limited.signed(&recent), 1250, "\"data\" is a required field", "no data");
    ask(&format!("{}&data=%7B", limited.signed(&recent)), 1251, "cannot be decoded: line 1", "broken data");
    limited.set(&shop, "--versions", "");
    limited.set(&shop, "--addresses", "");
    ask(&format!("{}&data=%7B%7D", limited.signed(&recent)), 1800, "jobs", "any version, any address");
}

/// Size, path, method and rate are looked at before anybody is asked who they are.
#[test]
fn what_needs_no_key_is_checked_first() {
    let shop = Shop::open_with(&["--rate-limit-per-address", "3"]);
    let ask = |method: &str, path: &str| {
        let raw = shop.raw(method, &format!("{}{path}", shop.base), &[], None);
        (raw.status, raw.json()["err"]["code"].as_i64().unwrap())
    };
    let announced = |path: &str| {
        use std::io::{Read, Write};
        let address = shop.origin().strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "PATCH {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 104857601\r\n\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8_lossy(&status).into_owned()
    };
    let before_the_rate = || {
        assert_eq!(announced("/v2/no/such/path"), "HTTP/1.1 413");
        assert_eq!(ask("DELETE", "no/such/path"), (404, 404));
        assert_eq!(ask("DELETE", "account/balance"), (405, 405));
    };
    before_the_rate();
    for _ in 0..3 {
        assert_eq!(ask("GET", "account/balance"), (200, 1150));
    }
    assert_eq!(ask("GET", "account/balance"), (429, 2800));
    before_the_rate();
}

#[test]
fn a_signature_lives_for_a_week_or_with_a_strict_key_five_minutes() {
    let shop = Shop::open();
    let (usual, strict) = (Pair::of_shop(&shop), Pair::add(&shop, "demo"));
    strict.set(&shop, "--strict-ts", "1");
    // Seconds from now, far enough from the edge for a slow machine.
    let rows = [
        (&usual, -7 * 24 * 3600 + 60, true),
        (&usual, -7 * 24 * 3600 - 1, false),
        (&usual, 3600 - 1, true),
        (&usual, 3600 + 60, false),
        (&strict, -300 + 60, true),
        (&strict, -300 - 1, false),
        (&strict, 300 - 1, true),
        (&strict, 300 + 60, false),
    ];
    for (key, from_now, accepted) in rows {
        let answer = balance(&shop, &key.signed(&(now() + from_now).to_string()), &[]);
        match accepted {
            true => assert_eq!(refusal(&answer), None, "{from_now} s"),
            false => assert_refused(&answer, 1000, "is too old or ahead: this server's time is", "time"),
        }
    }
}

#[test]
fn a_time_is_a_decimal_number_and_signed_as_it_was_sent() {
    let shop = Shop::open();
    let key = Pair::of_shop(&shop);
    let seconds = now();
    for ts in [format!("{seconds}"), format!("0{seconds}"), format!("{seconds}.25")] {
        assert_eq!(refusal(&balance(&shop, &key.signed(&ts), &[])), None, "{ts}");
    }
    for ts in [" 1", "1e9", "-5", "+5", "0x10", "1.", ".5", "1.2.3", "１７９５７６３６６４", "soon"]
    {
        assert_refused(&balance(&shop, &key.signed(ts), &[]), 1201, "must be numeric", ts);
    }
    let largest = "9".repeat(40);
    assert_refused(&balance(&shop, &key.signed(&largest), &[]), 1000, "too old or ahead", "a large number");
    let as_number = key.signed(&format!("0{seconds}")).replace("ts=0", "ts=");
    assert_refused(&balance(&shop, &as_number, &[]), 1000, WRONG, "another text of the same number");
}

#[test]
fn signatures_are_hex_in_any_case_of_a_hash_over_utf8() {
    let shop = Shop::open();
    let pairs = [("imported & old=1", "prv{M)=w$7]e^Yb"), ("clé", "秘密 schlüssel")];
    for (public, private) in pairs {
        let import = ["key", "add", "--account", "demo", "--sandbox", "--public", public, "--private"];
        let key = Pair::of(&shop.command(&[&import[..], &[private]].concat()));
        let query = key.signed(&now().to_string());
        let (before, signature) = query.rsplit_once('=').unwrap();
        let mixed: String = signature
            .char_indices()
            .map(|(at, letter)| if at % 2 == 0 { letter.to_ascii_uppercase() } else { letter })
            .collect();
        for form in [signature.to_owned(), signature.to_uppercase(), mixed] {
            assert_eq!(refusal(&balance(&shop, &format!("{before}={form}"), &[])), None, "{public} {form}");
        }
        let cut = &signature[..39];
        for form in [cut.to_owned(), format!("{signature}0"), format!(" {signature}")] {
            let answer = balance(&shop, &format!("{before}={}", encoded(&form)), &[]);
            assert_refused(&answer, 1000, WRONG, &form);
        }
    }
}

#[test]
fn basic_authentication_is_for_https_and_for_this_machine() {
    let shop = Shop::open_with(&["--trusted-proxies", "127.0.0.1"]);
    let (key, other) = (Pair::of_shop(&shop), Pair::add(&shop, "demo"));
    let wrong = Pair { public: key.public.clone(), private: other.private.clone() };
    let unknown = Pair { public: "unknown".into(), private: key.private.clone() };
    let (right, wrong, unknown) = (key.basic(), wrong.basic(), unknown.basic());
    let lower = right.replacen("Basic", "basic", 1);
    let signed = key.signed(&now().to_string());
    let elsewhere = [("x-forwarded-for", "203.0.113.7")];
    let at_https = [elsewhere[0], ("x-forwarded-proto", "https")];
    let ask = |query: &str, authorization: &str, more: &[(&str, &str)]| {
        balance(&shop, query, &[&[("authorization", authorization)], more].concat())
    };
    let worked = [
        ("", right.as_str(), &[][..]),
        ("", &lower, &[]),
        ("", &right, &at_https),
        // A signature counts before any header.
        (&signed, &wrong, &[]),
        (&signed, "Bearer something else", &[]),
        (&signed, "Basic !!!", &[]),
    ];
    for (query, authorization, more) in worked {
        assert_eq!(refusal(&ask(query, authorization, more)), None, "{query} {authorization} {more:?}");
    }
    let refused = [
        (wrong.as_str(), &[][..], 1000, WRONG),
        (&unknown, &[], 1000, WRONG),
        (&right, &elsewhere, 1000, "HTTP Basic is accepted over HTTPS only"),
        ("Basic !!!", &[], 1150, "api_key"),
        ("Bearer something", &[], 1150, "api_key"),
    ];
    for (authorization, more, code, words) in refused {
        assert_refused(&ask("", authorization, more), code, words, authorization);
    }
    let form = [("authorization", right.as_str())];
    let order = shop.raw("POST", &format!("{}translate/jobs", shop.base), &form, Some(b"data=%7B%7D"));
    assert_refused(&order, 1800, "jobs", "what is posted");
}

#[test]
fn whoever_guesses_signatures_is_told_to_wait() {
    let shop = Shop::open_with(&["--rate-limit-wrong-signatures", "30", "--trusted-proxies", "127.0.0.1"]);
    let known = format!("api_key={}&api_sig=x&ts=1", shop.public_key);
    let guess = |n: usize, address: &str| {
        let query = if n.is_multiple_of(2) { "api_key=guessed&api_sig=x&ts=1" } else { &known };
        balance(&shop, query, &[("x-forwarded-for", address)])
    };
    for n in 0..30 {
        assert_refused(&guess(n, "203.0.113.7"), 1000, WRONG, &format!("guess {n}"));
    }
    // Two seconds give one back.
    let told = (0..10).map(|n| guess(n, "203.0.113.7")).find(|answer| answer.status == 429).unwrap();
    assert_refused(&told, 2800, "too many calls with a wrong signature", "one too many");
    assert!(told.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_refused(&guess(0, "203.0.113.8"), 1000, WRONG, "another address");
}

#[test]
fn methods_that_need_only_a_key_look_at_nothing_else() {
    let shop = Shop::open();
    let key = format!("api_key={}", shop.public_key);
    let revoked = Pair::add(&shop, "demo");
    shop.command(&["key", "revoke", "--key", &revoked.public]);
    let rows = [
        ("GET", "translate/service/languages"),
        ("GET", "translate/service/language_pairs"),
        ("GET", "translate/service/language_matrix"),
        ("GET", "translate/service/unit_count"),
        ("POST", "translate/service/unit_count"),
    ];
    for (method, path) in rows {
        let ask = |query: &str| {
            let url = format!("{}{path}?body_src=two%20words&lc_src=en&{query}", shop.base);
            shop.raw(method, &url, &[], (method == "POST").then_some(b""))
        };
        for more in ["", "&api_sig=wrong&ts=soon", "&api_sig=wrong", "&ts=1"] {
            assert_eq!(refusal(&ask(&format!("{key}{more}"))), None, "{method} {path} {more}");
        }
        assert_refused(&ask(""), 1150, "api_key", path);
        assert_refused(&ask("api_key=unknown"), 1000, WRONG, path);
        assert_refused(&ask(&format!("api_key={}", revoked.public)), 1000, WRONG, path);
    }
}

#[test]
fn data_are_missed_or_found_broken_before_the_method_begins() {
    let shop = Shop::open();
    let code = |method: &str, path: &str, sent: &str| {
        refusal(&shop.call(method, path, sent, &[])).map_or(0, |(code, _)| code)
    };
    let needs_data = [
        ("POST", "translate/jobs"),
        ("PUT", "translate/jobs"),
        ("POST", "translate/job"),
        ("PUT", "translate/job"),
        ("PUT", "translate/job/999"),
        ("PUT", "translate/job/x"),
        ("POST", "translate/job/x"),
        ("POST", "translate/job/x/comment"),
        ("POST", "translate/order/x"),
        ("POST", "translate/order/x/comment"),
        ("POST", "translate/service/quote"),
        ("POST", "translate/service/unit_count"),
    ];
    for (method, path) in needs_data {
        assert_eq!(code(method, path, ""), 1250, "{method} {path} without data");
        assert_eq!(code(method, path, "data="), 1250, "{method} {path} with empty data");
        assert_eq!(code(method, path, "data=%7B"), 1251, "{method} {path} with broken data");
    }
    let needs_none = [("POST", "sandbox/inbox"), ("POST", "account/callbacks/resume")];
    for (method, path) in needs_none {
        assert_eq!(code(method, path, ""), 0, "{method} {path}");
    }
    let rows = [
        ("{", "line 1, column 2: expected the rest of an object, but the text ends here"),
        ("{\n \"jobs\": [1,\n }", "line 3, column 2: expected a value"),
        ("{\"é\": nul}", "line 1, column 10: expected `true`, `false` or `null`"),
        ("  [1]", "line 1, column 3: expected an object: { … }"),
        ("5", "line 1, column 1: expected an object: { … }"),
        ("{\"a\":1,\"a\":2}", "line 1, column 8: expected"),
        ("{} x", "line 1, column 4: expected the end of the text"),
    ];
    for (data, position) in rows {
        let answer = shop.call("POST", "translate/jobs", &format!("data={}", encoded(data)), &[]);
        assert_refused(&answer, 1251, position, data);
        assert_eq!(answer.json()["err"]["field"], json!("data"));
    }
}

/// On a server keys that are named at the same time are looked up together.
#[test]
fn keys_that_are_named_at_once_are_told_apart() {
    let shop = Shop::open();
    let account = |number: usize| {
        let name = format!("a{number}");
        shop.command(&["account", "add", "--name", &name, "--email", &format!("{name}@example.com")]);
        let key = shop.key(&name, Environment::Sandbox);
        let figure = format!("{number}7.00");
        shop.post_as(&key, "sandbox/credits", &json!({ "set": figure })).unwrap();
        (key, figure)
    };
    let known: Vec<(Caller, String)> = (1..5).map(account).collect();
    let of_first = |change: fn(&mut Caller)| {
        let mut key = known[0].0.clone();
        change(&mut key);
        key
    };
    let revoked = shop.key("a1", Environment::Sandbox);
    shop.command(&["key", "revoke", "--key", &revoked.public_key]);
    let wrong = [
        revoked,
        of_first(|key| key.public_key.push('x')),
        of_first(|key| key.public_key.push('\0')),
        of_first(|key| key.private_key.push('x')),
    ];
    let balance = |key: &Caller| shop.get_as(key, "account/balance");
    together(48, |number| {
        for round in 0..5 {
            let turn = (number + round) % (known.len() + wrong.len());
            match known.get(turn) {
                Some((key, figure)) => assert_eq!(balance(key).unwrap()["credits"], *figure),
                None => assert_eq!(balance(&wrong[turn - known.len()]).unwrap_err().code(), 1000),
            }
        }
    });
}

//! The captcha as people meet it, seen or heard, and how many of them (engines L).

use crate::shop::{Raw, Shop};
use serde_json::json;
use std::process::Command;

/// A delivered job, and the address of its captcha.
fn challenge(shop: &Shop) -> (String, String) {
    let id = shop.orders_text("to be rejected");
    shop.delivers(&id, "訳");
    let url = shop.job(&id)["captcha_url"].as_str().unwrap().to_owned();
    (id, url)
}

fn get(shop: &Shop, url: &str) -> Raw {
    shop.raw("GET", url, &[], None)
}

#[test]
fn a_captcha_is_shown_and_spoken_to_whoever_has_its_address() {
    let shop = Shop::open();
    let (id, url) = challenge(&shop);
    let english = get(&shop, &format!("{url}&format=audio&lang=en")).body;
    let japanese = get(&shop, &format!("{url}&format=audio&lang=ja")).body;
    assert!(english.starts_with(b"RIFF") && japanese.starts_with(b"RIFF") && english != japanese);
    let picture = get(&shop, &url).body;
    assert!(picture.starts_with(b"\x89PNG"));
    #[rustfmt::skip]
    let rows: [(&str, &str, &str, &[u8]); 11] = [
        ("",                       "",            "image/png", &picture),
        ("&format=png",            "",            "image/png", &picture),
        ("&lang=ja",               "ja",          "image/png", &picture),
        ("&format=audio",          "",            "audio/wav", &english),
        ("&format=audio",          "de, ja;q=.5", "audio/wav", &english),
        ("&format=audio",          "ja",          "audio/wav", &japanese),
        ("&format=audio",          "ja-JP, en",   "audio/wav", &japanese),
        ("&format=audio&lang=ja",  "en",          "audio/wav", &japanese),
        ("&format=audio&lang=en",  "ja",          "audio/wav", &english),
        ("&lang=fr&format=audio",  "ja",          "audio/wav", &japanese),
        ("&lang=&format=audio",    "",            "audio/wav", &english),
    ];
    for (more, languages, content_type, bytes) in rows {
        let case = format!("{more:?} with languages {languages:?}");
        let asked = format!("{url}{more}");
        let shown = shop.raw("GET", &asked, &[("accept-language", languages)], None);
        assert_eq!((shown.status, shown.header("content-type")), (200, content_type), "{case}");
        assert_eq!(
            (shown.header("cache-control"), shown.header("x-robots-tag")),
            ("no-store", "noindex"),
            "{case}"
        );
        assert!(shown.body == bytes, "{case}: other bytes");
        let head = shop.raw("HEAD", &asked, &[("accept-language", languages)], None);
        assert_eq!((head.status, head.header("content-type")), (200, content_type), "{case}");
        assert_eq!(head.header("content-length"), bytes.len().to_string(), "{case}");
        assert_eq!(head.body.len(), 0, "{case}");
    }

    let unknown = format!("{}/captcha/?key={}", shop.origin(), "0".repeat(64));
    let answer = shop.get(&format!("sandbox/job/{id}/captcha"), "").unwrap()["captcha"].clone();
    let reject = json!({ "action": "reject", "reason": "quality", "comment": "no", "captcha": answer });
    shop.put(&format!("translate/job/{id}"), &reject).unwrap();
    for gone in [&url, &unknown, &format!("{}/captcha", shop.origin())] {
        for format in ["image", "audio"] {
            let joint = if gone.contains('?') { '&' } else { '?' };
            assert_eq!(
                get(&shop, &format!("{gone}{joint}format={format}")).status,
                404,
                "{gone} as {format}"
            );
        }
    }
}

#[test]
fn an_address_sees_and_hears_so_many_captchas_a_minute() {
    let shop = Shop::open_with(&["--rate-limit-captchas", "4", "--trusted-proxies", "127.0.0.1"]);
    let (_, url) = challenge(&shop);
    let unknown = format!("{}/captcha/?key=0", shop.origin());
    let from = |address: &str, method: &str, url: &str| {
        // What stands before the proxy's own word, anybody could have written.
        let forwarded = format!("203.0.113.{}, {address}", url.len() % 250);
        shop.raw(method, url, &[("x-forwarded-for", &forwarded)], None)
    };
    let audio = format!("{url}&format=audio");
    let asked = [("GET", &url), ("GET", &audio), ("HEAD", &url), ("GET", &unknown)];
    let statuses = asked.map(|(method, url)| from("198.51.100.9", method, url).status);
    assert_eq!(statuses, [200, 200, 200, 404], "all of them count");
    for (method, url) in asked {
        let refused = from("198.51.100.9", method, url);
        assert_eq!((refused.status, refused.header("cache-control")), (429, "no-store"), "{method} {url}");
        let wait_s: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=15).contains(&wait_s), "the next one of four a minute comes in {wait_s} s?");
        let words = if method == "HEAD" {
            String::new()
        } else {
            format!("too many captchas for this address: 4 a minute; try again in {wait_s} s\n")
        };
        assert_eq!(String::from_utf8(refused.body).unwrap(), words);
    }
    let metrics = shop.raw("GET", &format!("{}/metrics", shop.origin()), &[], None).body;
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(metrics.contains("honyaku_limited_total{limit=\"captcha\"} 4\n"), "{metrics}");
    assert_eq!(from("198.51.100.10", "GET", &url).status, 200, "others are not held back");
    let api = shop.call("GET", "account/balance", "", &[("x-forwarded-for", "198.51.100.9")]);
    assert_eq!(api.json()["opstat"], "ok", "calls have limits of their own");
}

#[test]
fn the_limit_is_thirty_unless_it_is_a_demo() {
    let shown = Command::new(env!("CARGO_BIN_EXE_honyaku")).arg("config").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("rate_limit.captchas = 30  # default"), "{shown}");
    let shop = Shop::open();
    let unknown = format!("{}/captcha/?key=0", shop.origin());
    let statuses: Vec<u16> = (0..31).map(|_| get(&shop, &unknown).status).collect();
    assert_eq!(statuses, [404; 31]);
}

/// A review takes five days; a challenge lives for one from when it was shown.
#[test]
fn a_captcha_that_is_shown_can_be_answered_days_later_and_goes_with_the_review() {
    let shop = Shop::open();
    let id = shop.orders_text("looked at late");
    shop.delivers(&id, "訳");
    let url = shop.job(&id)["captcha_url"].as_str().unwrap().to_owned();
    let looked_at = || shop.raw("GET", &url, &[], None).status;
    shop.post("sandbox/clock", &json!({ "forward": 50 * 3600 })).unwrap();
    assert_eq!(looked_at(), 200);
    let shown = shop.get(&format!("sandbox/job/{id}/captcha"), "").unwrap();
    assert_eq!(shop.job(&id)["captcha_url"], json!(url), "it is still the same");
    let reject =
        json!({ "action": "reject", "reason": "quality", "comment": "late", "captcha": shown["captcha"] });
    shop.put(&format!("translate/job/{id}"), &reject).unwrap();
    assert_eq!(looked_at(), 404);
    let captchas = "SELECT COUNT(*) FROM captcha";
    assert_eq!(shop.database.ask(captchas), 0);
    let approved = shop.orders_text("approved without one");
    shop.delivers(&approved, "訳");
    assert_eq!(shop.database.ask(captchas), 1);
    shop.put(&format!("translate/job/{approved}"), &json!({ "action": "approve" })).unwrap();
    assert_eq!(shop.database.ask(captchas), 0);
}

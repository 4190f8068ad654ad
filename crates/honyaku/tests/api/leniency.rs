//! Lists that need only a key, glossaries, attachments, and ids that nobody knows.

use crate::shop::{Shop, job};
use serde_json::{Value, json};

#[test]
fn service_lists_need_only_a_key() {
    let shop = Shop::open();
    let key = format!("api_key={}", shop.public_key);
    let ask = |path: &str| {
        shop.raw("GET", &format!("{}{path}{key}", shop.base), &[], None).json()["response"].clone()
    };
    let languages = ask("translate/service/languages?");
    assert_eq!(languages.as_array().unwrap().len(), 39);
    assert_eq!(
        languages[13],
        json!({ "language": "Japanese", "localized_name": "日本語", "lc": "ja", "unit_type": "character" })
    );
    let pairs = ask("translate/service/language_pairs?lc_src=de&");
    assert_eq!(
        pairs[1],
        json!({ "lc_src": "de", "lc_tgt": "en", "tier": "standard", "unit_price": "0.0500", "currency": "USD" })
    );
    assert_eq!(ask("translate/service/language_pairs?lc_src=tlh&"), json!([]));
    assert_eq!(
        ask("translate/service/language_matrix?")["en"]["ja"],
        json!(["machine", "standard", "pro", "ultra"])
    );
    assert_eq!(
        ask("translate/service/unit_count?body_src=Hello%20world&lc_src=en&"),
        json!({ "unit_type": "word", "unit_count": 2 })
    );
    let unsigned = shop.raw("GET", &format!("{}account/balance?{key}", shop.base), &[], None);
    assert_eq!(unsigned.json()["err"]["code"], 1100);
}

#[test]
fn glossaries_are_put_in_by_the_operator_and_bind_the_robot() {
    let shop = Shop::open();
    let file = shop.database.directory().join("terms.csv");
    std::fs::write(&file, "en,ja\nworld,世界\nstory,物語\n").unwrap();
    shop.command(&["glossary", "add", "--account", "demo", "--sandbox", "--file", file.to_str().unwrap()]);
    let listed = shop.get("translate/glossary", "").unwrap();
    assert_eq!(listed[0]["target_languages"], json!([[14, "ja"]]));
    assert_eq!(
        (&listed[0]["source_language_code"], &listed[0]["unit_count"], &listed[0]["title"]),
        (&json!("en-US"), &json!(2), &json!("terms.csv"))
    );
    let mut with_terms = job("Hello world");
    with_terms["glossary_id"] = json!("1");
    shop.orders(&json!([with_terms.clone()])).unwrap();
    shop.wait_for("1", "available");
    shop.control("1", "take", &json!({})).unwrap();
    shop.control("1", "submit", &json!({})).unwrap();
    assert_eq!(shop.job("1")["body_tgt"], "[ja] Hello 世界");
    with_terms["lc_tgt"] = json!("fr");
    let refused = shop.orders(&json!([with_terms])).unwrap_err();
    assert_eq!(refused.err["0"][0]["code"], 1352);
}

#[test]
fn attachments_may_have_either_name_and_are_counted_together() {
    let shop = Shop::open();
    let link =
        |n: i32| json!({ "url": format!("https://example.com/{n}"), "filename": "a", "mime_type": "b" });
    let mut with_null = job("attached");
    with_null["attachments"] = Value::Null;
    with_null["url_attachments"] = json!([link(1)]);
    shop.orders(&json!([with_null])).unwrap();
    assert_eq!(shop.job("1")["attachments"][0]["url"], "https://example.com/1");
    let mut form = String::new();
    let mut part = |name: &str, file: &str, value: &str| {
        form.push_str(&format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    };
    let linked: Vec<Value> = (0..3).map(link).collect();
    part("data", "", &json!({ "body": "see", "attachments": linked }).to_string());
    for n in 0..3 {
        part(&format!("file_attachments{n}"), &format!("; filename=\"{n}.txt\""), "content");
    }
    form.push_str("--B--\r\n");
    let url = format!("{}translate/job/1/comment?{}", shop.base, shop.credentials());
    let kind = [("content-type", "multipart/form-data; boundary=B")];
    let answer = shop.raw("POST", &url, &kind, Some(form.as_bytes())).json();
    assert_eq!(answer["err"]["code"], 2010, "{answer}");
}

/// Known paths answer like any call; only unknown ones are not found.
#[test]
fn an_unknown_id_is_no_unknown_path() {
    let shop = Shop::open();
    for (method, path) in [
        ("POST", "account/callbacks/999999/resend"),
        ("POST", "account/callbacks/abc/resend"),
        ("GET", "sandbox/inbox/abc"),
        ("GET", "translate/glossary/7"),
    ] {
        let answer = shop.call(method, path, "", &[]);
        assert_eq!((answer.status, answer.json()["err"]["code"].as_i64()), (200, Some(404)), "{path}");
    }
}

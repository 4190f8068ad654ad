//! What clients get away with (api-v2 1.2), shapes of answers, and formats (api-v2 3).

use crate::shop::{Shop, encoded, job};
use serde_json::{Value, json};

#[test]
fn jobs_come_back_keyed_as_sent() {
    let shop = Shop::open();
    let quote =
        |jobs: Value| shop.post("translate/service/quote", &json!({ "jobs": jobs })).unwrap()["jobs"].clone();
    assert!(quote(json!([job("a"), job("b")])).is_array());
    assert!(quote(json!({ "0": job("a"), "1": job("b") })).is_array(), "keys 0, 1, … are an array");
    let named = quote(json!({ "b": job("a"), "a": job("b") }));
    assert_eq!(named.as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "a"]);
    assert!(quote(json!({ "1": job("a"), "2": job("b") })).is_object());
}

#[test]
fn booleans_numbers_and_blanks_are_read_in_every_form() {
    let shop = Shop::open();
    for (n, yes) in [json!(1), json!("1"), json!(true), json!("true")].into_iter().enumerate() {
        let mut lenient = job(&format!("text {n}"));
        lenient["auto_approve"] = yes;
        lenient["max_chars"] = json!("50");
        lenient["comment"] = json!("");
        lenient["purpose"] = Value::Null;
        lenient["position"] = json!("not a number");
        lenient["unknown"] = json!({ "x": [] });
        lenient["tier"] = json!("STANDARD");
        lenient["lc_src"] = json!("en_US");
        lenient["lc_tgt"] = json!("JA");
        lenient["callback_url"] = json!("http://...");
        let answer = shop.orders(&json!([lenient])).unwrap();
        let stored = shop.job(answer["job_ids"][0].as_str().unwrap());
        assert_eq!(
            (&stored["auto_approve"], &stored["max_chars"], &stored["lc_src"]),
            (&json!("1"), &json!(50), &json!("en"))
        );
        assert!(stored.get("purpose").is_none() && stored.get("callback_url").is_none());
    }
}

#[test]
fn order_level_members_may_stand_among_the_jobs() {
    let shop = Shop::open();
    let data = json!({ "jobs": { "job_1": job("x y"), "job_2": job("z"), "as_group": 1, "comment": "for the order", "process": "1" } });
    let answer = shop.post("translate/jobs", &data).unwrap();
    assert_eq!(answer["job_count"], 2);
    assert!(answer.get("group_id").is_some());
    let thread =
        shop.get(&format!("translate/order/{}/comments", answer["order_id"].as_str().unwrap()), "").unwrap();
    assert_eq!(thread["thread"][0]["body"], "for the order");
}

#[test]
fn methods_and_slashes_bend() {
    let shop = Shop::open();
    let id = shop.orders_text("bend");
    assert!(shop.get("account/balance/", "").is_ok());
    let comment =
        shop.post(&format!("translate/job/{id}"), &json!({ "body": "forgot the last segment" })).unwrap();
    assert_eq!(comment, json!({}));
    let put =
        shop.call("PUT", &format!("translate/job/{id}/comment"), "data=%7B%22body%22%3A%22put%22%7D", &[]);
    assert_eq!(put.json()["opstat"], "ok", "PUT where only POST is known");
    let ignored = shop.call(
        "POST",
        &format!("translate/job/{id}/comment"),
        "data=%7B%22body%22%3A%22x%22%7D&_method=patch",
        &[],
    );
    assert_eq!(ignored.json()["opstat"], "ok");
    let deleted = shop.call("POST", &format!("translate/job/{id}"), "_method=DELETE", &[]);
    assert_eq!(deleted.json()["opstat"], "ok");
    assert_eq!(shop.job(&id)["status"], "canceled");
    let empty_pairs = shop.raw(
        "POST",
        &format!("{}translate/service/quote", shop.base),
        &[],
        Some(
            format!("&{}&data={}", shop.credentials(), encoded(&json!({ "jobs": [job("q")] }).to_string()))
                .as_bytes(),
        ),
    );
    assert_eq!(empty_pairs.json()["opstat"], "ok", "a form that starts with &, without a content type");
}

#[test]
fn multipart_and_json_bodies_are_read() {
    let shop = Shop::open();
    let id = shop.orders_text("bodies");
    let mut parts = String::new();
    for pair in shop.credentials().split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        parts.push_str(&format!("--B\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"));
    }
    parts.push_str("--B\r\nContent-Disposition: form-data; name=\"body\"; filename=\"body\"\r\nContent-Type: text/plain\r\n\r\nfrom a part\r\n--B--\r\n");
    let url = format!("{}translate/job/{id}/comment", shop.base);
    let multipart = shop.raw(
        "POST",
        &url,
        &[("content-type", "multipart/form-data; boundary=\"B\"")],
        Some(parts.as_bytes()),
    );
    assert_eq!(multipart.json()["opstat"], "ok", "{}", multipart.json());
    let whole = shop.raw(
        "POST",
        &format!("{url}?{}", shop.credentials()),
        &[("content-type", "application/json")],
        Some(br#"{"body":"from JSON"}"#),
    );
    assert_eq!(whole.json()["opstat"], "ok", "{}", whole.json());
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
    let bodies: Vec<&str> = thread["thread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    assert_eq!(bodies, ["from a part", "from JSON"]);
}

#[test]
fn answers_have_the_contracts_headers_and_formats() {
    let shop = Shop::open();
    let answer = shop.call("GET", "account/balance", "", &[]);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("honyaku-environment"), "sandbox");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("honyaku-request-id").starts_with("req_"));
    let xml = shop.call("GET", "account/balance", "format=xml", &[]);
    assert_eq!(xml.header("content-type"), "application/xml; charset=utf-8");
    let text = String::from_utf8(xml.body).unwrap();
    assert!(text.contains("<response><opstat>ok</opstat><response><credits>1000.00</credits><currency>USD</currency></response></response>"), "{text}");
    let accept = shop.call("GET", "account/balance", "", &[("accept", "application/xml")]);
    assert!(accept.header("content-type").starts_with("application/xml"));
    let json = shop.call("GET", "account/balance", "format=json", &[("accept", "application/xml")]);
    assert_eq!(json.header("content-type"), "application/json");
}

#[test]
fn texts_come_back_byte_for_byte() {
    let shop = Shop::open();
    let source = " \u{feff}Zażółć\r\n  \"gęślą\"\t'jaźń' & <b>ぶ</b> 😀 e\u{301} ";
    let mut sent = job(source);
    sent["custom_data"] = json!("{\"a\": 1}  ");
    shop.orders(&json!([sent])).unwrap();
    let stored = shop.job("1");
    assert_eq!((&stored["body_src"], &stored["custom_data"]), (&json!(source), &json!("{\"a\": 1}  ")));
    let raw = shop.call("GET", "translate/job/1", "", &[]);
    assert!(String::from_utf8(raw.body).unwrap().contains("Zażółć"), "not escaped");
}

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

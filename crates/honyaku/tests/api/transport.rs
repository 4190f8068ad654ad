//! How calls travel: paths, HTTP methods and `_method`, and where parameters are found (api-v2 1, 1.1).

use crate::shop::{Raw, Shop, encoded, job};
use serde_json::{Value, json};

fn code(raw: &Raw) -> i64 {
    raw.json()["err"]["code"].as_i64().unwrap_or(0)
}

/// The ids of so many new jobs, which are all on the board.
fn available(shop: &Shop, count: usize) -> Vec<String> {
    let jobs: Vec<Value> = (0..count).map(|n| job(&format!("text {n}"))).collect();
    let ids = shop.orders(&json!(jobs)).unwrap()["job_ids"].clone();
    let ids: Vec<String> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.iter().for_each(|id| shop.wait_for(id, "available"));
    ids
}

fn said(shop: &Shop, id: &str) -> Vec<String> {
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
    let bodies = thread["thread"].as_array().unwrap().iter();
    bodies.map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_path_works_with_and_without_a_trailing_slash() {
    let shop = Shop::open();
    let file = shop.database.directory().join("terms.csv");
    std::fs::write(&file, "en,ja\nworld,世界\n").unwrap();
    shop.command(&["glossary", "add", "--account", "demo", "--sandbox", "--file", file.to_str().unwrap()]);
    // What callbacks come to would change between two calls.
    shop.command(&["key", "set", "--key", &shop.public_key, "--callback-url", ""]);
    let group = json!({ "jobs": [job("one"), job("two")], "as_group": 1 });
    shop.post("translate/jobs", &group).unwrap();
    shop.wait_for("1", "available");
    shop.wait_for("2", "available");
    shop.delivers("1", "訳");
    let asked = [
        "account/stats",
        "account/balance",
        "account/me",
        "account/preferred_translators",
        "account/callbacks",
        "translate/jobs",
        "translate/jobs/1,2",
        "translate/jobs/group/1",
        "translate/job/1",
        "translate/job/1/preview",
        "translate/job/1/revisions",
        "translate/job/1/revision/1",
        "translate/job/1/revisions/1",
        "translate/job/1/feedback",
        "translate/job/1/comments",
        "translate/order/1",
        "translate/order/1/comments",
        "translate/service/languages",
        "translate/service/language_pairs",
        "translate/service/language_matrix",
        "translate/service/unit_count",
        "translate/glossary",
        "translate/glossary/1",
        "translate/glossary/download/1",
        "sandbox/robot",
    ];
    let sent = [
        "translate/jobs",
        "translate/job",
        "translate/job/1",
        "translate/job/1/comment",
        "translate/order/1",
        "translate/order/1/comment",
        "translate/service/quote",
        "translate/service/quote/file",
        "translate/service/unit_count",
        "translate/glossary",
        "glossary",
        "sandbox/credits",
    ];
    let (asked, sent) = (asked.map(|path| ("GET", path, "")), sent.map(|path| ("POST", path, "data=%7B%7D")));
    let at = |base: &str, method: &str, path: &str, sent: &str| {
        let url = format!("{}{base}{path}?{}&{sent}", shop.origin(), shop.credentials());
        let raw = shop.raw(method, &url, &[], (method == "POST").then_some(b""));
        assert_eq!(raw.status, 200, "{method} {base}{path}: {}", String::from_utf8_lossy(&raw.body));
        let words = String::from_utf8_lossy(&raw.body).into_owned();
        (raw.header("content-type").to_owned(), words)
    };
    for (method, path, sent) in asked.iter().chain(&sent) {
        let plain = at("/v2/", method, path, sent);
        assert_eq!(at("/v2/", method, &format!("{path}/"), sent), plain, "{method} {path}/");
        assert_eq!(at("/sandbox/v2/", method, &format!("{path}/"), sent), plain, "sandbox {method} {path}/");
    }
    let without_version = at("/", "POST", "glossary", "data=%7B%7D");
    for path in ["glossary/", "sandbox/glossary", "sandbox/glossary/"] {
        assert_eq!(at("/", "POST", path, "data=%7B%7D"), without_version, "{path}");
    }
}

#[test]
fn head_is_answered_like_get_without_the_body() {
    let shop = Shop::open();
    available(&shop, 1);
    let of = |method: &str, path: &str| {
        let url = format!("{}{path}?{}", shop.base, shop.credentials());
        shop.raw(method, &url, &[], None)
    };
    for path in ["account/balance", "translate/job/1", "translate/service/languages", "translate/job/99"] {
        let (head, get) = (of("HEAD", path), of("GET", path));
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.body, b"", "{path}");
        for name in ["content-type", "content-length", "honyaku-environment", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    for (path, status, allow) in [("translate/service/quote", 405, "POST"), ("translate/jbos", 404, "")] {
        let head = of("HEAD", path);
        assert_eq!((head.status, head.header("allow"), head.body.len()), (status, allow, 0), "{path}");
    }
}

#[test]
fn a_parameter_turns_get_and_post_into_put_and_delete() {
    let shop = Shop::open();
    let holds = format!("data={}", encoded(&json!({ "action": "archive", "body": "said" }).to_string()));
    // HTTP method, what is in the query, what is in the body, and what came of it: the job is gone,
    // something was said, or the action was looked at, which this job's state does not allow.
    let rows = [
        ("GET", "_method=DELETE", "", "gone"),
        ("GET", "_method=delete", "", "gone"),
        ("GET", "_method=dElEtE", "", "gone"),
        ("POST", "_method=delete", "", "gone"),
        ("POST", "", "_method=DELETE", "gone"),
        ("POST", "_method=put", "_method=delete", "gone"),
        ("POST", "_method=delete", "_method=put&", "acted"),
        ("POST", "", "_method=PUT&", "acted"),
        ("POST", "_method=Put", "", "acted"),
        ("GET", "_method=put", "", "acted"),
        ("PUT", "_method=delete", "", "acted"),
        ("PUT", "", "_method=delete&", "acted"),
        ("DELETE", "_method=put", "", "gone"),
        ("GET", "_method=post", "", "read"),
        ("GET", "_method=", "", "read"),
        ("GET", "_method=get", "", "read"),
    ];
    let ids = available(&shop, rows.len());
    for ((method, in_query, in_body, came), id) in rows.into_iter().zip(&ids) {
        let is_get_like = matches!(method, "GET" | "DELETE");
        let url = format!("{}translate/job/{id}?{}&{in_query}", shop.base, shop.credentials());
        let url = if is_get_like { format!("{url}&{holds}") } else { url };
        let body = if in_body.contains("DELETE") { in_body.to_owned() } else { format!("{in_body}&{holds}") };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let raw = match is_get_like {
            true => shop.raw(method, &url, &[], None),
            false => shop.raw(method, &url, &form, Some(body.as_bytes())),
        };
        let (code, status) = (code(&raw), shop.job(id)["status"].clone());
        let found = match (code, status.as_str().unwrap()) {
            (0, "canceled") => "gone",
            (2650, "available") => "acted",
            (0, "available") if raw.json()["response"]["job"]["job_id"] == **id => "read",
            _ => panic!("{method} {in_query} {in_body}: {code}, the job is {status}"),
        };
        assert_eq!(found, came, "{method} ?{in_query} {in_body}");
    }
}

#[test]
fn put_is_post_where_only_post_is_known() {
    let shop = Shop::open();
    let id = available(&shop, 1).remove(0);
    let path = format!("translate/job/{id}/comment");
    let url = |more: &str| format!("{}{path}?{}&{more}", shop.base, shop.credentials());
    let rows = [
        ("PUT", "body=real", 0),
        ("GET", "body=of%20get&_method=put", 0),
        ("POST", "body=of%20post&_method=PUT", 0),
        ("POST", "body=other%20values&_method=patch", 0),
        ("POST", "body=never&_method=delete", 405),
        ("GET", "body=never", 405),
        ("DELETE", "body=never", 405),
    ];
    for (method, sent, expected) in rows {
        let raw = shop.raw(method, &url(sent), &[], matches!(method, "POST" | "PUT").then_some(b""));
        assert_eq!(code(&raw), expected, "{method} {sent}");
        assert_eq!(raw.header("allow"), if expected == 405 { "POST" } else { "" }, "{method} {sent}");
    }
    assert_eq!(said(&shop, &id), ["real", "of get", "of post", "other values"]);
}

#[test]
fn of_query_and_body_the_nearer_one_wins() {
    let shop = Shop::open();
    let id = available(&shop, 1).remove(0);
    let url = |query: &str| format!("{}translate/job/{id}/comment?{query}", shop.base);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let says = |text: &str| format!("data={}", encoded(&json!({ "body": text }).to_string()));
    let (right, wrong) = (shop.credentials(), "api_key=unknown&ts=soon&api_sig=x");
    let rows = [
        (format!("{right}&{}", says("all in the query")), String::new()),
        (format!("{right}&{}", says("never")), says("the body's data")),
        (format!("{wrong}&format=xml"), format!("{right}&format=json&{}", says("the body's credentials"))),
        (right.clone(), "body=given directly".into()),
        (format!("{right}&body=never"), "body=the body's own".into()),
        (right.clone(), format!("body=never&{}", says("data before what is direct"))),
    ];
    for (query, body) in &rows {
        let raw = shop.raw("POST", &url(query), &form, Some(body.as_bytes()));
        assert_eq!(code(&raw), 0, "{query} {body}: {}", raw.json());
    }
    let expected = [
        "all in the query",
        "the body's data",
        "the body's credentials",
        "given directly",
        "the body's own",
        "data before what is direct",
    ];
    assert_eq!(said(&shop, &id), expected);
}

#[test]
fn what_is_asked_for_stands_alone_or_in_a_data_object() {
    let shop = Shop::open();
    available(&shop, 3);
    let data = |value: Value| format!("data={}", encoded(&value.to_string()));
    let rows = [
        ("count=1".to_owned(), 1),
        (data(json!({ "count": 2 })), 2),
        (format!("count=1&{}", data(json!({ "count": 2, "status": "available" }))), 1),
        (format!("{}&count=2", data(json!({ "count": 1 }))), 2),
        (data(json!({ "count": 1, "status": "pending" })), 0),
        (format!("status=available&{}", data(json!({ "status": "pending" }))), 3),
    ];
    for (sent, expected) in rows {
        let listed = shop.get("translate/jobs", &sent).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), expected, "{sent}");
    }
    assert_eq!(shop.get("translate/jobs", "data=%7B").unwrap_err().code(), 1251);
    assert_eq!(shop.get("translate/jobs", "data=%5B%5D").unwrap_err().code(), 1251);
}

#[test]
fn jobs_are_cancelled_in_every_form_of_their_list() {
    let shop = Shop::open();
    let list = |value: Value| format!("data={}", encoded(&json!({ "job_ids": value }).to_string()));
    let ids = available(&shop, 18);
    let pairs: Vec<_> = ids.chunks(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
    let number = |id: &str| id.parse::<i64>().unwrap();
    let rows = [
        format!("job_ids={},{}", pairs[0].0, pairs[0].1),
        format!("job_ids={}&job_ids={}", pairs[1].0, pairs[1].1),
        format!("job_ids[]={}&job_ids[]={}", pairs[2].0, pairs[2].1),
        format!("job_ids%5B0%5D={}&job_ids%5B1%5D={}", pairs[3].0, pairs[3].1),
        list(json!([pairs[4].0, pairs[4].1])),
        list(json!([number(pairs[5].0), number(pairs[5].1)])),
        list(json!(format!("{}, {}", pairs[6].0, pairs[6].1))),
        list(json!({ "a": pairs[7].0, "b": { "job_id": pairs[7].1 } })),
        list(json!([pairs[8].0, pairs[8].0, pairs[8].1])),
    ];
    for (sent, (one, other)) in rows.iter().zip(&pairs) {
        let raw = shop.call("DELETE", "translate/jobs", sent, &[]);
        assert_eq!(raw.json()["response"], json!({}), "{sent}: {}", raw.json());
        for id in [one, other] {
            assert_eq!(shop.job(id)["status"], "canceled", "{sent}");
        }
    }
    assert_eq!(shop.balance(), "1000.00");
}

//! The live environment: the same API, with real credits, without robots and controls
//! (sandbox.md 1, 11). Most of ordering is met there by the tests of `ordering`.

use crate::shop::{Environment::*, Shop, encoded, job};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

fn of_tier(text: &str, tier: &str) -> Value {
    let mut job = job(text);
    job["tier"] = json!(tier);
    job
}

/// What happened, in order.
fn feed(shop: &Shop) -> Vec<String> {
    let events = shop.get("account/events", "").unwrap()["events"].as_array().unwrap().clone();
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_and_addresses_of_the_two_environments_are_not_mixed_up() {
    let mut shop = Shop::live();
    let (live, sandbox) = (shop.key("acme", Live), shop.key("acme", Sandbox));
    for (name, caller) in [("live", &live), ("sandbox", &sandbox)] {
        shop.becomes(caller);
        let answer = shop.call("GET", "account/balance", "", &[]);
        assert_eq!(
            (answer.json()["opstat"].as_str(), answer.header("honyaku-environment")),
            (Some("ok"), name)
        );
        let prefix = if name == "live" { "hy_live_" } else { "hy_test_" };
        for (key, kind) in [(&shop.public_key, "pk_"), (&shop.private_key, "sk_")] {
            let letters = key.strip_prefix(&format!("{prefix}{kind}")).unwrap_or_else(|| panic!("{key}"));
            assert!(letters.len() == 32 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
        }
    }
    let origin = shop.origin().to_owned();
    for (caller, wrong, right) in [(&live, "/sandbox/v2/", "/v2/"), (&sandbox, "/v2/", "/sandbox/v2/")] {
        shop.becomes(caller);
        shop.base = format!("{origin}{wrong}");
        let refused = shop.orders(&json!([job("for the other environment")])).unwrap_err();
        assert_eq!(refused.code(), 1000, "{wrong}");
        assert!(refused.msg().ends_with(&format!("{origin}{right}")), "{}", refused.msg());
    }
    for caller in [&live, &sandbox] {
        shop.becomes(caller);
        assert_eq!(
            (shop.get("translate/jobs", "").unwrap(), shop.balance()),
            (json!([]), "1000.00".to_owned())
        );
    }
}

#[test]
fn a_payload_does_not_say_which_environment_it_is_from() {
    let mut shop = Shop::live();
    let mut full = job("the same text");
    for (name, value) in [("custom_data", "c"), ("tone", "dry"), ("purpose", "web"), ("slug", "s")] {
        full[name] = json!(value);
    }
    let members = |shop: &Shop| {
        let id = shop.orders(&json!([full])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
        shop.wait_for(&id, "available");
        shop.job(&id).as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let in_live = members(&shop);
    shop.becomes(&shop.key("acme", Sandbox));
    // The default callback address is the inbox that a sandbox's key gets; it is the key's, not the job's.
    assert_eq!(members(&shop), in_live);
}

#[test]
fn live_callbacks_do_not_go_into_the_sandbox() {
    let mut shop = Shop::live();
    let live = shop.key("acme", Live);
    shop.becomes(&shop.key("acme", Sandbox));
    let inbox = format!("{}/inbox/{}", shop.origin(), shop.inbox());
    shop.becomes(&live);
    let mut job = job("for the wrong environment");
    job["callback_url"] = json!(inbox);
    let refused = shop.orders(&json!([job])).unwrap_err();
    let fault = &refused.err["0"][0];
    assert_eq!((&fault["code"], &fault["field"]), (&json!(1601), &json!("callback_url")));
    assert!(fault["msg"].as_str().unwrap().contains("inboxes take the sandbox's callbacks only"), "{fault}");
}

#[test]
fn the_sandboxs_controls_are_not_there_in_live() {
    let mut shop = Shop::live();
    let id = shop.orders_text("not to be controlled");
    let paths = [
        ("GET", "sandbox".to_owned()),
        ("PUT", "sandbox".to_owned()),
        ("POST", "sandbox/credits".to_owned()),
        ("GET", "sandbox/robot".to_owned()),
        ("PUT", "sandbox/robot".to_owned()),
        ("POST", format!("sandbox/job/{id}/advance")),
        ("POST", format!("sandbox/job/{id}/status")),
        ("POST", format!("sandbox/job/{id}/take")),
        ("POST", format!("sandbox/job/{id}/comment")),
        ("GET", format!("sandbox/job/{id}/captcha")),
        ("POST", "sandbox/jobs/advance".to_owned()),
        ("POST", "sandbox/clock".to_owned()),
        ("POST", "sandbox/wipe".to_owned()),
    ];
    let data = format!(
        "data={}",
        encoded(&json!({ "confirm": "acme", "set": "5.00", "status": "approved" }).to_string())
    );
    for (method, path) in &paths {
        let answer = shop.call(method, path, &data, &[]);
        assert_eq!((answer.status, &answer.json()["err"]["code"]), (404, &json!(404)), "{method} {path}");
    }
    shop.base = format!("{}/sandbox/v2/", shop.origin());
    for (method, path) in &paths {
        let answer = shop.call(method, path, &data, &[]);
        assert_eq!((answer.status, &answer.json()["err"]["code"]), (200, &json!(1000)), "{method} {path}");
    }
    shop.base = format!("{}/v2/", shop.origin());
    assert_eq!((shop.job(&id)["status"].as_str(), shop.balance().as_str()), (Some("available"), "999.80"));
    shop.verify();
}

#[test]
fn instructions_to_the_robot_are_plain_text_in_live() {
    let shop = Shop::live();
    let instruction = "sandbox: error=2700; take=0s; submit=0s; comment=\"Hi\"; dance";
    let mut told = job(&format!("Two words [[[{instruction}]]]"));
    told["comment"] = json!(instruction);
    let data = json!({ "jobs": [told], "comment": format!("{instruction}\n").repeat(200) });
    let placed = shop.post("translate/jobs", &data).unwrap();
    let id = placed["job_ids"][0].as_str().unwrap().to_owned();
    shop.wait_for(&id, "available");
    // What follows was ordered later: had the robot anything to do for the first, it is done by now.
    let later = shop.orders_text("a plain one");
    for id in [&id, &later] {
        assert_eq!(shop.job(id)["status"], "available");
    }
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap()["thread"].clone();
    assert_eq!(thread.as_array().unwrap().len(), 1, "{thread}");
    assert_eq!((&thread[0]["author"], &thread[0]["body"]), (&json!("customer"), &json!(instruction)));
    shop.verify();
}

#[test]
fn machines_do_not_translate_in_live_yet() {
    let shop = Shop::live();
    let machine = json!([of_tier("by a machine", "machine")]);
    for path in ["translate/jobs", "translate/service/quote"] {
        let refused = shop.post(path, &json!({ "jobs": machine })).unwrap_err();
        assert_eq!(
            (&refused.err["0"][0]["code"], &refused.err["0"][0]["field"]),
            (&json!(1551), &json!("tier")),
            "{path}"
        );
    }
    let id = shop.orders_text("by a person");
    let job = shop.get(&format!("translate/job/{id}"), "pre_mt=1").unwrap()["job"].clone();
    assert_eq!((job.get("body_tgt"), job.get("mt")), (None, None));
    let matrix = shop.get("translate/service/language_pairs", "lc_src=en").unwrap();
    assert!(matrix.as_array().unwrap().iter().any(|pair| pair["tier"] == "standard"));
    shop.verify();
}

#[test]
fn identical_forced_orders_are_refused_in_live_and_welcome_in_the_sandbox() {
    let mut shop = Shop::live();
    let mut forced = job("once more");
    forced["force"] = json!(1);
    let jobs = json!([forced]);
    let first = shop.orders(&jobs).unwrap();
    let refused = shop.orders(&jobs).unwrap_err();
    assert_eq!(refused.code(), 1754);
    for said in [first["order_id"].as_str().unwrap(), "Idempotency-Key"] {
        assert!(refused.msg().contains(said), "{said}: {}", refused.msg());
    }
    assert_eq!(shop.balance(), "999.90", "the second is not charged");
    let data = format!("data={}", encoded(&json!({ "jobs": jobs }).to_string()));
    let anyway = shop.call("POST", "translate/jobs", &data, &[("idempotency-key", "again")]);
    assert_eq!(anyway.json()["opstat"], "ok");
    // Members in another order are the same data; another text is not.
    let turned: serde_json::Map<String, Value> =
        forced.as_object().unwrap().iter().rev().map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(shop.orders(&json!([turned])).unwrap_err().code(), 1754);
    forced["body_src"] = json!("something else");
    shop.orders(&json!([forced])).unwrap();
    // Without force there is nothing to guard against.
    for _ in 0..2 {
        shop.orders(&json!([job("harmless")])).unwrap();
    }
    shop.verify();
    shop.becomes(&shop.key("acme", Sandbox));
    for _ in 0..2 {
        shop.orders(&jobs).unwrap();
    }
}

#[test]
fn what_is_paid_and_given_back_in_live_is_in_the_books_and_in_the_feed() {
    let shop = Shop::live();
    let too_much = shop.orders(&json!([of_tier(&"word ".repeat(20_001), "standard")])).unwrap_err();
    assert_eq!(too_much.code(), 2700);
    assert_eq!(
        too_much.msg(),
        "not enough credits: this costs 1000.05 USD, there are 1000.00; 0.05 are missing"
    );
    assert_eq!((shop.get("translate/jobs", "").unwrap(), feed(&shop)), (json!([]), Vec::<String>::new()));

    let data = json!({ "jobs": [job("one two"), job("three")], "comment": "Both are titles" });
    let placed = shop.post("translate/jobs", &data).unwrap();
    let [first, second] = [0, 1].map(|index| placed["job_ids"][index].as_str().unwrap().to_owned());
    shop.wait_for(&second, "available");
    shop.post(&format!("translate/job/{first}/comment"), &json!({ "body": "Be brief" })).unwrap();
    shop.delete(&format!("translate/job/{second}")).unwrap();
    assert_eq!(shop.balance(), "999.90");
    assert_eq!(shop.get("account/stats", "").unwrap()["credits_spent"], "0.10");
    let of_others = ["job.available", "job.available", "order.available"];
    assert_eq!(feed(&shop), of_others, "one is not told of what one did oneself");
    let order = placed["order_id"].as_str().unwrap();
    let thread = shop.get(&format!("translate/order/{order}/comments"), "").unwrap();
    assert_eq!(
        (&thread["thread"][0]["body"], &thread["thread"][0]["author"]),
        (&json!("Both are titles"), &json!("customer"))
    );
    shop.verify();
}

/// A laptop's address is no public one, but its own inbox is reached inside the process.
#[test]
fn a_sandbox_calls_its_inbox_wherever_the_server_is() {
    let mut shop = Shop::live();
    let live = shop.key("acme", Live);
    shop.becomes(&shop.key("acme", Sandbox));
    let inbox = shop.get("sandbox", "").unwrap()["inboxes"][0].as_str().unwrap().to_owned();
    let token = shop.inbox();
    let calling = |url: &str| {
        let mut job = job("call me");
        job["callback_url"] = json!(url);
        json!([job])
    };
    let requests = || shop.get(&format!("sandbox/inbox/{token}"), "").unwrap()["requests"].clone();
    let placed = shop.orders(&calling(&inbox)).unwrap();
    shop.until("it is called", || requests().as_array().unwrap().len() == 1);
    assert_eq!(requests()[0]["job_id"], placed["job_ids"][0]);
    let sent = shop.control(placed["job_ids"][0].as_str().unwrap(), "callback", &json!({ "url": inbox }));
    assert_eq!(sent.unwrap()["answer"]["status"], 200);
    let another_port = "http://127.0.0.1:2/inbox/abc";
    assert_eq!(shop.orders(&calling(another_port)).unwrap_err().err["0"][0]["code"], 1601);
    // Live has no inbox.
    shop.becomes(&live);
    assert_eq!(shop.orders(&calling(&inbox)).unwrap_err().err["0"][0]["code"], 1601);
}

/// One request, whole.
fn received(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let (mut all, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut piece).unwrap();
        all.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let length = text
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if body.is_some_and(|body| length.is_some_and(|length| length.parse() == Ok(body))) {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            return text;
        }
        assert!(read > 0, "it broke off: {text}");
    }
}

#[test]
fn callbacks_of_live_say_so_and_are_spoiled_by_nothing() {
    let shop = Shop::live_with(&["--callbacks-allow-loopback", "1"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut told = job("Call me [[[sandbox: callback=garbled]]]");
    told["callback_url"] = json!(format!("http://{}/hook", listener.local_addr().unwrap()));
    told["custom_data"] = json!("whole");
    let id = shop.orders(&json!([told])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    let request = received(&listener);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for line in ["post /hook http/1.1", "honyaku-environment: live", "honyaku-event: job.available"] {
        assert!(head.lines().any(|found| found == line), "{line}: {head}");
    }
    assert!(body.starts_with("job=%7B") && body.ends_with("%7D"), "{body}");
    shop.until("it is written down", || {
        let log = shop.get("account/callbacks", "state=delivered").unwrap();
        log["callbacks"][0]["job_id"] == json!(id)
    });
    shop.verify();
}

#[test]
fn callers_are_throttled_and_told_when_to_come_again() {
    let shop = Shop::live_with(&["--rate-limit-per-address", "20"]);
    let answers = (0..40).map(|_| shop.call("GET", "account/balance", "", &[]));
    let throttled = answers.into_iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!((throttled.status, &throttled.json()["err"]["code"]), (429, &json!(2800)));
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() > 0);
}

//! The server as a process: TLS, signals, health, settings.

use crate::shop::{Shop, job};
use serde_json::json;
use std::process::Command;

#[test]
fn health_readiness_and_metrics_are_there() {
    let shop = Shop::open();
    shop.orders_text("measured");
    let ask = |path: &str| shop.raw("GET", &format!("{}{path}", shop.origin()), &[], None);
    assert_eq!((ask("/healthz").status, ask("/readyz").status), (200, 200));
    let metrics = String::from_utf8(ask("/metrics").body).unwrap();
    assert!(
        metrics.contains("honyaku_requests_total") && metrics.contains("honyaku_tasks_waiting"),
        "{metrics}"
    );
    assert!(!metrics.contains(&shop.public_key));
    let page = ask("/");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(String::from_utf8(page.body).unwrap().contains("/v2/"));
    let errors = String::from_utf8(ask("/docs/ja/errors").body).unwrap();
    assert!(errors.contains("id=\"2700\"") && errors.contains("クレジットが足りません"));
    assert_eq!(ask("/nothing").status, 404);
}

/// A body after the answer to HEAD is a broken protocol in HTTP/2.
#[test]
fn head_says_how_long_the_answer_is_and_sends_none() {
    let shop = Shop::open();
    let length = shop.raw("GET", &format!("{}/v2/account/me", shop.origin()), &[], None).body.len();
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "10", version, "--head"])
            .arg(format!("{}/v2/account/me", shop.origin()))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{version}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(told.contains(&format!("content-length: {length}")), "{version}: {length} bytes? {told}");
    }
}

/// What callers make up must not become a series of its own: nobody could bound their number.
#[test]
fn metrics_name_routes_and_nothing_else() {
    let shop = Shop::open();
    let id = shop.orders_text("measured");
    shop.get(&format!("translate/job/{id}"), "").unwrap();
    let origin = shop.origin();
    for path in ["v2/made/up", "v2/translate/made_up", "v2/account/me/x", "glossary/mine"] {
        shop.raw("GET", &format!("{origin}/{path}"), &[], None);
    }
    let metrics = String::from_utf8(shop.raw("GET", &format!("{origin}/metrics"), &[], None).body).unwrap();
    let mut routes: Vec<&str> =
        metrics.lines().filter_map(|line| line.split("route=\"").nth(1)?.split('"').next()).collect();
    routes.sort_unstable();
    routes.dedup();
    assert_eq!(routes, ["glossary", "other", "translate/job", "translate/jobs"], "{metrics}");
    assert!(metrics.contains("honyaku_destinations_paused 0"), "{metrics}");
}

#[test]
fn nobody_else_on_the_machine_reads_the_data() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = tempfile::tempdir().unwrap();
    let (data, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(words)
            .env("HONYAKU_DATA_DIR", &data)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["account", "add", "--name", "Acme"]);
    run(&["backup", "--to", copy.to_str().unwrap()]);
    for directory in [&data, &copy] {
        assert_eq!(directory.metadata().unwrap().mode() & 0o077, 0, "{}", directory.display());
        for file in std::fs::read_dir(directory).unwrap() {
            let file = file.unwrap();
            let open_to_others = file.metadata().unwrap().mode() & 0o077;
            assert!(open_to_others == 0 || file.metadata().unwrap().len() == 0, "{:?}", file.path());
        }
    }
}

#[test]
fn only_trusted_proxies_say_who_calls() {
    let asks = |flags: &[&str]| {
        let shop = Shop::open_with(flags);
        let forwarded = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")];
        let refused = shop.call("GET", "account/balance", "", &forwarded).json();
        refused["err"]["code"].as_i64()
    };
    let https = ["--https-only", "1", "--trusted-proxies"];
    let with = |proxies| asks(&[https[0], https[1], https[2], proxies]);
    assert!(with("").is_some());
    assert!(with("10.0.0.0/8, 192.0.2.1").is_some());
    assert_eq!(with("10.0.0.0/8, 127.0.0.1"), None);
    assert_eq!(with("127.0.0.0/8"), None);
    let wrong = Command::new(env!("CARGO_BIN_EXE_honyaku"))
        .args(["doctor", "--trusted-proxies", "10.0.0.0/33"])
        .env("HONYAKU_DATA_DIR", tempfile::tempdir().unwrap().path())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("10.0.0.0/8, separated by commas"));
}

#[test]
fn stopping_answers_what_is_in_flight() {
    let shop = Shop::open();
    let slow = std::thread::scope(|scope| {
        let slow = scope.spawn(|| shop.orders(&json!([job("Slowly [[[sandbox: slow=2s]]]")])));
        std::thread::sleep(std::time::Duration::from_millis(500));
        shop.tell("TERM");
        slow.join().unwrap()
    });
    assert_eq!(slow.unwrap()["job_count"], 1);
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let shop = Shop::open();
    if shop.database.is_postgres() {
        // There, any number of servers share the work.
        return;
    }
    let second = shop.database.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use by another honyaku process"));
}

#[test]
fn a_command_goes_on_when_nobody_reads_what_it_says() {
    for command in [vec!["config"], vec!["account", "add", "--name", "Acme"]] {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(&command)
            .env("HONYAKU_DATA_DIR", directory.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("panicked"), "{command:?}: {said}");
    }
}

#[test]
fn settings_say_where_they_come_from_and_hide_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("honyaku.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\nsecret_key = \"aa\"\n[review]\nhours = 72\ncaptcha = \"always\"\n",
    )
    .unwrap();
    let config = |more: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(["config", "--config"])
            .arg(&file)
            .args(more)
            .env("HONYAKU_REVIEW_HOURS", "96")
            .output()
            .unwrap();
        (
            done.status.success(),
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr),
        )
    };
    let (ok, text) = config(&["--listen", "127.0.0.1:2"]);
    assert!(ok, "{text}");
    assert!(text.contains("listen = 127.0.0.1:2  # flag --listen"), "{text}");
    assert!(text.contains("review.hours = 96  # variable HONYAKU_REVIEW_HOURS"));
    assert!(text.contains("review.captcha = always  # file"));
    assert!(text.contains("secret_key = (hidden)") && text.contains("limit jobs_per_order = 10000"));
    std::fs::write(&file, "[review]\nhuors = 1\n").unwrap();
    let (ok, text) = config(&[]);
    assert!(!ok && text.contains("there is no setting \"review.huors\""), "{text}");
}

#[test]
fn https_is_served_beside_http() {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .unwrap();
    assert!(made.status.success());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let flags =
        ["--tls-listen", &listen, "--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let shop = Shop::open_with(&flags);
    let url = format!("https://{listen}/v2/account/balance?{}", shop.credentials());
    let answer = Command::new("curl").args(["-s", "-k", "--max-time", "20", &url]).output().unwrap();
    assert!(String::from_utf8_lossy(&answer.stdout).contains("\"credits\":\"1000.00\""));
    let plain_only = Shop::open_with(&["--https-only", "1"]);
    let refused = plain_only.call("GET", "account/balance", "", &[]);
    assert_eq!((refused.status, &refused.json()["err"]["code"]), (403, &json!(1000)));
}

#[test]
fn keys_are_added_revoked_and_changed_from_the_command_line() {
    let shop = Shop::open();
    let made = shop.command(&["key", "add", "--account", "demo", "--sandbox"]);
    let public = made["public_key"].as_str().unwrap();
    let balance = |parameters: &str| {
        let ts =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let sig = wire::signature::sign(made["private_key"].as_str().unwrap(), &ts);
        let url = format!("{}account/balance?api_key={public}&ts={ts}&api_sig={sig}{parameters}", shop.base);
        shop.raw("GET", &url, &[], None).json()
    };
    assert_eq!(balance("")["response"]["credits"], "1000.00");
    shop.command(&["key", "set", "--key", public, "--numbers", "current"]);
    assert_eq!(balance("")["response"]["credits"], 1000.0);
    shop.command(&["key", "set", "--key", public, "--addresses", "192.0.2.1"]);
    assert_eq!(balance("")["err"]["code"], 1000);
    shop.command(&["key", "set", "--key", public, "--addresses", "", "--versions", "v1"]);
    assert_eq!(balance("")["err"]["code"], 1000);
    shop.command(&["key", "revoke", "--key", public]);
    assert!(balance("")["err"]["msg"].as_str().unwrap().contains("was revoked"));
    shop.command(&["key", "set", "--key", &shop.public_key, "--spending-limit", "0.12"]);
    shop.orders(&json!([job("one two")])).unwrap();
    let over = shop.orders(&json!([job("three")])).unwrap_err();
    assert_eq!(over.code(), 2700);
    assert!(over.msg().contains("spending limit"), "{}", over.msg());
}

/// Some proxies add their line below what the caller sent instead of joining them.
#[test]
fn the_line_of_the_proxy_counts_and_not_the_callers() {
    let shop = Shop::open_with(&["--trusted-proxies", "127.0.0.1", "--rate-limit-per-address", "3"]);
    let statuses: Vec<u16> = (0..5)
        .map(|n| {
            let made_up = format!("203.0.113.{n}");
            let lines = [("x-forwarded-for", made_up.as_str()), ("x-forwarded-for", "198.51.100.9")];
            shop.call("GET", "account/balance", "", &lines).status
        })
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[test]
fn what_cannot_be_read_is_counted_too() {
    let shop = Shop::open_with(&["--rate-limit-per-address", "3"]);
    let url = format!("{}translate/jobs", shop.base);
    let send = |method: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = shop.raw(method, &url, &form, Some(b"data=%ff"));
        (answer.status, answer.json()["err"]["code"].as_i64().unwrap())
    };
    assert_eq!(send("PATCH"), (405, 405));
    assert_eq!([send("POST"), send("POST"), send("POST")], [(200, 1351); 3]);
    assert_eq!(send("POST"), (429, 2800));
}

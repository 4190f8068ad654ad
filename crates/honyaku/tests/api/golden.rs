//! Golden files: the answer of every method, as JSON and as XML, byte for byte but for times,
//! tokens and the server's address. `GOLDEN=write cargo test golden` writes them anew; what
//! changed then shows in the diff.

use crate::database::Database;
use crate::shop::{Shop, encoded, job};
use crate::{golden_changes, golden_sandbox};
use serde_json::{Value, json};
use std::path::PathBuf;

/// One call: a name for its file, method, path, and what is sent.
pub type Call = (&'static str, &'static str, String, String);

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// What stands before something that differs from run to run. An `eta` of a day is to a deadline.
const BEFORE_CHANGING: &[&str] = &[
    "\"captcha\":\"",
    "<captcha>",
    "\"took_ms\":",
    "<took_ms>",
    "\"eta\":86",
    "<eta>86",
    "%22ctime%22%3A",
    "v1,",
    "evt_",
];

/// Takes out what differs from run to run.
fn steady(shop: &Shop, body: &[u8]) -> String {
    let mut text = String::from_utf8(body.to_vec()).unwrap().replace(shop.origin(), "ORIGIN");
    for mark in BEFORE_CHANGING {
        let mut parts = text.split(mark);
        let first = parts.next().unwrap_or_default().to_owned();
        let changes = |letter: char| letter.is_ascii_alphanumeric() || "+/=.".contains(letter);
        text = parts.fold(first, |sum, part| sum + mark + "*" + part.trim_start_matches(changes));
    }
    let mut steady = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        // As glossaries write it: 2012-07-19 02:57:10.526565
        if let Some(moment) = rest.get(..26)
            && moment.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                10 => byte == b' ',
                13 | 16 => byte == b':',
                19 => byte == b'.',
                _ => byte.is_ascii_digit(),
            })
        {
            steady.push_str("DATE");
            rest = &rest[26..];
            continue;
        }
        let run: usize = rest.chars().take_while(char::is_ascii_alphanumeric).count();
        let (word, after) = rest.split_at(run);
        let is_time = (10..=13).contains(&run) && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_token = run == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if run == 0 {
            steady.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        steady.push_str(if is_time {
            "TIME"
        } else if is_token || run == 32 {
            "TOKEN"
        } else {
            word
        });
        rest = after;
    }
    steady
}

pub fn data(value: &Value) -> String {
    format!("data={}", encoded(&value.to_string()))
}

/// A shop in which something of everything has happened.
pub fn furnished(database: Database) -> Shop {
    let shop = Shop::start(database, &[]);
    let file = shop.database.directory().join("terms.csv");
    std::fs::write(&file, "en,ja\nworld,世界\n").unwrap();
    shop.command(&["glossary", "add", "--account", "demo", "--sandbox", "--file", file.to_str().unwrap()]);
    let mut full = job("Hello, world!");
    for (name, value) in [
        ("slug", json!("greeting")),
        ("comment", json!("for the site's header")),
        ("custom_data", json!("mine & <yours>")),
        ("purpose", json!("web")),
        ("tone", json!("friendly")),
        ("max_chars", json!(40)),
        ("position", json!(2)),
        ("glossary_id", json!(1)),
        ("callback_url", json!("https://example.com/cb")),
        (
            "attachments",
            json!([{ "url": "https://example.com/a.png", "filename": "a.png", "mime_type": "image/png" }]),
        ),
    ] {
        full[name] = value;
    }
    let order = json!({ "jobs": { "a": full, "b": job("Good bye") }, "as_group": 1, "reference_id": "r-7", "comment": "both please" });
    shop.post("translate/jobs", &order).unwrap();
    shop.wait_for("2", "available");
    shop.control("1", "take", &json!({})).unwrap();
    shop.control("1", "submit", &json!({ "body_tgt": "こんにちは" })).unwrap();
    shop.put("translate/job/1", &json!({ "action": "approve", "rating": 4, "for_translator": "thanks" }))
        .unwrap();
    shop.control("2", "submit", &json!({ "body_tgt": "さようなら" })).unwrap();
    shop
}

pub fn calls() -> Vec<Call> {
    let call = |name, method, path: &str, sent: String| (name, method, path.to_owned(), sent);
    let get = |name, path: &str| call(name, "GET", path, String::new());
    let mut known = job("Hello, world!");
    known["glossary_id"] = json!(1);
    vec![
        get("account_stats", "account/stats"),
        get("account_balance", "account/balance"),
        get("account_me", "account/me"),
        get("account_preferred_translators", "account/preferred_translators"),
        get("jobs_list", "translate/jobs"),
        get("jobs_several", "translate/jobs/2,1,99"),
        get("jobs_group", "translate/jobs/group/1"),
        get("job_approved", "translate/job/1"),
        get("job_reviewable", "translate/job/2"),
        get("job_revisions", "translate/job/1/revisions"),
        get("job_revision", "translate/job/1/revision/1"),
        get("job_feedback", "translate/job/1/feedback"),
        get("job_feedback_none", "translate/job/2/feedback"),
        get("job_comments", "translate/job/1/comments"),
        get("order", "translate/order/1"),
        get("order_comments", "translate/order/1/comments"),
        get("service_languages", "translate/service/languages"),
        get("service_language_pairs", "translate/service/language_pairs"),
        get("service_language_matrix", "translate/service/language_matrix"),
        call(
            "service_unit_count",
            "GET",
            "translate/service/unit_count",
            "body_src=one%20two&lc_src=en".into(),
        ),
        call(
            "service_quote",
            "POST",
            "translate/service/quote",
            data(&json!({ "jobs": { "old": known, "new": job("A new text") } })),
        ),
        call(
            "service_quote_array",
            "POST",
            "translate/service/quote",
            data(&json!({ "jobs": [job("A new text")] })),
        ),
        get("glossary_list", "translate/glossary"),
        get("glossary", "translate/glossary/1"),
        get("glossary_unknown", "translate/glossary/2"),
        call("jobs_dry_run", "POST", "translate/jobs", data(&json!({ "jobs": [job("dry")], "dry_run": 1 }))),
        call(
            "jobs_known",
            "POST",
            "translate/jobs",
            data(&json!({ "jobs": { "x": job("Hello, world!"), "y": job("Hello, world!") } })),
        ),
        call(
            "jobs_faults",
            "POST",
            "translate/jobs",
            data(&json!({ "jobs": [{ "body_src": "x" }, job("fine")] })),
        ),
        call("job_comment", "POST", "translate/job/2/comment", data(&json!({ "body": "one more" }))),
        call(
            "job_revise",
            "PUT",
            "translate/job/2",
            data(&json!({ "action": "revise", "comment": "politer" })),
        ),
        call("job_cancel_refused", "DELETE", "translate/job/2", String::new()),
        call(
            "jobs_bulk_refused",
            "PUT",
            "translate/jobs",
            data(&json!({ "action": "archive", "job_ids": [1, 2] })),
        ),
        call("not_found", "GET", "translate/nothing", String::new()),
        call("not_allowed", "POST", "account/me", String::new()),
    ]
}

/// A server's sequences do not take back the ids of calls that were refused.
fn without_order_ids(text: &str) -> String {
    let mut parts = text.split("order_id");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |sum, part| {
        sum + "order_id" + part.trim_start_matches(|letter: char| !letter.is_alphabetic())
    })
}

/// Answers held against their files.
pub struct Book<'s> {
    pub shop: &'s Shop,
    format: &'static str,
    wrong: Vec<String>,
}

impl Book<'_> {
    /// Makes a call, and holds its answer against what is recorded.
    pub fn hold(&mut self, (name, method, path, sent): &Call) {
        let format = self.format;
        let parameters =
            if sent.is_empty() { format!("format={format}") } else { format!("{sent}&format={format}") };
        let answer = steady(self.shop, &self.shop.call(method, path, &parameters, &[]).body);
        let file = directory().join(format!("{name}.{format}"));
        if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
            std::fs::create_dir_all(directory()).unwrap();
            std::fs::write(&file, &answer).unwrap();
            return;
        }
        let recorded = std::fs::read_to_string(&file).unwrap_or_default();
        let same = if self.shop.database.is_postgres() {
            without_order_ids(&recorded) == without_order_ids(&answer)
        } else {
            recorded == answer
        };
        if !same {
            self.wrong.push(format!("{}: {answer}", file.display()));
        }
    }
}

/// Lets a shop answer in both formats; each must be as recorded.
fn in_both_formats(open: fn() -> Shop, scene: impl Fn(&mut Book<'_>)) {
    let mut wrong = Vec::new();
    for format in ["json", "xml"] {
        let shop = open();
        let mut book = Book { shop: &shop, format, wrong: Vec::new() };
        scene(&mut book);
        wrong.append(&mut book.wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn answers_are_as_recorded() {
    in_both_formats(|| furnished(Database::new()), |book| calls().iter().for_each(|call| book.hold(call)));
}

#[test]
fn answers_to_what_changes_something_are_as_recorded() {
    in_both_formats(Shop::open, golden_changes::play);
}

#[test]
fn answers_of_the_sandboxs_controls_are_as_recorded() {
    in_both_formats(Shop::open, golden_sandbox::play);
}

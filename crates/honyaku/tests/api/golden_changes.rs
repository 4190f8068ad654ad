//! Golden files of calls that change something, and of the shapes that jobs have then.

use crate::golden::{Book, Call, data};
use crate::shop::job;
use serde_json::{Value, json};

fn call(name: &'static str, method: &'static str, path: &str, sent: String) -> Call {
    (name, method, path.to_owned(), sent)
}

fn get(name: &'static str, path: &str) -> Call {
    call(name, "GET", path, String::new())
}

fn post(name: &'static str, path: &str, value: Value) -> Call {
    call(name, "POST", path, data(&value))
}

fn put(name: &'static str, path: &str, value: Value) -> Call {
    call(name, "PUT", path, data(&value))
}

/// Orders. What repeats a text comes last: it leaves a gap in a server's ids.
fn orders() -> Vec<Call> {
    let mut machine = job("For the engine");
    machine["tier"] = json!("machine");
    let mut edited = job("Five");
    edited["tier"] = json!("pro");
    edited["services"] = json!(["translation", "edit"]);
    let two = |one: &str, other: &str| json!([job(one), job(other)]);
    let jobs = "translate/jobs";
    vec![
        post("jobs_new", jobs, json!({ "jobs": { "job_1": job("One"), "job 2": job("Two words") } })),
        post("jobs_new_array", jobs, json!({ "jobs": two("Three", "Four") })),
        post("job_new", "translate/job", json!({ "job": edited })),
        post("jobs_unpaid", jobs, json!({ "jobs": two("Six", "Seven"), "process": 0 })),
        post("jobs_new_group", jobs, json!({ "jobs": two("Eight", "Nine"), "as_group": 1 })),
        post("jobs_machine", jobs, json!({ "jobs": [machine] })),
        post("jobs_repeated", jobs, json!({ "jobs": two("Ten", "Ten") })),
    ]
}

/// Reviews, purchases and cancellations that are accepted.
fn acts() -> Vec<Call> {
    let reject = json!({ "action": "reject", "reason": "quality", "comment": "bad", "follow_up": "cancel" });
    let mut wrong_captcha = reject.clone();
    wrong_captcha["captcha"] = json!("WRONG7");
    vec![
        put("job_approve", "translate/job/1", json!({ "action": "approve", "rating": 5 })),
        put("job_reject", "translate/job/2", reject),
        put("job_captcha_wrong", "translate/job/3", wrong_captcha),
        put("job_sent_back", "translate/job/3", json!({ "action": "revise", "comment": "politer" })),
        put("jobs_approve", "translate/jobs", json!({ "action": "approve", "job_ids": [4] })),
        put("job_archive", "translate/job/1", json!({ "action": "archive" })),
        put("job_purchase", "translate/job/6", json!({ "action": "purchase" })),
        call("job_cancel", "DELETE", "translate/job/7", String::new()),
        call("jobs_cancel", "DELETE", "translate/jobs", "job_ids=8,9".into()),
        call("order_cancel", "DELETE", "translate/order/4", String::new()),
    ]
}

/// Jobs in the states that those leave them in.
fn jobs() -> Vec<Call> {
    vec![
        get("job_archived", "translate/job/1"),
        get("job_rejected", "translate/job/2"),
        get("job_revising", "translate/job/3"),
        get("job_canceled", "translate/job/7"),
        get("job_held", "translate/job/5"),
        get("job_pending", "translate/job/11"),
        get("job_machine", "translate/job/10"),
        call("job_translated_ahead", "GET", "translate/job/11", "pre_mt=1".into()),
        get("order_canceled", "translate/order/4"),
        call("jobs_with_status", "GET", "translate/jobs", "status=pending".into()),
    ]
}

/// Comments with attachments.
fn comments() -> Vec<Call> {
    let link = |name: &str| json!({ "url": format!("https://example.com/{name}"), "filename": name, "mime_type": "image/png" });
    let said = json!({ "body": "Look & see", "attachments": [link("a.png"), link("b.png")] });
    vec![
        post("order_comment", "translate/order/1/comment", said.clone()),
        get("order_comments_with_attachments", "translate/order/1/comments"),
        post("job_comment_with_attachments", "translate/job/1/comment", said),
        get("job_comments_with_attachments", "translate/job/1/comments"),
        get("job_comments_none", "translate/job/11/comments"),
        post(
            "service_unit_count_posted",
            "translate/service/unit_count",
            json!({ "body_src": "一二三", "lc_src": "ja" }),
        ),
    ]
}

/// What is refused, with a shape of its own or because it is still to come.
fn refusals() -> Vec<Call> {
    let file = json!({ "type": "file", "identifier": "x", "file_key": "a" });
    let glossary = "translate/glossary";
    vec![
        post("service_quote_of_files", "translate/service/quote", json!({ "jobs": [file.clone()] })),
        post("service_quote_file", "translate/service/quote/file", json!({ "jobs": { "a": file } })),
        post("jobs_of_files", "translate/jobs", json!({ "jobs": [{ "type": "file", "identifier": "x" }] })),
        post("jobs_missing", "translate/jobs", json!({ "as_group": 1 })),
        post("glossary_added", glossary, json!({ "file_path": "terms.csv" })),
        put("glossary_replaced", "translate/glossary/1", json!({ "file_path": "terms.csv" })),
        call("glossary_removed", "DELETE", "translate/glossary/1", String::new()),
        get("glossary_download_unknown", "translate/glossary/download/7"),
        get("job_unknown", "translate/job/999"),
        get("order_unknown", "translate/order/999"),
        put("job_approve_refused", "translate/job/11", json!({ "action": "approve" })),
    ]
}

pub fn play(book: &mut Book<'_>) {
    orders().iter().for_each(|call| book.hold(call));
    for id in ["1", "2", "3", "4", "5", "8", "9", "11"] {
        book.shop.wait_for(id, "available");
    }
    book.shop.wait_for("10", "approved");
    book.hold(&get("job_unpaid", "translate/job/6"));
    book.hold(&get("job_available", "translate/job/1"));
    ["1", "2", "3", "4"].iter().for_each(|id| book.shop.delivers(id, "訳"));
    book.shop.control("5", "status", &json!({ "status": "hold" })).unwrap();
    book.shop.control("11", "take", &json!({})).unwrap();
    acts().iter().for_each(|call| book.hold(call));
    for call in jobs().iter().chain(&comments()).chain(&refusals()) {
        book.hold(call);
    }
}

//! Ordering: lazy loading, force, repeats, groups, credits (api-v2 5).

use crate::shop::{Shop, job};
use serde_json::json;

/// Tests whose one body holds in both environments. They are told which shop to open.
macro_rules! in_both_environments {
    ($($body:ident),+ $(,)?) => {
        mod in_the_sandbox {
            $(#[test]
            fn $body() {
                super::$body(&crate::shop::Shop::open());
            })+
        }
        mod in_live {
            $(#[test]
            fn $body() {
                super::$body(&crate::shop::Shop::live());
            })+
        }
    };
}

in_both_environments!(
    new_texts_are_charged_and_put_on_the_board,
    known_texts_come_back_and_cost_nothing,
    repeats_in_a_call_are_made_and_charged_once,
    force_orders_again_and_all_of_them_come_back,
    a_canceled_text_can_be_ordered_again,
    unpaid_jobs_are_bought_by_purchase_or_by_ordering_again,
    a_dry_run_says_all_and_stores_nothing,
    groups_need_one_pair_and_tier,
    an_idempotency_key_gets_the_first_answer_again,
    cancelling_an_order_cancels_what_it_made_and_leaves_what_it_found,
    quotes_cost_what_an_order_would,
    who_asks_for_preferred_translators_and_has_none_is_told,
    a_quote_detects_the_language_or_asks,
    one_job_is_the_one_under_its_name,
    faults_come_in_the_order_of_the_jobs,
    a_quote_does_not_look_at_what_goes_with_an_order,
);

fn new_texts_are_charged_and_put_on_the_board(shop: &Shop) {
    let answer = shop
        .orders(
            &json!({ "a": job("Hello, world!"), "b": job("This is a short story"), "c": job("plop plop!") }),
        )
        .unwrap();
    assert_eq!(answer["job_count"], 3);
    assert_eq!(answer["credits_used"], "0.45");
    assert_eq!(answer["job_ids"], json!({ "a": "1", "b": "2", "c": "3" }));
    assert!(answer.get("jobs").is_none());
    assert_eq!(shop.balance(), "999.55");
    shop.wait_for("3", "available");
    let order = shop.get("translate/order/1", "").unwrap()["order"].clone();
    assert_eq!(order["jobs_available"], json!(["1", "2", "3"]));
    assert_eq!(
        (&order["total_jobs"], &order["total_units"], &order["total_credits"]),
        (&json!("3"), &json!(9), &json!("0.45"))
    );
    shop.verify();
}

fn known_texts_come_back_and_cost_nothing(shop: &Shop) {
    shop.orders(&json!([job("one two")])).unwrap();
    let again = shop.orders(&json!([job(" one two\r\n"), job("three")])).unwrap();
    assert_eq!(again["credits_used"], "0.05");
    assert_eq!(again["jobs"][0][0]["job_id"], "1");
    assert_eq!(again["job_ids"], json!(["1", "2"]));
    let order =
        shop.get(&format!("translate/order/{}", again["order_id"].as_str().unwrap()), "").unwrap()["order"]
            .clone();
    assert_eq!(order["total_jobs"], "2", "the order remembers the job it found");
    assert_eq!(order["total_units"], 1);
}

fn repeats_in_a_call_are_made_and_charged_once(shop: &Shop) {
    let answer = shop.orders(&json!([job("same"), job("same")])).unwrap();
    assert_eq!(answer["credits_used"], "0.05");
    assert_eq!(answer["job_ids"], json!(["1", "1"]));
    assert_eq!(answer["jobs"][0][0]["job_id"], answer["jobs"][1][0]["job_id"]);
}

fn force_orders_again_and_all_of_them_come_back(shop: &Shop) {
    shop.orders(&json!({ "a": job("text") })).unwrap();
    let mut forced = job("text");
    forced["force"] = json!(1);
    let second = shop.orders(&json!({ "a": forced })).unwrap();
    assert_eq!(second["job_ids"]["a"], "2");
    assert_eq!(second["credits_used"], "0.05");
    let known = shop.orders(&json!({ "a": job("text") })).unwrap();
    let ids: Vec<&str> =
        known["jobs"]["a"].as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["2", "1"], "newest first");
}

/// The original's first known issue: after cancel and force only machine text came back.
#[test]
fn order_cancel_force_and_lazy_load_gives_the_human_job() {
    let shop = Shop::open();
    let mut machine = job("known issue");
    machine["tier"] = json!("machine");
    shop.orders(&json!({ "m": machine })).unwrap();
    let first = shop.orders(&json!({ "a": job("known issue") })).unwrap();
    shop.delete(&format!("translate/job/{}", first["job_ids"]["a"].as_str().unwrap())).unwrap();
    let mut forced = job("known issue");
    forced["force"] = json!(true);
    let second = shop.orders(&json!({ "a": forced })).unwrap();
    let id = second["job_ids"]["a"].as_str().unwrap().to_owned();
    shop.wait_for(&id, "available");
    shop.delivers(&id, "人の訳");
    let known = shop.orders(&json!({ "a": job("known issue") })).unwrap();
    assert_eq!(known["credits_used"], "0.00");
    assert_eq!(known["jobs"]["a"][0]["job_id"], json!(id));
    assert_eq!(known["jobs"]["a"][0]["body_tgt"], "人の訳");
    assert_eq!(known["jobs"]["a"].as_array().unwrap().len(), 1);
    shop.verify();
}

fn a_canceled_text_can_be_ordered_again(shop: &Shop) {
    let id = shop.orders_text("again and again");
    shop.delete(&format!("translate/job/{id}")).unwrap();
    assert_eq!(shop.balance(), "1000.00");
    let twice = shop.delete(&format!("translate/job/{id}")).unwrap_err();
    assert_eq!(twice.code(), 2252);
    assert!(
        twice.msg().starts_with("job cannot be cancelled (incorrect state): job 1 is canceled"),
        "{}",
        twice.msg()
    );
    let again = shop.orders(&json!({ "a": job("again and again") })).unwrap();
    assert_eq!(again["credits_used"], "0.15");
    shop.verify();
}

fn unpaid_jobs_are_bought_by_purchase_or_by_ordering_again(shop: &Shop) {
    let stored = shop
        .post("translate/jobs", &json!({ "jobs": [job("later"), job("later two")], "process": 0 }))
        .unwrap();
    assert_eq!(stored["credits_used"], "0.00");
    assert_eq!(shop.job("1")["status"], "unpaid");
    let order = shop.get("translate/order/1", "").unwrap()["order"].clone();
    assert_eq!((&order["jobs_unpaid"], &order["total_credits"]), (&json!(["1", "2"]), &json!("0.00")));
    shop.put("translate/job/1", &json!({ "action": "purchase" })).unwrap();
    assert_eq!(shop.put("translate/job/1", &json!({ "action": "purchase" })).unwrap_err().code(), 2251);
    let bought = shop.orders(&json!([job("later two")])).unwrap();
    assert_eq!(bought["credits_used"], "0.10");
    shop.wait_for("2", "available");
    assert_eq!(shop.balance(), "999.85");
    shop.verify();
}

/// A status that tells nothing of money: the books do.
#[test]
fn an_order_counts_canceled_and_forced_jobs_at_what_was_charged() {
    let shop = Shop::open();
    let unpaid = json!({ "jobs": [job("never paid"), job("forced")], "process": 0 });
    shop.post("translate/jobs", &unpaid).unwrap();
    let total = |order: &str| {
        shop.get(&format!("translate/order/{order}"), "").unwrap()["order"]["total_credits"].clone()
    };
    shop.delete("translate/job/1").unwrap();
    assert_eq!((&shop.job("1")["status"], total("1")), (&json!("canceled"), json!("0.00")));
    shop.control("2", "status", &json!({ "status": "approved", "force": 1 })).unwrap();
    assert_eq!((total("1"), shop.balance().as_str()), (json!("0.00"), "1000.00"), "forced, and never paid");
    shop.orders(&json!([job("paid"), job("paid too")])).unwrap();
    shop.delete("translate/job/3").unwrap();
    assert_eq!((&shop.job("3")["status"], total("2")), (&json!("canceled"), json!("0.15")));
    shop.verify();
}

#[test]
fn too_little_credit_stores_nothing_and_says_what_is_missing() {
    let shop = Shop::open();
    shop.post("sandbox/credits", &json!({ "set": "0.07" })).unwrap();
    let refused = shop.orders(&json!([job("one"), job("two")])).unwrap_err();
    assert_eq!(refused.code(), 2700);
    assert_eq!(refused.msg(), "not enough credits: this costs 0.10 USD, there are 0.07; 0.03 are missing");
    assert_eq!(shop.get("translate/jobs", "").unwrap(), json!([]));
    assert_eq!(shop.balance(), "0.07");
}

fn a_dry_run_says_all_and_stores_nothing(shop: &Shop) {
    let told =
        shop.post("translate/jobs", &json!({ "jobs": [job("dry"), job("run")], "dry_run": 1 })).unwrap();
    assert_eq!(told, json!({ "job_count": 2, "credits_used": "0.10", "currency": "USD", "dry_run": 1 }));
    let group = json!({ "jobs": [job("dry"), job("run"), job("dry")], "as_group": 1, "dry_run": 1 });
    let repeated = shop.post("translate/jobs", &group).unwrap()["jobs"].to_string();
    assert!(repeated.contains("\"body_src\":\"dry\"") && !repeated.contains("_id\""), "no ids: {repeated}");
    assert_eq!(shop.balance(), "1000.00");
    let id = shop.orders(&json!([job("dry")])).unwrap()["job_ids"][0].clone();
    assert!(shop.database.is_postgres() || id == "1", "the embedded database used up an id");
    shop.verify();
}

#[test]
fn groups_are_taken_as_a_whole_in_their_order() {
    let shop = Shop::open();
    let mut jobs = vec![job("first"), job("second"), job("third")];
    for (job, position) in jobs.iter_mut().zip([3, 1, 2]) {
        job["position"] = json!(position);
    }
    let answer = shop.post("translate/jobs", &json!({ "jobs": jobs, "as_group": 1 })).unwrap();
    let group = answer["group_id"].as_str().unwrap();
    shop.wait_for("3", "available");
    let listed = shop.get(&format!("translate/jobs/group/{group}"), "").unwrap();
    let ids: Vec<&str> =
        listed["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["2", "3", "1"]);
    shop.control("1", "take", &json!({})).unwrap();
    assert_eq!(shop.job("2")["status"], "pending");
    shop.control("2", "submit", &json!({ "body_tgt": "訳" })).unwrap();
    shop.control("1", "release", &json!({})).unwrap();
    assert_eq!(shop.job("2")["status"], "reviewable", "what is handed in stays");
    assert_eq!(shop.job("1")["status"], "available");
    assert_ne!(shop.job("1")["group_id"], json!(group), "the rest is a new group");
    shop.verify();
}

#[test]
fn without_fork_an_unfinished_group_is_canceled_and_refunded() {
    let shop = Shop::open();
    let data = json!({ "jobs": [job("a b"), job("c d")], "as_group": 1, "allow_fork": 0 });
    shop.post("translate/jobs", &data).unwrap();
    shop.wait_for("2", "available");
    shop.control("1", "take", &json!({})).unwrap();
    shop.control("1", "submit", &json!({ "body_tgt": "訳" })).unwrap();
    shop.control("2", "release", &json!({})).unwrap();
    assert_eq!(shop.job("2")["status"], "canceled");
    assert_eq!(shop.balance(), "999.90");
    shop.verify();
}

fn groups_need_one_pair_and_tier(shop: &Shop) {
    let mut other = job("other");
    other["lc_tgt"] = json!("fr");
    let mixed =
        shop.post("translate/jobs", &json!({ "jobs": [job("x"), other], "as_group": 1 })).unwrap_err();
    assert_eq!(mixed.code(), 1950);
    let mut ultra = [job("u"), job("v")];
    ultra.iter_mut().for_each(|job| job["tier"] = json!("ultra"));
    assert_eq!(
        shop.post("translate/jobs", &json!({ "jobs": ultra, "as_group": 1 })).unwrap_err().code(),
        1952
    );
    let single = shop.post("translate/jobs", &json!({ "jobs": [job("alone")], "as_group": 1 })).unwrap();
    assert!(single.get("group_id").is_none());
}

fn an_idempotency_key_gets_the_first_answer_again(shop: &Shop) {
    let mut forced = job("idem");
    forced["force"] = json!(1);
    let parameters = format!("data={}", crate::shop::encoded(&json!({ "jobs": [forced] }).to_string()));
    let key = [("idempotency-key", "k-1")];
    let first = shop.call("POST", "translate/jobs", &parameters, &key);
    let second = shop.call("POST", "translate/jobs", &parameters, &key);
    assert_eq!(first.body, second.body);
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(shop.balance(), "999.95");
    let other = format!("data={}", crate::shop::encoded(&json!({ "jobs": [job("else")] }).to_string()));
    assert_eq!(shop.call("POST", "translate/jobs", &other, &key).json()["err"]["code"], 1754);
}

fn cancelling_an_order_cancels_what_it_made_and_leaves_what_it_found(shop: &Shop) {
    shop.orders(&json!([job("old")])).unwrap();
    let second = shop.orders(&json!([job("old"), job("new")])).unwrap();
    let path = format!("translate/order/{}", second["order_id"].as_str().unwrap());
    shop.delete(&path).unwrap();
    assert_eq!(shop.job("2")["status"], "canceled");
    assert_ne!(shop.job("1")["status"], "canceled");
    assert_eq!(shop.delete(&path).unwrap_err().code(), 2252);
    shop.verify();
}

fn quotes_cost_what_an_order_would(shop: &Shop) {
    shop.orders(&json!([job("known")])).unwrap();
    let quoted = shop
        .post("translate/service/quote", &json!({ "jobs": [job("known"), job("new text"), job("new text")] }))
        .unwrap();
    let jobs = quoted["jobs"].as_array().unwrap();
    assert_eq!((&jobs[0]["credits"], &jobs[0]["known"]), (&json!(0), &json!(1)));
    assert_eq!(
        (&jobs[1]["credits"], &jobs[1]["unit_count"], &jobs[1]["type"]),
        (&json!(0.1), &json!(2), &json!("text"))
    );
    assert_eq!(jobs[2]["credits"], json!(0));
}

fn who_asks_for_preferred_translators_and_has_none_is_told(shop: &Shop) {
    let mut preferred = job("only the best");
    preferred["use_preferred"] = json!(1);
    let attachments = json!([{ "url": "https://example.com/a", "filename": "a", "mime_type": "text/plain" }]);
    shop.post("translate/jobs", &json!({ "jobs": [preferred], "attachments": attachments })).unwrap();
    shop.wait_for("1", "available");
    let thread = shop.get("translate/job/1/comments", "").unwrap();
    assert_eq!(thread["thread"][0]["author"], "support");
    let of_order = shop.get("translate/order/1/comments", "").unwrap();
    assert_eq!(of_order["thread"][0]["attachments"][0]["filename"], "a");
}

fn a_quote_detects_the_language_or_asks(shop: &Shop) {
    let mut unknown = job("The quick brown fox jumps over the lazy dog");
    unknown.as_object_mut().unwrap().remove("lc_src");
    let quoted = shop.post("translate/service/quote", &json!({ "jobs": [unknown] })).unwrap();
    assert_eq!(
        (&quoted["jobs"][0]["lc_src"], &quoted["jobs"][0]["lc_src_detected"]),
        (&json!("en"), &json!("en"))
    );
    unknown["body_src"] = json!("OK 123");
    let asked = shop.post("translate/service/quote", &json!({ "jobs": [unknown] })).unwrap_err();
    assert_eq!(asked.err["0"][0]["code"], 1400);
}

#[test]
fn data_survive_a_restart() {
    let shop = Shop::open();
    let id = shop.orders_text("still here");
    let shop = shop.restart();
    assert_eq!(shop.job(&id)["body_src"], "still here");
    assert_eq!(shop.balance(), "999.90");
}

#[test]
fn an_order_of_many_machine_jobs_is_worked_to_its_last() {
    let shop = Shop::open();
    let mut jobs: Vec<serde_json::Value> = (0..450).map(|number| job(&format!("machine {number}"))).collect();
    for job in &mut jobs {
        job["tier"] = json!("machine");
    }
    jobs.push(job("for a person"));
    shop.orders(&json!(jobs)).unwrap();
    shop.until("nothing waits", || shop.get("translate/jobs", "status=queued").unwrap() == json!([]));
    assert_eq!(shop.job("450")["status"], "approved");
    assert_eq!(shop.job("451")["status"], "available");
    shop.verify();
}

/// What a group waits for may never come: then it goes on without.
#[test]
fn a_paid_group_does_not_wait_for_a_job_that_nobody_will_buy() {
    let shop = Shop::open();
    let unpaid = |texts: [&str; 2]| {
        let jobs: Vec<_> = texts.iter().map(|text| job(text)).collect();
        let data = json!({ "jobs": jobs, "as_group": 1, "process": 0 });
        let ids = shop.post("translate/jobs", &data).unwrap()["job_ids"].clone();
        [0, 1].map(|index| ids[index].as_str().unwrap().to_owned())
    };
    let buy = |id: &str| shop.put(&format!("translate/job/{id}"), &json!({ "action": "purchase" })).unwrap();
    let [bought, canceled] = unpaid(["one", "two"]);
    buy(&bought);
    shop.post("sandbox/clock", &json!({ "forward": 60 })).unwrap();
    assert_eq!(shop.job(&bought)["status"], "queued", "the rest may be bought yet");
    shop.verify();
    shop.delete(&format!("translate/job/{canceled}")).unwrap();
    shop.wait_for(&bought, "available");
    let [bought, expired] = unpaid(["three", "four"]);
    buy(&bought);
    shop.post("sandbox/clock", &json!({ "forward": 91 * 24 * 3600 })).unwrap();
    assert_eq!(shop.job(&expired)["status"], "canceled");
    shop.wait_for(&bought, "available");
    shop.verify();
}

#[test]
fn a_job_that_was_held_in_the_queue_goes_on_from_there() {
    let shop = Shop::open();
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "queue": 50, "take": "never" })).unwrap();
    shop.orders(&json!([job("hold me")])).unwrap();
    shop.control("1", "status", &json!({ "status": "hold" })).unwrap();
    shop.post("sandbox/clock", &json!({ "forward": 60 })).unwrap();
    shop.control("1", "release", &json!({})).unwrap();
    shop.wait_for("1", "available");
    shop.verify();
}

fn one_job_is_the_one_under_its_name(shop: &Shop) {
    let data = json!({ "job": job("the one"), "jobs": { "other": job("another") } });
    let placed = shop.post("translate/job", &data).unwrap();
    assert_eq!(placed["job_ids"], json!({ "job": "1" }));
    assert_eq!(shop.job("1")["body_src"], "the one");
}

fn faults_come_in_the_order_of_the_jobs(shop: &Shop) {
    let mut wrong = job("x");
    wrong["tier"] = json!("best");
    let refused = shop.orders(&json!({ "first": wrong, "second": 5, "third": job("y") })).unwrap_err();
    let keys: Vec<&String> = refused.err.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["first", "second"]);
    let mut target = job("x");
    target["lc_tgt"] = json!("tlh");
    let refused = shop.orders(&json!({ "job_1": target })).unwrap_err();
    let msg = refused.err["job_1"][0]["msg"].as_str().unwrap();
    assert!(msg.contains("tlh") && msg.contains("from en there is ") && msg.contains("ja"), "{msg}");
}

fn a_quote_does_not_look_at_what_goes_with_an_order(shop: &Shop) {
    let data = json!({ "jobs": { "a": job("two words") }, "callback_url": "nonsense", "tone": "x".repeat(200),
        "as_group": "maybe", "process": 0 });
    assert_eq!(shop.post("translate/service/quote", &data).unwrap()["jobs"]["a"]["unit_count"], 2);
}

//! Orders that come at the same time: a server places them together, and nobody can tell.

use crate::database::{Cluster, Database};
use crate::house::House;
use crate::races::together;
use crate::shop::{Environment, Shop, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const AT_ONCE: usize = 40;

fn credits_for(words: usize) -> String {
    format!("{:.2}", words as f64 * 0.05)
}

#[test]
fn each_is_as_if_it_had_come_alone() {
    let house = House::full();
    let shop = &house.shop;
    // One, two or three jobs of three words, each with something of its own.
    let jobs = |number: usize| -> Vec<Value> {
        let one = |position: usize| {
            let mut job = job(&format!("at once a{number}b{position}"));
            job["custom_data"] = json!(format!("data {number} {position}"));
            job["slug"] = json!(format!("slug {number} {position}"));
            job
        };
        (0..=number % 3).map(one).collect()
    };
    let placed = together(AT_ONCE, |number| {
        let data = json!({ "jobs": jobs(number), "reference_id": format!("ref {number}") });
        shop.post("translate/jobs", &data).unwrap()
    });
    let mut orders = BTreeSet::new();
    for (number, answer) in placed.iter().enumerate() {
        let sent = jobs(number);
        assert_eq!(answer["job_count"], sent.len());
        assert_eq!(answer["credits_used"], credits_for(3 * sent.len()));
        assert_eq!(answer.get("jobs"), None);
        let order = answer["order_id"].as_str().unwrap();
        assert!(orders.insert(order));
        for (sent, id) in sent.iter().zip(answer["job_ids"].as_array().unwrap()) {
            let job = shop.job(id.as_str().unwrap());
            for field in ["body_src", "custom_data", "slug"] {
                assert_eq!(job[field], sent[field]);
            }
            assert_eq!(job["order_id"], order);
        }
        let overview = shop.get(&format!("translate/order/{order}"), "").unwrap()["order"].clone();
        assert_eq!(overview["total_jobs"], sent.len().to_string());
        assert_eq!(overview["total_credits"], answer["credits_used"]);
        assert_eq!(overview["reference_id"], format!("ref {number}"));
    }
    let words = 3 * (0..AT_ONCE).map(|number| jobs(number).len()).sum::<usize>();
    assert_eq!(shop.balance(), format!("{:.2}", 1_000.0 - words as f64 * 0.05));
    shop.until("all are on the board", || shop.get("translate/jobs", "status=queued").unwrap() == json!([]));
    shop.verify();
}

#[test]
fn a_text_that_four_order_is_bought_once() {
    let house = House::full();
    let shop = &house.shop;
    let placed = together(AT_ONCE, |number| {
        let text = format!("wanted by four a{}", number % (AT_ONCE / 4));
        shop.orders(&json!([job(&text), job(&format!("of its own a{number}"))])).unwrap()
    });
    let first_of = |answer: &Value| answer["job_ids"][0].clone();
    for rivals in 0..AT_ONCE / 4 {
        let answers: Vec<&Value> = placed.iter().skip(rivals).step_by(AT_ONCE / 4).collect();
        assert!(answers.iter().all(|answer| first_of(answer) == first_of(answers[0])));
        let bought = answers.iter().filter(|answer| answer["credits_used"] == credits_for(8)).count();
        let found = answers.iter().filter(|answer| {
            answer["credits_used"] == credits_for(4) && answer["jobs"][0][0]["job_id"] == first_of(answer)
        });
        assert_eq!((bought, found.count()), (1, 3), "{answers:?}");
    }
    let words = 4 * (AT_ONCE + AT_ONCE / 4);
    assert_eq!(shop.balance(), format!("{:.2}", 1_000.0 - words as f64 * 0.05));
    shop.verify();
}

#[test]
fn each_job_that_was_left_unpaid_is_bought_once() {
    let house = House::full();
    let shop = &house.shop;
    let left: Vec<Value> = (0..AT_ONCE / 4).map(|number| job(&format!("left unpaid a{number}"))).collect();
    let unpaid = json!({ "jobs": left, "process": 0 });
    let ids = shop.post("translate/jobs", &unpaid).unwrap()["job_ids"].clone();
    let placed = together(AT_ONCE, |number| {
        shop.orders(&json!([left[number % left.len()], job(&format!("of its own a{number}"))])).unwrap()
    });
    for (number, id) in ids.as_array().unwrap().iter().enumerate() {
        let answers: Vec<&Value> = placed.iter().skip(number).step_by(left.len()).collect();
        assert!(answers.iter().all(|answer| answer["job_ids"][0] == *id));
        let paid =
            |words| answers.iter().filter(|answer| answer["credits_used"] == credits_for(words)).count();
        assert_eq!((paid(3 + 4), paid(4)), (1, 3), "{answers:?}");
        shop.wait_for(id.as_str().unwrap(), "available");
    }
    let words = 3 * left.len() + 4 * AT_ONCE;
    assert_eq!(shop.balance(), format!("{:.2}", 1_000.0 - words as f64 * 0.05));
    shop.verify();
}

#[test]
fn what_is_known_and_what_comes_twice_is_told_to_each() {
    let house = House::full();
    let shop = &house.shop;
    let known = shop.orders_text("known already");
    shop.delivers(&known, "既知");
    let of_known = shop.job(&known);
    assert!(of_known["captcha_url"].is_string());
    let placed = together(AT_ONCE, |number| {
        let own = format!("twice a{number}");
        shop.orders(&json!({ "old": job("known already"), "one": job(&own), "two": job(&own) })).unwrap()
    });
    for (number, answer) in placed.iter().enumerate() {
        let (ids, told) = (&answer["job_ids"], &answer["jobs"]);
        assert_eq!((&answer["job_count"], &answer["credits_used"]), (&json!(3), &json!(credits_for(2))));
        assert_eq!((&ids["old"], &ids["one"]), (&json!(known), &ids["two"]));
        for field in ["status", "body_tgt", "captcha_url", "order_id"] {
            assert_eq!(told["old"][0][field], of_known[field]);
        }
        assert_eq!(told["one"][0]["body_src"], format!("twice a{number}"));
        assert_eq!((&told["two"], &told["one"][0]["job_id"]), (&told["one"], &ids["one"]));
        let order = answer["order_id"].as_str().unwrap();
        let order = shop.get(&format!("translate/order/{order}"), "").unwrap()["order"].clone();
        assert_eq!(order["jobs_reviewable"], json!([known]), "it has what it found");
    }
    let own: BTreeSet<_> = placed.iter().map(|answer| answer["job_ids"]["one"].to_string()).collect();
    assert_eq!(own.len(), AT_ONCE);
    shop.verify();
}

#[test]
fn each_key_spends_its_own_and_no_more_than_it_may() {
    let house = House::full();
    let shop = &house.shop;
    let keys = [0, 1].map(|_| {
        let mut key = shop.key("demo", Environment::Sandbox);
        key.base.clone_from(&shop.base);
        key
    });
    shop.command(&["key", "set", "--key", &keys[1].public_key, "--spending-limit", "0.30"]);
    let placed = together(AT_ONCE, |number| {
        let data = json!({ "jobs": [job(&format!("which key a{number}"))] });
        shop.post_as(&keys[number % 2], "translate/jobs", &data)
    });
    let of = |key: usize| placed.iter().skip(key).step_by(2);
    assert!(of(0).all(Result::is_ok));
    assert_eq!(of(1).filter(|placed| placed.is_ok()).count(), 2);
    assert!(of(1).filter_map(|placed| placed.as_ref().err()).all(|refused| refused.code() == 2700));
    let spent =
        |key: &str| shop.database.ask(&format!("SELECT spent FROM api_key WHERE public_key = '{key}'"));
    let spent = keys.each_ref().map(|key| spent(&key.public_key));
    assert_eq!(spent, [15 * AT_ONCE as i64 / 2, 30], "cents");
    shop.verify();
}

#[test]
fn a_sandbox_takes_as_many_as_it_has_room_for() {
    let shop = Shop::open_with(&["--sandbox-max-jobs", "25"]);
    let placed = together(AT_ONCE, |number| shop.orders(&json!([job(&format!("room for a{number}"))])));
    assert_eq!(placed.iter().filter(|placed| placed.is_ok()).count(), 25);
    assert!(placed.iter().filter_map(|placed| placed.as_ref().err()).all(|refused| refused.code() == 1352));
    assert_eq!(shop.balance(), format!("{:.2}", 1_000.0 - 25.0 * 3.0 * 0.05));
    shop.verify();
}

/// An order that the database refuses, as a fault of the program would, fails alone.
#[test]
fn one_that_cannot_be_stored_holds_up_no_other() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let shop = Shop::start(database, &[]);
    shop.database.change("ALTER TABLE job ADD CONSTRAINT odd CHECK (slug <> 'odd')");
    let order = |round: usize, number: usize| {
        let mut job = job(&format!("odd or not a{round}b{number}"));
        job["slug"] = json!(if number == 0 { "odd" } else { "even" });
        shop.orders(&json!([job]))
    };
    for round in 0..4 {
        let placed = together(AT_ONCE, |number| order(round, number));
        assert!(placed[0].is_err());
        let refused: Vec<_> = placed[1..].iter().filter_map(|placed| placed.as_ref().err()).collect();
        assert!(refused.is_empty(), "round {round}: {} of the others, {}", refused.len(), refused[0].msg());
    }
    shop.verify();
}

#[test]
fn on_a_server_their_rows_are_written_together() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::explaining();
    let shop = Shop::start(cluster.database(), &[]);
    together(AT_ONCE, |number| shop.orders_text(&format!("in few statements a{number}")));
    shop.verify();
    let log = cluster.log();
    let written = |table: &str| {
        let statement = format!("Query Text: INSERT INTO {table} ");
        log.lines().filter(|line| line.contains(&statement)).count()
    };
    // Two for each, were they written one by one.
    for table in ["\"order\"", "job", "ledger_transaction", "task"] {
        let statements = written(table);
        assert!((1..AT_ONCE / 2).contains(&statements), "{statements} statements write {table}");
    }
}

//! Several servers on one database, behind a round robin: any request may go to any of them
//! (PostgreSQL only).

use crate::between::Between;
use crate::database::{Cluster, Database, connect, lines, refusal};
use crate::house::House;
use crate::island::Island;
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn orders(shop: &Shop, text: &str) -> Result<String, (u16, String)> {
    let data = json!({ "jobs": [job(text)] }).to_string();
    let answer = shop.call("POST", "translate/jobs", &format!("data={}", crate::shop::encoded(&data)), &[]);
    let json = answer.json();
    match json["response"]["job_ids"][0].as_str() {
        Some(id) => Ok(id.to_owned()),
        None if json["opstat"] == "ok" => panic!("no id: {json}"),
        None => {
            assert_eq!(json["err"]["code"], 2800, "{json}");
            Err((answer.status, answer.header("retry-after").to_owned()))
        }
    }
}

#[test]
fn any_request_may_go_to_any_node() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let house = House::open(database);
    let shop = &house.shop;
    let token = shop.inbox();
    let id = shop.orders_text("around the house");
    shop.delivers(&id, "訳");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve", "rating": 4 })).unwrap();
    let inbox = || {
        shop.get(&format!("sandbox/inbox/{token}"), "wait=5").unwrap()["requests"].as_array().unwrap().len()
    };
    shop.until("three callbacks, each once", || inbox() == 3);
    // The same batch sent to all of them at once is one order.
    let batch: Vec<_> = (0..40).map(|number| job(&format!("batch {number}"))).collect();
    let data = json!({ "jobs": batch });
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| shop.post("translate/jobs", &data).unwrap());
        }
    });
    let spent: f64 = 1000.0 - shop.balance().parse::<f64>().unwrap();
    assert_eq!(format!("{spent:.2}"), "4.15", "40 texts of two words and one of three");
    shop.put("sandbox/robot", &json!({ "mode": "instant", "apply_to_open": 1 })).unwrap();
    shop.until("the robot is through", || {
        shop.get("translate/jobs", "status=reviewable&count=200").unwrap().as_array().unwrap().len() == 40
    });
    shop.verify();
}

#[test]
fn a_node_that_is_killed_leaves_nothing_behind() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let mut house = House::open(database);
    house.shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..6 {
        let batch: Vec<_> = (0..100).map(|number| job(&format!("{round} and {number}"))).collect();
        let answer = house.shop.orders(&json!(batch)).unwrap();
        for id in answer["job_ids"].as_array().unwrap() {
            acknowledged.insert(id.as_str().unwrap().to_owned());
        }
        if round % 3 == 1 {
            house.others.pop().unwrap().tell("KILL");
        }
    }
    assert_eq!(acknowledged.len(), 600);
    let left =
        |status: &str| house.shop.get("translate/jobs", &format!("status={status}&count=200")).unwrap();
    house.shop.until("the others finish its work", || {
        ["queued", "available", "pending"].into_iter().all(|status| left(status) == json!([]))
    });
    for id in &acknowledged {
        assert_eq!(house.shop.job(id)["status"], "reviewable");
    }
    house.shop.verify();
}

/// What a node that is killed was about to do is done by another within five seconds.
#[test]
fn tasks_that_a_killed_node_had_leased_are_done_by_another_within_five_seconds() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let shop = Shop::start(database, &["--role", "api"]);
    let inbox = shop.inbox();
    let batch: Vec<_> = (0..50).map(|number| job(&format!("left behind {number}"))).collect();
    shop.orders(&json!(batch)).unwrap();
    // Whoever leases them waits for this.
    let mut holder = connect(&shop.database.url());
    holder.batch_execute("BEGIN; SELECT account_id FROM environment WHERE sandbox = 1 FOR UPDATE").unwrap();
    let worker = || Shop::start(shop.database.shared(), &["--role", "worker"]);
    let (first, leased) = (worker(), "SELECT COUNT(*) FROM task WHERE lease_until > 0");
    shop.until("the only worker has leased them", || shop.database.ask(leased) > 0);
    first.tell("STOP");
    let second = worker();
    assert!(shop.database.ask(leased) > 0, "the killed one's");
    first.tell("KILL");
    let killed = Instant::now();
    holder.batch_execute("COMMIT").unwrap();
    let called_back = || -> BTreeSet<String> {
        let received = shop.get(&format!("sandbox/inbox/{inbox}"), "limit=1000").unwrap();
        let of = |one: &Value| one["job"]["job_id"].as_str().unwrap().to_owned();
        received["requests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["event"] == "job.available")
            .map(of)
            .collect()
    };
    shop.until("all are on the board and called back", || called_back().len() == 50);
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    let queued = "SELECT COUNT(*) FROM event WHERE type = 'job.available'";
    assert_eq!(shop.database.ask(queued), 50, "each once");
    assert_eq!(shop.balance(), "992.50");
    drop(second);
    shop.verify();
}

/// A failed assertion must end the others too, or the test would wait for them.
pub struct StopsAtEnd<'a>(pub &'a AtomicBool);

impl Drop for StopsAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Orders without a pause while the database is in trouble, and holds the server to its word:
/// what it acknowledged is there, nothing is charged twice, refusals say 2800 and when to come
/// back. `trouble` is given what waits until orders are refused, and what waits until they are
/// taken again, within five seconds.
fn keeps_its_word(shop: &Shop, trouble: impl FnOnce(&dyn Fn(), &dyn Fn())) {
    shop.post("sandbox/credits", &json!({ "set": "100000.00" })).unwrap();
    let (stop, told) = (AtomicBool::new(false), Mutex::new((0, BTreeSet::new(), Vec::new())));
    let back = Mutex::new(None);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (stop, told, back) = (&stop, &told, &back);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let text = format!("two words {thread} {number}");
                    let outcome = orders(shop, &text);
                    let mut told = told.lock().unwrap();
                    told.0 += 1;
                    match outcome {
                        Ok(id) => {
                            assert!(told.1.insert(id), "an id was given out twice");
                            back.lock().unwrap().get_or_insert_with(Instant::now);
                        }
                        Err((status, retry_after)) => {
                            assert_eq!(status, 503);
                            assert!(retry_after.parse::<u32>().is_ok(), "Retry-After: {retry_after:?}");
                            told.2.push(text);
                        }
                    }
                }
            });
        }
        let _stops = StopsAtEnd(&stop);
        std::thread::sleep(Duration::from_millis(700));
        let refused = || shop.until("orders are refused", || !told.lock().unwrap().2.is_empty());
        trouble(&refused, &|| {
            *back.lock().unwrap() = None;
            let began = Instant::now();
            shop.until("orders are taken again", || back.lock().unwrap().is_some());
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        });
    });
    let (texts, acknowledged, unsure) = told.into_inner().unwrap();
    assert!(acknowledged.len() > 10 && !unsure.is_empty(), "{} and {}", acknowledged.len(), unsure.len());
    // Whoever is unsure sends it again: a text is paid once whatever became of the first time.
    for text in &unsure {
        orders(shop, text).unwrap();
    }
    for id in &acknowledged {
        shop.job(id);
    }
    let balance = shop.balance();
    assert_eq!(balance, format!("{:.2}", 100_000.0 - f64::from(texts) * 0.20), "{texts} texts of four words");
    all_is_called_back(shop);
    shop.verify();
}

/// Every job reaches the board, and every one of these events its receiver, once at least.
fn all_is_called_back(shop: &Shop) {
    let queued = "SELECT COUNT(*) FROM job WHERE status = 'queued'";
    shop.until("all are on the board", || shop.database.ask(queued) == 0);
    let untold = "SELECT COUNT(*) FROM event e WHERE e.type = 'job.available' AND NOT EXISTS (SELECT 1 FROM delivery d \
        WHERE d.account_id = e.account_id AND d.event_id = e.id AND d.state = 'delivered')";
    shop.until("all is called back", || {
        std::thread::sleep(Duration::from_millis(200));
        // What failed meanwhile is tried again a minute later.
        shop.post("sandbox/clock", &json!({ "forward": 60 })).unwrap();
        shop.database.ask(untold) == 0
    });
}

#[test]
fn a_database_that_crashes_under_load_loses_and_doubles_nothing() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let house = House::open(cluster.database());
    keeps_its_word(&house.shop, |_, taken_again| {
        for _ in 0..3 {
            cluster.crash();
            taken_again();
            std::thread::sleep(Duration::from_millis(700));
        }
    });
}

/// The server has kept it, but the node never hears that it did.
#[test]
fn a_connection_that_is_lost_after_a_commit_loses_and_doubles_nothing() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let between = Between::before(&database);
    let house = House::open(between.database(&database));
    keeps_its_word(&house.shop, |_, taken_again| {
        for round in 1..=12 {
            between.lose_one();
            house.shop.until("a commit is lost", || between.lost() == round);
            taken_again();
        }
    });
}

#[test]
fn a_replica_takes_the_place_of_its_primary() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::replicated();
    let house = House::open(cluster.database().with("?target_session_attrs=read-write"));
    keeps_its_word(&house.shop, |refused, taken_again| {
        cluster.lose_primary();
        // Nobody takes writes now.
        refused();
        cluster.promote_replica();
        taken_again();
    });
}

#[test]
fn a_node_that_is_cut_off_from_its_database_comes_back() {
    if !Database::new().is_postgres() {
        return;
    }
    let Some(island) = Island::new() else {
        // `./test` sets it where they are allowed, and says in its summary where they are not.
        assert!(std::env::var_os("HONYAKU_TEST_NAMESPACES").is_none(), "no network namespace to be had");
        eprintln!("network namespaces are not allowed here: nothing was tested");
        return;
    };
    let cluster = Cluster::on_network(&island.here("d"));
    let database = cluster.database();
    // One node that is not cut off: what the other left open must not hold it up.
    let near = Shop::start(database.shared(), &[]);
    let listen = format!("{}:8080", island.there("c"));
    let far = Shop::start(database.shared().inside(&island.name), &["--listen", &listen]);
    keeps_its_word(&far, |refused, taken_again| {
        island.link("down");
        refused();
        let began = Instant::now();
        orders(&near, "near the database").unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "held up for {:?}", began.elapsed());
        // Three words that are not among those counted.
        near.post("sandbox/credits", &json!({ "add": "0.15" })).unwrap();
        island.link("up");
        taken_again();
    });
}

/// One node answers, the other one works: whatever the first is waiting for was written elsewhere.
#[test]
fn a_long_poll_wakes_for_what_another_node_writes() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let near = Shop::start(database, &["--role", "api"]);
    let far = Shop::start(near.database.shared(), &[]);
    let inbox = format!("sandbox/inbox/{}", far.inbox());
    let id = far.orders_text("in the distance");
    let last = |list: &Value| list.as_array().unwrap().last().map(|last| last["id"].clone());
    far.until("it is called back", || last(&near.get(&inbox, "").unwrap()["requests"]).is_some());
    for (path, list) in [("account/events", "events"), (inbox.as_str(), "requests")] {
        for round in 0..3 {
            let after = last(&near.get(path, "").unwrap()[list]).unwrap();
            let (began, said) = (Instant::now(), format!("{list} {round}"));
            let woken = std::thread::scope(|scope| {
                let after = format!("after={}&wait=25", after.as_str().unwrap());
                let poll = scope.spawn({
                    let near = &near;
                    move || near.get(path, &after).unwrap()
                });
                // What came later is answered by now, so it waits.
                (0..5).for_each(|_| drop(near.balance()));
                far.control(&id, "comment", &json!({ "body": said })).unwrap();
                poll.join().unwrap()
            });
            assert_eq!(woken[list][0]["comment"]["body"], said, "{woken}");
            assert!(began.elapsed() < Duration::from_secs(20), "{said} after {:?}", began.elapsed());
            far.until("the comment is called back", || {
                let all = near.get(&inbox, "").unwrap().to_string();
                all.contains(&said)
            });
        }
    }
}

#[test]
fn sixty_timers_that_are_due_at_once_fire_once_each() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let house = House::open(database);
    let (shop, inbox) = (&house.shop, house.shop.inbox());
    let batch: Vec<_> = (0..60).map(|number| job(&format!("timer {number}"))).collect();
    let ids = shop.orders(&json!(batch)).unwrap()["job_ids"].clone();
    let count = |status: &str| {
        shop.get("translate/jobs", &format!("status={status}&count=200")).unwrap().as_array().unwrap().len()
    };
    shop.until("all are on the board", || count("available") == 60);
    shop.post("sandbox/jobs/advance", &json!({ "steps": 2, "limit": 60 })).unwrap();
    assert_eq!(count("reviewable"), 60);
    shop.until("all are approved", || {
        // Each look ends the leases too: nodes take from each other what they are about to do.
        shop.database.change(
            "UPDATE task SET run_at = 1, lease_until = 0 WHERE (account_id, id) IN \
             (SELECT account_id, id FROM task WHERE kind = 'auto_approve' FOR UPDATE SKIP LOCKED)",
        );
        count("approved") == 60
    });
    shop.until("all is sent", || {
        shop.get("account/callbacks", "state=waiting").unwrap()["callbacks"] == json!([])
            && shop.database.ask("SELECT COUNT(*) FROM event WHERE outbox = 1") == 0
    });
    let received = shop.get(&format!("sandbox/inbox/{inbox}"), "limit=1000").unwrap();
    let of_approvals = |list: &Value, kind: &str| -> Vec<String> {
        let all = list.as_array().unwrap().iter().filter(|one| one[kind] == "job.approved");
        let mut ids: Vec<_> = all.map(|one| one["job"]["job_id"].as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    let mut expected: Vec<_> =
        ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    expected.sort_unstable();
    let events = shop.get("account/events", "limit=1000").unwrap();
    assert_eq!(of_approvals(&events["events"], "type"), expected, "one event each");
    assert_eq!(of_approvals(&received["requests"], "event"), expected, "one callback each");
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM reward"), 60);
    assert_eq!(shop.balance(), "994.00");
    shop.verify();
}

#[test]
fn a_rate_limit_holds_for_all_nodes_together() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let flags = ["--rate-limit-per-key", "60"];
    let one = Shop::start(database, &flags);
    let other = Shop::start(one.database.shared(), &flags);
    // Both know each other's past by now.
    std::thread::sleep(Duration::from_millis(1_500));
    for _ in 0..60 {
        let _ = one.get("account/balance", "");
    }
    let answered = AtomicUsize::new(0);
    other.until("the other node refuses", || {
        let refused = other.get("account/balance", "").is_err();
        answered.fetch_add(usize::from(!refused), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(80));
        refused
    });
    let answered = answered.into_inner();
    assert!(answered < 45, "the other node answered {answered} more");
}

/// Nodes that start side by side on a new database make a secret each; the first one's holds.
#[test]
fn a_node_whose_secret_came_second_does_not_start() {
    let database = Database::bare();
    if !database.is_postgres() {
        return;
    }
    lines(&mut database.command(&["migrate", "run"]));
    let mut first = connect(&database.url());
    first
        .batch_execute("BEGIN; INSERT INTO installation (name, value) VALUES ('secret_mark', 'another')")
        .unwrap();
    let said = std::thread::scope(|scope| {
        let second = scope.spawn(|| refusal(&mut database.command(&["serve", "--listen", "127.0.0.1:0"])));
        let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while database.ask(waits) == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        first.batch_execute("COMMIT").unwrap();
        second.join().unwrap()
    });
    assert!(said.contains("is not the one that this database's keys are sealed with"), "{said}");
}

/// What the database refuses for a moment is no fault of the task that was being done.
#[test]
fn a_task_that_the_database_refuses_for_a_moment_goes_on_soon() {
    let shop = Shop::open();
    if !shop.database.is_postgres() {
        return;
    }
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "queue": 0, "take": 1 })).unwrap();
    let id = shop.orders_text("held up");
    let mut holder = connect(&shop.database.url());
    holder.batch_execute("BEGIN; SELECT account_id FROM environment WHERE sandbox = 1 FOR UPDATE").unwrap();
    let other = Mutex::new(connect(&shop.database.url()));
    let refuse = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
        WHERE wait_event_type = 'Lock' AND datname = current_database()";
    shop.until("the task is refused", || !other.lock().unwrap().query(refuse, &[]).unwrap().is_empty());
    holder.batch_execute("COMMIT").unwrap();
    shop.wait_for(&id, "pending");
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM task WHERE failures > 0"), 0);
}

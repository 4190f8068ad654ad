//! Several servers on one database, behind a round robin: any request may go to any of them
//! (PostgreSQL only).

use crate::database::{Cluster, Database, connect};
use crate::house::House;
use crate::island::Island;
use crate::shop::{Shop, job};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::sql::{Db, Error, Options, PostgresOptions, Tx};

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
    for id in acknowledged.iter().step_by(37) {
        assert_eq!(house.shop.job(id)["status"], "reviewable");
    }
    house.shop.verify();
}

/// A failed assertion must end the others too, or the test would wait for them.
struct StopsAtEnd<'a>(&'a AtomicBool);

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
    for id in acknowledged.iter().step_by(11) {
        shop.job(id);
    }
    let balance = shop.balance();
    assert_eq!(balance, format!("{:.2}", 100_000.0 - f64::from(texts) * 0.20), "{texts} texts of four words");
    shop.verify();
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

/// Reads may go to a replica, but nobody misses there what was written before, through this node or another.
#[test]
fn a_replica_is_read_only_where_it_has_caught_up() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::followed();
    let database = cluster.database();
    let other = Shop::start(database.shared(), &[]);
    let node = Shop::start(database.shared(), &["--database-replica", &cluster.replica_of(&database)]);
    let reads = |by: &str| -> u64 {
        let metrics = node.raw("GET", &format!("{}/metrics", node.origin()), &[], None).body;
        let name = format!("honyaku_replica_reads_total{{by=\"{by}\"}} ");
        let text = String::from_utf8(metrics).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name.as_str()))
            .map_or(0, |count| count.parse().unwrap())
    };
    let listed = || node.get("translate/jobs", "count=200").unwrap().as_array().unwrap().len();
    other.orders(&json!([job("before")])).unwrap();
    assert_eq!(listed(), 1);
    node.until("the replica answers", || {
        listed();
        reads("replica") > 0
    });
    cluster.hold_replica(&database, true);
    let before = reads("primary");
    for (number, shop) in [&other, &node, &other].into_iter().enumerate() {
        let placed = shop.orders(&json!([job(&format!("meanwhile {number}"))])).unwrap();
        assert_eq!(listed(), number + 2);
        let id = placed["job_ids"][0].as_str().unwrap();
        assert_eq!(node.get(&format!("translate/jobs/{id}"), "").unwrap()["jobs"][0]["job_id"], *id);
    }
    assert!(reads("primary") >= before + 6);
    cluster.hold_replica(&database, false);
    let before = reads("replica");
    node.until("it has caught up", || {
        assert_eq!(listed(), 4);
        reads("replica") > before
    });
    cluster.lose_replica();
    for _ in 0..20 {
        assert_eq!(listed(), 4, "the primary answers");
    }
}

/// A replica ends reads that are in the way of what it receives from the primary.
#[test]
fn the_primary_answers_what_the_replica_ends() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::followed();
    let database = cluster.database();
    let replica = cluster.replica_of(&database);
    let node = Shop::start(database.shared(), &["--database-replica", &replica]);
    node.orders_text("to be listed");
    let mut primary = connect(&database.url());
    let replica = Mutex::new(connect(&replica));
    let until = |sql: &str| {
        node.until(sql, || replica.lock().unwrap().query(sql, &[]).is_ok_and(|rows| !rows.is_empty()));
    };
    until("SELECT 1 FROM job");
    // Who wants to read jobs waits from now on, on both.
    primary.batch_execute("BEGIN; LOCK TABLE job IN ACCESS EXCLUSIVE MODE").unwrap();
    until("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'job'::regclass");
    let listed = std::thread::scope(|scope| {
        let listing = scope.spawn(|| node.get("translate/jobs", ""));
        until("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        primary.batch_execute("COMMIT").unwrap();
        listing.join().unwrap()
    });
    assert_eq!(listed.unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn a_node_that_is_cut_off_from_its_database_comes_back() {
    if !Database::new().is_postgres() {
        return;
    }
    let Some(island) = Island::new() else {
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

/// A server's database with a table of numbers, spoken to without a node.
fn numbers() -> Option<(Database, Db)> {
    let database = Some(Database::new()).filter(Database::is_postgres)?;
    let options = PostgresOptions { url: database.url(), connections: 4, authorities: None, replica: None };
    let db = Db::open(&Options::Postgres(options), 0).unwrap();
    db.write_blocking(|tx| tx.execute("CREATE TABLE number (n BIGINT PRIMARY KEY)", &[])).unwrap();
    Some((database, db))
}

/// A question that is foreseen is asked right after the next statement, and answered from that; what one closure foresaw
/// is nothing to the next.
#[test]
fn what_is_foreseen_is_asked_after_the_next_statement() {
    let Some((_database, db)) = numbers() else { return };
    const COUNT: &str = "SELECT COUNT(*) FROM number WHERE n < $1";
    let count = |tx: &mut Tx<'_>, below: i64| tx.query_one(COUNT, &[&below], |row| row.take::<i64>());
    let insert =
        |tx: &mut Tx<'_>, n: i64| tx.execute("INSERT INTO number (n) VALUES ($1)", &[&n]).map(|_| ());
    db.write_blocking(move |tx| {
        tx.foresee(COUNT, &[&100_i64]);
        tx.foresee_ids(&[("job", 2), ("order", 1)])?;
        insert(tx, 1)?;
        insert(tx, 2)?;
        assert_eq!(count(tx, 50)?, 2, "that is another question");
        assert_eq!(count(tx, 100)?, 1, "asked after the first insert");
        assert_eq!(count(tx, 100)?, 2, "asked now");
        let first = tx.reserve_ids("job", 1)?;
        assert_eq!(tx.reserve_ids("job", 1)?, first + 1);
        assert!(tx.reserve_ids("job", 1)? > first + 1, "more than were foreseen");
        tx.foresee(COUNT, &[&100_i64]);
        insert(tx, 3)
    })
    .unwrap();
    db.write_blocking(move |tx| {
        insert(tx, 4)?;
        assert_eq!(count(tx, 100)?, 4);
        Ok::<_, Error>(())
    })
    .unwrap();
}

/// Writes of one environment that wait together share a commit; who fails in it fails alone.
#[test]
fn who_fails_in_a_shared_commit_fails_alone() {
    use domain::ids::{AccountId, Environment, Scope};
    let Some((database, db)) = numbers() else { return };
    let scope = Scope { account: AccountId(1), environment: Environment::Live };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..60_i64 {
        let db = db.clone();
        let write = async move {
            let closure = move |tx: &mut Tx<'_>| {
                tx.execute("INSERT INTO number (n) VALUES ($1)", &[&number])?;
                match number % 6 {
                    // By its own wish.
                    1 => Err(Error::Locked("no".into())),
                    // The server refuses, and it says so, or goes on as if nothing had been.
                    2 => tx.execute("INSERT INTO number (n) VALUES ($1)", &[&number]).map(|_| ()),
                    3 => tx.execute("INSERT INTO number (n) VALUES ($1)", &[&number]).map(|_| ()).or(Ok(())),
                    4 => panic!("a closure panics"),
                    _ => Ok(()),
                }
            };
            (number, db.write_for(scope, closure).await)
        };
        writes.spawn_on(write, runtime.handle());
    }
    for (number, outcome) in runtime.block_on(writes.join_all()) {
        let as_it_should = match number % 6 {
            1 => matches!(outcome, Err(Error::Locked(_))),
            2 => matches!(outcome, Err(Error::Constraint(_))),
            3 => matches!(outcome, Err(Error::Unavailable(_))),
            4 => matches!(outcome, Err(Error::Panicked)),
            _ => outcome.is_ok(),
        };
        assert!(as_it_should, "{number}: {outcome:?}");
    }
    assert_eq!(database.ask("SELECT COUNT(*) FROM number"), 20);
    assert_eq!(database.ask("SELECT COUNT(*) FROM number WHERE n % 6 IN (0, 5)"), 20);
}

/// What a closure leaves to be sent goes with the next one's first question. If the server refuses it,
/// that one fails alone, but for the next, which was asked in vain and may come again.
#[test]
fn what_a_closure_has_left_fails_with_it() {
    use domain::ids::{AccountId, Environment, Scope};
    const INSERT: &str = "INSERT INTO number (n) VALUES ($1)";
    let Some((database, db)) = numbers() else { return };
    let scope = Scope { account: AccountId(1), environment: Environment::Live };
    let asks = |tx: &mut Tx<'_>| tx.query_one("SELECT COUNT(*) FROM number", &[], |row| row.take::<i64>());
    let write = move |number: i64| {
        move |tx: &mut Tx<'_>| {
            match number % 7 {
                // Asks nothing.
                1 => {}
                // The server does not know this question; the one before is not to suffer.
                2 => tx.query_one("SELECT n FROM no_number", &[], |row| row.take::<i64>()).map(|_| ())?,
                _ => asks(tx).map(|_| ())?,
            }
            tx.send(INSERT, &[&number])?;
            match number % 7 {
                // It is there already: found out when it is sent.
                4 => tx.send(INSERT, &[&number]),
                // Nothing of this is ever sent.
                6 => Err(Error::Locked("no".into())),
                _ => Ok(()),
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcomes = |numbers: std::ops::Range<i64>| {
        let mut writes = tokio::task::JoinSet::new();
        for number in numbers {
            let db = db.clone();
            writes.spawn_on(
                async move { (number, db.write_for(scope, write(number)).await) },
                runtime.handle(),
            );
        }
        runtime.block_on(writes.join_all())
    };
    let mut accepted = BTreeSet::new();
    for round in 0..20 {
        for (number, outcome) in outcomes(round * 70..(round + 1) * 70) {
            let again = matches!(outcome, Err(Error::Unavailable(_)));
            let as_it_should = match number % 7 {
                2 => matches!(outcome, Err(Error::Engine(_))),
                4 => again,
                // Right after the one that was refused.
                5 => again || outcome.is_ok(),
                6 => matches!(outcome, Err(Error::Locked(_))),
                _ => outcome.is_ok(),
            };
            assert!(as_it_should, "{number}: {outcome:?}");
            if outcome.is_ok() {
                accepted.insert(number);
            }
        }
    }
    let accepted: Vec<String> = accepted.into_iter().map(|number| number.to_string()).collect();
    assert_eq!(database.told("SELECT string_agg(n::text, ' ' ORDER BY n) FROM number"), accepted.join(" "));
}

#[test]
fn a_server_is_believed_only_if_its_certificate_fits() {
    if !Database::new().is_postgres() {
        return;
    }
    let (cluster, port, authority) = Cluster::encrypted();
    let _kept = &cluster;
    let address = format!("postgres://honyaku@127.0.0.1:{port}/postgres?sslmode=require");
    let run = |address: &str, authority: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_honyaku"));
        command.args(["migrate", "status", "--database", address, "--database-authorities", authority]);
        let data = tempfile::tempdir().unwrap();
        command.args(["--data-dir", data.path().to_str().unwrap()]);
        command.output().unwrap()
    };
    let fits = run(&address, authority.to_str().unwrap());
    assert!(fits.status.success(), "{}", String::from_utf8_lossy(&fits.stderr));
    let unknown = run(&address, "");
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(!unknown.status.success() && said.contains("certificate"), "{said}");
    // Who does not insist goes on without encryption.
    let address = address.replace("require", "prefer");
    let preferred = run(&address, "");
    assert!(preferred.status.success(), "{}", String::from_utf8_lossy(&preferred.stderr));
}

#[test]
fn every_question_has_an_index() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    // Without another way the server would still read whole tables: those reads are counted.
    let database = database.with("?options=-c%20enable_seqscan%3Doff");
    let shop = Shop::start(database, &[]);
    let token = shop.inbox();
    let whole_reads = || {
        shop.database.ask("SELECT SUM(seq_scan)::bigint FROM pg_stat_user_tables WHERE relname IN \
            ('job', 'order', 'event', 'task', 'delivery', 'delivery_attempt', 'destination', 'ledger_transaction', \
            'ledger_entry', 'ledger_balance', 'claim', 'claim_job', 'comment', 'revision', 'captcha', 'api_key', 'environment')")
    };
    let before = whole_reads();
    shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap();
    let id =
        shop.orders(&json!([job("one"), job("two")])).unwrap()["job_ids"][0].as_str().unwrap().to_owned();
    shop.wait_for(&id, "reviewable");
    shop.orders(&json!([job("one")])).unwrap();
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "revise", "comment": "again" })).unwrap();
    shop.wait_for(&id, "reviewable");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve", "rating": 5 })).unwrap();
    for path in
        ["account/balance", "account/events", "account/callbacks", "translate/jobs", "translate/order/1"]
    {
        shop.get(path, "").unwrap();
    }
    for part in ["", "/comments", "/revisions", "/feedback"] {
        shop.get(&format!("translate/job/{id}{part}"), "").unwrap();
    }
    shop.get("translate/jobs", "status=reviewable").unwrap();
    shop.get(&format!("sandbox/inbox/{token}"), "").unwrap();
    shop.delete("translate/job/2").unwrap_err();
    // Sessions report what they read when they are idle for a while.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(
        whole_reads() - before,
        0,
        "{}",
        shop.database.told(
            "SELECT string_agg(relname || ' ' || seq_scan, ', ') FROM pg_stat_user_tables WHERE seq_scan > 0"
        )
    );
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

/// A single question has no commit that would take such a statement along.
#[test]
fn nothing_is_sent_unawaited_outside_of_a_transaction() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let way = PostgresOptions { url: database.url(), connections: 2, authorities: None, replica: None };
    let db = Db::open(&Options::Postgres(way), 0).unwrap();
    let send = db.read_once(|tx| tx.send("DELETE FROM installation", &[]));
    let sent = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(send);
    assert!(matches!(sent, Err(Error::Engine(_))), "{sent:?}");
}

//! How a server's database is spoken to, and that it has what it needs to answer fast (PostgreSQL only).

use crate::database::{Cluster, Database, connect, refusal};
use crate::shop::{Shop, job};
use domain::ids::{AccountId, Environment, Scope};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use store::sql::{Db, Error, Options, PostgresOptions, Tx};

const SCOPE: Scope = Scope { account: AccountId(1), environment: Environment::Live };
const INSERT: &str = "INSERT INTO number (n) VALUES ($1)";

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
        tx.foresee_ids(&[("job", 2), ("order", 1)]);
        insert(tx, 1)?;
        insert(tx, 2)?;
        assert_eq!(count(tx, 50)?, 2, "that is another question");
        assert_eq!(count(tx, 100)?, 1, "asked after the first insert");
        assert_eq!(count(tx, 100)?, 2, "asked now");
        let first = tx.reserve_id("job")?;
        assert_eq!(tx.reserve_id("job")?, first + 1);
        assert!(tx.reserve_id("job")? > first + 1, "more than were foreseen");
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
    let Some((database, db)) = numbers() else { return };
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
            (number, db.write_for(SCOPE, closure).await)
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
    let Some((database, db)) = numbers() else { return };
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
                async move { (number, db.write_for(SCOPE, write(number)).await) },
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

/// Runs closures while the connection is at work on another, so that they share commits afterwards.
fn together<F>(db: &Db, closures: impl Iterator<Item = F>) -> Vec<Result<(), Error>>
where
    F: FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let holding = |_: &mut Tx<'_>| {
            std::thread::sleep(Duration::from_millis(50));
            Ok::<_, Error>(())
        };
        let waiting: Vec<_> = closures.map(|closure| db.write_for(SCOPE, closure)).collect();
        let (held, outcomes) =
            tokio::join!(db.write_for(SCOPE, holding), futures_util::future::join_all(waiting));
        held.unwrap();
        outcomes
    })
}

/// Who is sure goes without a savepoint. If it fails all the same, it takes the commit with it, and is not
/// believed again.
#[test]
fn who_was_sure_and_fails_takes_the_shared_commit_back_once() {
    let Some((database, db)) = numbers() else { return };
    let mut kept = 0;
    let mut round = |round: i64| {
        let closure = |number: i64| {
            move |tx: &mut Tx<'_>| {
                let n = round * 100 + number;
                tx.query_one("SELECT COUNT(*) FROM number", &[], |row| row.take::<i64>())?;
                if number % 2 == 0 {
                    tx.be_sure();
                }
                tx.send(INSERT, &[&n])?;
                if number == 8 { Err(Error::Locked("no".into())) } else { Ok(()) }
            }
        };
        let outcomes = together(&db, (0..12).map(closure));
        assert!(matches!(outcomes[8], Err(Error::Locked(_))), "{outcomes:?}");
        kept += outcomes.iter().filter(|outcome| outcome.is_ok()).count() as i64;
        assert_eq!(database.ask("SELECT COUNT(*) FROM number"), kept);
        outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Unavailable(_)))).count()
    };
    // Unless it happened to be the first of its commit.
    let last = (0..20).find(|number| round(*number) > 0).expect("it takes others with it");
    for number in last + 1..last + 4 {
        assert_eq!(round(number), 0, "everybody is guarded now");
    }
}

/// What locks is asked once for all that share a commit, and stays when one of them is taken back.
#[test]
fn a_lock_is_taken_once_for_those_who_share_a_commit() {
    let Some((database, db)) = numbers() else { return };
    database.change("CREATE TABLE version (n BIGINT); INSERT INTO version VALUES (0)");
    let closure = |number: i64| {
        move |tx: &mut Tx<'_>| {
            let lock = "UPDATE version SET n = n + 1 RETURNING n";
            let seen = tx.lock(lock, "SELECT n FROM version", &[], |row| row.take::<i64>())?;
            assert!(seen > Some(0));
            match number % 3 {
                // It has written nothing.
                0 => return Err(Error::Locked("no".into())),
                1 => tx.send(INSERT, &[&number])?,
                // The server refuses it.
                _ => tx.execute(INSERT, &[&-1_i64]).map(|_| ())?,
            }
            Ok(())
        }
    };
    db.write_blocking(|tx| tx.execute(INSERT, &[&-1_i64])).unwrap();
    let outcomes = together(&db, (0..60).map(closure));
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), number % 3 == 1, "{number}: {outcome:?}");
    }
    assert_eq!(database.ask("SELECT COUNT(*) FROM number WHERE n >= 0"), 20);
    let locked = database.ask("SELECT n FROM version");
    assert!((1..60).contains(&locked), "locked {locked} times");
}

/// They are taken for all that wait, and none is given out twice, also when somebody is taken back.
#[test]
fn ids_are_taken_once_for_those_who_share_a_commit() {
    let Some((database, db)) = numbers() else { return };
    let closure = |number: i64| {
        move |tx: &mut Tx<'_>| {
            let id = tx.reserve_id("order")?;
            tx.execute(INSERT, &[&id])?;
            if number % 4 == 3 { Err(Error::Locked("no".into())) } else { Ok(()) }
        }
    };
    let outcomes = together(&db, (0..40).map(closure));
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), number % 4 != 3, "{number}: {outcome:?}");
    }
    assert_eq!(database.ask("SELECT COUNT(*) FROM number"), 30);
}

/// Nodes take ids from the same sequences at the same time, one or several, and need not wait for each other.
#[test]
fn no_id_is_given_twice_to_nodes_that_take_several_at_a_time() {
    let Some((database, db)) = numbers() else { return };
    let options = PostgresOptions { url: database.url(), connections: 4, authorities: None, replica: None };
    let other = Db::open(&Options::Postgres(options), 0).unwrap();
    let takes = |db: &Db| {
        for number in 0..60 {
            let many = 1 + number % 5;
            db.write_blocking(move |tx| {
                tx.foresee_ids(&[("job", many), ("order", 1)]);
                let ids = tx.reserve_ids("job", many)?;
                assert!(ids.len() == many && ids.is_sorted(), "{ids:?}");
                ids.iter().try_for_each(|id| tx.execute(INSERT, &[id]).map(|_| ()))
            })
            .unwrap();
        }
    };
    std::thread::scope(|scope| {
        for db in [&db, &other, &db, &other] {
            scope.spawn(move || takes(db));
        }
    });
    assert_eq!(database.ask("SELECT COUNT(*) FROM number"), 4 * 60 * 3);
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
    let place = tempfile::tempdir().unwrap();
    // Its directory is made, and an empty database is moved as well.
    let here = format!("sqlite://{}/new/honyaku.sqlite", place.path().display());
    let copy = |from: &str, to: &str, authority: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_honyaku"));
        command.env("HONYAKU_DATABASE_AUTHORITIES", authority);
        command.args(["copy", "--from", from, "--to", to]).output().unwrap()
    };
    let copied = copy(&address, &here, authority.to_str().unwrap());
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let refused = copy(&address, &here, "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("certificate"), "{refused:?}");
    // Who does not insist goes on without encryption.
    let address = address.replace("require", "prefer");
    let preferred = run(&address, "");
    assert!(preferred.status.success(), "{}", String::from_utf8_lossy(&preferred.stderr));
}

#[test]
fn a_password_may_come_from_the_environment() {
    if !Database::new().is_postgres() {
        return;
    }
    let (cluster, port, _) = Cluster::encrypted();
    cluster.ask_for_a_password(&port, "translator", "open sesame");
    let address = format!("postgres://translator@127.0.0.1:{port}/postgres");
    let run = |password: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_honyaku"));
        let data = tempfile::tempdir().unwrap();
        command.args([
            "migrate",
            "status",
            "--database",
            &address,
            "--data-dir",
            data.path().to_str().unwrap(),
        ]);
        command.env("PGPASSWORD", password).output().unwrap()
    };
    let wrong = run("open barley");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        !wrong.status.success() && said.contains("127.0.0.1") && said.contains("is the password right?"),
        "{said}"
    );
    let right = run("open sesame");
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
}

#[test]
fn a_database_that_cannot_hold_every_language_is_refused_with_the_cure() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let address = database.url();
    let (server, name) = address.rsplit_once('/').unwrap();
    let latin = format!("{name}_latin");
    let (encoding, missing) = ("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", format!("{name}_missing"));
    let mut client = connect(&format!("{server}/postgres"));
    client.batch_execute(&format!("CREATE DATABASE {latin} {encoding}")).unwrap();
    let says = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_honyaku"));
        let (data, address) = (tempfile::tempdir().unwrap(), format!("{server}/{name}"));
        command.args(["migrate", "run", "--database", &address, "--data-dir", data.path().to_str().unwrap()]);
        refusal(&mut command)
    };
    let said = says(&latin);
    assert!(said.contains("encoding is LATIN1") && said.contains("createdb --encoding=UTF8"), "{said}");
    let said = says(&missing);
    assert!(said.contains("does not exist; createdb makes it"), "{said}");
    client.batch_execute(&format!("DROP DATABASE {latin}")).unwrap();
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

/// The server itself looks at its tables once a minute. Until then it would read all jobs of the account to find
/// one by its text.
#[test]
fn the_planner_soon_knows_of_tables_that_are_filled() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let shop = Shop::start(database, &[]);
    // The table, or its parts.
    const WITH_JOBS: &str = "(SELECT oid FROM pg_class WHERE relname = 'job' AND relkind = 'r' \
        UNION SELECT relid FROM pg_partition_tree('job') WHERE isleaf)";
    shop.database.change(&format!(
        "DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT oid FROM {WITH_JOBS} AS parts LOOP \
         EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', part); END LOOP; END $$"
    ));
    let fill = |from: usize| {
        let batch: Vec<_> = (from..from + 300).map(|number| job(&format!("text {number}"))).collect();
        shop.orders(&json!(batch)).unwrap();
    };
    let known = |least: i64| {
        let sum = "SELECT SUM(GREATEST(reltuples, 0))::bigint FROM pg_class WHERE oid IN";
        let jobs = || shop.database.ask(&format!("{sum} {WITH_JOBS}"));
        shop.until(&format!("{least} jobs are known"), || jobs() >= least);
    };
    fill(0);
    known(300);
    // Ten times as many.
    (1..11).for_each(|part| fill(part * 300));
    known(3_001);
}

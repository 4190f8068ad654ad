//! Every statement that calls, queue, timers and callbacks send finds its rows by an index, on both engines. Tables
//! that stay small may be read as a whole.

use crate::database::{Cluster, Database, lines};
use crate::golden;
use crate::sandbox_settings::with_key;
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Tables whose number of rows does not grow with jobs, accounts or time.
const SMALL: &[&str] = &[
    "installation",
    "migration",
    "job_move",
    "job_force",
    "id_sequence",
    "rate_use",
    "pg_class",
    "pg_inherits",
];
/// Tables of which an account has few rows.
const FEW_EACH: &[&str] = &["person", "inbox", "inbox_request"];
/// Indexes that hold only what waits: going through one is going through the work to be done.
const OF_WHAT_WAITS: &[&str] = &[
    "event_outbox",
    "task_due",
    "task_subject",
    "destination_due",
    "mail_due",
    "file_doomed",
    "upload_here",
];
/// What may read a whole table, and why.
const ALLOWED: &[(&str, &str)] = &[
    ("INSERT INTO destination", "SQLite's plan of a key that changes; it never does"),
    (
        "SELECT e.account_id FROM environment",
        "sandboxes with old orders: every ten minutes, through the accounts",
    ),
    ("SELECT format('%I', s.relname)", "the tables that the server has, each second"),
];

/// Statements, and what their plans say.
type Plans = BTreeMap<String, BTreeSet<String>>;

/// Each index of PostgreSQL's, and its first column.
type Leading = BTreeMap<String, String>;

fn leading_columns(database: &Database) -> Leading {
    let pairs = database.told(
        "SELECT string_agg(c.relname || ' ' || a.attname, ',') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]",
    );
    let pair = |pair: &str| {
        let (index, column) = pair.split_once(' ').unwrap();
        (index.to_owned(), column.to_owned())
    };
    pairs.split(',').map(pair).collect()
}

/// The tables that PostgreSQL read as a whole, by statement, from its log.
fn plans_in(log: &str, leading: &Leading) -> Plans {
    let mut plans = Plans::new();
    let mut statement = None;
    let next_lines = log.lines().skip(1).chain([""]);
    for (line, next) in log.lines().zip(next_lines) {
        if let Some((_, text)) = line.split_once("Query Text: ") {
            statement = Some(text.to_owned());
            plans.entry(text.to_owned()).or_default();
        } else if !line.starts_with(['\t', ' ']) {
            statement = None;
        } else if let (Some(statement), Some(table)) = (&statement, read_whole(line, next, leading)) {
            plans.get_mut(statement).unwrap().insert(table);
        }
    }
    plans
}

/// The table that a step of a plan reads as a whole, be it through an index from one end to the other: the
/// next line tells from where to where, if by the index's first column.
fn read_whole(step: &str, next: &str, leading: &Leading) -> Option<String> {
    let name = |text: &str| text.split([' ', '(']).next().unwrap().trim_matches('"').to_owned();
    if let Some((_, table)) = step.split_once("Seq Scan on ") {
        return Some(name(table));
    }
    let (index, table) = match step.split_once("Bitmap Index Scan on ") {
        // Which table it is says another step.
        Some((_, index)) => (index.split(' ').next()?, index),
        None => step.split_once("Scan using ")?.1.split_once(" on ")?,
    };
    let condition = next.split_once("Index Cond:").map_or("", |(_, condition)| condition);
    let by_its_first = leading.get(index).is_some_and(|column| condition.contains(column.as_str()));
    (!by_its_first && !OF_WHAT_WAITS.contains(&index)).then(|| name(table))
}

/// What SQLite would read as a whole for a statement; none if the statement is not one of its own.
fn scans_of(file: &rusqlite::Connection, statement: &str) -> Option<BTreeSet<String>> {
    let statement = statement.split(" FOR UPDATE").collect::<Vec<_>>().join(" ").replace(" SKIP LOCKED", "");
    let mut explain = file.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).ok()?;
    let rows =
        explain.raw_query().mapped(|row| row.get::<_, String>(3)).map(Result::unwrap).collect::<Vec<_>>();
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    let is_table = |name: &str| file.query_row(tables, [name], |row| row.get::<_, i64>(0)).unwrap() == 1;
    // Aliases are one letter.
    let grows = |name: &str| name.len() == 1 || (is_table(name) && !SMALL.contains(&name));
    let scans = |detail: &String| match detail.split_whitespace().collect::<Vec<_>>()[..] {
        ["SCAN", table, .., index] => grows(table) && !OF_WHAT_WAITS.contains(&index),
        ["SCAN", table] => grows(table),
        // By the account alone: all that it ever had.
        ["SEARCH", table, .., "(account_id=?)"] => grows(table) && !FEW_EACH.contains(&table),
        _ => false,
    };
    Some(rows.into_iter().filter(scans).collect())
}

/// Does something of everything.
fn visit(shop: &Shop) {
    for (_, method, path, sent) in golden::calls() {
        shop.call(method, &path, &sent, &[]);
    }
    let group = json!({ "jobs": { "a": job("first of a group"), "b": job("second of a group") }, "as_group": 1, "comment": "Hi" });
    let order = shop.post("translate/jobs", &group).unwrap();
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let (order, member) = (id(&order["order_id"]), id(&order["job_ids"]["a"]));
    shop.wait_for(&member, "available");
    shop.call(
        "POST",
        "translate/jobs",
        &sent(&json!({ "jobs": [job("kept")] })),
        &[("Idempotency-Key", "k")],
    );
    shop.call(
        "POST",
        "translate/jobs",
        &sent(&json!({ "jobs": [job("kept")] })),
        &[("Idempotency-Key", "k")],
    );
    let mut forced = job("forced");
    forced["force"] = json!(1);
    shop.orders(&json!([forced])).unwrap();
    shop.post("translate/jobs", &json!({ "jobs": [job("to be paid later")], "process": 0 })).unwrap();
    shop.orders(&json!([job("to be paid later")])).unwrap();
    shop.post(&format!("translate/order/{order}/comment"), &json!({ "body": "hello" })).unwrap();
    shop.call("DELETE", &format!("translate/order/{order}"), "", &[]);
    let delivered = shop.orders_text("to be rejected");
    shop.delivers(&delivered, "却下");
    shop.call("GET", &format!("sandbox/job/{delivered}/captcha"), "", &[]);
    shop.call("GET", &format!("translate/job/{delivered}/preview"), "", &[]);
    let reject = json!({ "action": "reject", "reason": "quality", "comment": "bad", "follow_up": "requeue" });
    shop.put(&format!("translate/job/{delivered}"), &reject).unwrap();
    let canceled = shop.orders_text("to be canceled");
    shop.delete(&format!("translate/job/{canceled}")).unwrap();
    let approved = json!({ "action": "archive", "job_ids": [1] });
    shop.call("PUT", "translate/jobs", &sent(&approved), &[]);
    for (path, parameters) in [
        ("translate/jobs", "status=reviewable"),
        ("translate/jobs", "timestamp_after=1&count=10"),
        ("account/events", "after=0"),
        ("account/events", "after=0&wait=0&job_id=1"),
        ("account/callbacks", "count=5"),
        ("account/callbacks", "state=dead"),
        ("sandbox", ""),
    ] {
        shop.get(path, parameters).unwrap();
    }
    let inbox = shop.inbox();
    shop.get(&format!("sandbox/inbox/{inbox}"), "").unwrap();
    shop.call("POST", "account/callbacks/1/resend", "", &[]);
    shop.call("POST", "account/callbacks/resume", "", &[]);
    shop.put("sandbox/robot", &json!({ "mode": "instant" })).unwrap();
    let placed = shop.orders(&json!([job("for the robot")])).unwrap();
    shop.wait_for(&id(&placed["job_ids"][0]), "reviewable");
    shop.post("sandbox/clock", &json!({ "forward": 6 * 24 * 3600 })).unwrap();
    shop.until("a callback is delivered", || {
        let log = shop.get("account/callbacks", "state=delivered&count=1").unwrap();
        log.to_string().contains("\"delivered\"")
    });
}

/// Forgets the orders of a test run.
fn wipe_run(shop: &mut Shop) {
    let key = ["key", "add", "--account", "demo", "--sandbox", "--test-run", "nightly"];
    let run = shop.command(&key);
    with_key(shop, &run);
    let placed = shop.orders(&json!([job("of the nightly run")])).unwrap();
    shop.wait_for(placed["job_ids"][0].as_str().unwrap(), "reviewable");
    let inbox = shop.inbox();
    shop.get(&format!("sandbox/inbox/{inbox}"), "").unwrap();
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
}

fn sent(data: &Value) -> String {
    format!("data={}", crate::shop::encoded(&data.to_string()))
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::explaining();
    let mut shop = golden::furnished(cluster.database());
    visit(&shop);
    wipe_run(&mut shop);
    let database = shop.database.shared();
    // The log is written as it comes, but for the last lines.
    drop(shop);
    let log = cluster.log();
    let plans = plans_in(&log, &leading_columns(&database));
    assert!(plans.len() > 120, "{} statements", plans.len());
    let embedded = Database::nowhere();
    lines(&mut embedded.command(&["migrate", "run"]));
    let file = rusqlite::Connection::open(embedded.directory().join("honyaku.sqlite")).unwrap();
    let mut faults = Vec::new();
    let mut foreign = 0;
    // Migrations, the keys that they check, and ids, which SQLite has in another way.
    let others = ["CREATE ", "LEFT OUTER JOIN ONLY ", "SELECT nextval("];
    let written =
        |statement: &str| !statement.starts_with("--") && !others.iter().any(|mark| statement.contains(mark));
    let allowed = |statement: &str| ALLOWED.iter().any(|(start, _)| statement.starts_with(start));
    for (statement, tables) in plans.iter().filter(|(said, _)| written(said) && !allowed(said)) {
        for table in tables.iter().filter(|table| !SMALL.contains(&table.as_str())) {
            faults.push(format!("PostgreSQL reads all of {table}: {statement}"));
        }
        match scans_of(&file, statement) {
            None => foreign += 1,
            Some(scans) => faults.extend(scans.iter().map(|scan| format!("SQLite: {scan}: {statement}"))),
        }
    }
    // Those that ask PostgreSQL for settings, or lock.
    assert!(foreign < 15, "{foreign} are not SQLite's");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

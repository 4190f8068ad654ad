//! `honyaku copy`: the move from one engine to the other and back, and a copy that is killed on its way.

use crate::callbacks::pauses;
use crate::database::{Database, lines, refusal};
use crate::files::{attaches, had};
use crate::moving::{furnished, heir};
use crate::sandbox_settings::with_key;
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn url(database: &Database) -> String {
    let flags = database.flags();
    match flags.iter().position(|flag| flag == "--database") {
        Some(at) => flags[at + 1].clone(),
        None => format!("sqlite://{}/honyaku.sqlite", database.directory().display()),
    }
}

fn copying(from: &Database, to: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_honyaku"));
    command.args(["copy", "--from", &url(from), "--to", &url(to)]);
    command
}

fn copy(from: &Database, to: &Database) -> Vec<String> {
    lines(&mut copying(from, to))
}

#[test]
fn an_installation_moves_to_the_other_engine_and_back() {
    if !Database::new().is_postgres() {
        return;
    }
    let shop = furnished(Database::nowhere());
    let (balance, first) = (shop.balance(), shop.job("1"));
    let database = shop.stop();
    let there = heir(&database, Database::new());
    let gone = copy(&database, &there);
    assert!(gone.iter().any(|line| line.starts_with("job: 1102 rows, ")), "{gone:?}");
    let shop = Shop::start(there, &[]);
    assert_eq!((shop.balance(), &shop.job("1")["body_tgt"]), (balance, &first["body_tgt"]));
    let known = shop.orders(&json!([job("to be approved"), job("quite new")])).unwrap();
    assert_eq!(known["job_ids"][0], "1", "lazy loading knows the old texts: {known}");
    assert_eq!(known["job_ids"][1], "1103", "ids go on where they were");
    shop.verify();
    let there = shop.stop();
    let back = heir(&there, Database::nowhere());
    let home = copy(&there, &back);
    assert!(home.iter().any(|line| line.starts_with("job: 1103 rows, ")), "{home:?}");
    let shop = Shop::start(back, &[]);
    assert_eq!(shop.job("1103")["body_src"], "quite new");
    shop.verify();
    let full = refusal(&mut copying(&there, &database));
    assert!(full.contains("has accounts already"), "{full}");
}

/// A table, the row at which a copy into it hangs, and the rows that are there by then.
struct Trap {
    table: &'static str,
    row: i64,
    before: i64,
}

/// Copies until the row, which the target never takes, and kills the copy there.
fn kill_copy_at(trap: &Trap, from: &Database, to: &Database) {
    let Trap { table, row, before } = trap;
    to.change(&if to.is_postgres() {
        format!(
            "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$; \
             CREATE TRIGGER trap BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.id = {row}) EXECUTE FUNCTION trap()"
        )
    } else {
        format!(
            "CREATE VIEW endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n; \
             CREATE TRIGGER trap BEFORE INSERT ON {table} WHEN NEW.id = {row} BEGIN SELECT COUNT(*) FROM endless; END"
        )
    });
    let mut command = copying(from, to);
    let mut copy = command.stdout(Stdio::null()).spawn().unwrap();
    let rows = || to.ask(&format!("SELECT COUNT(*) FROM {table}"));
    let end = Instant::now() + Duration::from_secs(60);
    while rows() < *before {
        assert!(copy.try_wait().unwrap().is_none() && Instant::now() < end, "it never came to {table} {row}");
        std::thread::sleep(Duration::from_millis(5));
    }
    copy.kill().unwrap();
    copy.wait().unwrap();
    if to.is_postgres() {
        // The server would notice at the end of the statement that nobody is there any more.
        to.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
    assert_eq!(rows(), *before, "rows of {table}");
    let view = if to.is_postgres() { "DROP FUNCTION trap" } else { "DROP VIEW endless" };
    let on = if to.is_postgres() { format!("ON {table}") } else { String::new() };
    to.change(&format!("DROP TRIGGER trap {on}; {view}"));
}

/// Questions whose answers a move leaves alone.
const KEPT: [&str; 9] = [
    "SELECT CAST(SUM(id * price + escrow) AS BIGINT) FROM job",
    "SELECT CAST(SUM(id * LENGTH(body_src)) AS BIGINT) FROM job WHERE account_id = 2",
    "SELECT CAST(SUM(transaction_id * amount) AS BIGINT) FROM ledger_entry",
    "SELECT CAST(SUM(amount) AS BIGINT) FROM ledger_balance",
    "SELECT CAST(SUM(id * successor_id) AS BIGINT) FROM api_key",
    "SELECT CAST(SUM(id * event_id) AS BIGINT) FROM delivery",
    "SELECT COUNT(*) FROM destination WHERE paused = 1",
    "SELECT COUNT(*) FROM file",
    "SELECT COUNT(*) FROM task",
];

fn kept(database: &Database) -> [i64; 9] {
    KEPT.map(|question| database.ask(question))
}

/// Keys of which each has the one after it as its successor, so that all come after it in the copy.
const LONG_LINE_OF_KEYS: &str = "WITH RECURSIVE n (i) AS (SELECT 1600 UNION ALL SELECT i - 1 FROM n WHERE i > 1001) \
    INSERT INTO api_key (id, account_id, sandbox, name, public_key, private_key, webhook_secret, guard_identical, \
                         successor_id, revoked_at, created_at) \
    SELECT i, 1, 1, 'line', 'line ' || i, private_key, webhook_secret, 0, CASE WHEN i < 1600 THEN i + 1 END, 1, 1 \
    FROM n, api_key WHERE id = 1";

#[test]
fn a_copy_that_is_killed_goes_on_to_the_end_in_both_directions() {
    if !Database::new().is_postgres() {
        return;
    }
    let mut shop = furnished(Database::nowhere());
    let brief = attaches(&shop, "1", b"A brief that comes along.");
    let key = shop.command(&["key", "rotate", "--key", &shop.public_key]);
    let old_key = json!({ "public_key": shop.public_key, "private_key": shop.private_key });
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 500 })).unwrap();
    shop.orders_text("refused by its receiver");
    let paused = pauses(&shop);
    // Ids of two accounts in turns: one engine goes by the account first.
    shop.command(&["account", "add", "--name", "Acme"]);
    let theirs = shop.command(&["key", "add", "--account", "acme", "--sandbox"]);
    let many =
        |name: &str, count| (0..count).map(|number| job(&format!("{name} {number}"))).collect::<Value>();
    with_key(&mut shop, &theirs);
    shop.orders(&many("theirs", 400)).unwrap();
    with_key(&mut shop, &key);
    shop.orders(&many("ours again", 50)).unwrap();
    let (balance, first) = (shop.balance(), shop.job("1"));
    let home = shop.stop();
    home.change(LONG_LINE_OF_KEYS);
    let (before, jobs) = (kept(&home), home.ask("SELECT COUNT(*) FROM job"));
    assert_eq!(jobs, 1_553, "the traps are set for ids of these");

    let along = |from: &Database, to: Database| {
        let files = |database: &Database| database.directory().join("files");
        let copied = Command::new("cp").arg("-r").args([files(from), files(&to)]).status().unwrap();
        assert!(copied.success());
        heir(from, to)
    };
    let whole = copy(&home, &Database::new());
    let traps = [
        Trap { table: "api_key", row: 1_050, before: 500 },
        Trap { table: "job", row: 700, before: 500 },
        Trap { table: "job", row: 1_503, before: 1_500 },
    ];
    let moved = |from: &Database, to: Database| {
        lines(&mut to.command(&["migrate", "run"]));
        let to = along(from, to);
        for trap in &traps {
            kill_copy_at(trap, from, &to);
            assert!(to.ask("SELECT COUNT(*) FROM ledger_entry") == 0, "it was in its midst");
        }
        let served = refusal(&mut to.command(&["serve", "--listen", "127.0.0.1:0"]));
        assert!(served.contains("run honyaku copy again"), "{served}");
        assert_eq!(copy(from, &to), whole, "what it says at last, and the hashes of an undisturbed copy");
        let again = refusal(&mut copying(from, &to));
        assert!(again.contains("has accounts already"), "{again}");
        assert_eq!(kept(&to), before, "{KEPT:#?}");
        to
    };
    let back = moved(&moved(&home, Database::new()), Database::nowhere());

    let mut shop = Shop::start(back, &[]);
    for pair in [&old_key, &key] {
        with_key(&mut shop, pair);
        assert_eq!((shop.balance(), &shop.job("1")["body_tgt"]), (balance.clone(), &first["body_tgt"]));
    }
    assert_eq!(had(&shop, &brief).body, b"A brief that comes along.");
    let log = shop.get("account/callbacks", "").unwrap();
    assert_eq!(log["paused"][0]["failing_since"], paused["failing_since"]);
    let next = shop.orders(&json!([job("quite new")])).unwrap();
    assert_eq!(next["job_ids"][0], "1554", "ids go on where they were");
    assert!(shop.command(&["verify", "--files"]).to_string().contains("1 files read"));
}

#[test]
fn a_copy_of_what_somebody_writes_to_says_so() {
    let home = furnished(Database::new()).stop();
    // What orders write in between: a row where the copy has been, and one that hangs on it.
    let order = "CREATE TABLE beside AS SELECT * FROM \"order\" WHERE id = 1; UPDATE beside SET id = 0; \
        INSERT INTO \"order\" SELECT * FROM beside; DROP TABLE beside; CREATE TABLE beside AS SELECT * FROM job WHERE id = 1; \
        UPDATE beside SET id = 9999, order_id = 0, lookup = 0; INSERT INTO job SELECT * FROM beside; DROP TABLE beside";
    for (change, fault) in [
        ("UPDATE account SET name = 'Another'", "account differs after the copy"),
        (order, "job has rows that do not fit"),
    ] {
        let there = Database::nowhere();
        lines(&mut there.command(&["migrate", "run"]));
        kill_copy_at(&Trap { table: "job", row: 700, before: 500 }, &home, &there);
        home.change(change);
        let said = refusal(&mut copying(&home, &there));
        assert!(said.contains(fault) && said.contains("stop all its servers"), "{said}");
    }
}

/// Comparing and recomputing may take long, and be stopped too: only then is a copy done.
#[test]
fn a_copy_is_not_done_before_its_books_are_right() {
    let (home, there) = (Shop::start(Database::nowhere(), &[]).stop(), Database::nowhere());
    home.change("UPDATE ledger_balance SET amount = amount + 1 WHERE sandbox = 1 AND amount > 0");
    for time in ["first", "second"] {
        let said = refusal(&mut copying(&home, &there));
        assert!(said.contains("the copy has 1 faults"), "the {time} time: {said}");
    }
}

#[test]
fn every_table_is_copied_or_made_by_the_program() {
    let shop = Shop::start(Database::nowhere(), &[]);
    let file = shop.database.directory().join("honyaku.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut select = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let there: BTreeSet<String> =
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let copied: BTreeSet<String> =
        store::copy::tables().chain(store::copy::NOT_COPIED.iter().copied()).map(str::to_owned).collect();
    assert!(there.is_subset(&copied), "{:?}", there.difference(&copied).collect::<Vec<_>>());
}

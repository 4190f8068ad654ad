//! Backup, restore and migrations.

use crate::database::{Database, connect, lines, postgres_program, refusal};
use crate::files::{attaches, had};
use crate::nodes::StopsAtEnd;
use crate::shop::{Shop, job};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What nodes that start take turns by.
const MIGRATION_LOCK: i64 = 0x686F_6E79;

/// A shop with something in every corner.
pub fn furnished(database: Database) -> Shop {
    let shop = Shop::start(database, &[]);
    let terms = shop.database.directory().join("terms.csv");
    std::fs::write(&terms, "en,ja\ncat,猫\n").unwrap();
    let add = ["glossary", "add", "--account", "demo", "--sandbox", "--file", terms.to_str().unwrap()];
    shop.command(&add);
    let done = shop.orders_text("to be approved");
    shop.delivers(&done, "承認");
    shop.put(&format!("translate/job/{done}"), &json!({ "action": "approve", "rating": 3 })).unwrap();
    let rejected = shop.orders_text("to be rejected");
    shop.delivers(&rejected, "却下");
    let reject = json!({ "action": "reject", "reason": "quality", "comment": "bad", "follow_up": "requeue" });
    shop.put(&format!("translate/job/{rejected}"), &reject).unwrap();
    shop.post(&format!("translate/job/{rejected}/comment"), &json!({ "body": "コメント" })).unwrap();
    let batch: Vec<_> = (0..1_100).map(|number| job(&format!("one of many {number}"))).collect();
    let order = shop.orders(&json!(batch)).unwrap();
    shop.orders(&json!([job("to be approved")])).unwrap();
    shop.until("all are on the board", || {
        let order =
            shop.get(&format!("translate/order/{}", order["order_id"].as_str().unwrap()), "").unwrap();
        order["order"]["jobs_queued"] == "0" || order["order"]["jobs_queued"] == 0
    });
    shop
}

/// A database without anything in it goes on with the keys of another.
pub fn heir(of: &Database, heir: Database) -> Database {
    for file in ["secret.key", "demo.json"] {
        std::fs::copy(of.directory().join(file), heir.directory().join(file)).unwrap();
    }
    heir
}

#[test]
fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let shop = Shop::start(Database::nowhere(), &[]);
    let stop = AtomicBool::new(false);
    let backup = shop.database.directory().join("backup");
    let to = backup.to_str().unwrap();
    let before = std::thread::scope(|scope| {
        let (stop, shop) = (&stop, &shop);
        scope.spawn(move || {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let batch: Vec<_> =
                    (0..20).map(|job_number| job(&format!("load {number} {job_number}"))).collect();
                shop.orders(&json!(batch)).unwrap();
            }
        });
        let _stops = StopsAtEnd(stop);
        let early = shop.orders_text("acknowledged before");
        lines(&mut shop.database.command(&["backup", "--to", to]));
        early
    });
    let taken = refusal(&mut shop.database.command(&["backup", "--to", to]));
    assert!(taken.contains("is there already"), "{taken}");
    let running = refusal(&mut shop.database.command(&["restore", "--from", to]));
    assert!(running.contains("in use by another honyaku process"), "{running}");
    let old = shop.stop();
    let there = refusal(&mut old.command(&["restore", "--from", to]));
    assert!(there.contains("--replace"), "{there}");
    lines(&mut old.command(&["restore", "--from", to, "--replace"]));
    let shop = Shop::start(old, &[]);
    assert_eq!(shop.job(&before)["body_src"], "acknowledged before");
    shop.orders(&json!([job("life goes on")])).unwrap();
    shop.verify();
    let spoilt = backup.join("honyaku.sqlite");
    let mut bytes = std::fs::read(&spoilt).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&spoilt, bytes).unwrap();
    let elsewhere = Database::nowhere();
    let damaged = refusal(&mut elsewhere.command(&["restore", "--from", to]));
    assert!(damaged.contains("is damaged"), "{damaged}");
}

/// The commands that a page gives in its section.
fn commands_of(page: &'static str, section: &str) -> Vec<&'static str> {
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    blocks.flat_map(str::lines).collect()
}

/// Types what a page says.
struct Operator {
    /// The page's server, database, data directory and backup, and what they are here.
    here: Vec<(&'static str, String)>,
    place: PathBuf,
    path: String,
}

impl Operator {
    fn of(database: &Database) -> Self {
        let place = database.directory().to_owned();
        let directory = place.to_str().unwrap().to_owned();
        let mut here =
            vec![("/backup/before-upgrade", format!("{directory}/saved")), ("/var/lib/honyaku", directory)];
        let mut programs = vec![PathBuf::from(env!("CARGO_BIN_EXE_honyaku"))];
        if database.is_postgres() {
            let url = database.url();
            let (server, name) = url.rsplit_once('/').unwrap();
            here.extend([
                ("postgres://honyaku@db.internal", server.to_owned()),
                ("honyaku", name.to_owned()),
            ]);
            programs.push(PathBuf::from(postgres_program("psql").get_program()));
        }
        let path = programs.iter().map(|program| program.parent().unwrap().to_str().unwrap());
        Self { here, place, path: path.chain(["/usr/bin", "/bin"]).collect::<Vec<_>>().join(":") }
    }

    fn types(&self, command: &str) -> Vec<String> {
        // The page's database is called honyaku, and so is the program.
        let (program, rest) = command.split_once(' ').unwrap();
        let mut rest = rest.to_owned();
        for (number, (there, _)) in self.here.iter().enumerate() {
            rest = rest.replace(there, &format!("<{number}>"));
        }
        for (number, (_, here)) in self.here.iter().enumerate() {
            rest = rest.replace(&format!("<{number}>"), here);
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{program} {rest}")]).current_dir(&self.place);
        lines(shell.env("PATH", &self.path).env("HONYAKU_DATA_DIR", &self.place))
    }
}

/// `docs/operate/backup-and-restore.md` says how, and is taken at its word.
#[test]
fn a_server_is_backed_up_under_load_by_what_the_page_says() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let shop = Shop::start(database, &[]);
    let page = include_str!("../../../../docs/operate/backup-and-restore.md");
    let [dump, restore @ .., verify] = &commands_of(page, "PostgreSQL")[..] else { panic!("{page}") };
    let (operator, place) = (Operator::of(&shop.database), shop.database.directory().to_owned());
    let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let known = || acknowledged.lock().unwrap().clone();
    let early = std::thread::scope(|scope| {
        for thread in 0..3 {
            let (acknowledged, stop, shop) = (&acknowledged, &stop, &shop);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let text = format!("under load {thread} {number}");
                    let id = shop.orders_text(&text);
                    let address = attaches(shop, &id, text.as_bytes());
                    acknowledged.lock().unwrap().push((id, text, address));
                }
            });
        }
        let _stops = StopsAtEnd(&stop);
        shop.until("there is something to be saved", || known().len() >= 5);
        let early = known();
        operator.types(dump);
        let during = known().len();
        // After the database.
        // It complains of files that are being written and have their name by now; those are nobody's yet.
        let copied =
            Command::new("cp").arg("-r").args([place.join("files"), place.join("saved files")]).output();
        let complaints = String::from_utf8_lossy(&copied.unwrap().stderr).into_owned();
        assert!(complaints.lines().all(|line| line.contains(".unfinished-")), "{complaints}");
        // More than what was under way at the time.
        shop.until("orders go on", || known().len() > during + 3);
        early
    });
    let all = known().len();
    let lost = shop.stop();
    std::fs::remove_dir_all(place.join("files")).unwrap();
    restore.iter().for_each(|command| drop(operator.types(command)));
    std::fs::rename(place.join("saved files"), place.join("files")).unwrap();
    let said = operator.types(verify);
    assert!(said.iter().any(|line| line.contains("every invariant")), "{said:?}");
    lines(&mut lost.command(&["verify", "--files"]));

    let shop = Shop::start(lost, &[]);
    for (id, text, address) in &early {
        assert_eq!(shop.job(id)["body_src"], **text);
        assert_eq!(String::from_utf8_lossy(&had(&shop, address).body), **text);
    }
    let jobs = usize::try_from(shop.database.ask("SELECT COUNT(*) FROM job")).unwrap();
    assert!((early.len()..all).contains(&jobs), "{} before, {jobs} restored, {all} in all", early.len());
    shop.orders_text("life goes on");
    shop.verify();
    let url = shop.database.url();
    drop_beside(&url, "old_");
}

/// Drops what a database was renamed to.
fn drop_beside(url: &str, prefix: &str) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut server = connect(&format!("{server}/postgres"));
    server.batch_execute(&format!("DROP DATABASE {prefix}{name} WITH (FORCE)")).unwrap();
}

#[test]
fn migrations_are_listed_run_once_and_never_backwards() {
    let database = Database::bare();
    let all = |state: &str| {
        [
            "base", "file", "scale", "version", "age", "account", "keys", "inbox", "standing", "failures",
            "clocks", "run", "vacuum", "rowid", "counts", "order", "ids",
        ]
        .iter()
        .zip(1..)
        .map(|(name, number)| format!("{number:04} {name} {state}"))
        .collect::<Vec<_>>()
    };
    assert_eq!(lines(&mut database.command(&["migrate", "status"])), all("pending"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| lines(&mut database.command(&["migrate", "run"])));
        }
    });
    assert_eq!(lines(&mut database.command(&["migrate", "status"])), all("applied"));
    database
        .change("INSERT INTO migration (number, name, checksum, applied_at) VALUES (999, 'later', 'x', 1)");
    let newer = refusal(&mut database.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(newer.contains("the database is newer than this program"), "{newer}");
    let states = lines(&mut database.command(&["migrate", "status"]));
    assert!(states.last().unwrap().contains("use a newer honyaku"), "{states:?}");
}

/// What a call may take is not enough for millions of rows.
#[test]
fn on_a_server_migrations_and_verify_take_as_long_as_they_must() {
    let database = Database::bare();
    if !database.is_postgres() {
        return;
    }
    database.change(
        "CREATE FUNCTION in_no_hurry() RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN \
           IF current_setting('statement_timeout') <> '0' THEN RAISE EXCEPTION 'in a hurry'; END IF; RETURN true; END $$; \
         CREATE FUNCTION calmly() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM in_no_hurry(); END $$; \
         CREATE EVENT TRIGGER calmly ON ddl_command_start EXECUTE FUNCTION calmly()",
    );
    // A node that migrates for longer than a call may wait for a lock.
    let mut first = connect(&database.url());
    first.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| lines(&mut database.command(&["migrate", "run"])));
        std::thread::sleep(Duration::from_millis(10_500));
        first.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).unwrap();
    });
    lines(&mut database.command(&["account", "add", "--name", "Acme"]));
    database.change(
        "ALTER TABLE ledger_balance RENAME TO kept; \
         CREATE VIEW ledger_balance AS SELECT * FROM kept WHERE in_no_hurry()",
    );
    lines(&mut database.command(&["verify"]));
}

/// `docs/operate/upgrade.md`: back to the backup with the program of before, and the newer database is kept.
#[test]
fn an_upgrade_is_rolled_back_to_what_was_saved_before_it() {
    let shop = furnished(Database::new());
    let early = shop.orders_text("before the upgrade");
    let (operator, postgres) = (Operator::of(&shop.database), shop.database.is_postgres());
    let backup = commands_of(include_str!("../../../../docs/operate/backup-and-restore.md"), "PostgreSQL")[0];
    operator.types(if postgres { backup } else { "honyaku backup --to /backup/before-upgrade" });
    let balance = shop.balance();
    shop.orders_text("after the upgrade");
    let newer = shop.stop();
    newer.change("INSERT INTO migration (number, name, checksum, applied_at) VALUES (999, 'later', 'x', 1)");
    newer.change("CREATE TABLE later (account_id BIGINT REFERENCES account (id))");
    let refused = refusal(&mut newer.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(refused.contains("the database is newer than this program"), "{refused}");
    let page = include_str!("../../../../docs/operate/upgrade.md");
    let (here, there): (Vec<_>, Vec<_>) = commands_of(page, "Roll-back")
        .into_iter()
        .partition(|command| command.contains("/var/lib/honyaku") != postgres);
    assert!(!here.is_empty() && !there.is_empty(), "{page}");
    here.iter().for_each(|command| drop(operator.types(command)));
    if postgres {
        let (url, kept) = (newer.url(), "SELECT COUNT(*) FROM migration WHERE number = 999");
        let (server, name) = url.rsplit_once('/').unwrap();
        let newer = connect(&format!("{server}/newer_{name}")).query_one(kept, &[]).unwrap();
        assert_eq!(newer.get::<_, i64>(0), 1, "it is kept");
        drop_beside(&url, "newer_");
    }
    let shop = Shop::start(newer, &[]);
    assert_eq!(shop.job(&early)["body_src"], "before the upgrade");
    assert_eq!(shop.balance(), balance);
    // What was ordered in between is new again.
    let again = shop.orders_text("after the upgrade");
    assert_eq!(shop.job(&again)["body_src"], "after the upgrade");
    assert_ne!(shop.balance(), balance);
    shop.verify();
}

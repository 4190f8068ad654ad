//! What operators' commands refuse, keep and say.

use crate::database::{Database, lines, refusal};
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// An embedded installation with one account.
fn installation() -> Database {
    let database = Database::nowhere();
    lines(&mut database.command(&["account", "add", "--name", "Acme"]));
    database
}

fn secret(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("secret.key")).unwrap()
}

/// The one file in a directory whose name begins so: the rest of its name, and what it holds.
fn moved_aside(directory: &Path, name: &str) -> Option<(String, Vec<u8>)> {
    let start = format!("{name}.before-restore-");
    std::fs::read_dir(directory).unwrap().find_map(|file| {
        let file = file.unwrap();
        let when = file.file_name().to_str()?.strip_prefix(&start)?.to_owned();
        // Beside a database there may be what the engine keeps for it.
        let is_time = when.bytes().all(|byte| byte.is_ascii_digit());
        is_time.then(|| (when, std::fs::read(file.path()).unwrap()))
    })
}

#[test]
fn a_restore_moves_the_secret_aside_that_it_replaces() {
    let (one, other) = (installation(), installation());
    let backup = one.directory().join("backup");
    let from = backup.to_str().unwrap();
    lines(&mut one.command(&["backup", "--to", from]));
    let old = secret(other.directory());
    lines(&mut other.command(&["restore", "--from", from, "--replace"]));
    assert_eq!(secret(other.directory()), secret(one.directory()));
    let (when, _) = moved_aside(other.directory(), "honyaku.sqlite").unwrap();
    let aside = moved_aside(other.directory(), "secret.key");
    assert_eq!(aside, Some((when, old.into_bytes())), "the old database is worth nothing without it");
    lines(&mut one.command(&["restore", "--from", from, "--replace"]));
    assert_eq!(moved_aside(one.directory(), "secret.key"), None, "it is the same");
}

#[test]
fn a_restore_does_not_replace_a_secret_unasked() {
    let one = installation();
    let backup = one.directory().join("backup");
    let from = backup.to_str().unwrap();
    lines(&mut one.command(&["backup", "--to", from]));
    let other = Database::nowhere();
    std::fs::write(other.directory().join("secret.key"), "a".repeat(64)).unwrap();
    let refused = refusal(&mut other.command(&["restore", "--from", from]));
    assert!(refused.contains("secret.key is there") && refused.contains("--replace"), "{refused}");
    assert_eq!(secret(other.directory()), "a".repeat(64));
    assert!(!other.directory().join("honyaku.sqlite").exists());
}

#[test]
fn a_backup_has_the_secret_or_says_that_it_has_not() {
    let one = installation();
    let (file, backup) = (one.directory().join("secret.key"), one.directory().join("backup"));
    let from = backup.to_str().unwrap();
    let secret = secret(one.directory());
    std::fs::remove_file(&file).unwrap();
    // Nobody can read this one, not even a test that runs as root.
    std::fs::create_dir(&file).unwrap();
    let refused = refusal(&mut one.command(&["backup", "--to", from]));
    assert!(refused.contains("secret.key: ") && refused.contains("secret_key"), "{refused}");
    assert!(!backup.exists() && !backup.with_extension("unfinished").exists());
    let said = lines(one.command(&["backup", "--to", from]).env("HONYAKU_SECRET_KEY", &secret));
    assert!(said[1].contains("not in the backup") && said[1].contains("HONYAKU_SECRET_KEY"), "{said:?}");
    let said = lines(&mut Database::nowhere().command(&["restore", "--from", from]));
    assert!(said[1].contains("secret_key must be set"), "{said:?}");
}

/// What a command that must fail says, whether in its result or as its error.
fn all_it_says(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(!done.status.success(), "{command:?}");
    String::from_utf8([done.stdout, done.stderr].concat()).unwrap()
}

#[test]
fn commands_that_look_make_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (nowhere, backup) = (directory.path().join("typo"), directory.path().join("backup"));
    let of_account = ["--account", "acme"];
    let looks: [(&[&str], &[&str]); 11] = [
        (&["verify"], &[]),
        (&["doctor"], &[]),
        (&["backup", "--to", backup.to_str().unwrap()], &[]),
        (&["migrate", "status"], &[]),
        (&["mail", "list"], &[]),
        (&["key", "list"], &of_account),
        (&["key", "add"], &of_account),
        (&["key", "revoke", "--key", "x"], &[]),
        (&["account", "set"], &of_account),
        (&["callback", "list"], &of_account),
        (&["credit", "add", "--amount", "1"], &of_account),
    ];
    for (words, more) in looks {
        let mut command = Command::new(env!("CARGO_BIN_EXE_honyaku"));
        let said = all_it_says(command.args(words).args(more).arg("--data-dir").arg(&nowhere));
        assert!(
            said.contains("no database at") && said.contains("is --data-dir right?"),
            "{words:?}: {said}"
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "{words:?}");
    }
}

#[test]
fn nobody_looks_into_a_database_that_was_not_set_up() {
    let database = Database::new();
    let expected = if database.is_postgres() { "the database has no tables" } else { "no database at" };
    let said = refusal(&mut database.command(&["verify"]));
    assert!(said.contains(expected), "{said}");
    assert_eq!(std::fs::read_dir(database.directory()).unwrap().count(), 0);
    lines(&mut database.command(&["account", "add", "--name", "Acme"]));
    lines(&mut database.command(&["verify"]));
    std::fs::remove_file(database.directory().join("secret.key")).unwrap();
    let said = refusal(&mut database.command(&["key", "add", "--account", "acme"]));
    assert!(said.contains("no secret at") && said.contains("secret_key"), "{said}");
    assert!(!database.directory().join("secret.key").exists());
}

#[test]
fn another_accounts_callback_is_not_sent_again() {
    let shop = Shop::open();
    shop.orders_text("mine");
    let delivered = || shop.database.ask("SELECT COUNT(*) FROM delivery WHERE state = 'delivered'");
    shop.until("it is delivered", || delivered() == 1);
    shop.command(&["account", "add", "--name", "Beta"]);
    shop.database.change("UPDATE destination SET failures = 7");
    for environment in [&["--sandbox"][..], &[]] {
        let mut resend = shop.database.command(&["callback", "resend", "--account", "beta", "--id", "1"]);
        let said = refusal(resend.args(environment));
        assert!(said.contains("no such callback"), "{said}");
    }
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM delivery_attempt WHERE attempt < 0"), 0);
    assert_eq!(shop.database.ask("SELECT failures FROM destination"), 7);
    assert_eq!(delivered(), 1);
}

/// A range is what somebody types: only what is there takes time.
#[test]
fn a_long_range_of_callbacks_is_sent_again() {
    let shop = Shop::open();
    let batch: Vec<Value> = (0..600).map(|number| job(&format!("one of many {number}"))).collect();
    shop.orders(&json!(batch)).unwrap();
    let count = |which: &str| shop.database.ask(&format!("SELECT COUNT(*) FROM {which}"));
    shop.until("all are delivered", || count("delivery WHERE state = 'delivered'") == 600);
    let resend = |id: &str| {
        shop.command(&["callback", "resend", "--account", "demo", "--sandbox", "--id", id])["resent"].clone()
    };
    assert_eq!(resend("2-4"), 3);
    assert_eq!(resend(&format!("1-{}", i64::MAX)), 600);
    shop.until("all are delivered again", || {
        count("delivery_attempt WHERE attempt > 0") == 600
            && count("delivery WHERE state = 'delivered'") == 600
    });
}

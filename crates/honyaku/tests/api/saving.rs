//! Backups of the embedded database: they stay as they are, and nothing is lost for the sake of one.

use crate::database::{Database, lines, refusal};
use crate::files::attaches;
use crate::shop::Shop;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn honyaku(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_honyaku"));
    command.args(words);
    command
}

/// Every file below a directory, with what is in it.
fn all_in(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_in(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

/// A database that was served, with an order and a file, and a backup of it.
fn saved() -> (Database, PathBuf, String) {
    let shop = Shop::start(Database::nowhere(), &[]);
    let id = shop.orders_text("to be saved");
    attaches(&shop, &id, b"a file");
    let database = shop.stop();
    let backup = database.directory().join("backup.of.today");
    lines(&mut database.command(&["backup", "--to", backup.to_str().unwrap()]));
    (database, backup, id)
}

#[test]
fn a_backup_is_the_same_whoever_looked_at_it() {
    let (database, backup, id) = saved();
    let before = all_in(&backup);
    let place = backup.to_str().unwrap();
    let read = lines(&mut honyaku(&["verify", "--data-dir", place]));
    assert!(read[0].starts_with("a whole backup: "), "{read:?}");
    let from = format!("sqlite://{place}/honyaku.sqlite");
    let to = format!("sqlite://{}/copy.sqlite", database.directory().display());
    for words in [
        vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", place],
        vec!["demo", "--listen", "127.0.0.1:0", "--data-dir", place],
        vec!["account", "add", "--name", "Acme", "--data-dir", place],
        vec!["migrate", "run", "--data-dir", place],
        vec!["copy", "--from", &from, "--to", &to],
    ] {
        let refused = refusal(&mut honyaku(&words));
        assert!(
            refused.contains("is a backup") && refused.contains("honyaku restore"),
            "{words:?}: {refused}"
        );
    }
    assert!(all_in(&backup) == before, "it is as it was");
    lines(&mut database.command(&["restore", "--from", place, "--replace"]));
    let shop = Shop::start(database, &[]);
    assert_eq!(shop.job(&id)["body_src"], "to be saved");
    shop.verify();
}

/// The tables as they were before migration 15.
const OLDER: &str = "ALTER TABLE environment ADD COLUMN jobs BIGINT NOT NULL DEFAULT 0; \
    UPDATE environment SET jobs = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id \
      AND job.sandbox = environment.sandbox); \
    DROP INDEX job_order; CREATE INDEX job_order ON job (order_id, account_id, sandbox, status, id); \
    CREATE INDEX ledger_entry_account ON ledger_entry (ledger_account); \
    DELETE FROM migration WHERE number > 14";

#[test]
fn a_backup_of_an_older_version_is_checked_and_restored_and_stays_as_it_is() {
    let (database, _, id) = saved();
    database.change(OLDER);
    for status in domain::job::Status::ALL {
        database.change(&format!("ALTER TABLE environment DROP COLUMN jobs_{}", status.code()));
    }
    let backup = database.directory().join("of.the.older");
    let place = backup.to_str().unwrap();
    let made = lines(&mut database.command(&["backup", "--to", place]));
    assert!(made[0].contains("comes from an older honyaku"), "{made:?}");
    let before = all_in(&backup);
    let read = lines(&mut honyaku(&["verify", "--data-dir", place]));
    assert!(read[1].starts_with("a whole backup: "), "{read:?}");
    lines(&mut database.command(&["restore", "--from", place, "--replace"]));
    assert!(all_in(&backup) == before, "it is as it was");
    let states = lines(&mut database.command(&["migrate", "status"]));
    assert!(states.contains(&"0015 counts pending".to_owned()), "{states:?}");
    let shop = Shop::start(database, &[]);
    assert_eq!(shop.job(&id)["body_src"], "to be saved");
    assert_eq!(shop.get("sandbox", "").unwrap()["jobs"]["available"], 1);
    shop.verify();
}

#[test]
fn a_backup_of_a_newer_version_is_told_by_its_tables() {
    let (database, _, _) = saved();
    database
        .change("INSERT INTO migration (number, name, checksum, applied_at) VALUES (999, 'later', 'x', 1)");
    let backup = database.directory().join("of.the.newer");
    let refused = refusal(&mut database.command(&["backup", "--to", backup.to_str().unwrap()]));
    assert!(refused.contains("newer") && !backup.exists(), "{refused}");
}

#[test]
fn a_backup_that_is_not_whole_is_refused_before_anything_is_moved() {
    let (database, backup, _) = saved();
    let place = backup.to_str().unwrap().to_owned();
    let whole = all_in(&backup);
    let named = |name: &str| whole.keys().find(|path| path.ends_with(name)).unwrap().clone();
    // Beside it is a file by which the directory is known.
    let file = whole.iter().find(|(_, bytes)| *bytes == b"a file").unwrap().0;
    let spoilt: [(PathBuf, Option<&str>, &str); 6] = [
        (file.clone(), None, "is not there"),
        (file.clone(), Some("a fine"), "is damaged"),
        (named("secret.key"), Some("zz"), "is not 64 hex digits"),
        (named("secret.key"), Some(&"a".repeat(64)), "is not the secret"),
        (named("backup.json"), Some("{\"sha256\":["), "is damaged"),
        (named("honyaku.sqlite"), None, "is this a backup?"),
    ];
    let there = || {
        let mut all = all_in(database.directory());
        all.retain(|path, _| !path.starts_with(&backup) && !path.ends_with("honyaku.lock"));
        all
    };
    let before = there();
    for (path, content, told) in spoilt {
        match content {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let restore = database.command(&["restore", "--from", &place, "--replace"]);
        for mut command in [restore, honyaku(&["verify", "--data-dir", &place])] {
            let done = command.output().unwrap();
            let refused = String::from_utf8_lossy(&done.stderr);
            assert!(!done.status.success() && refused.contains(told), "{}: {done:?}", path.display());
        }
        assert!(there() == before, "{told}: nothing else changed");
        std::fs::write(&path, &whole[&path]).unwrap();
    }
    lines(&mut database.command(&["restore", "--from", &place, "--replace"]));
    Shop::start(database, &[]).verify();
}

#[test]
fn a_backup_repairs_files_and_is_not_made_of_damaged_ones() {
    let (database, backup, _) = saved();
    let place = backup.to_str().unwrap();
    let files = database.directory().join("files");
    let kept = all_in(&files).into_iter().find(|(_, bytes)| *bytes == b"a file").unwrap().0;
    std::fs::write(&kept, b"a fine").unwrap();
    let newer = database.directory().join("of.the.damaged");
    let refused = refusal(&mut database.command(&["backup", "--to", newer.to_str().unwrap()]));
    assert!(refused.contains("is damaged") && refused.contains("earlier backup"), "{refused}");
    assert!(!newer.exists());
    lines(&mut database.command(&["restore", "--from", place, "--replace"]));
    assert_eq!(std::fs::read(&kept).unwrap(), b"a file");
    lines(&mut database.command(&["verify", "--files"]));
}

#[test]
fn encrypted_files_of_a_backup_are_read_with_the_secret_that_is_set() {
    let secret = "5a".repeat(32);
    let set = ["--files-encrypt", "1", "--secret-key", &secret];
    let shop = Shop::start(Database::nowhere(), &set);
    let id = shop.orders_text("to be saved");
    attaches(&shop, &id, b"a file");
    let database = shop.stop();
    let backup = database.directory().join("backup");
    let place = backup.to_str().unwrap();
    lines(&mut database.command(&[&["backup", "--to", place], &set[..]].concat()));
    lines(&mut honyaku(&[&["verify", "--data-dir", place], &set[..]].concat()));
    let refused = refusal(&mut honyaku(&["verify", "--data-dir", place]));
    assert!(refused.contains("is encrypted") && refused.contains("set secret_key"), "{refused}");
    let other = ["verify", "--data-dir", place, "--secret-key", &"a5".repeat(32)];
    let refused = refusal(&mut honyaku(&other));
    assert!(refused.contains("another secret") && refused.contains("set secret_key"), "{refused}");
    std::fs::remove_dir_all(backup.join("files")).unwrap();
    let refused = refusal(&mut honyaku(&[&["verify", "--data-dir", place], &set[..]].concat()));
    assert!(refused.contains("2 files were in it"), "{refused}");
}

#[test]
fn a_backup_touches_no_directory_but_its_own() {
    let (database, _, _) = saved();
    let beside = database.directory().join("nightly.unfinished");
    std::fs::create_dir(&beside).unwrap();
    std::fs::write(beside.join("precious"), "mine").unwrap();
    let names = ["nightly.1", "nightly.2"].map(|name| database.directory().join(name));
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| lines(&mut database.command(&["backup", "--to", name.to_str().unwrap()])));
        }
    });
    assert_eq!(std::fs::read(beside.join("precious")).unwrap(), b"mine");
    for name in &names {
        lines(&mut honyaku(&["verify", "--data-dir", name.to_str().unwrap()]));
    }
    let before: Vec<PathBuf> = all_in(database.directory()).into_keys().collect();
    for nowhere in ["", "..", "/", "new/.."] {
        let mut command = database.command(&["backup", "--to", nowhere]);
        let refused = refusal(command.current_dir(database.directory()));
        assert!(refused.contains("name a new"), "{nowhere:?}: {refused}");
    }
    assert_eq!(all_in(database.directory()).into_keys().collect::<Vec<_>>(), before);
}

#[test]
fn a_secret_that_is_lost_is_asked_for_and_not_made_up() {
    let (database, backup, id) = saved();
    let secret = database.directory().join("secret.key");
    std::fs::remove_file(&secret).unwrap();
    for words in [vec!["serve", "--listen", "127.0.0.1:0"], vec!["account", "add", "--name", "Acme"]] {
        let refused = refusal(&mut database.command(&words));
        assert!(refused.contains("secret.key") && refused.contains("put it back"), "{words:?}: {refused}");
        assert!(!secret.exists(), "{words:?}");
    }
    std::fs::copy(backup.join("secret.key"), &secret).unwrap();
    assert_eq!(Shop::start(database, &[]).job(&id)["body_src"], "to be saved");
}

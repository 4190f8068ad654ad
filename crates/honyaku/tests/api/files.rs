//! Files that come with comments: kept beside the database, given out, cleaned up, backed up.

use crate::database::Database;
use crate::shop::{Raw, Shop};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const TEXT: &[u8] = b"A brief that nobody else should read.";

/// A comment with a file, and what else its headers say.
fn sends(shop: &Shop, job: &str, content: &[u8], more: &[(&str, &str)]) -> Raw {
    let mut form = b"--B\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"body\":\"see the file\"}\r\n--B\r\nContent-Disposition: form-data; name=\"file_attachments\"; filename=\"brief.txt\"\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    form.extend_from_slice(content);
    form.extend_from_slice(b"\r\n--B--\r\n");
    let url = format!("{}translate/job/{job}/comment?{}", shop.base, shop.credentials());
    let kind = [("content-type", "multipart/form-data; boundary=B")];
    shop.raw("POST", &url, &[&kind[..], more].concat(), Some(&form))
}

fn comments(shop: &Shop, job: &str, content: &[u8]) -> Value {
    sends(shop, job, content, &[]).json()
}

/// The address of a file that came with a comment.
pub fn attaches(shop: &Shop, job: &str, content: &[u8]) -> String {
    let answer = comments(shop, job, content);
    assert_eq!(answer["opstat"], "ok", "{answer}");
    let thread = shop.get(&format!("translate/job/{job}/comments"), "").unwrap();
    let last = thread["thread"].as_array().unwrap().last().unwrap().clone();
    last["attachments"][0]["url"].as_str().unwrap().to_owned()
}

/// Addresses hold the port of the time.
pub fn had(shop: &Shop, address: &str) -> Raw {
    let token = address.rsplit('/').next().unwrap();
    shop.raw("GET", &format!("{}/attachment/{token}", shop.origin()), &[], None)
}

/// All that is kept in a directory.
fn kept(directory: &Path) -> Vec<PathBuf> {
    let Ok(folders) = std::fs::read_dir(directory) else { return Vec::new() };
    let folders = folders.map(|folder| folder.unwrap().path()).filter(|path| path.is_dir());
    folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path()).collect()
}

/// Files that hold the text; the installation's mark is one more.
fn with_text(directory: &Path) -> usize {
    // One that was listed may be gone by now.
    kept(directory).iter().filter(|file| std::fs::read(file).is_ok_and(|content| content == TEXT)).count()
}

#[test]
fn a_file_is_kept_once_beside_the_database_and_given_out_as_it_came() {
    let shop = Shop::open();
    let id = shop.orders_text("with a brief");
    let (first, second) = (attaches(&shop, &id, TEXT), attaches(&shop, &id, TEXT));
    assert_ne!(first, second);
    let answer = had(&shop, &first);
    assert_eq!((answer.status, answer.body.as_slice()), (200, TEXT));
    assert_eq!(answer.header("content-disposition"), "attachment; filename*=UTF-8''brief%2Etxt");
    let directory = shop.database.directory().join("files");
    assert_eq!(with_text(&directory), 1);
    assert_eq!(
        shop.command(&["verify", "--files"]).as_str().map(|text| text.contains("1 files read")),
        Some(true)
    );
    // A file that is lost or changed is told, not given out.
    let file = kept(&directory).into_iter().find(|file| std::fs::read(file).unwrap() == TEXT).unwrap();
    std::fs::write(&file, "something else").unwrap();
    assert_eq!(had(&shop, &first).status, 503);
    let verified = shop.database.command(&["verify", "--files"]).output().unwrap();
    assert!(!verified.status.success() && String::from_utf8_lossy(&verified.stdout).contains("damaged"));
}

#[test]
fn another_file_is_another_request() {
    let shop = Shop::open();
    let id = shop.orders_text("commented once");
    let key = [("idempotency-key", "brief")];
    let answers = [TEXT, TEXT, b"Another brief."].map(|content| sends(&shop, &id, content, &key));
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(answers[1].header("idempotent-replayed"), "true");
    assert_eq!(answers[2].json()["err"]["code"], 1754);
    let thread = shop.get(&format!("translate/job/{id}/comments"), "").unwrap();
    assert_eq!(thread["thread"].as_array().unwrap().len(), 1);
}

#[test]
fn files_can_be_encrypted() {
    let shop = Shop::open_with(&["--files-encrypt", "1"]);
    let id = shop.orders_text("with a secret brief");
    let address = attaches(&shop, &id, TEXT);
    let directory = shop.database.directory().join("files");
    let readable = |file: &PathBuf| std::fs::read(file).unwrap().windows(8).any(|part| part == b"A brief ");
    assert!(!kept(&directory).is_empty() && !kept(&directory).iter().any(readable));
    assert_eq!(had(&shop, &address).body, TEXT);
}

#[test]
fn what_nothing_refers_to_is_doomed_and_deleted_and_can_come_again() {
    let shop = Shop::open();
    let id = shop.orders_text("with a brief");
    let address = attaches(&shop, &id, TEXT);
    let directory = shop.database.directory().join("files");
    let restart = |shop: Shop, change: &str| {
        let database = shop.stop();
        database.change(change);
        Shop::start(database, &[])
    };
    // Long ago, but referred to.
    let shop = restart(shop, "UPDATE file SET touched_at = 0");
    assert_eq!(had(&shop, &address).body, TEXT);
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    let shop = restart(shop, "UPDATE file SET touched_at = 0");
    let doomed = |shop: &Shop| {
        let status = shop.command(&["doctor"]);
        assert!(status.to_string().contains("ok"), "{status}");
        with_text(&directory)
    };
    assert_eq!(doomed(&shop), 1, "a backup may be under way");
    std::thread::sleep(std::time::Duration::from_millis(500));
    let shop = restart(shop, "UPDATE file SET doomed_at = 1 WHERE doomed_at IS NOT NULL");
    shop.until("it is deleted", || with_text(&directory) == 0);
    let id = shop.orders_text("once more");
    let address = attaches(&shop, &id, TEXT);
    // Doomed, and claimed again before it is deleted: the next generation.
    let shop = restart(shop, "UPDATE file SET doomed_at = 9223372036854775807");
    let again = attaches(&shop, &id, TEXT);
    assert_eq!((had(&shop, &address).body.as_slice(), had(&shop, &again).body.as_slice()), (TEXT, TEXT));
    assert_eq!(with_text(&directory), 2);
}

#[test]
fn what_was_kept_in_the_database_is_moved_out() {
    let database = Shop::open().stop();
    let hex: String = TEXT.iter().map(|byte| format!("{byte:02x}")).collect();
    let literal =
        if database.is_postgres() { format!("decode('{hex}', 'hex')") } else { format!("x'{hex}'") };
    database.change(&format!(
        "INSERT INTO upload (token, account_id, sandbox, filename, mime_type, content, created_at) \
         VALUES ('old', 1, 1, 'old.txt', 'text/plain', {literal}, 1)"
    ));
    let shop = Shop::start(database, &[]);
    let directory = shop.database.directory().join("files");
    shop.until("it is moved", || with_text(&directory) == 1);
    assert_eq!(had(&shop, "old").body, TEXT);
}

#[test]
fn a_node_without_the_installations_files_does_not_start() {
    let shop = Shop::open();
    let id = shop.orders_text("with a brief");
    attaches(&shop, &id, TEXT);
    let database = shop.stop();
    let (files, away) = (database.directory().join("files"), database.directory().join("away"));
    std::fs::rename(&files, &away).unwrap();
    let refused = database.command(&["demo", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("files.directory"), "{said}");
    std::fs::remove_dir_all(&files).unwrap();
    std::fs::rename(&away, &files).unwrap();
    let shop = Shop::start(database, &[]);
    attaches(&shop, &id, b"another");
}

#[test]
fn a_backup_has_the_files() {
    let shop = Shop::open();
    if shop.database.is_postgres() {
        return;
    }
    let id = shop.orders_text("with a brief");
    let address = attaches(&shop, &id, TEXT);
    let backup = shop.database.directory().join("backup");
    shop.command(&["backup", "--to", backup.to_str().unwrap()]);
    let elsewhere = Database::nowhere();
    let restored = elsewhere.command(&["restore", "--from", backup.to_str().unwrap()]).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    std::fs::copy(shop.database.directory().join("demo.json"), elsewhere.directory().join("demo.json"))
        .unwrap();
    let shop = Shop::start(elsewhere, &[]);
    assert_eq!(had(&shop, &address).body, TEXT);
    std::fs::remove_dir_all(backup.join("files")).unwrap();
    std::fs::create_dir(backup.join("files")).unwrap();
    let holes =
        Database::nowhere().command(&["restore", "--from", backup.to_str().unwrap()]).output().unwrap();
    assert!(String::from_utf8_lossy(&holes.stderr).contains("is not there"), "what is missing is told");
}

/// Nodes that share a database do not share their directories: what one kept the others would not have.
#[test]
fn with_a_database_of_its_own_a_server_has_to_be_told_where_files_are() {
    let mut database = Database::new();
    if !database.is_postgres() {
        return;
    }
    database.keeps_files = false;
    let shop = Shop::start(database, &[]);
    let id = shop.orders_text("with a brief");
    let refused = comments(&shop, &id, TEXT);
    assert_eq!(refused["err"]["code"], 2010, "{refused}");
    assert!(refused["err"]["msg"].as_str().unwrap().contains("files.s3_bucket"), "{refused}");
    assert!(shop.command(&["doctor"]).to_string().contains("nowhere"));
}

/// With a store that the environment names: `tests/s3/server` starts one.
#[test]
fn files_can_be_kept_in_a_bucket() {
    let Ok(store) = std::env::var("HONYAKU_TEST_S3") else {
        eprintln!("skipped: HONYAKU_TEST_S3 names no store");
        return;
    };
    let store: serde_json::Value = serde_json::from_str(&store).unwrap();
    let member = |name: &str| store[name].as_str().unwrap().to_owned();
    let prefix = format!("shop-{}", std::process::id());
    let flags: Vec<String> = [
        ("--files-s3-endpoint", member("endpoint")),
        ("--files-s3-bucket", member("bucket")),
        ("--files-s3-region", member("region")),
        ("--files-s3-prefix", prefix),
        ("--files-s3-access-key-id", member("access_key_id")),
        ("--files-s3-secret-access-key", member("secret_access_key")),
        ("--files-encrypt", "1".to_owned()),
    ]
    .into_iter()
    .flat_map(|(flag, value)| [flag.to_owned(), value])
    .collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut database = Database::new();
    database.keeps_files = false;
    let shop = Shop::start(database, &flags);
    let id = shop.orders_text("with a brief");
    let address = attaches(&shop, &id, TEXT);
    assert_eq!(had(&shop, &address).body, TEXT);
    if shop.database.is_postgres() {
        let other = Shop::start(shop.database.shared(), &flags);
        assert_eq!(had(&other, &address).body, TEXT, "another node has it from there");
    }
    assert!(!shop.database.directory().join("files").exists());
    let with = |words: &[&str]| shop.command(&[words, &flags].concat());
    assert!(with(&["verify", "--files"]).to_string().contains("1 files read"));
    assert!(with(&["doctor"]).to_string().contains("bucket"));
    // With another place the installation does not start.
    let database = shop.stop();
    let elsewhere = database.directory().join("elsewhere").display().to_string();
    let refused = database
        .command(&["demo", "--listen", "127.0.0.1:0", "--files-directory", &elsewhere])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("files.s3_bucket"));
    assert_eq!(had(&Shop::start(database, &flags), &address).body, TEXT);
}

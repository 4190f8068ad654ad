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
    let database = Database::bare();
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

#[test]
fn what_no_key_can_have_is_refused_with_the_flag_and_the_cure() {
    let shop = Shop::open();
    let cases = [
        ("--callback-url", "garbage", "http"),
        ("--callback-url", "javascript:x", "http"),
        ("--callback-url", "http://...", "absolute http or https"),
        ("--callback-url", "https://me:word@a.example/", "user"),
        ("--callback-url", "http://169.254.169.254/", "not a public address"),
        ("--callback-encoding", "garbage", "form, multipart, json"),
        ("--numbers", "foo", "strings, current"),
        ("--addresses", "not an ip", "192.0.2.1"),
        ("--addresses", "192.0.2.1,192.0.2.0/24", "192.0.2.1"),
        ("--versions", "v9", "v1,v1.1,v2"),
        ("--spending-limit", "-5", "0 or more"),
        ("--spending-limit", "much", "such as 12.50"),
        ("--strict-ts", "maybe", "1 or 0"),
    ];
    for (flag, value, cure) in cases {
        let assigned = format!("{flag}={value}");
        let set = ["key", "set", "--key", &shop.public_key, &assigned];
        let said = refusal(&mut shop.database.command(&set));
        assert!([flag, value, cure].iter().all(|part| said.contains(part)), "{assigned}: {said}");
    }
    let add = ["key", "add", "--account", "demo", "--sandbox", "--callback-url", "garbage"];
    let said = refusal(&mut shop.database.command(&add));
    assert!(said.contains("--callback-url") && said.contains("garbage"), "{said}");
    let as_made = "callback_url LIKE '%/inbox/%' AND callback_encoding = 'form' AND numbers_current = 0 \
        AND addresses IS NULL AND versions = 'v1,v1.1,v2' AND spending_limit IS NULL";
    let count = |which: &str| shop.database.ask(&format!("SELECT COUNT(*) FROM api_key WHERE {which}"));
    assert_eq!((count("1 = 1"), count(as_made)), (1, 1), "nothing was written");
    let list = ["callback", "list", "--account", "demo", "--sandbox", "--state", "foo"];
    let said = refusal(&mut shop.database.command(&list));
    assert!(said.contains("--state") && said.contains("waiting, delivered, dead"), "{said}");
}

#[test]
fn what_a_key_is_given_is_kept_as_it_is_compared() {
    let shop = Shop::open();
    let set = |flag: &str, value: &str| shop.command(&["key", "set", "--key", &shop.public_key, flag, value]);
    let count = |which: &str| shop.database.ask(&format!("SELECT COUNT(*) FROM api_key WHERE {which}"));
    set("--addresses", "::ffff:192.0.2.1, 2001:DB8:0::1");
    assert_eq!(count("addresses = '192.0.2.1,2001:db8::1'"), 1);
    set("--addresses", "");
    set("--versions", "v2, v1");
    assert_eq!(count("addresses IS NULL AND versions = 'v2,v1'"), 1);
    set("--versions", "");
    set("--callback-url", "http://127.0.0.1:9/x");
    assert_eq!(count("versions = 'v1,v1.1,v2' AND callback_url = 'http://127.0.0.1:9/x'"), 1);
    set("--callback-url", "");
    assert_eq!(count("callback_url IS NULL"), 1);
}

#[test]
fn a_pair_is_not_brought_into_the_other_environment() {
    let database = Database::new();
    lines(&mut database.command(&["account", "add", "--name", "Acme"]));
    let bring = |public: &str, private: &str, more: &[&str]| {
        let add = ["key", "add", "--account", "acme", "--public", public, "--private", private];
        let mut command = database.command(&add);
        command.args(more);
        command
    };
    let said = refusal(&mut bring("hy_test_pk_a", "b", &[]));
    assert!(
        said.contains("--public") && said.contains("hy_test_") && said.contains("add --sandbox"),
        "{said}"
    );
    let said = refusal(&mut bring("a", "hy_test_sk_secret", &[]));
    assert!(said.contains("--private") && !said.contains("secret"), "{said}");
    let said = refusal(&mut bring("hy_live_pk_a", "hy_live_sk_b", &["--sandbox"]));
    assert!(said.contains("hy_live_") && said.contains("leave --sandbox out"), "{said}");
    lines(&mut bring("hy_test_pk_a", "hy_test_sk_b", &["--sandbox"]));
    lines(&mut bring("from elsewhere", "private", &[]));
}

#[test]
fn more_credits_than_a_balance_can_hold_are_refused() {
    let database = Database::new();
    lines(&mut database.command(&["account", "add", "--name", "Acme"]));
    let add = |amount: &str| database.command(&["credit", "add", "--account", "acme", "--amount", amount]);
    // Far from where the sum of balance and escrow would end: what is charged can always be given back.
    lines(&mut add("9999999999999.99"));
    for (amount, cure) in [
        ("0.02", "10000000000000.00 at most"),
        ("92233720368547758.07", "the amount is too large"),
        ("92233720368547758.08", "--amount"),
    ] {
        let said = refusal(&mut add(amount));
        assert!(said.contains(cure), "{amount}: {said}");
    }
    lines(&mut add("0.01"));
    assert_eq!(database.ask("SELECT MAX(amount) FROM ledger_balance"), 1_000_000_000_000_000);
    lines(&mut database.command(&["verify"]));
}

#[test]
fn rows_that_name_another_account_than_what_they_belong_to_are_found() {
    let shop = Shop::open();
    let id = shop.orders_text("whose is it?");
    shop.delivers(&id, "誰の？");
    shop.put(&format!("translate/job/{id}"), &json!({ "action": "approve", "rating": 3 })).unwrap();
    shop.verify();
    // On PostgreSQL a key keeps the last two.
    let tables = ["reward", "feedback", "claim_job", "revision"];
    for table in &tables[..if shop.database.is_postgres() { 2 } else { 4 }] {
        shop.database.change(&format!("UPDATE {table} SET account_id = account_id + 1"));
        let said = all_it_says(&mut shop.database.command(&["verify"]));
        assert!(said.contains(&format!("{table}: 1 rows name another account than their job")), "{said}");
        shop.database.change(&format!("UPDATE {table} SET account_id = account_id - 1"));
    }
    shop.verify();
}

#[test]
fn kept_numbers_of_a_sandboxs_jobs_that_are_wrong_are_found_and_a_wipe_counts_anew() {
    let shop = Shop::open();
    shop.orders_text("the only one");
    shop.database.change("UPDATE environment SET jobs_hold = jobs_hold + 1 WHERE sandbox = 1");
    let said = all_it_says(&mut shop.database.command(&["verify"]));
    assert!(said.contains("the numbers of its sandbox's jobs are wrong"), "{said}");
    shop.post("sandbox/wipe", &json!({ "confirm": "demo" })).unwrap();
    let jobs = shop.get("sandbox", "").unwrap()["jobs"].clone();
    assert!(jobs.as_object().unwrap().values().all(|number| *number == json!(0)), "{jobs}");
    shop.verify();
}

#[test]
fn settings_of_the_wrong_kind_are_refused_with_their_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("honyaku.toml");
    let says = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_honyaku"));
        refusal(command.args(["config", "--config"]).arg(&file))
    };
    let of_file = |setting: &str, value: &str, expected: &str| {
        format!("{setting} is \"{value}\" (from file {}): {expected}", file.display())
    };
    let cases = [
        ("[rate_limit]\nper_key = \"x\"", of_file("rate_limit.per_key", "x", "write a whole number")),
        ("[rate_limit]\nper_address = -1", of_file("rate_limit.per_address", "-1", "write a whole number")),
        ("[review]\nhours = 1.5", of_file("review.hours", "1.5", "write a whole number")),
        ("[live]\nenabled = \"maybe\"", of_file("live.enabled", "maybe", "write 1 or 0")),
        (
            "[review]\ncaptcha = \"never\"",
            of_file("review.captcha", "never", "write `when sent` or `always`"),
        ),
        ("role = \"boss\"", of_file("role", "boss", "write api, worker or all")),
        ("role = \"api\"", of_file("role", "api", "write all, or set database")),
        ("[files]\nencrypt = \"maybe\"", of_file("files.encrypt", "maybe", "write 1 or 0")),
        (
            "[files]\ns3_endpoint = \"https://s3.example\"",
            of_file("files.s3_endpoint", "https://s3.example", "set files.s3_bucket too"),
        ),
        ("[tls]\ncert = \"a.pem\"", of_file("tls.cert", "a.pem", "set tls.listen too")),
        ("database_authorities = \"a.pem\"", of_file("database_authorities", "a.pem", "set database too")),
        ("database_replica = \"postgres://a\"", of_file("database_replica", "(hidden)", "set database too")),
    ];
    for (text, expected) in cases {
        let said = says(text);
        assert!(said.contains(&expected), "{text}: {said}");
    }
}

#[test]
fn variables_that_no_setting_has_are_told() {
    let installation = installation();
    let doctor = |variable: &str| {
        let mut doctor = installation.command(&["doctor"]);
        let said = doctor.env(variable, "x").output().unwrap();
        String::from_utf8(said.stdout)
            .unwrap()
            .lines()
            .find(|line| line.contains(" variables: "))
            .unwrap()
            .to_owned()
    };
    let told = doctor("HONYAKU_FILES_BUCKET");
    assert!(told.starts_with("FAULT") && told.contains("no setting has HONYAKU_FILES_BUCKET"), "{told}");
    // What Kubernetes sets for a service of this name.
    for others in ["HONYAKU_PORT", "HONYAKU_SERVICE_HOST", "HONYAKU_PORT_80_TCP_ADDR", "HONYAKU_TEST_X"] {
        assert!(doctor(others).starts_with("ok "), "{others}");
    }
}

#[test]
fn a_broken_glossary_is_refused_with_the_place() {
    let shop = Shop::open();
    let file = shop.database.directory().join("terms.csv");
    let add = |csv: &str| {
        std::fs::write(&file, csv).unwrap();
        let add = ["glossary", "add", "--account", "demo", "--sandbox", "--file", file.to_str().unwrap()];
        shop.database.command(&add)
    };
    let cases = [
        ("en,ja\ncat,\"猫\n", "line 2, column 2: the quote that opens here is never closed"),
        ("en,ja\n\"cat,猫\n\"dog\",犬\n", "line 2, column 1: the quote that opens here closes before"),
        ("en,ja\ncat,猫\0\n", "line 2, column 2: a NUL byte"),
        ("en,ja\ncat,猫\ndog\n", "line 3 has 1 columns and not 2"),
        ("en,ja\ncat,猫,chat\n", "line 2 has 3 columns and not 2"),
        ("en,ja,EN\ncat,猫,cat\n", "columns 1 and 3 of the first row are the same language"),
        ("en,en\ncat,cat\n", "columns 1 and 2 of the first row are the same language"),
        ("en,ja\n", "there is no term after the first row"),
        ("en,ja\n\n,\n", "there is no term after the first row"),
    ];
    for (csv, expected) in cases {
        let said = refusal(&mut add(csv));
        assert!(said.contains(expected), "{csv:?}: {said}");
    }
    assert_eq!(shop.get("translate/glossary", "").unwrap(), json!([]), "nothing was written");
    lines(&mut add("\u{feff}en,ja\r\n\"cat, big\",猫\r\n\r\n\n\n"));
}

#[test]
fn a_posting_whose_id_is_taken_is_not_thought_to_be_booked() {
    let shop = Shop::open();
    if !shop.database.is_postgres() {
        return;
    }
    shop.post("sandbox/credits", &json!({ "amount": "1.00" })).unwrap();
    let balance = shop.balance();
    // As after a sequence was restored wrongly: the ids come once more.
    shop.database.change("SELECT setval('ledger_ids', (SELECT MIN(id) FROM ledger_transaction), false)");
    assert!(shop.post("sandbox/credits", &json!({ "amount": "5.00" })).is_err());
    assert_eq!(shop.balance(), balance);
    shop.verify();
}

#[test]
fn a_setting_that_makes_no_sense_is_refused_at_the_start() {
    let rows = [
        ("--public-url", "foo", "write such as https://"),
        ("--public-url", "ftp://a.example", "write such as https://"),
        ("--public-url", "http://", "write such as https://"),
        ("--public-url", "http://a.example/x?z", "write such as https://"),
        ("--public-url", "http://u:p@a.example", "write such as https://"),
        ("--log-level", "foo", "off, error, warn, info, debug or trace"),
        ("--log-format", "xml", "json or text"),
        ("--sandbox-max-credits", "-1", "write an amount"),
        ("--sandbox-start-credits", "-1", "write an amount"),
        ("--sandbox-start-credits", "1000000.01", "no more than sandbox.max_credits"),
        ("--database-readers", "1000000000", "from 1 to 1000"),
        ("--review-hours", "1", "24 to 336 hours"),
        ("--database-connections", "0", "from 1 to 1000"),
        ("--tls-listen", "127.0.0.1:0", "tls.cert"),
        ("--data-dir", "/dev/null", "/dev/null: "),
    ];
    for (flag, value, cure) in rows {
        let directory = tempfile::tempdir().unwrap();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_honyaku"));
        serve.args(["serve", "--listen", "127.0.0.1:0", &format!("{flag}={value}")]);
        let said = refusal(serve.env("HONYAKU_DATA_DIR", directory.path()).env("HONYAKU_CONFIG", ""));
        assert!(said.contains(cure) && said.lines().count() == 1, "{flag}={value}: {said}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[sandbox.enabled]\nx = 1\n").unwrap();
    let mut show = Command::new(env!("CARGO_BIN_EXE_honyaku"));
    let said = refusal(show.args(["config", "--config", file.path().to_str().unwrap()]));
    assert!(said.contains("sandbox.enabled is a table"), "{said}");
}

#[test]
fn a_demo_is_not_put_into_an_installation() {
    let installation = installation();
    let refused = refusal(&mut installation.command(&["demo", "--listen", "127.0.0.1:0"]));
    assert!(refused.contains("no demo") && refused.contains("--data-dir"), "{refused}");
    assert_eq!(installation.ask("SELECT COUNT(*) FROM account"), 1);
}

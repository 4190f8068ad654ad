//! `honyaku backup` and `honyaku restore`: the embedded database and its secret, whole and
//! checked, while the server runs. A server's database is backed up with its own tools.

mod files;

use super::open::{config, database, text};
use super::{Outcome, say};
use crate::app::{real_now, write_private};
use crate::contents;
use clap::ArgMatches;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use store::sql::{Options, look_into, snapshot};

type Fault = Box<dyn std::error::Error>;

const DATABASE: &str = "honyaku.sqlite";
const SECRET: &str = "secret.key";
const FILES: &str = "files";
const CONTENTS: &str = "backup.json";

/// Writes a backup into a new directory: all of it, or nothing.
pub fn backup(matches: &ArgMatches) -> Outcome {
    let (directory, source) = embedded(matches)?;
    let to = PathBuf::from(text(matches, "to"));
    if to.exists() {
        return Err(format!("{} is there already; name a new directory", to.display()).into());
    }
    let unfinished = to.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)?;
    }
    crate::app::make_private_dir(&unfinished)?;
    let copy = unfinished.join(DATABASE);
    snapshot(&source, &copy)?;
    let balances = check(&copy)?;
    if let Ok(secret) = std::fs::read_to_string(directory.join(SECRET)) {
        write_private(&unfinished.join(SECRET), &secret)?;
    }
    let count = match contents::directory(&config(matches)?) {
        Some(directory) => {
            // After the database: all that its copy refers to is there.
            let count = files::copy(&directory, &unfinished.join(FILES))?;
            files::all_there(&copy, &unfinished.join(FILES))?;
            count
        }
        None => {
            say("files are in their bucket and not in this backup: copy the bucket too");
            0
        }
    };
    let contents = json!({
        "files": count,
        "made_at": real_now().seconds(),
        "version": env!("CARGO_PKG_VERSION"),
        "sha256": hash(&copy)?,
        "bytes": std::fs::metadata(&copy)?.len(),
    });
    write_private(&unfinished.join(CONTENTS), &contents.to_string())?;
    File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, &to)?;
    say(format_args!("{}: {balances} balances and every invariant are right", to.display()));
    Ok(())
}

/// Puts a backup into the data directory. What is there is moved aside if asked, never lost.
pub fn restore(matches: &ArgMatches) -> Outcome {
    let (directory, target) = embedded(matches)?;
    let from = PathBuf::from(text(matches, "from"));
    let contents = std::fs::read_to_string(from.join(CONTENTS))
        .map_err(|error| format!("{}: {error}; is this a backup?", from.join(CONTENTS).display()))?;
    let contents: Value = serde_json::from_str(&contents)?;
    let copy = from.join(DATABASE);
    if contents.get("sha256").and_then(Value::as_str) != Some(hash(&copy)?.as_str()) {
        return Err(format!("{} is damaged: its hash is not the one in {CONTENTS}", copy.display()).into());
    }
    let _lock = store::sql::lock(&target)?;
    if target.exists() && !matches.get_flag("replace") {
        return Err(format!("{} is there; --replace moves it aside", target.display()).into());
    }
    // Also what another database left beside it: SQLite would take it for this one's.
    move_aside(&target)?;
    put(&copy, &target)?;
    if let Ok(secret) = std::fs::read_to_string(from.join(SECRET)) {
        write_private(&directory.join(SECRET), &secret)?;
    }
    if from.join(FILES).exists()
        && let Some(directory) = contents::directory(&config(matches)?)
    {
        files::copy(&from.join(FILES), &directory)?;
        files::all_there(&target, &directory)?;
    }
    say(format_args!("restored: {} balances and every invariant are right", check(&target)?));
    Ok(())
}

/// The data directory and the path of its database.
fn embedded(matches: &ArgMatches) -> Result<(PathBuf, PathBuf), Fault> {
    let config = config(matches)?;
    match database(&config, false)? {
        Options::Sqlite(options) => Ok((PathBuf::from(config.text("data_dir")), options.path)),
        Options::Postgres(_) => {
            Err("this is for the embedded database; back PostgreSQL up with pg_dump".into())
        }
    }
}

/// Recomputes what is in a file; the number of balances.
fn check(path: &Path) -> Result<usize, Fault> {
    let report = look_into(path, service::verify::verify)?;
    match report.faults.first() {
        None => Ok(report.balances),
        Some(first) => {
            Err(format!("{}: {} faults, the first: {first}", path.display(), report.faults.len()).into())
        }
    }
}

fn hash(path: &Path) -> Result<String, std::io::Error> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(service::secrets::hex(&hash.finalize())),
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

/// The file and what SQLite keeps beside it, under names that say when.
fn move_aside(path: &Path) -> Result<(), std::io::Error> {
    let when = real_now().seconds();
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let file = PathBuf::from(name);
        if file.exists() {
            let mut aside = path.as_os_str().to_owned();
            aside.push(format!(".before-restore-{when}{beside}"));
            std::fs::rename(&file, PathBuf::from(aside))?;
        }
    }
    Ok(())
}

/// Copies a file, whole or not at all.
fn put(from: &Path, to: &Path) -> Result<(), std::io::Error> {
    let unfinished = to.with_extension("unfinished");
    std::fs::copy(from, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, to)
}

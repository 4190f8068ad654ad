//! `honyaku backup` and `honyaku restore`: the embedded database and its secret, whole and
//! checked, while the server runs. A server's database is backed up with its own tools.

mod files;

use super::open::{SECRET_MARK, config, data_dir, database, existing_database, text};
use super::{Outcome, say};
use crate::app::{SECRET, from_hex, known_secret, make_private_dir, no_secret, real_now, write_private};
use crate::config::Config;
use crate::contents;
use clap::ArgMatches;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use store::sql::{Options, bring_up_to_date, look_into, migrations_in, snapshot};

type Fault = Box<dyn std::error::Error>;

const DATABASE: &str = "honyaku.sqlite";
const FILES: &str = "files";
/// Tells a backup from a data directory.
pub const CONTENTS: &str = "backup.json";

/// Writes a backup into a new directory: all of it, or nothing.
pub fn backup(matches: &ArgMatches) -> Outcome {
    let config = config(matches)?;
    let source = embedded(existing_database(&config)?)?;
    let secret = secret_to_keep(&config)?;
    let to = PathBuf::from(text(matches, "to"));
    let Some(name) = to.file_name().map(|name| name.display().to_string()) else {
        return Err(format!("--to {:?} names no directory; name a new one", text(matches, "to")).into());
    };
    if to.exists() {
        return Err(format!("{} is there already; name a new directory", to.display()).into());
    }
    let beside = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private_dir(beside)?;
    // Goes away by itself if something goes wrong.
    let growing = tempfile::Builder::new()
        .prefix(&format!("{name}.unfinished-"))
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(beside)?;
    let unfinished = growing.path();
    let copy = unfinished.join(DATABASE);
    snapshot(&source, &copy)?;
    let balances = check(&copy)?;
    if let Some(secret) = &secret {
        fits(secret, &data_dir(&config).join(SECRET), &copy)?;
        write_private(&unfinished.join(SECRET), secret)?;
    }
    let seals = known_secret(&config, &data_dir(&config))?;
    let count = match contents::directory(&config) {
        Some(directory) => {
            // After the database: all that its copy refers to is there.
            let count = files::copy(&directory, &unfinished.join(FILES))?;
            files::check(&copy, &unfinished.join(FILES), seals)?;
            count
        }
        None => {
            say("files are not in this backup: copy their bucket too");
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
    File::open(unfinished)?.sync_all()?;
    std::fs::rename(growing.keep(), &to)?;
    File::open(beside)?.sync_all()?;
    say(format_args!(
        "{}: {balances} balances and every invariant are right, {count} files read",
        to.display()
    ));
    if secret.is_none() {
        let origin = config.origin("secret_key");
        say(format_args!("the secret is not in the backup: it comes from {origin}; keep it as safe"));
    }
    Ok(())
}

/// The secret as its file has it. `None`: it comes from the settings, and is not ours to keep.
fn secret_to_keep(config: &Config) -> Result<Option<String>, Fault> {
    if !config.text("secret_key").is_empty() {
        return Ok(None);
    }
    let file = data_dir(config).join(SECRET);
    match std::fs::read_to_string(&file) {
        Ok(secret) => Ok(Some(secret)),
        Err(error) => Err(format!(
            "{}: {error}; without the secret nobody can use the keys in a backup. If it is kept elsewhere, set secret_key",
            file.display()
        )
        .into()),
    }
}

/// Puts a backup into the data directory. What is there is moved aside if asked, never lost.
pub fn restore(matches: &ArgMatches) -> Outcome {
    let config = config(matches)?;
    let (target, kept) = (embedded(database(&config, false)?)?, data_dir(&config).join(SECRET));
    let from = PathBuf::from(text(matches, "from"));
    let copy = from.join(DATABASE);
    let secret = backed_up_secret(&from)?;
    let balances = whole(&config, &from, secret.as_deref())?;
    make_private_dir(&data_dir(&config))?;
    let _lock = store::sql::lock(&target)?;
    let in_the_way = in_the_way(&target, &kept, secret.as_deref());
    if let Some((file, end)) = in_the_way.first()
        && !matches.get_flag("replace")
    {
        return Err(format!("{} is there; --replace moves it aside", with_end(file, end).display()).into());
    }
    // What needs room comes first; then names change, which needs none.
    let new_database = beside(&target, |file| copy_into(&copy, file))?;
    let new_secret = match &secret {
        Some(secret) => Some(beside(&kept, |file| file.write_all(secret.as_bytes()))?),
        None => None,
    };
    match contents::directory(&config) {
        Some(directory) => {
            files::copy(&from.join(FILES), &directory)?;
        }
        None if from.join(FILES).exists() => say(format_args!(
            "files are not restored: copy them into their bucket, under the names that they have in {}",
            from.join(FILES).display()
        )),
        None => {}
    }
    move_aside(&in_the_way)?;
    new_database.persist(&target)?;
    if let Some(secret) = new_secret {
        secret.persist(&kept)?;
    }
    File::open(data_dir(&config))?.sync_all()?;
    say(format_args!("restored: {balances} balances and every invariant are right"));
    if secret.is_none() {
        say("the backup has no secret: secret_key must be set to the one that its keys are sealed with");
    }
    Ok(())
}

/// Reads a backup, which stays as it is.
pub fn verify(config: &Config, backup: &Path) -> Outcome {
    let balances = whole(config, backup, backed_up_secret(backup)?.as_deref())?;
    say(format_args!("a whole backup: {balances} balances and every invariant recomputed, all files read"));
    Ok(())
}

/// Whether a backup is what was written: its hash, its books, its secret and its files. The number of its balances.
fn whole(config: &Config, backup: &Path, secret: Option<&str>) -> Result<usize, Fault> {
    let (copy, list, files) = (backup.join(DATABASE), backup.join(CONTENTS), backup.join(FILES));
    let contents = std::fs::read_to_string(&list)
        .map_err(|error| format!("{}: {error}; is this a backup?", list.display()))?;
    let contents: Value = serde_json::from_str(&contents)
        .map_err(|error| format!("{} is damaged: {error}; use another backup", list.display()))?;
    let hash = hash(&copy).map_err(|error| format!("{}: {error}; is this a backup?", copy.display()))?;
    if contents.get("sha256").and_then(Value::as_str) != Some(hash.as_str()) {
        let text = format!("is damaged: its hash is not the one in {CONTENTS}; use another backup");
        return Err(format!("{} {text}", copy.display()).into());
    }
    let seals = match secret {
        Some(secret) => Some(fits(secret, &backup.join(SECRET), &copy)?),
        None => known_secret(config, &data_dir(config))?,
    };
    let count = contents.get("files").and_then(Value::as_u64).unwrap_or_default();
    if files.exists() {
        files::check(&copy, &files, seals)?;
    } else if count > 0 {
        let text = format!("is not there, and {count} files were in it; use another backup");
        return Err(format!("{} {text}", files.display()).into());
    }
    check(&copy)
}

/// The secret; refuses one that is not the one the database's keys are sealed with: nobody could use them.
fn fits(secret: &str, file: &Path, database: &Path) -> Result<[u8; 32], Fault> {
    let secret = from_hex(secret.trim()).ok_or_else(|| no_secret(file))?;
    match look_into(database, |tx| store::installation::get(tx, SECRET_MARK))? {
        Some(mark) if mark != service::secrets::mark(&secret) => Err(format!(
            "{} is not the secret that the keys in {} are sealed with; put back the one that is",
            file.display(),
            database.display()
        )
        .into()),
        _ => Ok(secret),
    }
}

/// A new file beside one, on the disk, for its owner alone; it goes away unless it takes the other's name.
fn beside(
    path: &Path,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<tempfile::TempPath, Fault> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(directory)?;
    let written = write(file.as_file_mut()).and_then(|()| file.as_file().sync_all());
    written.map_err(|error| format!("{} could not be written: {error}", path.display()))?;
    Ok(file.into_temp_path())
}

fn copy_into(from: &Path, to: &mut File) -> std::io::Result<()> {
    std::io::copy(&mut File::open(from)?, to).map(|_| ())
}

/// The secret in a backup. `None`: it was kept elsewhere.
fn backed_up_secret(backup: &Path) -> Result<Option<String>, Fault> {
    let file = backup.join(SECRET);
    match std::fs::read_to_string(&file) {
        Ok(secret) => Ok(Some(secret)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}

/// A file, or the one beside it whose name has this end.
type FileOf<'f> = (&'f Path, &'static str);

/// What a backup would overwrite: a database with all of its files, because SQLite would take
/// them for the new one's, and another secret.
fn in_the_way<'f>(database: &'f Path, secret: &'f Path, new_secret: Option<&str>) -> Vec<FileOf<'f>> {
    let mut files: Vec<FileOf<'f>> = ["", "-wal", "-shm"].map(|end| (database, end)).to_vec();
    let is_new = |new: &str| !std::fs::read_to_string(secret).is_ok_and(|old| old.trim() == new.trim());
    if new_secret.is_some_and(is_new) {
        files.push((secret, ""));
    }
    files.retain(|(file, end)| with_end(file, end).exists());
    files
}

/// The embedded database's file.
fn embedded(database: Options) -> Result<PathBuf, Fault> {
    match database {
        Options::Sqlite(options) => Ok(options.path),
        Options::Postgres(_) => {
            Err("this is for the embedded database; PostgreSQL is backed up with pg_dump and put back with pg_restore, \
                 as docs/operate/backup-and-restore.md tells"
                .into())
        }
    }
}

/// Recomputes what is in a file, which stays as it is; the number of balances. Of an older version's file a copy
/// is brought up to date first, as the server will do with the file.
fn check(path: &Path) -> Result<usize, Fault> {
    let migrations = migrations_in(path)?;
    if migrations.iter().any(|migration| !migration.known) {
        return Err(format!("{}: comes from a newer honyaku; use that one", path.display()).into());
    }
    if migrations.iter().all(|migration| migration.applied) {
        return recompute(path, path);
    }
    let directory = tempfile::Builder::new().prefix("honyaku-check-").tempdir()?;
    say(format_args!(
        "{}: comes from an older honyaku; what is checked is a copy of it, brought up to date in {}",
        path.display(),
        directory.path().display()
    ));
    let copy = directory.path().join(DATABASE);
    let copied = std::fs::copy(path, &copy);
    copied.map_err(|error| format!("{}: {error}; TMPDIR can name another place", copy.display()))?;
    bring_up_to_date(&copy, real_now().0)?;
    recompute(&copy, path)
}

/// The number of balances in a file; faults are told of the path that the user knows.
fn recompute(file: &Path, path: &Path) -> Result<usize, Fault> {
    let report = look_into(file, service::verify::verify)?;
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

/// Puts files under names that say when, the same for all of them, and that none has yet. What
/// belongs together can be opened there.
fn move_aside(files: &[FileOf<'_>]) -> Result<(), std::io::Error> {
    let mut when = real_now().seconds();
    let aside = |(file, end): &FileOf<'_>, when: i64| with_end(file, &format!(".before-restore-{when}{end}"));
    while files.iter().any(|file| aside(file, when).exists()) {
        when += 1;
    }
    files.iter().try_for_each(|file| std::fs::rename(with_end(file.0, file.1), aside(file, when)))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

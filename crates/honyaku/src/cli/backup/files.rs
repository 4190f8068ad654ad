//! Files beside a backup of the database. They never change, so a copy of the database goes with any later copy of them:
//! what is deleted meanwhile was doomed hours before.

use super::Fault;
use crate::app::make_private_dir;
use crate::cli::serve::runtime;
use crate::contents;
use files::{Files, Location, Name, Settings};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use store::files as rows;
use store::sql::look_into;

/// Copies files that are not there yet as they are here, each whole or not at all; how many there are now.
pub fn copy(from: &Path, to: &Path) -> io::Result<usize> {
    let mut count = 0;
    if !from.exists() {
        return Ok(count);
    }
    make_private_dir(to)?;
    for folder in fs::read_dir(from)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = format!("{}/{}", folder.file_name().display(), file.file_name().display());
            // What is still being written has another kind of name.
            if name.parse::<Name>().is_err() {
                continue;
            }
            make_private_dir(&to.join(folder.file_name()))?;
            put(&file.path(), &to.join(&name))?;
            count += 1;
        }
        if to.join(folder.file_name()).exists() {
            File::open(to.join(folder.file_name()))?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()?;
    Ok(count)
}

fn put(from: &Path, to: &Path) -> io::Result<()> {
    // One that is there may be damaged, or encrypted with another secret.
    if to.exists() && fs::read(from)? == fs::read(to)? {
        return Ok(());
    }
    let unfinished = to.with_extension("unfinished");
    fs::copy(from, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, to)
}

/// Reads every file that the database refers to: refuses a directory in which one is missing, damaged, or encrypted with
/// another secret than this. The files stay as they are.
pub fn check(database: &Path, files: &Path, secret: Option<[u8; 32]>) -> Result<(), Fault> {
    let place = Files::open(&Settings { location: Location::Directory(files.to_owned()), secret })?;
    let runtime = runtime()?;
    let read = |file: &rows::File| -> Result<(), Fault> {
        let kept = runtime.block_on(place.get(&contents::name(file)?));
        kept.map(drop).map_err(|error| format!("{}: {error}; {}", files.display(), cure(&error)).into())
    };
    if let Some(mark) = look_into(database, contents::mark)? {
        read(&mark)?;
    }
    let mut last = String::new();
    loop {
        let wanted = look_into(database, |tx| rows::wanted_after(tx, &last, 1_000))?;
        let Some(end) = wanted.last() else { return Ok(()) };
        last.clone_from(&end.digest);
        wanted.iter().try_for_each(read)?;
    }
}

fn cure(error: &files::Error) -> &'static str {
    match error {
        files::Error::NotThere(_) | files::Error::Damaged(_) => {
            "put it back from an earlier backup: its name is the same there"
        }
        files::Error::NoSecret(_) | files::Error::WrongSecret(_) => {
            "set secret_key to the secret that it was encrypted with"
        }
        files::Error::Refused { .. } | files::Error::Unavailable(_) => "look at the disk",
    }
}

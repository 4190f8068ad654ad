//! Files beside a backup of the database. They never change, so a copy of the database goes with any later copy of them:
//! what is deleted meanwhile was doomed hours before.

use crate::app::make_private_dir;
use files::Name;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use store::sql::look_into;

/// Copies files that are not there yet, each whole or not at all; how many there are now.
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
    if to.exists() {
        return Ok(());
    }
    let unfinished = to.with_extension("unfinished");
    fs::copy(from, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, to)
}

/// Refuses a directory in which a file is missing that the database refers to.
pub fn all_there(database: &Path, files: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut last = String::new();
    loop {
        let wanted = look_into(database, |tx| store::files::wanted_after(tx, &last, 1_000))?;
        let Some(end) = wanted.last() else { return Ok(()) };
        last.clone_from(&end.digest);
        for file in &wanted {
            let name = crate::contents::name(file)?.to_string();
            if !files.join(&name).is_file() {
                return Err(
                    format!("{} has no file {name}, which the database refers to", files.display()).into()
                );
            }
        }
    }
}

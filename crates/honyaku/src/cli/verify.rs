//! `honyaku verify`: whether the data is right.

use super::backup;
use super::open::{config, data_dir, installation, is_backup};
use super::serve::runtime;
use super::{Outcome, say};
use crate::contents::Contents;
use clap::ArgMatches;
use store::sql::Db;

/// Recomputes every balance and invariant. The exit code says whether all is well.
pub fn verify(matches: &ArgMatches) -> Outcome {
    let settings = config(matches)?;
    if settings.text("database").is_empty() && is_backup(&data_dir(&settings)) {
        return backup::verify(&settings, &data_dir(&settings));
    }
    let report = installation(matches)?.write(|tx, _| service::verify::verify(tx))?;
    let mut faults = report.faults;
    let mut read = String::new();
    if matches.get_flag("files") {
        let open = installation(matches)?;
        let contents = Contents::open(&settings, &open.desk.secret)?;
        let (count, damaged) = runtime()?.block_on(files(&open.db, &contents))?;
        read = format!(", {count} files read");
        faults.extend(damaged);
    }
    for fault in &faults {
        say(fault);
    }
    if faults.is_empty() {
        say(format_args!("all is well: {} balances and every invariant recomputed{read}", report.balances));
        return Ok(());
    }
    Err(format!("{} faults", faults.len()).into())
}

/// Reads every file that something refers to: how many they are, and what is wrong with which.
async fn files(db: &Db, contents: &Contents) -> Result<(usize, Vec<String>), store::sql::Error> {
    let (mut count, mut faults, mut last) = (0, Vec::new(), String::new());
    loop {
        let after = last.clone();
        let wanted = db.read(move |tx| store::files::wanted_after(tx, &after, 100)).await?;
        let Some(end) = wanted.last() else { return Ok((count, faults)) };
        last.clone_from(&end.digest);
        for file in wanted {
            count += 1;
            if let Err(error) = contents.fetch(&file).await {
                faults.push(error.to_string());
            }
        }
    }
}

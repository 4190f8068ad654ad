//! `honyaku copy`: moves an installation to another database.

use super::open::{authorities, config, is_backup, left_alone, text};
use super::{Outcome, say};
use crate::app::{make_private_dir, real_now};
use clap::ArgMatches;
use std::path::PathBuf;
use store::sql::{Db, Options, PostgresOptions, SqliteOptions};

pub fn run(matches: &ArgMatches) -> Outcome {
    let (from, to) = (text(matches, "from"), text(matches, "to"));
    if from == to {
        return Err("--from and --to are the same".into());
    }
    let (authorities, now) = (authorities(&config(matches)?), real_now().0);
    let (from, to) = (options(&from, "from", &authorities)?, options(&to, "to", &authorities)?);
    if let Options::Sqlite(source) = &from
        && !source.path.exists()
    {
        return Err(format!("--from: there is no file {}", source.path.display()).into());
    }
    if let Options::Sqlite(target) = &to
        && let Some(directory) = target.path.parent().filter(|directory| !directory.as_os_str().is_empty())
    {
        make_private_dir(directory)?;
    }
    let source = Db::open(&from, now)?;
    let target = Db::open(&to, now)?;
    store::copy::copy(&source, &target, &|copied| {
        say(format_args!("{}: {} rows, {}", copied.table, copied.rows, copied.hash));
    })?;
    let report = target.write_blocking(service::verify::verify)?;
    for fault in &report.faults {
        say(fault);
    }
    if !report.faults.is_empty() {
        return Err(format!(
            "the copy has {} faults; does the source have them? honyaku verify",
            report.faults.len()
        )
        .into());
    }
    store::copy::finish(&target)?;
    say(format_args!("copied: {} balances and every invariant are right", report.balances));
    say("take secret.key (or secret_key) along: the keys in the database are sealed with it");
    Ok(())
}

/// `sqlite://PATH` or `postgres://…`. Nobody else may serve an embedded one meanwhile.
fn options(
    address: &str,
    flag: &str,
    authorities: &Option<PathBuf>,
) -> Result<Options, Box<dyn std::error::Error>> {
    if let Some(path) = address.strip_prefix("sqlite://") {
        let path = PathBuf::from(path);
        if let Some(directory) = path.parent().filter(|directory| is_backup(directory)) {
            return Err(left_alone(directory));
        }
        return Ok(Options::Sqlite(SqliteOptions { path, exclusive: true, readers: 1 }));
    }
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return Ok(Options::Postgres(PostgresOptions {
            url: address.to_owned(),
            connections: 2,
            authorities: authorities.clone(),
            replica: None,
        }));
    }
    Err(format!("--{flag}: write sqlite://PATH or postgres://user:password@host/database").into())
}

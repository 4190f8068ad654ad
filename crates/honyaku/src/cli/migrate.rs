//! `honyaku migrate status|run`: the database's tables, without serving.

use super::open::{config, data_dir, database, no_database};
use super::{Outcome, say};
use crate::app;
use clap::ArgMatches;
use store::sql::{Db, Options};

pub fn run(matches: &ArgMatches) -> Outcome {
    let (matches, run) = match matches.subcommand() {
        Some(("status", matches)) => (matches, false),
        Some(("run", matches)) => (matches, true),
        _ => return Err("say status or run".into()),
    };
    let config = config(matches)?;
    let (database, directory) = (database(&config, false)?, data_dir(&config));
    if run {
        app::make_private_dir(&directory)?;
        // Opening brings the tables up to date; several at once take turns.
        Db::open(&database, app::real_now().0)?;
    }
    if let Options::Sqlite(file) = &database
        && !directory.exists()
    {
        return Err(no_database(&file.path));
    }
    let states = Db::migrations(&database)?;
    for state in &states {
        let stands = match (state.applied, state.known) {
            (true, true) => "applied",
            (true, false) => "applied, unknown to this program: use a newer honyaku",
            (false, _) => "pending",
        };
        say(format_args!("{:04} {} {stands}", state.number, state.name));
    }
    Ok(())
}

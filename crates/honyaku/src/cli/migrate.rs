//! `honyaku migrate status|run`: the database's tables, without serving.

use super::open::{config, database};
use super::{Outcome, say};
use crate::app::real_now;
use clap::ArgMatches;
use store::sql::Db;

pub fn run(matches: &ArgMatches) -> Outcome {
    let (matches, run) = match matches.subcommand() {
        Some(("status", matches)) => (matches, false),
        Some(("run", matches)) => (matches, true),
        _ => return Err("say status or run".into()),
    };
    let database = database(&config(matches)?, false)?;
    if run {
        // Opening brings the tables up to date; several at once take turns.
        Db::open(&database, real_now().0)?;
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

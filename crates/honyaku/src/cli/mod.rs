//! The command line: one file a command.

mod account;
mod args;
mod backup;
mod callback;
mod copy;
mod credit;
mod demo;
mod doctor;
mod glossary;
mod key;
mod log;
mod mail;
mod migrate;
mod open;
mod serve;
mod show_config;
mod value;
mod verify;

use clap::ArgMatches;
use std::io::Write;
use std::process::ExitCode;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the command that was asked for.
pub fn run() -> ExitCode {
    let matches = args::command().get_matches();
    match command(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("honyaku: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("serve", matches)) => serve::run(matches),
        Some(("demo", matches)) => demo::run(matches),
        Some(("config", matches)) => show_config::run(matches),
        Some(("account", matches)) => account::run(matches),
        Some(("key", matches)) => key::run(matches),
        Some(("credit", matches)) => credit::run(matches),
        Some(("glossary", matches)) => glossary::run(matches),
        Some(("callback", matches)) => callback::run(matches),
        Some(("mail", matches)) => mail::run(matches),
        Some(("migrate", matches)) => migrate::run(matches),
        Some(("copy", matches)) => copy::run(matches),
        Some(("backup", matches)) => backup::backup(matches),
        Some(("restore", matches)) => backup::restore(matches),
        Some(("verify", matches)) => verify::verify(matches),
        Some(("doctor", matches)) => doctor::doctor(matches),
        _ => Err("say what to do: honyaku --help lists the commands".into()),
    }
}

/// A line of a command's result. Nobody has to read it: the command's work goes on.
pub fn say(line: impl std::fmt::Display) {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("honyaku: standard output takes no more: {error}");
        }
        _ => {}
    }
}

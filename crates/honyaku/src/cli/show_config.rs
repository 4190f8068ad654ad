//! `honyaku config`: the effective settings, where each comes from, and the limits.

use super::open::config;
use super::{Outcome, say};
use crate::app;
use crate::config::SETTINGS;
use clap::ArgMatches;

pub fn run(matches: &ArgMatches) -> Outcome {
    let config = config(matches)?;
    for setting in SETTINGS {
        let value = match config.text(setting.name) {
            "" => "(none)",
            _ if setting.secret => "(hidden)",
            value => value,
        };
        say(format_args!("{} = {value}  # {}; {}", setting.name, config.origin(setting.name), setting.help));
    }
    for (name, value, help) in domain::limits::Limits::default().list() {
        say(format_args!("limit {name} = {value}  # {help}"));
    }
    // What is more than a number or a switch: the server reads it the same way.
    Ok(app::check(&config)?)
}

//! `honyaku glossary add`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use serde_json::json;
use std::path::Path;

pub fn run(matches: &ArgMatches) -> Outcome {
    let Some(("add", matches)) = matches.subcommand() else { return Err("say add".into()) };
    let file = text(matches, "file");
    let csv = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    let title = Path::new(&file).file_name().map_or(file.clone(), |name| name.to_string_lossy().into_owned());
    let id = installation(matches)?
        .for_account(matches, move |tx, ctx, _| service::glossary::add(tx, ctx, &title, csv))?;
    say(json!({ "glossary_id": id.0 }));
    Ok(())
}

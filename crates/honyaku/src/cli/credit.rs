//! `honyaku credit add`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use domain::money::Money;
use serde_json::json;
use service::{Error, credits, secrets};

pub fn run(matches: &ArgMatches) -> Outcome {
    let Some(("add", matches)) = matches.subcommand() else { return Err("say add".into()) };
    let (amount, reference) = (text(matches, "amount"), text(matches, "reference"));
    let balance = installation(matches)?.for_account(matches, move |tx, ctx, account| {
        let amount = Money::parse(&amount, account.currency)
            .map_err(|fault| Error::Command(format!("--amount: {fault}")))?;
        if ctx.scope.is_sandbox() {
            return credits::grant(tx, ctx, amount);
        }
        let reference = if reference.is_empty() { secrets::letters(20)? } else { reference };
        credits::top_up(tx, ctx, amount, &reference)
    })?;
    say(json!({ "credits": balance.to_string(), "currency": balance.currency().code() }));
    Ok(())
}

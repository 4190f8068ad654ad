//! `honyaku account add|set`

use super::open::{config, installation, new_installation, text};
use super::{Outcome, say};
use crate::app::{self, REVIEW_HOURS};
use clap::ArgMatches;
use domain::event::Actor;
use domain::ids::{Environment, Scope};
use domain::money::Currency;
use serde_json::json;
use service::accounts::{NewAccount, NewPerson, add, add_person};
use service::{Context, Error, credits, secrets};
use std::sync::Arc;

pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("add", matches)) => new(matches),
        Some(("set", matches)) => set(matches),
        _ => Err("say add or set".into()),
    }
}

fn set(matches: &ArgMatches) -> Outcome {
    let switch = |flag: &str| -> Result<Option<bool>, String> {
        match matches.get_one::<String>(flag).map(String::as_str) {
            None => Ok(None),
            Some("1") => Ok(Some(true)),
            Some("0") => Ok(Some(false)),
            Some(_) => Err(format!("--{flag}: write 1 or 0")),
        }
    };
    let (suspended, auto_approve, rating) =
        (switch("suspended")?, switch("auto-approve")?, switch("rating-required")?);
    let hours = match matches.get_one::<String>("review-period-hours").map(String::as_str) {
        None => None,
        Some("") => Some(None),
        Some(text) => match text.parse::<u32>() {
            Ok(hours) if REVIEW_HOURS.contains(&hours) => Some(Some(i64::from(hours))),
            _ => return Err("--review-period-hours: write 24 to 336 hours".into()),
        },
    };
    installation(matches)?.for_account(matches, move |tx, _, account| {
        let mut account = account.clone();
        account.suspended = suspended.unwrap_or(account.suspended);
        account.auto_approve = auto_approve.unwrap_or(account.auto_approve);
        account.rating_required = rating.unwrap_or(account.rating_required);
        account.review_hours = hours.unwrap_or(account.review_hours);
        Ok(store::accounts::update(tx, &account)?)
    })?;
    say("changed");
    Ok(())
}

fn new(matches: &ArgMatches) -> Outcome {
    let name = text(matches, "name");
    let short_name = match text(matches, "short-name") {
        given if !given.is_empty() => given,
        _ => shortened(&name),
    };
    let currency = match text(matches, "currency") {
        given if given.is_empty() => Currency::Usd,
        given => Currency::parse(&given).ok_or("--currency: write USD, EUR, GBP or JPY")?,
    };
    let installation = new_installation(matches)?;
    let email = text(matches, "email");
    let password = secrets::letters(20)?;
    let password_hash = secrets::hash_password(&password)?;
    let shown = (short_name.clone(), email.clone());
    let start = app::edge(&config(matches)?)?.start_credits(currency);
    let desk = Arc::clone(&installation.desk);
    let id = installation.write(move |tx, now| {
        let new = NewAccount { name: &name, short_name: &short_name, currency };
        let id = add(tx, &new, now)?;
        let sandbox = Scope { account: id, environment: Environment::Sandbox };
        let ctx = Context::open(tx, desk, sandbox, Actor::Sandbox, now)?;
        credits::set(tx, &ctx, start)?;
        if !email.is_empty() {
            let person =
                NewPerson { account: Some(id), email: &email, name: &name, role: "customer", password_hash };
            add_person(tx, person, now)?;
        }
        Ok::<_, Error>(id)
    })?;
    let mut answer = json!({ "account": shown.0, "id": id.0, "currency": currency.code() });
    if !shown.1.is_empty() {
        answer["email"] = json!(shown.1);
        answer["password"] = json!(password);
    }
    say(answer);
    Ok(())
}

/// Lower-case letters and digits of a name, joined by dashes.
fn shortened(name: &str) -> String {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

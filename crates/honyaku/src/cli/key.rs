//! `honyaku key add|revoke|list`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use serde_json::json;
use service::Error;
use service::accounts::{KeyPair, add_key, import_key};
use store::{accounts, keys};

pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("add", matches)) => add(matches),
        Some(("revoke", matches)) => revoke(matches),
        Some(("list", matches)) => list(matches),
        _ => Err("say add, revoke or list".into()),
    }
}

fn add(matches: &ArgMatches) -> Outcome {
    let installation = installation(matches)?;
    let (public, private) = (text(matches, "public"), text(matches, "private"));
    if public.is_empty() != private.is_empty() {
        return Err("--public and --private go together".into());
    }
    let (name, callback_url) = (text(matches, "name"), text(matches, "callback-url"));
    let (pair, environment) = installation.for_account(matches, move |tx, ctx, _| {
        let pair = if public.is_empty() {
            add_key(tx, &ctx.desk, ctx.scope, &name, ctx.real_now)?
        } else {
            let pair = KeyPair { public, private };
            import_key(tx, &ctx.desk, ctx.scope, &name, &pair, ctx.real_now)?;
            pair
        };
        if !callback_url.is_empty() {
            keys::set_callback_url(tx, &pair.public, &callback_url)?;
        }
        Ok((pair, ctx.scope.environment))
    })?;
    say(json!({ "public_key": pair.public, "private_key": pair.private, "environment": environment.code() }));
    Ok(())
}

fn revoke(matches: &ArgMatches) -> Outcome {
    let key = text(matches, "key");
    let shown = key.clone();
    let revoked =
        installation(matches)?.write(move |tx, now| Ok::<_, Error>(keys::revoke(tx, &key, now)?))?;
    if !revoked {
        return Err(format!("there is no key {shown:?} that is not revoked yet").into());
    }
    say(format_args!("revoked {shown}"));
    Ok(())
}

fn list(matches: &ArgMatches) -> Outcome {
    let short_name = text(matches, "account");
    let keys = installation(matches)?.write(move |tx, _| {
        let account = accounts::by_short_name(tx, &short_name)?.ok_or_else(|| {
            Error::fault(0, format!("there is no account with the short name {short_name:?}"))
        })?;
        Ok(keys::of_account(tx, account.id)?)
    })?;
    for key in keys {
        say(json!({
            "public_key": key.public_key,
            "environment": key.scope.environment.code(),
            "name": key.name,
            "callback_url": key.callback_url,
            "revoked": key.revoked_at.is_some(),
        }));
    }
    Ok(())
}

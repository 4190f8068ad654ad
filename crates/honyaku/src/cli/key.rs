//! `honyaku key add|set|rotate|revoke|secret|list`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use domain::ids::{Environment, Timestamp};
use domain::money::Money;
use serde_json::json;
use service::Error;
use service::accounts::{KeyPair, add_key, import_key, rotate_key};
use service::callbacks::webhook_secret;
use std::sync::Arc;
use store::keys::Key;
use store::sql::Tx;
use store::{accounts, keys};

pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("add", matches)) => add(matches),
        Some(("set", matches)) => set(matches),
        Some(("rotate", matches)) => rotate(matches),
        Some(("revoke", matches)) => revoke(matches),
        Some(("secret", matches)) => secret(matches),
        Some(("list", matches)) => list(matches),
        _ => Err("say add, set, rotate, revoke, secret or list".into()),
    }
}

fn add(matches: &ArgMatches) -> Outcome {
    let installation = installation(matches)?;
    let (public, private) = (text(matches, "public"), text(matches, "private"));
    if public.is_empty() != private.is_empty() {
        return Err("--public and --private go together".into());
    }
    let (name, callback_url) = (text(matches, "name"), text(matches, "callback-url"));
    let test_run = Some(text(matches, "test-run")).filter(|run| !run.is_empty());
    let (pair, webhook_secret, environment) = installation.for_account(matches, move |tx, ctx, _| {
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
        let mut key = named(tx, &pair.public)?;
        if test_run.is_some() {
            key.test_run = test_run;
            keys::update(tx, &key)?;
        }
        Ok((pair, webhook_secret(&ctx.desk, &key)?, ctx.scope.environment))
    })?;
    made(&pair, &webhook_secret, environment);
    Ok(())
}

/// What its owner sees of a new key, once.
fn made(pair: &KeyPair, webhook_secret: &str, environment: Environment) {
    say(json!({
        "public_key": pair.public,
        "private_key": pair.private,
        "webhook_secret": webhook_secret,
        "environment": environment.code(),
    }));
}

/// A setting of a key: its flag, its column, and how its text is read.
type Setting = (&'static str, Change);

/// How the text of a flag becomes a key's setting.
enum Change {
    Text(fn(&mut Key, Option<String>)),
    Switch(fn(&mut Key, bool)),
}

const SETTINGS: &[Setting] = &[
    ("callback-url", Change::Text(|key, text| key.callback_url = text)),
    ("callback-encoding", Change::Text(|key, text| key.callback_encoding = text.unwrap_or_default())),
    ("callback-all", Change::Switch(|key, on| key.callback_all = on)),
    ("numbers", Change::Text(|key, text| key.numbers_current = text.as_deref() == Some("current"))),
    ("strict-ts", Change::Switch(|key, on| key.strict_ts = on)),
    ("guard-identical", Change::Switch(|key, on| key.guard_identical = on)),
    ("test-run", Change::Text(|key, text| key.test_run = text)),
    ("addresses", Change::Text(|key, text| key.addresses = text)),
    ("versions", Change::Text(|key, text| key.versions = text.unwrap_or_default())),
];

/// What holds for a key and those that follow it is asked of the last one.
const OF_SUCCESSOR: [&str; 4] = ["spending-limit", "callback-url", "callback-encoding", "callback-all"];

fn set(matches: &ArgMatches) -> Outcome {
    let public_key = text(matches, "key");
    let mut changes = Vec::new();
    for (flag, change) in SETTINGS {
        let Some(value) = matches.get_one::<String>(flag).cloned() else { continue };
        if let Change::Switch(_) = change
            && !matches!(value.as_str(), "0" | "1")
        {
            return Err(format!("--{flag} is {value:?}: write 1 or 0").into());
        }
        changes.push((change, value));
    }
    let limit = matches.get_one::<String>("spending-limit").cloned();
    let given = |flag: &&str| matches.contains_id(flag);
    let of_successor = OF_SUCCESSOR.into_iter().find(given);
    installation(matches)?.write(move |tx, _| {
        let mut key = named(tx, &public_key)?;
        if let Some(flag) = of_successor.filter(|_| key.successor.is_some()) {
            let text = format!("the key was rotated: set --{flag} of the pair that took its place");
            return Err(Error::Command(text));
        }
        for (change, value) in changes {
            match change {
                Change::Switch(set) => set(&mut key, value == "1"),
                Change::Text(set) => set(&mut key, Some(value).filter(|value| !value.is_empty())),
            }
        }
        if let Some(text) = limit {
            key.spending_limit = spending_limit(tx, &key, &text)?;
        }
        Ok::<_, Error>(keys::update(tx, &key)?)
    })?;
    say("changed");
    Ok(())
}

fn spending_limit(tx: &mut Tx<'_>, key: &Key, text: &str) -> Result<Option<i64>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let account = accounts::find(tx, key.scope.account)?
        .ok_or_else(|| Error::Command("the key's account is gone".to_owned()))?;
    let limit = Money::parse(text, account.currency)
        .map_err(|fault| Error::Command(format!("--spending-limit: {fault}")))?;
    Ok(Some(limit.minor()))
}

fn rotate(matches: &ArgMatches) -> Outcome {
    let public_key = text(matches, "key");
    let hours = matches.get_one::<i64>("hours").copied().unwrap_or_default();
    let installation = installation(matches)?;
    let desk = Arc::clone(&installation.desk);
    let (pair, webhook_secret, environment) = installation.write(move |tx, now| {
        let scope = named(tx, &public_key)?.scope;
        // Orders that are being placed have counted what they cost by then.
        accounts::lock_environment(tx, scope)?;
        let old = named(tx, &public_key)?;
        let pair = rotate_key(tx, &desk, &old, now.plus_s(hours * 3_600), now)?;
        let key = named(tx, &pair.public)?;
        Ok((pair, webhook_secret(&desk, &key)?, key.scope.environment))
    })?;
    made(&pair, &webhook_secret, environment);
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

/// For whoever receives callbacks, to check their signatures with.
fn secret(matches: &ArgMatches) -> Outcome {
    let public_key = text(matches, "key");
    let installation = installation(matches)?;
    let desk = Arc::clone(&installation.desk);
    say(installation.write(move |tx, _| webhook_secret(&desk, &named(tx, &public_key)?))?);
    Ok(())
}

fn named(tx: &mut Tx<'_>, public_key: &str) -> Result<Key, Error> {
    keys::by_public_key(tx, public_key)?
        .ok_or_else(|| Error::Command(format!("there is no key {public_key:?}")))
}

fn list(matches: &ArgMatches) -> Outcome {
    let short_name = text(matches, "account");
    let (keys, now) = installation(matches)?.write(move |tx, now| {
        let account = accounts::by_short_name(tx, &short_name)?.ok_or_else(|| {
            Error::Command(format!("there is no account with the short name {short_name:?}"))
        })?;
        Ok((keys::of_account(tx, account.id)?, now))
    })?;
    for key in keys {
        say(json!({
            "public_key": key.public_key,
            "environment": key.scope.environment.code(),
            "name": key.name,
            "callback_url": key.callback_url,
            "test_run": key.test_run,
            "revoked": key.is_revoked(now),
            "ends": key.revoked_at.filter(|_| !key.is_revoked(now)).map(Timestamp::seconds),
        }));
    }
    Ok(())
}

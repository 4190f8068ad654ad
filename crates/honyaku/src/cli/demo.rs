//! `honyaku demo`: a pure sandbox with an account, keys and people, ready at once. With a data
//! directory it goes on where it was; without one it leaves nothing behind.

use super::serve::{Running, runtime};
use super::{Outcome, log, say};
use crate::app::{real_now, write_private};
use crate::config::Config;
use clap::ArgMatches;
use domain::event::Actor;
use domain::ids::{Environment, Scope, Timestamp};
use domain::money::Currency;
use serde_json::{Map, Value, json};
use service::accounts::{NewAccount, NewPerson, add, add_key, add_person};
use service::{Context, Desk, Error, credits, sandbox, secrets};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::sql::Tx;

/// What differs from `serve`.
const PRESETS: &[(&str, &str)] = &[
    ("listen", "127.0.0.1:8080"),
    ("live.enabled", "0"),
    ("sandbox.key_selects_environment", "1"),
    ("callbacks.allow_loopback", "1"),
    ("callbacks.allow_low_ports", "1"),
    ("rate_limit.per_address", "0"),
    ("rate_limit.per_key", "0"),
    ("rate_limit.wrong_signatures", "0"),
    ("rate_limit.captchas", "0"),
    ("log.level", "warn"),
    ("log.format", "text"),
];

/// Where a demo with a data directory keeps its keys and passwords.
const CREDENTIALS: &str = "demo.json";

pub fn run(matches: &ArgMatches) -> Outcome {
    let (directory, _temporary) = directory(matches)?;
    let mut presets = PRESETS.to_vec();
    let shown = directory.display().to_string();
    presets.push(("data_dir", &shown));
    let config = Config::gather(
        matches,
        |name| std::env::var(name).ok().filter(|_| name != "HONYAKU_DATA_DIR"),
        &presets,
    )?;
    log::start(&config);
    runtime()?.block_on(async {
        let running = Running::start(&config).await?;
        let credentials = credentials(&running, &directory).await?;
        say(announcement(&format!("{}/v2/", running.app.desk.public_url), credentials));
        running.until_told().await;
        Ok(())
    })
}

/// The directory, and what removes it at the end if it is a temporary one.
fn directory(matches: &ArgMatches) -> Result<(PathBuf, Option<tempfile::TempDir>), std::io::Error> {
    match matches.get_one::<String>("data-dir") {
        Some(given) => Ok((PathBuf::from(given), None)),
        None => {
            let temporary = tempfile::Builder::new().prefix("honyaku-demo-").tempdir()?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

/// The one line on stdout.
fn announcement(api_base: &str, credentials: Map<String, Value>) -> Value {
    let mut line = Map::new();
    line.insert("api_base".into(), json!(api_base));
    line.extend(credentials);
    Value::Object(line)
}

/// Keys and passwords: those of the last time, or new ones.
async fn credentials(
    running: &Running,
    directory: &Path,
) -> Result<Map<String, Value>, Box<dyn std::error::Error>> {
    let path = directory.join(CREDENTIALS);
    if let Ok(text) = std::fs::read_to_string(&path) {
        let kept: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| format!("{} is damaged: {error}; name another --data-dir", path.display()))?;
        let public_key = kept.get("public_key").and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = running.app.db.read(move |tx| store::keys::by_public_key(tx, &public_key)).await?;
        if known.is_some() {
            return Ok(kept);
        }
    }
    let passwords = [secrets::letters(16)?, secrets::letters(16)?, secrets::letters(16)?];
    let mut hashes = Vec::new();
    for password in &passwords {
        hashes.push(secrets::hash_password(password)?);
    }
    let desk = Arc::clone(&running.app.desk);
    let start = running.app.edge.start_credits(Currency::Usd);
    let pair = running.app.db.write(move |tx| {
        let now = real_now();
        let scope = people(tx, hashes, now)?;
        let ctx = Context::open(tx, Arc::clone(&desk), scope, Actor::Sandbox, now)?;
        credits::set(tx, &ctx, start)?;
        robot_off(tx, &ctx)?;
        key(tx, &desk, scope, now)
    });
    let pair = pair.await?;
    let [customer, translator, operator] = passwords;
    let person = |name: &str, password: String| json!({ "email": format!("{name}@demo.invalid"), "password": password });
    let mut kept = Map::new();
    kept.insert("public_key".into(), json!(pair.public));
    kept.insert("private_key".into(), json!(pair.private));
    kept.insert("customer".into(), person("customer", customer));
    kept.insert("translator".into(), person("translator", translator));
    kept.insert("operator".into(), person("operator", operator));
    write_private(&path, &Value::Object(kept.clone()).to_string())?;
    Ok(kept)
}

fn people(tx: &mut Tx<'_>, hashes: Vec<String>, now: Timestamp) -> Result<Scope, Error> {
    if store::accounts::is_any(tx)? {
        let text = "the data directory holds an installation that is no demo, or its demo.json is gone: name another --data-dir";
        return Err(Error::Command(text.to_owned()));
    }
    let account = add(tx, &NewAccount { name: "Demo", short_name: "demo", currency: Currency::Usd }, now)?;
    for (role, password_hash) in ["customer", "translator", "operator"].into_iter().zip(hashes) {
        let email = format!("{role}@demo.invalid");
        let person = NewPerson {
            account: (role == "customer").then_some(account),
            email: &email,
            name: "Demo",
            role,
            password_hash,
        };
        add_person(tx, person, now)?;
    }
    Ok(Scope { account, environment: Environment::Sandbox })
}

fn robot_off(tx: &mut Tx<'_>, ctx: &Context) -> Result<(), Error> {
    let off: Map<String, Value> = [("mode".to_owned(), json!("off"))].into_iter().collect();
    sandbox::set_robot(tx, ctx, &off, false).map(|_| ())
}

fn key(
    tx: &mut Tx<'_>,
    desk: &Desk,
    scope: Scope,
    now: Timestamp,
) -> Result<service::accounts::KeyPair, Error> {
    add_key(tx, desk, scope, "demo", now)
}

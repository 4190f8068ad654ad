//! What every command but `serve` does first: settings, secret, database.

use crate::app::{self, real_now};
use crate::config::Config;
use clap::ArgMatches;
use domain::event::Actor;
use domain::ids::{Environment, Scope, Timestamp};
use service::{Context, Desk, Error};
use std::path::PathBuf;
use std::sync::Arc;
use store::accounts::{self, Account};
use store::sql::{Db, Options, Tx};

/// The open installation.
pub struct Installation {
    /// Its database.
    pub db: Db,
    /// Its settings for use cases.
    pub desk: Arc<Desk>,
}

/// The settings that hold for a command.
pub fn config(matches: &ArgMatches) -> Result<Config, Box<dyn std::error::Error>> {
    Ok(Config::gather(matches, |name| std::env::var(name).ok(), &[])?)
}

/// The address that clients use if nothing else is set.
pub fn public_url(config: &Config) -> String {
    match config.text("public_url") {
        "" => format!("http://{}", config.text("listen")),
        url => url.to_owned(),
    }
}

/// The database file's path; its directory is made.
pub fn database_path(config: &Config) -> Result<PathBuf, std::io::Error> {
    let directory = PathBuf::from(config.text("data_dir"));
    std::fs::create_dir_all(&directory)?;
    Ok(directory.join("honyaku.sqlite"))
}

/// Opens the database beside a server that may be running.
pub fn installation(matches: &ArgMatches) -> Result<Installation, Box<dyn std::error::Error>> {
    let config = config(matches)?;
    let path = database_path(&config)?;
    let secret = app::secret(&config, &PathBuf::from(config.text("data_dir")))?;
    let desk = app::desk(&config, &public_url(&config), secret)?;
    let db = Db::open(&Options { path, exclusive: false, readers: 1 }, real_now().0)?;
    Ok(Installation { db, desk: Arc::new(desk) })
}

impl Installation {
    /// Runs a transaction.
    pub fn write<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.db.write_blocking(move |tx| closure(tx, real_now()))
    }

    /// Runs a transaction for an account's live or sandbox environment.
    pub fn for_account<T: Send + 'static>(
        &self,
        matches: &ArgMatches,
        closure: impl FnOnce(&mut Tx<'_>, &Context, &Account) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let short_name = text(matches, "account");
        let environment = if matches.try_get_one::<bool>("sandbox").ok().flatten() == Some(&true) {
            Environment::Sandbox
        } else {
            Environment::Live
        };
        let desk = Arc::clone(&self.desk);
        self.write(move |tx, now| {
            let account = accounts::by_short_name(tx, &short_name)?.ok_or_else(|| {
                Error::fault(0, format!("there is no account with the short name {short_name:?}"))
            })?;
            let scope = Scope { account: account.id, environment };
            let ctx = Context::open(tx, desk, scope, Actor::Support, now)?;
            closure(tx, &ctx, &account)
        })
    }
}

/// The text of a flag; empty if it was not given.
pub fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

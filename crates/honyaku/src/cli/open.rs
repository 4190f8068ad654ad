//! What every command but `serve` does first: settings, secret, database.

use super::backup::CONTENTS;
use crate::app::{self, real_now};
use crate::config::{Config, is_mistaken};
use clap::ArgMatches;
use domain::event::Actor;
use domain::ids::{Environment, Scope, Timestamp};
use service::{Context, Desk, Error};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::accounts::{self, Account};
use store::sql::{Db, Options, PostgresOptions, SqliteOptions, Tx};

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

/// Variables that look like settings and are none: somebody means something by them.
pub fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| is_mistaken(name)).collect()
}

/// The address that clients use if nothing else is set.
pub fn public_url(config: &Config) -> String {
    match config.text("public_url") {
        "" => format!("http://{}", config.text("listen")),
        url => url.to_owned(),
    }
}

/// The data directory.
pub fn data_dir(config: &Config) -> PathBuf {
    PathBuf::from(config.text("data_dir"))
}

/// Which database the settings name. `serving` keeps other servers away from an embedded one.
/// Nothing is made.
pub fn database(config: &Config, serving: bool) -> Result<Options, Box<dyn std::error::Error>> {
    let directory = data_dir(config);
    let most = |name: &'static str| -> Result<usize, Box<dyn std::error::Error>> {
        if serving { Ok(usize::try_from(config.number(name)?)?) } else { Ok(1) }
    };
    Ok(match config.text("database") {
        "" if is_backup(&directory) => return Err(left_alone(&directory)),
        "" => Options::Sqlite(SqliteOptions {
            path: directory.join("honyaku.sqlite"),
            exclusive: serving,
            readers: most("database_readers")?,
        }),
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Options::Postgres(PostgresOptions {
                url: url.to_owned(),
                connections: most("database_connections")?,
                replica: Some(config.text("database_replica"))
                    .filter(|url| serving && !url.is_empty())
                    .map(str::to_owned),
                authorities: authorities(config),
            })
        }
        _ => {
            return Err(config
                .wrong("database", "write postgres://user:password@host/database, or nothing")
                .into());
        }
    })
}

/// The file of the authorities that vouch for a server's database.
pub fn authorities(config: &Config) -> Option<PathBuf> {
    Some(config.text("database_authorities")).filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// Whether a directory is a backup.
pub fn is_backup(directory: &Path) -> bool {
    directory.join(CONTENTS).exists()
}

/// The error for a backup that would be opened as if it were a data directory: it would not be the same afterwards.
pub fn left_alone(directory: &Path) -> Box<dyn std::error::Error> {
    let text = "is a backup: honyaku restore puts it into a data directory, honyaku verify reads it";
    format!("{} {text}", directory.display()).into()
}

/// Tells installations apart, in the database.
pub const SECRET_MARK: &str = "secret_mark";

/// All nodes of an installation seal keys with the same secret: one with another would store
/// keys that the others cannot open.
pub fn check_secret(tx: &mut Tx<'_>, secret: &[u8; 32]) -> Result<(), Error> {
    // Nodes may start side by side: the first one's holds.
    let mark = service::secrets::mark(secret);
    if store::installation::settle(tx, SECRET_MARK, &mark)? == mark {
        return Ok(());
    }
    Err(Error::Command(
        "the secret (secret.key in the data directory, or secret_key) is not the one that this database's keys are \
         sealed with: put the old one back, or take the other nodes'"
            .to_owned(),
    ))
}

/// The secret of an installation that nobody knows one of: a new one, if none was ever used.
pub fn first_secret(mark: Option<&str>, directory: &Path) -> Result<[u8; 32], Box<dyn std::error::Error>> {
    if mark.is_none() {
        return app::new_secret(directory);
    }
    let file = directory.join(app::SECRET);
    let text = "is not there, and the database has keys that are sealed with it: put it back from a backup, or set secret_key";
    Err(format!("{} {text}", file.display()).into())
}

/// As `database`, for a command that has nothing to do where nobody has set anything up.
pub fn existing_database(config: &Config) -> Result<Options, Box<dyn std::error::Error>> {
    let database = database(config, false)?;
    match &database {
        Options::Sqlite(file) if file.path.exists() => Ok(database),
        Options::Sqlite(file) => Err(no_database(&file.path)),
        Options::Postgres(_) if Db::migrations(&database)?.iter().any(|state| state.applied) => Ok(database),
        Options::Postgres(_) => {
            Err("the database has no tables: is --database right? honyaku serve makes them".into())
        }
    }
}

/// The error for an embedded database that is not there.
pub fn no_database(path: &Path) -> Box<dyn std::error::Error> {
    format!("no database at {}: is --data-dir right? honyaku serve makes one", path.display()).into()
}

/// Opens the database beside a server that may be running. Where there is none, none is made.
pub fn installation(matches: &ArgMatches) -> Result<Installation, Box<dyn std::error::Error>> {
    let config = config(matches)?;
    let (database, directory) = (existing_database(&config)?, data_dir(&config));
    let secret = app::known_secret(&config, &directory)?.ok_or_else(|| {
        let file = directory.join(app::SECRET);
        format!(
            "no secret at {}: is --data-dir right? If it is kept elsewhere, set secret_key",
            file.display()
        )
    })?;
    with_secret(&config, Db::open(&database, real_now().0)?, secret)
}

/// As `installation`, for a command that sets one up: what is not there is made.
pub fn new_installation(matches: &ArgMatches) -> Result<Installation, Box<dyn std::error::Error>> {
    let config = config(matches)?;
    app::check(&config)?;
    let (database, directory) = (database(&config, false)?, data_dir(&config));
    app::make_private_dir(&directory)?;
    let known = app::known_secret(&config, &directory)?;
    let db = Db::open(&database, real_now().0)?;
    let mark = db.write_blocking(|tx| store::installation::get(tx, SECRET_MARK))?;
    let secret = known.map_or_else(|| first_secret(mark.as_deref(), &directory), Ok)?;
    with_secret(&config, db, secret)
}

fn with_secret(
    config: &Config,
    db: Db,
    secret: [u8; 32],
) -> Result<Installation, Box<dyn std::error::Error>> {
    let desk = app::desk(config, &public_url(config), secret)?;
    db.write_blocking(move |tx| check_secret(tx, &secret))?;
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
                Error::Command(format!("there is no account with the short name {short_name:?}"))
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

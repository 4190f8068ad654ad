//! How a connection is made, and what a failure on it means.

use super::Options;
use crate::sql::Error;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as StdError;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection that cannot be made in this time is not there.
const CONNECT_FOR: Duration = Duration::from_secs(3);
/// Data unanswered for this long means that the server is out of reach.
const UNANSWERED_FOR: Duration = Duration::from_secs(5);
/// So does silence, and then so many questions whether it is still there.
const ASK_AFTER: Duration = Duration::from_secs(2);
const ASK_AGAIN: Duration = Duration::from_secs(1);
const ASK_TIMES: u32 = 3;

/// What a thread needs to connect.
#[derive(Clone)]
pub struct Way {
    config: Config,
    encrypted: MakeRustlsConnect,
    /// The last connection was made without encryption.
    in_the_clear: Arc<AtomicBool>,
}

impl Way {
    pub fn new(options: &Options) -> Result<Self, Error> {
        let encrypted = MakeRustlsConnect::new(encryption(options.authorities.as_deref())?);
        Ok(Self { config: config(&options.url)?, encrypted, in_the_clear: Arc::default() })
    }

    /// `sslmode=require` connects encrypted to a server that proves who it is, or not at all;
    /// `disable` in the clear; the default tries the first and then the second.
    pub fn connect(&self, runtime: &Runtime) -> Result<Client, Error> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return open(runtime, &self.config, NoTls).map_err(|error| unreachable(&self.config, &error));
        }
        let refused = match open(runtime, &self.config, self.encrypted.clone()) {
            Ok(client) => {
                self.in_the_clear.store(false, Ordering::Relaxed);
                return Ok(client);
            }
            Err(error) => error,
        };
        if self.config.get_ssl_mode() != SslMode::Prefer || !is_of_encryption(&refused) {
            return Err(unreachable(&self.config, &refused));
        }
        let mut plain = self.config.clone();
        plain.ssl_mode(SslMode::Disable);
        // A server that answers in the clear says better what is wrong.
        let client = open(runtime, &plain, NoTls).map_err(|error| {
            unreachable(&self.config, if error.as_db_error().is_some() { &error } else { &refused })
        })?;
        if !self.in_the_clear.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %refused, "the database is reached without encryption; sslmode=require forbids it");
        }
        Ok(client)
    }
}

/// Connects; the runtime moves the connection's data whenever it waits for an answer.
fn open<T>(runtime: &Runtime, config: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = runtime.block_on(config.connect(tls))?;
    runtime.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the database ended");
        }
    });
    Ok(client)
}

fn config(url: &str) -> Result<Config, Error> {
    let mut config = Config::from_str(url).map_err(|error| {
        Error::Schema(format!(
            "the address of the database, or of its replica, cannot be read: {error}; write \
             postgres://user:password@host/database"
        ))
    })?;
    // As PostgreSQL's own programs do: a password in an argument can be seen by every user of the machine.
    if config.get_password().is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_FOR);
    }
    config.tcp_user_timeout(UNANSWERED_FOR);
    // While an answer is waited for nothing is sent that could stay unanswered: ask.
    config.keepalives_idle(ASK_AFTER).keepalives_interval(ASK_AGAIN).keepalives_retries(ASK_TIMES);
    if config.get_application_name().is_none() {
        config.application_name("honyaku");
    }
    Ok(config)
}

fn encryption(authorities: Option<&Path>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Error::Schema(format!("database_authorities {}: {error}", file.display()))
            };
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Engine(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// The server was reached, but not over TLS as it should be: not a reason to give up if
/// encryption is only preferred. Any other failure is one.
fn is_of_encryption(error: &tokio_postgres::Error) -> bool {
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

pub fn unavailable(error: &tokio_postgres::Error) -> Error {
    Error::Unavailable(shown(error))
}

/// A connection that could not be made: where to, and what may help. Trying again may, whatever the reason.
fn unreachable(config: &Config, error: &tokio_postgres::Error) -> Error {
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    let cure = match error.code() {
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => "; createdb makes it",
        Some(code) if *code == SqlState::INVALID_PASSWORD => "; is the password right?",
        _ => "",
    };
    Error::Unavailable(format!("{}: {}{cure}", hosts.join(", "), shown(error)))
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(directory) => directory.display().to_string(),
    }
}

fn shown(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(told), _) => told.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Classes of the SQL standard: 23 is a constraint; connections, resources, operators'
/// interventions and conflicts between transactions pass by themselves.
pub fn fault(error: &tokio_postgres::Error) -> Error {
    let Some(told) = error.as_db_error() else {
        return unavailable(error);
    };
    let code = told.code();
    let class = code.code().get(..2).unwrap_or("");
    if class == "23" || *code == SqlState::RAISE_EXCEPTION {
        return Error::Constraint(told.message().to_owned());
    }
    let passes = matches!(class, "08" | "40" | "53" | "57" | "58")
        || *code == SqlState::LOCK_NOT_AVAILABLE
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
    if passes { unavailable(error) } else { Error::Engine(format!("{}: {}", code.code(), told.message())) }
}

//! `honyaku serve`: opens everything, serves, and closes in order.

use super::open::{SECRET_MARK, check_secret, config, data_dir, database, first_secret, unknown_variables};
use super::{Outcome, log};
use crate::app::{self, App, real_now};
use crate::config::{Config, ConfigError};
use crate::contents::Contents;
use crate::http::{Listeners, Rates, Throttle, lookups, placing, serve};
use crate::mailer::Mailer;
use crate::work;
use clap::ArgMatches;
use metrics_exporter_prometheus::PrometheusBuilder;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::sql::{Db, Dialect};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Workers get this long to finish what they are at.
const WORKERS_END: Duration = Duration::from_secs(20);

type Fault = Box<dyn std::error::Error>;

pub fn run(matches: &ArgMatches) -> Outcome {
    let config = config(matches)?;
    log::start(&config);
    for variable in unknown_variables() {
        tracing::warn!(variable, "no setting has this variable; honyaku serve --help lists them");
    }
    runtime()?.block_on(async {
        let running = Running::start(&config).await?;
        tracing::info!(address = %running.address, "listening");
        running.until_told().await;
        Ok(())
    })
}

/// The runtime that everything runs on.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// A server that is up.
pub struct Running {
    /// The server's parts.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    listeners: Listeners,
    told_to_stop: ToldToStop,
}

impl Running {
    /// Listens and opens the database; nothing is served yet.
    pub async fn start(config: &Config) -> Result<Self, Fault> {
        // Whoever knows that it is up may stop it at once.
        let told_to_stop = ToldToStop::listen()?;
        app::check(config)?;
        let listen = config.text("listen");
        let plain = TcpListener::bind(listen).await.map_err(|error| format!("listen {listen}: {error}"))?;
        let address = plain.local_addr()?;
        let listeners = Listeners { plain, tls: tls(config).await? };
        let public_url = match config.text("public_url") {
            "" => format!("http://{address}"),
            url => url.to_owned(),
        };
        let (database, directory) = (database(config, true)?, data_dir(config));
        app::make_private_dir(&directory)?;
        let known = app::known_secret(config, &directory)?;
        // The client of the server's database waits in its own way: not on this runtime's threads.
        let db = tokio::task::spawn_blocking(move || Db::open(&database, real_now().0)).await??;
        let mark = db.read(|tx| store::installation::get(tx, SECRET_MARK)).await?;
        let secret = known.map_or_else(|| first_secret(mark.as_deref(), &directory), Ok)?;
        let mut desk = app::desk(config, &public_url, secret)?;
        desk.former_urls = settle(&db, desk.public_url.clone(), secret).await?;
        let desk = Arc::new(desk);
        let contents = Contents::open(config, &secret)?;
        contents.recognise(&db).await?;
        let app = Arc::new(assemble(config, db, desk, contents)?);
        Ok(Self { app, address, listeners, told_to_stop })
    }

    /// Serves until SIGINT or SIGTERM, then ends requests and workers in flight.
    pub async fn until_told(mut self) {
        let (stop, stopped) = watch::channel(false);
        let mut workers = work::start(&self.app, &stopped);
        let app = Arc::clone(&self.app);
        tokio::spawn(async move {
            self.told_to_stop.come().await;
            tracing::info!("stopping");
            app.closing.store(true, Ordering::Relaxed);
            let _ = stop.send(true);
        });
        serve(Arc::clone(&self.app), self.listeners, stopped).await;
        let ended = tokio::time::timeout(WORKERS_END, async { while workers.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("a worker was still busy; what it leased is done after the next start");
        }
    }
}

/// As many former addresses are remembered: demos have another with each start.
const FORMER_MOST: usize = 50;

/// What a process that ended left behind: leases, and addresses of its own. The server's former addresses.
async fn settle(db: &Db, here: String, secret: [u8; 32]) -> Result<Vec<String>, service::Error> {
    let now = real_now();
    db.write(move |tx| {
        if store::copy::is_unfinished(tx)? {
            let text = "the database holds a copy that was stopped on its way: run honyaku copy again";
            return Err(service::Error::Command(text.to_owned()));
        }
        check_secret(tx, &secret)?;
        if tx.dialect() == Dialect::Sqlite {
            // Nobody else works on this database.
            store::deliveries::end_leases(tx, now)?;
        }
        let before = store::installation::get(tx, "public_url")?.filter(|before| *before != here);
        if let Some(before) = &before {
            store::keys::move_inbox_urls(tx, before, &here)?;
        }
        store::installation::set(tx, "public_url", &here)?;
        Ok(former_urls(tx, before, &here)?)
    })
    .await
}

/// The addresses that the server had, the latest first, a line each in the database.
fn former_urls(
    tx: &mut store::sql::Tx<'_>,
    before: Option<String>,
    here: &str,
) -> Result<Vec<String>, store::sql::Error> {
    let kept = store::installation::get(tx, "former_urls")?.unwrap_or_default();
    let mut former: Vec<String> = before.iter().cloned().collect();
    former.extend(kept.lines().filter(|url| Some(*url) != before.as_deref()).map(str::to_owned));
    former.truncate(FORMER_MOST);
    if before.is_some() {
        store::installation::set(tx, "former_urls", &former.join("\n"))?;
    }
    former.retain(|url| url != here);
    Ok(former)
}

fn rates(config: &Config) -> Result<Rates, ConfigError> {
    let per_key = config.number("rate_limit.per_key")?;
    let as_live = config.text("sandbox.rate_limit").is_empty();
    Ok(Rates {
        per_address: config.number("rate_limit.per_address")?,
        per_key,
        per_sandbox_key: if as_live { per_key } else { config.number("sandbox.rate_limit")? },
        wrong_signatures: config.number("rate_limit.wrong_signatures")?,
        captchas: config.number("rate_limit.captchas")?,
    })
}

fn assemble(config: &Config, db: Db, desk: Arc<service::Desk>, contents: Contents) -> Result<App, Fault> {
    let edge = app::edge(config)?;
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    // The first server of a process has the metrics.
    let _ = metrics::set_global_recorder(recorder);
    Ok(App {
        db,
        desk,
        limits: domain::limits::Limits::default(),
        lookups: lookups(),
        placing: placing(),
        throttle: Throttle::new(rates(config)?, !config.text("database").is_empty()),
        contents,
        mailer: Mailer::new(config)?.map(Arc::new),
        client: outbound::Client::new(edge.policy, outbound::Limits::default())?,
        edge,
        news: watch::channel(0).0,
        bodies: tokio::sync::Semaphore::new(app::BODIES_MB),
        closing: AtomicBool::new(false),
        metrics,
    })
}

async fn tls(config: &Config) -> Result<Option<(TcpListener, TlsAcceptor)>, Fault> {
    let listen = config.text("tls.listen");
    if listen.is_empty() {
        return Ok(None);
    }
    let (cert, key) = (config.text("tls.cert"), config.text("tls.key"));
    for (name, file) in [("tls.cert", cert), ("tls.key", key)] {
        if file.is_empty() {
            return Err(config.wrong(name, "write the name of a PEM file: tls.listen needs it").into());
        }
    }
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("tls.cert {cert:?}: {error}"))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("tls.key {key:?}: {error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener =
        TcpListener::bind(listen).await.map_err(|error| format!("tls.listen {listen}: {error}"))?;
    Ok(Some((listener, TlsAcceptor::from(Arc::new(server)))))
}

/// SIGINT and SIGTERM, from when on they are listened to.
struct ToldToStop {
    interrupt: Signal,
    terminate: Signal,
}

impl ToldToStop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns when one of them comes.
    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

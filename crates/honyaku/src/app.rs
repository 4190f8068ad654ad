//! The running server's parts, shared by requests and workers.

use crate::config::{Config, ConfigError};
use crate::contents::Contents;
use crate::http::{Lookups, Placing, Throttle};
use crate::mailer::Mailer;
use domain::ids::Timestamp;
use domain::money::{Currency, Money};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use outbound::address::Policy;
use service::Desk;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::sql::Db;

/// What every request and worker needs.
pub struct App {
    /// The database.
    pub db: Db,
    /// Settings for the use cases.
    pub desk: Arc<Desk>,
    /// Settings for the edge.
    pub edge: Edge,
    /// Limits of what comes in.
    pub limits: domain::limits::Limits,
    /// How often callers may call.
    pub throttle: Throttle,
    /// Keys that wait to be looked up together.
    pub lookups: Arc<Lookups>,
    /// Orders that wait to be placed together.
    pub placing: Arc<Placing>,
    /// Contents of files.
    pub contents: Contents,
    /// Sends mail; none if no way out is set.
    pub mailer: Option<Arc<Mailer>>,
    /// Sends callbacks.
    pub client: outbound::Client,
    /// Wakes whoever waits for events or inbox requests.
    pub news: tokio::sync::watch::Sender<u64>,
    /// Room for large bodies that are being read, in megabytes.
    pub bodies: tokio::sync::Semaphore,
    /// The server is going down: nothing new is started.
    pub closing: AtomicBool,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}

/// Megabytes of large bodies that are worked on at once. Each takes about three times its size
/// while it is decoded.
pub const BODIES_MB: usize = 200;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It answers calls.
    Api,
    /// It works on what nobody waits for.
    Worker,
    /// Both.
    All,
}

/// Settings that only requests look at.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What this node does.
    pub role: Role,
    /// Live keys and addresses work.
    pub live: bool,
    /// Sandbox keys and addresses work.
    pub sandbox: bool,
    /// Sandbox keys work on the live address too.
    pub key_selects_environment: bool,
    /// The host whose calls are the sandbox's.
    pub sandbox_host: Option<String>,
    /// Seconds that a signature stays valid.
    pub signature_back_s: i64,
    /// Seconds that a signature's time may be ahead.
    pub signature_ahead_s: i64,
    /// Refuse API calls over plain HTTP.
    pub https_only: bool,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where callbacks may go.
    pub policy: Policy,
    /// The credits a sandbox starts with.
    pub start_credits: Money,
    /// Days after which a sandbox's orders are deleted; 0: never.
    pub sandbox_retention_days: u32,
}

impl Edge {
    /// Whether the address is a proxy's that is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// The credits a sandbox starts with, in its currency.
    pub fn start_credits(&self, currency: Currency) -> Money {
        self.start_credits.figure_in(currency)
    }
}

impl App {
    /// The server is going down: nobody is to wait any longer.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Tells waiting long polls that something was written.
    pub fn stir(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Now, by the machine's clock.
pub fn real_now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Addresses and networks, separated by commas.
fn networks(list: &str) -> Option<Vec<IpNet>> {
    let one = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
    list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(one).collect()
}

/// The address of a host of the API's own; none if the setting is empty.
fn own_origin(config: &Config, name: &'static str) -> Result<Option<url::Url>, ConfigError> {
    let text = config.text(name);
    if text.is_empty() {
        return Ok(None);
    }
    let url = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.has_host()
    });
    let expected = "write such as https://api.acme.example, without a path";
    url.map(Some).ok_or_else(|| config.wrong(name, expected))
}

/// Refuses an address that clients could not be sent to.
fn check_public_url(config: &Config) -> Result<(), ConfigError> {
    let text = config.text("public_url");
    let url = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    match url {
        None if !text.is_empty() => {
            Err(config.wrong("public_url", "write such as https://translate.acme.example"))
        }
        _ => Ok(()),
    }
}

/// An amount of test credits, in US dollars.
fn test_credits(config: &Config, name: &'static str) -> Result<Money, ConfigError> {
    let amount = Money::parse(config.text(name), Currency::Usd).ok().filter(|amount| !amount.is_negative());
    amount.ok_or_else(|| config.wrong(name, "write an amount such as 1000.00"))
}

/// Reads the edge's settings.
pub fn edge(config: &Config) -> Result<Edge, ConfigError> {
    let trusted_proxies = networks(config.text("trusted_proxies")).ok_or_else(|| {
        config.wrong("trusted_proxies", "write addresses or networks such as 10.0.0.0/8, separated by commas")
    })?;
    let start_credits = test_credits(config, "sandbox.start_credits")?;
    if start_credits.minor() > test_credits(config, "sandbox.max_credits")?.minor() {
        return Err(config.wrong("sandbox.start_credits", "write no more than sandbox.max_credits"));
    }
    let role = match config.text("role") {
        "api" => Role::Api,
        "worker" => Role::Worker,
        "all" => Role::All,
        _ => return Err(config.wrong("role", "write api, worker or all")),
    };
    let sandbox_host =
        own_origin(config, "sandbox.api_url")?.and_then(|url| Some(url.host_str()?.to_owned()));
    let of_others = [config.text("public_url"), config.text("live.api_url")];
    let is_others = |host: &String| {
        of_others.iter().filter_map(|text| url::Url::parse(text).ok()).any(|url| url.host_str() == Some(host))
    };
    if sandbox_host.as_ref().is_some_and(is_others) {
        let expected =
            "write another host than that of public_url and live.api_url: all of it is the sandbox";
        return Err(config.wrong("sandbox.api_url", expected));
    }
    Ok(Edge {
        role,
        live: config.switch("live.enabled")?,
        sandbox: config.switch("sandbox.enabled")?,
        key_selects_environment: config.switch("sandbox.key_selects_environment")?,
        sandbox_host,
        signature_back_s: i64::from(config.number("signature.back_s")?),
        signature_ahead_s: i64::from(config.number("signature.ahead_s")?),
        https_only: config.switch("https_only")?,
        trusted_proxies,
        policy: Policy {
            allow_loopback: config.switch("callbacks.allow_loopback")?,
            allow_private: config.switch("callbacks.allow_private")?,
            allow_low_ports: config.switch("callbacks.allow_low_ports")?,
        },
        start_credits,
        sandbox_retention_days: config.number("sandbox.retention_days")?,
    })
}

/// Whether all settings can be read: asked before anything is made.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    config.check_needs()?;
    if edge(config)?.role != Role::All && config.text("database").is_empty() {
        let expected = "write all, or set database: an embedded one has one server, which has to do both";
        return Err(config.wrong("role", expected));
    }
    desk(config, "", [0; 32]).map(|_| ())
}

/// How long a review may be: by the contract it is a day at least.
pub const REVIEW_HOURS: std::ops::RangeInclusive<u32> = 24..=336;

/// Reads the use cases' settings. `public_url` is known once the server listens.
pub fn desk(config: &Config, public_url: &str, secret: [u8; 32]) -> Result<Desk, ConfigError> {
    check_public_url(config)?;
    let max_credits = test_credits(config, "sandbox.max_credits")?;
    let captcha_always = match config.text("review.captcha") {
        "when sent" => false,
        "always" => true,
        _ => return Err(config.wrong("review.captcha", "write `when sent` or `always`")),
    };
    let review_hours = config.number("review.hours")?;
    if !REVIEW_HOURS.contains(&review_hours) {
        return Err(config.wrong("review.hours", "write 24 to 336 hours"));
    }
    Ok(Desk {
        public_url: public_url.trim_end_matches('/').to_owned(),
        former_urls: Vec::new(),
        live_url: own_origin(config, "live.api_url")?.map(|url| url.origin().ascii_serialization()),
        sandbox_url: own_origin(config, "sandbox.api_url")?.map(|url| url.origin().ascii_serialization()),
        secret,
        captcha_always,
        review_hours,
        sandbox_max_credits: max_credits,
        sandbox_mail: config.switch("sandbox.mail")?,
        sandbox_max_jobs: i64::from(config.number("sandbox.max_jobs")?),
    })
}

/// The secret's file in the data directory.
pub const SECRET: &str = "secret.key";

/// Makes the secret of a new installation, and its file.
pub fn new_secret(data_dir: &Path) -> Result<[u8; 32], Box<dyn std::error::Error>> {
    let secret = service::secrets::random::<32>()?;
    write_private(&data_dir.join(SECRET), &service::secrets::hex(&secret))?;
    Ok(secret)
}

/// The installation's secret: from the settings, else from its file. `None`: there is none yet.
pub fn known_secret(
    config: &Config,
    data_dir: &Path,
) -> Result<Option<[u8; 32]>, Box<dyn std::error::Error>> {
    let given = config.text("secret_key");
    if !given.is_empty() {
        let secret = from_hex(given).ok_or_else(|| ConfigError::Value {
            name: "secret_key",
            value: "(hidden)".to_owned(),
            origin: config.origin("secret_key"),
            expected: "write 64 hex digits",
        })?;
        return Ok(Some(secret));
    }
    let path = data_dir.join(SECRET);
    match std::fs::read_to_string(&path) {
        Ok(text) => match from_hex(text.trim()) {
            None => Err(no_secret(&path).into()),
            known => Ok(known),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// What is wrong with a file that holds no secret.
pub fn no_secret(file: &Path) -> String {
    format!("{}: is not 64 hex digits; put it back from a backup", file.display())
}

/// Makes a directory that only its owner may enter, if it is not there.
pub fn make_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| of(path, &error))
}

/// An error that says which file it is about.
fn of(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    };
    write().map_err(|error| of(path, &error))
}

/// A secret as its file and the settings have it.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

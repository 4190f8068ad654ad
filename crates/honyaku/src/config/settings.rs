//! Every setting of the server: name, default, what it is for. One list; the flags, the
//! environment variables, the file and `honyaku config` are made from it.

/// What a setting's text has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whoever uses it knows.
    Text,
    /// A whole number.
    Number,
    /// On or off.
    Switch,
    /// From 1 to 1,000.
    Few,
    /// One of these words; the second says so.
    Word(&'static [&'static str], &'static str),
}

impl Kind {
    /// What to write instead of a text that is no value of this kind.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "write a text",
            Self::Number => "write a whole number",
            Self::Switch => "write 1 or 0",
            Self::Few => "write a number from 1 to 1000",
            Self::Word(_, expected) => expected,
        }
    }

    /// Whether the text is a value of this kind.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Number => number_in(text).is_some(),
            Self::Switch => switch_in(text).is_some(),
            Self::Few => number_in(text).is_some_and(|number| (1..=1_000).contains(&number)),
            Self::Word(words, _) => words.contains(&text),
        }
    }
}

/// The number that a setting's text is.
pub fn number_in(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// Whether a setting's text is on or off.
pub fn switch_in(text: &str) -> Option<bool> {
    match text {
        "1" | "true" | "on" | "yes" => Some(true),
        "0" | "false" | "off" | "no" | "" => Some(false),
        _ => None,
    }
}

/// A setting that can be given by flag, environment variable or file.
pub struct Setting {
    /// `group.name`, as in the file.
    pub name: &'static str,
    /// What holds if nobody says anything.
    pub default: &'static str,
    /// What it has to be; the default always passes.
    pub kind: Kind,
    /// Its value is never printed.
    pub secret: bool,
    /// One line for people.
    pub help: &'static str,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Text, secret: false, help }
}

const fn number(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Number, secret: false, help }
}

const fn switch(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Switch, secret: false, help }
}

const fn few(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Few, secret: false, help }
}

/// One of some words, which `help` lists.
const fn word(
    name: &'static str,
    default: &'static str,
    words: &'static [&'static str],
    help: &'static str,
) -> Setting {
    Setting { name, default, kind: Kind::Word(words, help), secret: false, help }
}

const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

const fn secret(name: &'static str, help: &'static str) -> Setting {
    Setting { name, default: "", kind: Kind::Text, secret: true, help }
}

/// All settings, in the order in which they are listed.
pub const SETTINGS: &[Setting] = &[
    setting("listen", "127.0.0.1:8080", "address and port for plain HTTP; port 0 picks one"),
    setting(
        "public_url",
        "",
        "where clients reach this server; default: http:// and the address listened on",
    ),
    setting("data_dir", "honyaku-data", "directory of the embedded database and the installation's secret"),
    secret("database", "postgres://user:password@host/database; empty: embedded, in the data directory"),
    secret(
        "database_replica",
        "PostgreSQL: the address of a read-only replica, for reads that it is fresh enough for; empty: none",
    ),
    setting(
        "database_authorities",
        "",
        "PostgreSQL: PEM file of the authorities that vouch for it; empty: the machine's",
    ),
    few("database_connections", "10", "PostgreSQL: how many calls are worked on at once"),
    few("database_readers", "3", "embedded database: how many reads run at once"),
    secret(
        "secret_key",
        "64 hex digits that seal private keys; default: kept in secret.key in the data directory",
    ),
    setting(
        "files.directory",
        "",
        "where files are kept; empty: files in the data directory, or with PostgreSQL nowhere, because all nodes have to see them",
    ),
    setting("files.s3_bucket", "", "keep files in this bucket of an S3-compatible store instead"),
    setting("files.s3_endpoint", "", "the store's address, such as https://s3.acme.example; empty: Amazon's"),
    setting("files.s3_region", "us-east-1", "the bucket's region"),
    setting("files.s3_prefix", "", "goes before all names in the bucket"),
    switch("files.s3_path_style", "1", "0: the bucket is part of the store's host name"),
    secret("files.s3_access_key_id", "the key to the bucket: its name"),
    secret("files.s3_secret_access_key", "the key to the bucket"),
    switch("files.encrypt", "0", "1: encrypt files from now on, with the installation's secret"),
    setting(
        "role",
        "all",
        "`api` answers calls, `worker` works on queue, timers and callbacks, `all` does both",
    ),
    switch("https_only", "0", "1: refuse API calls over plain HTTP"),
    setting(
        "trusted_proxies",
        "",
        "addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count, comma-separated",
    ),
    setting("tls.listen", "", "address and port for HTTPS; empty: none"),
    setting("tls.cert", "", "file with the certificate chain, PEM"),
    setting("tls.key", "", "file with the private key, PEM"),
    number("signature.back_s", "604800", "seconds that a signature stays valid"),
    number("signature.ahead_s", "3600", "seconds that a signature's time may be ahead"),
    switch("live.enabled", "1", "0: a pure sandbox, without live keys"),
    setting(
        "live.api_url",
        "",
        "where the live API is reached if it has a host of its own; empty: public_url",
    ),
    switch("sandbox.enabled", "1", "0: no sandbox"),
    setting(
        "sandbox.api_url",
        "",
        "a host of its own for the sandbox's API, such as https://api.sandbox.acme.example: /v2/ there is the sandbox; a proxy has to pass Host on; empty: none",
    ),
    switch(
        "sandbox.key_selects_environment",
        "0",
        "1: sandbox keys also work on the live address, in the sandbox",
    ),
    setting("sandbox.start_credits", "1000.00", "credits of a new sandbox"),
    setting("sandbox.max_credits", "1000000.00", "most credits of a sandbox"),
    number("sandbox.max_jobs", "100000", "most jobs of a sandbox"),
    switch("sandbox.mail", "0", "1: sandboxes send mail too, with [Sandbox] in the subject"),
    number("sandbox.retention_days", "90", "days after which a sandbox's orders are deleted; 0: never"),
    number("sandbox.rate_limit", "", "requests a minute with one sandbox key; empty: as live; 0: no limit"),
    setting("review.captcha", "when sent", "captcha on reject: `when sent` or `always`"),
    number("review.hours", "120", "hours until a delivered job approves itself"),
    switch("callbacks.allow_loopback", "0", "1: callbacks may go to this machine"),
    switch("callbacks.allow_private", "0", "1: callbacks may go to private addresses"),
    switch("callbacks.allow_low_ports", "0", "1: callbacks may go to ports below 1024 other than 80 and 443"),
    number("rate_limit.per_address", "150", "requests a minute from one address; 0: no limit"),
    number("rate_limit.per_key", "600", "requests a minute with one key; 0: no limit"),
    number("rate_limit.wrong_signatures", "30", "wrong signatures a minute from one address; 0: no limit"),
    number("rate_limit.captchas", "30", "captchas a minute for one address, seen or heard; 0: no limit"),
    secret(
        "mail.smtp",
        "the mail server: smtps://user:password@host, or smtp://host:port?tls=required; empty: no mail is sent",
    ),
    setting("mail.from", "", "whom mail comes from, such as Acme <desk@acme.example>"),
    word("log.level", "info", LOG_LEVELS, "off, error, warn, info, debug or trace"),
    word("log.format", "json", &["json", "text"], "json or text"),
];

const NEEDS_BUCKET: &str = "set files.s3_bucket too, or leave this out";
const NEEDS_DATABASE: &str = "set database too, or leave this out: it is for PostgreSQL";
const NEEDS_TLS: &str = "set tls.listen too, or leave this out";

/// Settings that mean nothing without another one, and what to write instead.
pub const NEEDS: &[(&str, &str, &str)] = &[
    ("files.s3_endpoint", "files.s3_bucket", NEEDS_BUCKET),
    ("files.s3_prefix", "files.s3_bucket", NEEDS_BUCKET),
    ("files.s3_access_key_id", "files.s3_bucket", NEEDS_BUCKET),
    ("files.s3_secret_access_key", "files.s3_bucket", NEEDS_BUCKET),
    ("database_replica", "database", NEEDS_DATABASE),
    ("database_authorities", "database", NEEDS_DATABASE),
    ("tls.cert", "tls.listen", NEEDS_TLS),
    ("tls.key", "tls.listen", NEEDS_TLS),
];

/// The setting with this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The name of its flag, without dashes in front.
pub fn flag(setting: &Setting) -> String {
    setting.name.replace(['.', '_'], "-")
}

/// Whether a variable looks like a setting's and is none. Kubernetes names variables after services, the tests their own.
pub fn is_mistaken(name: &str) -> bool {
    let of_kubernetes =
        ["_SERVICE_", "_PORT_"].iter().any(|part| name.contains(part)) || name.ends_with("_PORT");
    name.starts_with("HONYAKU_")
        && name != "HONYAKU_CONFIG"
        && !of_kubernetes
        && !name.starts_with("HONYAKU_TEST_")
        && !SETTINGS.iter().any(|setting| variable(setting) == name)
}

/// The name of its environment variable.
pub fn variable(setting: &Setting) -> String {
    format!("HONYAKU_{}", setting.name.replace('.', "_").to_ascii_uppercase())
}

//! PostgreSQL: threads with a connection each, some for calls, some for reads, some for
//! background work.
//!
//! A thread that finds its connection broken before a transaction began connects again and
//! goes on; one that loses it later answers `Unavailable`, since only the server knows what
//! became of the transaction. So a server that comes back is used again at once.

use super::db::Lane;
use super::turns::{self, Entrance, Turn, Waiting};
use super::work::{self, Shared, Work, spawn};
use super::{Error, Param, Row, Sql, Tx, Value, ValueRef, migrate};
use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection that cannot be made in this time is not there.
const CONNECT_FOR: Duration = Duration::from_secs(3);
/// Data unanswered for this long means that the server is out of reach.
const UNANSWERED_FOR: Duration = Duration::from_secs(5);
/// Ends what a node that was cut off left open, within seconds if it is on a network, and
/// statements that would never end.
const SESSION: &str = "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; SET lock_timeout = '10s'; \
    SET statement_timeout = '60s'; SET client_min_messages = 'warning'";
/// Closures that join one commit stop joining after this long, or when there are so many: each
/// is a subtransaction, of which the server keeps 64 at hand.
const GROUP_FOR: Duration = Duration::from_millis(10);
const GROUP_MOST: usize = 32;
/// The advisory lock that nodes take turns by when they migrate.
const MIGRATION_LOCK: i64 = 0x686F_6E79;

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// `postgres://user:password@host:port/database`, or `key=value` pairs.
    pub url: String,
    /// How many calls are worked on at once; reads as many again, background work a quarter.
    pub connections: usize,
    /// PEM file of the authorities whose word is taken for the server; the machine's if none.
    pub authorities: Option<PathBuf>,
}

/// What a thread needs to connect.
#[derive(Clone)]
struct Way {
    config: Config,
    encrypted: MakeRustlsConnect,
}

impl Way {
    fn new(options: &Options) -> Result<Self, Error> {
        let encrypted = MakeRustlsConnect::new(encryption(options.authorities.as_deref())?);
        Ok(Self { config: config(&options.url)?, encrypted })
    }

    /// `sslmode=require` connects encrypted to a server that proves who it is, or not at all;
    /// `disable` in the clear; the default tries the first and then the second.
    fn connect(&self) -> Result<Client, Error> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return self.config.connect(NoTls).map_err(|error| unavailable(&error));
        }
        let refused = match self.config.connect(self.encrypted.clone()) {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        if self.config.get_ssl_mode() != SslMode::Prefer || !is_of_encryption(&refused) {
            return Err(unavailable(&refused));
        }
        let mut plain = self.config.clone();
        plain.ssl_mode(SslMode::Disable);
        let client = plain.connect(NoTls).map_err(|_| unavailable(&refused))?;
        tracing::warn!(error = %refused, "the database is reached without encryption; sslmode=require forbids it");
        Ok(client)
    }
}

/// The way to the threads. Cheap to clone; they end when the last of these is gone.
#[derive(Clone)]
pub struct Postgres {
    calls: Arc<Entrance>,
    reads: mpsc::Sender<Box<dyn Work>>,
    background: mpsc::Sender<Box<dyn Work>>,
}

impl Postgres {
    /// Connects, brings the tables up to date and starts the threads.
    pub fn open(options: &Options, now_ms: i64) -> Result<Self, Error> {
        let way = Way::new(options)?;
        let mut session = Session::connect(&way)?;
        prepare(&mut session, now_ms)?;
        let most = options.connections.max(2);
        let (calls, connections) = turns::open(most);
        for (number, mut waiting) in connections.into_iter().enumerate() {
            let way = way.clone();
            spawn(&format!("db-call-{number}"), move || serve_calls(&way, &mut waiting))?;
        }
        let start = |name: &str, threads: usize, begin: &'static str| {
            let (sender, receiver) = mpsc::channel();
            let receiver = Arc::new(Mutex::new(receiver));
            for number in 0..threads {
                let (way, receiver) = (way.clone(), Arc::clone(&receiver));
                spawn(&format!("db-{name}-{number}"), move || serve(&way, &receiver, begin))?;
            }
            Ok::<_, Error>(sender)
        };
        Ok(Self {
            calls: Arc::new(calls),
            reads: start("read", most, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
            background: start("background", (most / 4).max(2), "BEGIN")?,
        })
    }

    /// Hands work to the threads. Without threads it is dropped, and its caller told so.
    pub fn submit(&self, work: Box<dyn Work>, lane: Lane) {
        let threads = match lane {
            Lane::Write => return self.calls.push(Turn { of: None, work }),
            Lane::WriteFor(scope) => return self.calls.push(Turn { of: Some(scope), work }),
            Lane::Read | Lane::Brief => &self.reads,
            Lane::Background => &self.background,
        };
        drop(threads.send(work));
    }
}

fn config(url: &str) -> Result<Config, Error> {
    let mut config = Config::from_str(url)
        .map_err(|error| Error::Schema(format!("the database's address cannot be read: {error}")))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_FOR);
    }
    config.tcp_user_timeout(UNANSWERED_FOR);
    config.keepalives_idle(UNANSWERED_FOR);
    if config.get_application_name().is_none() {
        config.application_name("honyaku");
    }
    Ok(config)
}

/// The state of a server's database.
pub fn migrations(options: &Options) -> Result<Vec<migrate::State>, Error> {
    migrate::states(&mut Session::connect(&Way::new(options)?)?)
}

fn prepare(session: &mut Session, now_ms: i64) -> Result<(), Error> {
    session.say(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
    session.say("BEGIN")?;
    let migrated =
        migrate::run(session, now_ms).and_then(|()| crate::jobs::publish_moves(&mut Tx::new(session)));
    session.say(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    session.say(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    migrated
}

fn serve(way: &Way, shared: &Shared, begin: &str) {
    let mut session = None;
    while let Some(mut closure) = work::next(shared) {
        let ended = match begun(&mut session, way, begin) {
            Ok(session) => transact(session, closure.as_mut()),
            Err(error) => Err(error),
        };
        if session.as_ref().is_some_and(|session| session.client.is_closed()) {
            session = None;
        }
        closure.answer(ended.as_ref().copied());
    }
}

fn serve_calls(way: &Way, waiting: &mut Waiting) {
    let mut session = None;
    while let Some(first) = waiting.next() {
        let of = first.of;
        let count = match begun(&mut session, way, "BEGIN") {
            Ok(session) => commit_together(session, first, waiting),
            Err(error) => {
                first.work.answer(Err(&error));
                1
            }
        };
        waiting.done(of, count);
        if session.as_ref().is_some_and(|session| session.client.is_closed()) {
            session = None;
        }
    }
}

/// One commit: the first closure, and whatever waits of the same environment. Each of the others
/// has a savepoint, so that it fails alone. Answers how many they were.
fn commit_together(session: &mut Session, first: Turn, waiting: &mut Waiting) -> usize {
    let (started, mut work) = (Instant::now(), first.work);
    if let Some(ended) = attempt(session, work.as_mut()) {
        // A server that is gone has rolled back already.
        let _ = session.say("ROLLBACK");
        work.answer(ended.as_ref().copied());
        return 1;
    }
    let mut done = vec![(work, Ok(()))];
    let mut lost = Ok(());
    let mut step = "SAVEPOINT work";
    while let Some(scope) = first.of
        && lost.is_ok()
        && done.len() < GROUP_MOST
        && started.elapsed() < GROUP_FOR
        && let Some(mut work) = waiting.next_of(scope)
    {
        lost = session.say(step);
        step = "RELEASE SAVEPOINT work; SAVEPOINT work";
        let ended = if lost.is_ok() { attempt(session, work.as_mut()) } else { None };
        if ended.is_some() {
            lost = session.say("ROLLBACK TO SAVEPOINT work");
        }
        done.push((work, ended.unwrap_or(Ok(()))));
    }
    let committed = lost.and_then(|()| session.say("COMMIT"));
    let together = done.len();
    for (work, ended) in done {
        work.answer(ended.as_ref().and(committed.as_ref()).copied());
    }
    together
}

/// Runs a closure. None: it can be kept. Otherwise it has to be rolled back, and how it ended:
/// by its own wish, or because it went on although a statement had failed.
fn attempt(session: &mut Session, work: &mut dyn Work) -> Option<Result<(), Error>> {
    session.broken = None;
    let keep = work::run(&mut Tx::new(session), work);
    match (keep, session.broken.take()) {
        (true, None) => None,
        (true, Some(error)) => Some(Err(error)),
        (false, _) => Some(Ok(())),
    }
}

/// A session in which a transaction has begun: nothing is lost yet if that fails at first.
fn begun<'s>(kept: &'s mut Option<Session>, way: &Way, begin: &str) -> Result<&'s mut Session, Error> {
    if let Some(mut session) = kept.take()
        && session.say(begin).is_ok()
    {
        return Ok(kept.insert(session));
    }
    let mut session = Session::connect(way)?;
    session.reads_only = begin.ends_with("READ ONLY");
    session.say(begin)?;
    Ok(kept.insert(session))
}

fn transact(session: &mut Session, closure: &mut dyn Work) -> Result<(), Error> {
    match attempt(session, closure) {
        None => session.say("COMMIT"),
        Some(ended) => {
            // A server that is gone has rolled back already.
            let _ = session.say("ROLLBACK");
            ended
        }
    }
}

/// A connection with its compiled statements.
struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    /// Its transactions may not lock rows.
    reads_only: bool,
    /// A statement failed: the server takes no more until the transaction ends.
    broken: Option<Error>,
}

impl Session {
    fn connect(way: &Way) -> Result<Self, Error> {
        let mut client = way.connect()?;
        client.batch_execute(SESSION).map_err(|error| unavailable(&error))?;
        Ok(Self { client, statements: HashMap::new(), reads_only: false, broken: None })
    }

    fn say(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).map_err(|error| fault(&error))
    }

    fn statement(&mut self, sql: &str, given: usize) -> Result<Statement, Error> {
        let statement = match self.statements.get(sql) {
            Some(known) => known.clone(),
            None => {
                let new = self.client.prepare(sql).map_err(|error| self.failed(&error, sql))?;
                self.statements.insert(sql.to_owned(), new.clone());
                new
            }
        };
        let wanted = statement.params().len();
        if wanted != given {
            return Err(Error::Engine(format!("{given} values for {wanted} parameters in {sql}")));
        }
        Ok(statement)
    }

    fn failed(&mut self, error: &postgres::Error, sql: &str) -> Error {
        let fault = match fault(error) {
            Error::Engine(text) => Error::Engine(format!("{text} in {sql}")),
            other => other,
        };
        self.broken = Some(Error::Unavailable(fault.to_string()));
        fault
    }
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
fn is_of_encryption(error: &postgres::Error) -> bool {
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

fn unavailable(error: &postgres::Error) -> Error {
    Error::Unavailable(shown(error))
}

fn shown(error: &postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(told), _) => told.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Classes of the SQL standard: 23 is a constraint; connections, resources, operators'
/// interventions and conflicts between transactions pass by themselves.
fn fault(error: &postgres::Error) -> Error {
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

/// A value bound to a parameter.
#[derive(Debug)]
struct Bound<'a>(ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            ValueRef::Null => Ok(IsNull::Yes),
            ValueRef::Int(number) if *ty == Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
            ValueRef::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            ValueRef::Text(text) if *ty != Type::INT8 && *ty != Type::BYTEA => text.to_sql(ty, out),
            ValueRef::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            other => Err(format!("{other:?} for a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn bound<'a>(params: &[&'a dyn Param]) -> Vec<Bound<'a>> {
    params.iter().map(|param| Bound(param.value())).collect()
}

fn by_reference<'a>(bound: &'a [Bound<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bound.iter().map(|bound| bound as _).collect()
}

impl Sql for Session {
    fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        let statement = self.statement(sql, params.len())?;
        let bound = bound(params);
        let changed = self.client.execute(&statement, &by_reference(&bound));
        changed.map_err(|error| self.failed(&error, sql))
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.statement(sql, params.len())?;
        let bound = bound(params);
        let rows = self.client.query(&statement, &by_reference(&bound));
        let rows = rows.map_err(|error| self.failed(&error, sql))?;
        for row in &rows {
            let values = (0..row.len()).map(|index| cell(row, index)).collect::<Result<_, Error>>()?;
            each(Row::new(values))?;
        }
        Ok(())
    }

    fn batch(&mut self, text: &str) -> Result<(), Error> {
        self.say(text)
    }

    fn for_update(&self) -> &'static str {
        if self.reads_only { "" } else { "FOR UPDATE" }
    }

    fn skip_locked(&self) -> &'static str {
        "FOR UPDATE SKIP LOCKED"
    }

    fn dialect(&self) -> super::Dialect {
        super::Dialect::Postgres
    }

    fn reserve_ids(&mut self, sequence: &'static str, count: i64) -> Result<i64, Error> {
        if count == 0 {
            return Ok(0);
        }
        Tx::new(self).query_one("SELECT reserve_ids($1, $2)", &[&sequence, &count], Row::take)
    }
}

fn cell(row: &postgres::Row, index: usize) -> Result<Value, Error> {
    let ty = row.columns().get(index).map(postgres::Column::type_).ok_or(Error::NoSuchColumn(index))?;
    let wrong = |error: postgres::Error| Error::Engine(format!("column {index}: {error}"));
    Ok(match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map_err(wrong)?.map_or(Value::Null, Value::Int),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(index)
            .map_err(wrong)?
            .map_or(Value::Null, |number| Value::Int(i64::from(number))),
        Type::BOOL => row
            .try_get::<_, Option<bool>>(index)
            .map_err(wrong)?
            .map_or(Value::Null, |holds| Value::Int(i64::from(holds))),
        Type::BYTEA => {
            row.try_get::<_, Option<Vec<u8>>>(index).map_err(wrong)?.map_or(Value::Null, Value::Bytes)
        }
        Type::TEXT | Type::VARCHAR => {
            row.try_get::<_, Option<String>>(index).map_err(wrong)?.map_or(Value::Null, Value::Text)
        }
        ref other => return Err(Error::Engine(format!("column {index} is a {other}"))),
    })
}

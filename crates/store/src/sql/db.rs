//! The open database, whatever the engine: closures go in, results come out.

use super::alarms::Alarms;
use super::migrate::State;
use super::postgres::{self, Postgres};
use super::sqlite::{self, Sqlite};
use super::work::{Answer, Call, Work};
use super::{Error, Tx};
use domain::ids::Scope;
use std::sync::Arc;

/// How to open a database.
#[derive(Clone, Debug)]
pub enum Options {
    /// An embedded file.
    Sqlite(sqlite::Options),
    /// A server.
    Postgres(postgres::Options),
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    alarms: Arc<Alarms>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// How a closure is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// It writes, and somebody waits.
    Write,
    /// It writes one environment's data, and somebody waits.
    WriteFor(Scope),
    /// It works on one environment's queue and timers: many wait for it, but no call does.
    WorkFor(Scope),
    /// It writes, under this environment's lock if it takes one, and may wait for those.
    Background(Option<Scope>),
    /// It writes, and what is in the background need not wait for it.
    Leisure,
    /// It only reads.
    Read,
    /// It only reads, a few rows by their keys.
    Brief,
    /// It asks a single question.
    Once,
}

/// What a closure may fail with.
pub trait Failure: From<Error> + Send + 'static {}

impl<E: From<Error> + Send + 'static> Failure for E {}

impl Db {
    /// Which migrations have run, and which have not. Changes nothing.
    pub fn migrations(options: &Options) -> Result<Vec<State>, Error> {
        match options {
            Options::Sqlite(options) => sqlite::migrations(options),
            Options::Postgres(options) => postgres::migrations(options),
        }
    }

    /// Opens the database, brings its tables up to date and starts the threads.
    pub fn open(options: &Options, now_ms: i64) -> Result<Self, Error> {
        let engine = match options {
            Options::Sqlite(options) => Engine::Sqlite(Sqlite::open(options, now_ms)?),
            Options::Postgres(options) => Engine::Postgres(Postgres::open(options, now_ms)?),
        };
        Ok(Self { engine, alarms: Arc::default() })
    }

    /// What wakes the loops of this process.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Runs a transaction that writes. Answered after it is durable.
    pub async fn write<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Write).await)
    }

    /// As `write`, for one environment's data: on a server, such writes share commits.
    pub async fn write_for<T, E>(
        &self,
        scope: Scope,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::WriteFor(scope)).await)
    }

    /// As `write_for`, for the work that calls leave behind: on a server, the environment's calls go
    /// before it, an embedded database takes it as it comes.
    pub async fn work_for<T, E>(
        &self,
        scope: Scope,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::WorkFor(scope)).await)
    }

    /// As `write`, for work that nobody waits for: calls go before it.
    pub async fn write_in_background<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Background(None)).await)
    }

    /// As `write_in_background`, under this environment's lock if it takes one: on a server, such
    /// writes share commits with the others of the environment, which would otherwise wait for one more.
    pub async fn write_in_background_under<T, E>(
        &self,
        lock: Option<Scope>,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Background(lock)).await)
    }

    /// As `write_in_background`, for what may take its time: on a server, other background work does not wait for it.
    pub async fn write_at_leisure<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Leisure).await)
    }

    /// Runs a transaction that only reads. It sees one state of the data.
    pub async fn read<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Read).await)
    }

    /// As `read`, for a closure that takes a few rows by their keys: an embedded database runs
    /// it on the caller's own thread, because handing it over would take longer than the work.
    pub async fn read_briefly<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Brief).await)
    }

    /// As `read_briefly`, for a closure with a single statement: over a network that is a
    /// single journey. A second statement is refused there. What it sees may not be on the disk yet:
    /// for questions on the way to more work, whose own transaction is answered when it is.
    pub async fn read_once<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Once).await)
    }

    /// It is a server, which makes plans by what it knows of the tables.
    pub fn is_server(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// There is a replica to read from.
    pub fn has_replica(&self) -> bool {
        matches!(&self.engine, Engine::Postgres(postgres) if postgres.has_replica())
    }

    /// How many reads a replica answered, and how many that were meant for it the primary did.
    pub fn reads_near(&self) -> Option<(u64, u64)> {
        match &self.engine {
            Engine::Postgres(postgres) => postgres.reads_near(),
            Engine::Sqlite(_) => None,
        }
    }

    /// As `read`, on the replica if it is there and `may` says so there; else on the primary.
    pub async fn read_on_replica_if<T, E>(
        &self,
        may: impl FnOnce(&mut Tx<'_>) -> Result<bool, Error> + Send + 'static,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        let (call, answer) = Call::new(closure, Arc::clone(&self.alarms));
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.submit(Box::new(call), Lane::Read),
            Engine::Postgres(postgres) => postgres.submit_near(Box::new(may), Box::new(call)),
        }
        receive(answer.await)
    }

    /// As `write`, for callers without an async runtime (the command line).
    pub fn write_blocking<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        receive(self.submit(closure, Lane::Write).blocking_recv())
    }

    fn submit<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        lane: Lane,
    ) -> Answer<T, E>
    where
        T: Send + 'static,
        E: Failure,
    {
        let (call, answer) = Call::new(closure, Arc::clone(&self.alarms));
        let work: Box<dyn Work> = Box::new(call);
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.submit(work, lane),
            Engine::Postgres(postgres) => postgres.submit(work, lane),
        }
        answer
    }
}

fn receive<T, E: From<Error>>(
    answer: Result<Result<T, E>, tokio::sync::oneshot::error::RecvError>,
) -> Result<T, E> {
    answer.unwrap_or_else(|_| Err(Error::Unavailable("closed".into()).into()))
}

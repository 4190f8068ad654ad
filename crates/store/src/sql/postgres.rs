//! PostgreSQL: threads with a connection each, some for calls, some for reads, some for
//! background work.
//!
//! A thread that finds its connection broken before a transaction was answered anything connects
//! again and goes on; one that loses it later answers `Unavailable`, since only the server knows what
//! became of the transaction. So a server that comes back is used again at once.

mod replica;
mod session;
mod value;
mod way;

use self::replica::{Check, Replica};
use self::session::Session;
use self::way::Way;
use super::db::Lane;
use super::queue::Urgency;
use super::turns::{self, Entrance, Turn, Waiting};
use super::undo::{Trust, Undo};
use super::work::{self, Shared, Work, spawn};
use super::{Error, Tx, migrate};
use domain::ids::Scope;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Closures that join one commit stop joining after this long, or when there are so many: each
/// may be a subtransaction, of which the server keeps 64 at hand.
const GROUP_FOR: Duration = Duration::from_millis(10);
const GROUP_MOST: usize = 32;
/// The advisory lock that nodes take turns by when they migrate.
const MIGRATION_LOCK: i64 = 0x686F_6E79;

/// The oldest server that does, as it numbers its versions.
const OLDEST: i64 = 13_00_00;

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// `postgres://user:password@host:port/database`, or `key=value` pairs.
    pub url: String,
    /// How many calls are worked on at once; reads as many again, background work a quarter, and what
    /// is in no hurry an eighth.
    pub connections: usize,
    /// PEM file of the authorities whose word is taken for the server; the machine's if none.
    pub authorities: Option<PathBuf>,
    /// A replica that may be read from, as `url`.
    pub replica: Option<String>,
}

/// How transactions begin.
const WRITE: &str = "BEGIN";
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Work, and how its transaction begins; without, it is a single statement.
type Begun = (Option<&'static str>, Box<dyn Work>);

/// Work that waits for its commit, and how it ended.
type Ended = (Box<dyn Work>, Result<(), Error>);

/// The way to the threads. Cheap to clone; they end when the last of these is gone.
#[derive(Clone)]
pub struct Postgres {
    calls: Arc<Entrance>,
    reads: mpsc::Sender<Begun>,
    replica: Option<Replica>,
    background: mpsc::Sender<Begun>,
    leisure: mpsc::Sender<Begun>,
}

impl Postgres {
    /// Connects, brings the tables up to date and starts the threads.
    pub fn open(options: &Options, now_ms: i64) -> Result<Self, Error> {
        let way = Way::new(options)?;
        prepare(&mut Session::connect(&way, false)?, now_ms)?;
        let most = options.connections.max(2);
        let (calls, connections) = turns::open(most);
        let trust = Arc::new(Trust::default());
        for (number, mut waiting) in connections.into_iter().enumerate() {
            let (way, trust) = (way.clone(), Arc::clone(&trust));
            spawn(&format!("db-call-{number}"), move || serve_calls(&way, &mut waiting, &trust))?;
        }
        let reads = start(&way, "read", most, true)?;
        let replica = match &options.replica {
            None => None,
            Some(url) => {
                let options = Options { url: url.clone(), ..options.clone() };
                Some(Replica::start(&Way::new(&options)?, most, &reads)?)
            }
        };
        Ok(Self {
            calls: Arc::new(calls),
            reads,
            replica,
            background: start(&way, "background", (most / 4).max(2), false)?,
            leisure: start(&way, "leisure", (most / 8).max(1), false)?,
        })
    }

    /// There is a replica to read from.
    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// How many reads the replica answered, and how many that were meant for it the primary did.
    pub fn reads_near(&self) -> Option<(u64, u64)> {
        self.replica.as_ref().map(Replica::counts)
    }

    /// Reads on the replica if `may` says so there, else on the primary.
    pub fn submit_near(&self, may: Check, work: Box<dyn Work>) {
        match &self.replica {
            Some(replica) => replica.submit(may, work),
            None => self.submit(work, Lane::Read),
        }
    }

    fn take_turns(&self, urgency: Urgency, of: Option<Scope>, work: Box<dyn Work>) {
        self.calls.push(Turn { urgency, of, work });
    }

    /// Hands work to the threads. Without threads it is dropped, and its caller told so.
    pub fn submit(&self, work: Box<dyn Work>, lane: Lane) {
        let (threads, begin) = match lane {
            Lane::Write => return self.take_turns(Urgency::Call, None, work),
            Lane::WriteFor(scope) => return self.take_turns(Urgency::Call, Some(scope), work),
            Lane::WorkFor(scope) | Lane::Background(Some(scope)) => {
                return self.take_turns(Urgency::Background, Some(scope), work);
            }
            Lane::Read | Lane::Brief => (&self.reads, Some(READ)),
            Lane::Once => (&self.reads, None),
            Lane::Background(None) => (&self.background, Some(WRITE)),
            Lane::Leisure => (&self.leisure, Some(WRITE)),
        };
        drop(threads.send((begin, work)));
    }
}

/// Starts threads that share what comes.
fn start(way: &Way, name: &str, threads: usize, reads_only: bool) -> Result<mpsc::Sender<Begun>, Error> {
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..threads {
        let (way, receiver) = (way.clone(), Arc::clone(&receiver));
        spawn(&format!("db-{name}-{number}"), move || serve(&way, &receiver, reads_only))?;
    }
    Ok(sender)
}

/// Reads a server's database as it is.
pub fn look_at_server<T, E: From<Error>>(
    options: &Options,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut session = Session::connect(&Way::new(options)?, true)?;
    closure(&mut Tx::new(&mut session))
}

/// The state of a server's database.
pub fn migrations(options: &Options) -> Result<Vec<migrate::State>, Error> {
    migrate::states(&mut Session::connect(&Way::new(options)?, true)?)
}

/// Refuses a server that is too old, and a database that cannot hold all texts.
fn check(session: &mut Session) -> Result<(), Error> {
    let question = "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('server_version'), \
        current_setting('server_encoding')";
    let (number, version, encoding): (i64, String, String) =
        Tx::new(session).query_one(question, &[], |row| Ok((row.take()?, row.take()?, row.take()?)))?;
    if number < OLDEST {
        return Err(Error::Schema(format!("the database's server is PostgreSQL {version}: use 13 or later")));
    }
    if encoding != "UTF8" {
        return Err(Error::Schema(format!(
            "the database's encoding is {encoding}, which cannot hold every language: make another one with createdb \
             --encoding=UTF8 --template=template0"
        )));
    }
    Ok(())
}

fn prepare(session: &mut Session, now_ms: i64) -> Result<(), Error> {
    check(session)?;
    // Whoever comes while a large database is migrated waits for it. The lock outlives the
    // transaction.
    session.say(&format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
         SELECT pg_advisory_lock({MIGRATION_LOCK}); COMMIT"
    ))?;
    session.begin(Some(WRITE));
    let migrated =
        migrate::run(session, now_ms).and_then(|_| crate::jobs::publish_moves(&mut Tx::new(session)));
    match migrated {
        Ok(()) => session.commit()?,
        Err(_) => session.roll_back("ROLLBACK")?,
    }
    session.say(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    migrated
}

fn serve(way: &Way, shared: &Shared<Begun>, reads_only: bool) {
    let mut session = None;
    while let Some((begin, mut closure)) = work::next(shared) {
        let session = match at_hand(&mut session, way, reads_only) {
            Ok(session) => session,
            Err(error) => {
                closure.answer(Err(&error));
                continue;
            }
        };
        session.begin(begin);
        let ended = match attempt(session, closure.as_mut()) {
            None if reads_only => {
                // What was read stays true, however the transaction ends.
                closure.answer(Ok(()));
                let _ = session.commit();
                continue;
            }
            None => session.commit(),
            Some(failed) => {
                // A server that is gone has rolled back already.
                let _ = session.roll_back("ROLLBACK");
                failed.told
            }
        };
        closure.answer(ended.as_ref().copied());
    }
}

fn serve_calls(way: &Way, waiting: &mut Waiting, trust: &Trust) {
    let mut session = None;
    while let Some(first) = waiting.next() {
        let of = first.of;
        let count = match at_hand(&mut session, way, false) {
            Ok(session) => commit_together(session, first, waiting, trust),
            Err(error) => {
                first.work.answer(Err(&error));
                1
            }
        };
        waiting.done(of, count);
    }
}

/// The thread's session; a new one if that is lost.
fn at_hand<'s>(kept: &'s mut Option<Session>, way: &Way, reads_only: bool) -> Result<&'s mut Session, Error> {
    match kept.take().filter(|session| !session.is_closed()) {
        Some(session) => Ok(kept.insert(session)),
        None => Ok(kept.insert(Session::connect(way, reads_only)?)),
    }
}

/// One commit: the first closure, and whatever waits of the same environment. Each of the others
/// is guarded by a savepoint from its first write on, so that it fails alone, unless it is sure by then.
/// Answers how many they were.
fn commit_together(session: &mut Session, first: Turn, waiting: &mut Waiting, trust: &Trust) -> usize {
    let (started, mut work) = (Instant::now(), first.work);
    session.begin(Some(WRITE));
    session.expect(first.of.map_or(0, |scope| waiting.calls_of(scope).min(GROUP_MOST - 1)));
    if let Some(failed) = attempt(session, work.as_mut()) {
        // A server that is gone has rolled back already.
        let _ = session.roll_back("ROLLBACK");
        work.answer(failed.told.as_ref().copied());
        return 1;
    }
    let mut done = vec![(work, Ok(()))];
    let mut lost = Ok(());
    while let Some(scope) = first.of
        && lost.is_ok()
        && done.len() < GROUP_MOST
        && started.elapsed() < GROUP_FOR
        && let Some(mut work) = waiting.next_of(scope)
    {
        session.begin_beside(trust.undo());
        session.expect(waiting.calls_of(scope).min(GROUP_MOST - 1 - done.len()));
        let (mut told, refused) = match attempt(session, work.as_mut()) {
            Some(failed) => (failed.told, Some(failed.refused)),
            None => (Ok(()), None),
        };
        lost = match (session.settle(), refused) {
            (Some(error), _) => {
                told = Err(session::beside());
                blame(session, &mut done, error)
            }
            (None, Some(refused)) => session.take_back(refused),
            (None, None) => Ok(()),
        };
        done.push((work, told));
    }
    if done.len() > 1 && lost.is_ok() && session.may_fail_alone() {
        session.begin_beside(Undo::Nothing);
        lost = session.settle().map_or(Ok(()), |error| blame(session, &mut done, error));
    }
    let committed = match lost {
        Ok(()) => session.commit(),
        Err(error) => {
            tracing::error!(%error, "{} transactions that shared a commit are taken back", done.len());
            trust.lose();
            session.roll_back("ROLLBACK").and(Err(error))
        }
    };
    let together = done.len();
    for (work, told) in done {
        work.answer(told.as_ref().and(committed.as_ref()).copied());
    }
    together
}

/// What the last closure had left to be sent was refused: it fails alone, or all do.
fn blame(session: &mut Session, done: &mut [Ended], error: Error) -> Result<(), Error> {
    if let Some((_, told)) = done.last_mut() {
        *told = Err(error);
    }
    session.take_back_before()
}

/// How a closure ended that has to be rolled back.
struct Failed {
    /// By its own wish, or because it went on although a statement had failed.
    told: Result<(), Error>,
    /// The server refused a statement.
    refused: bool,
}

/// Runs a closure. None: it can be kept.
fn attempt(session: &mut Session, work: &mut dyn Work) -> Option<Failed> {
    session.next_closure();
    let keep = work::run(&mut Tx::new(session), work);
    match (keep, session.broken.take()) {
        (true, None) => None,
        (true, Some(error)) => Some(Failed { told: Err(error), refused: true }),
        (false, broken) => Some(Failed { told: Ok(()), refused: broken.is_some() }),
    }
}

//! SQLite, embedded: one writer thread with group commit, a few readers.
//!
//! Write closures that wait together share one commit, each in its own savepoint, and are
//! answered after the commit; so durability (`synchronous=FULL`) costs one disk flush for
//! many requests. A closure that fails or panics is rolled back alone. Readers run each
//! closure in a read transaction, so it sees one state of the data.

use super::db::Lane;
use super::queue::{Queue, Urgency};
use super::sequences::Sequences;
use super::work::{self, Shared, Work, spawn};
use super::{Dialect, Error, Param, Row, Sql, Tx, Value, ValueRef, migrate};
use fs4::FileExt;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Closures that join one commit stop joining after this long.
const GROUP_FOR: Duration = Duration::from_millis(10);
/// Background closures stop joining a commit after this long of their own: a call that comes
/// meanwhile waits for them.
const BACKGROUND_FOR: Duration = Duration::from_millis(2);
/// So long a commit waits for one more closure when several came together before.
const PATIENCE: Duration = Duration::from_micros(100);
const STATEMENTS_KEPT: usize = 256;

/// How to open a file.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file; it is made if it is not there.
    pub path: PathBuf,
    /// Serve it: refuse if another process already does.
    pub exclusive: bool,
    /// How many closures may read at once.
    pub readers: usize,
}

/// The open file. Cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    reader: mpsc::Sender<Box<dyn Work>>,
    at_hand: Arc<[Mutex<Connection>]>,
    _lock: Option<Arc<std::fs::File>>,
}

/// The way to the writer thread, which ends when the last of these is gone.
struct Writer(Arc<Queue<Box<dyn Work>>>);

impl Clone for Writer {
    fn clone(&self) -> Self {
        self.0.add_sender();
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.drop_sender();
    }
}

impl Sqlite {
    /// Opens the file, brings its tables up to date and starts the threads.
    pub fn open(options: &Options, now_ms: i64) -> Result<Self, Error> {
        let lock = if options.exclusive { Some(Arc::new(lock(&options.path)?)) } else { None };
        let mut connection = connect(&options.path)?;
        prepare(&mut connection, now_ms)?;
        let queue = Arc::new(Queue::new());
        let writer = Writer(Arc::clone(&queue));
        spawn("db-writer", move || write_loop(&connection, &queue))?;
        let (reader, work) = mpsc::channel();
        let work = Arc::new(Mutex::new(work));
        let mut at_hand = Vec::new();
        for number in 0..options.readers.max(1) {
            let connection = connect_to_read(&options.path)?;
            let work = Arc::clone(&work);
            spawn(&format!("db-reader-{number}"), move || read_loop(&connection, &work))?;
            at_hand.push(Mutex::new(connect_to_read(&options.path)?));
        }
        Ok(Self { writer, reader, at_hand: at_hand.into(), _lock: lock })
    }

    /// Hands work to the threads.
    pub fn submit(&self, work: Box<dyn Work>, lane: Lane) {
        match lane {
            Lane::Write | Lane::WriteFor(_) => self.writer.0.push(work, Urgency::Call),
            Lane::Background => self.writer.0.push(work, Urgency::Background),
            // Without readers the work is dropped, and its caller told so.
            Lane::Read => drop(self.reader.send(work)),
            Lane::Brief | Lane::Once => self.read_here(work),
        }
    }

    /// Reads on this thread, if a connection is free.
    fn read_here(&self, work: Box<dyn Work>) {
        match self.at_hand.iter().find_map(|connection| connection.try_lock().ok()) {
            Some(connection) => read(&connection, work),
            None => self.submit(work, Lane::Read),
        }
    }
}

/// Writes a consistent copy of a file that may be in use, and checks it.
pub fn snapshot(path: &Path, copy: &Path) -> Result<(), Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    make_private(copy)?;
    connection.execute("VACUUM INTO ?1", [copy.display().to_string()])?;
    let whole: String = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?.query_row(
        "PRAGMA integrity_check",
        [],
        |row| row.get(0),
    )?;
    if whole != "ok" {
        return Err(Error::Engine(format!("{}: {whole}", copy.display())));
    }
    let synced = std::fs::File::open(copy).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::Unavailable(error.to_string()))
}

/// Reads a file that nobody serves.
pub fn look_into<T, E: From<Error>>(
    path: &Path,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(Error::from)?;
    let sequences = RefCell::default();
    closure(&mut Tx::new(&mut Transaction { connection: &connection, sequences: &sequences }))
}

/// Makes an empty file for its owner alone, if there is none; what the engine puts beside it
/// gets the same rights.
fn make_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map(|_| ()).map_err(|error| Error::Unavailable(format!("{}: {error}", path.display())))
}

/// Held for the life of the process; the operating system frees it even after kill -9.
pub fn lock(path: &Path) -> Result<std::fs::File, Error> {
    let lock_path = path.with_extension("lock");
    let unavailable = |error: std::io::Error| Error::Unavailable(format!("{}: {error}", lock_path.display()));
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(unavailable)?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(_) => Err(Error::Locked(path.display().to_string())),
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    make_private(path)?;
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(Duration::from_secs(10))?;
    // Plans do not depend on bound values: otherwise statements are compiled anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
         PRAGMA cache_size=-24000; PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;",
    )?;
    Ok(connection)
}

fn connect_to_read(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-8000")?;
    Ok(connection)
}

/// The state of a file that may not be there yet.
pub fn migrations(options: &Options) -> Result<Vec<migrate::State>, Error> {
    let connection = if options.path.exists() {
        Connection::open_with_flags(&options.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?
    } else {
        Connection::open_in_memory()?
    };
    let sequences = RefCell::default();
    migrate::states(&mut Transaction { connection: &connection, sequences: &sequences })
}

fn prepare(connection: &mut Connection, now_ms: i64) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let sequences = RefCell::default();
    let mut sql = Transaction { connection: &transaction, sequences: &sequences };
    migrate::run(&mut sql, now_ms)?;
    crate::jobs::publish_moves(&mut Tx::new(&mut sql))?;
    sequences.borrow_mut().store(&transaction)?;
    Ok(transaction.commit()?)
}

fn write_loop(connection: &Connection, queue: &Queue<Box<dyn Work>>) {
    let sequences = RefCell::new(Sequences::default());
    let sql = &mut Transaction { connection, sequences: &sequences };
    let mut together = 0;
    while let Some(first) = queue.next() {
        // Who came together before comes together again: waiting a moment for them saves commits.
        let patience = if together > 2 { PATIENCE } else { Duration::ZERO };
        together = commit_together(sql, first, queue, patience);
    }
}

/// One commit: the first closure, and whoever waits. Answers how many they were.
fn commit_together(
    sql: &mut Transaction<'_>,
    (mut first, urgency): (Box<dyn Work>, Urgency),
    queue: &Queue<Box<dyn Work>>,
    patience: Duration,
) -> usize {
    let (connection, started) = (sql.connection, Instant::now());
    if let Err(error) = say(connection, "BEGIN IMMEDIATE") {
        first.answer(Err(&error.into()));
        return 0;
    }
    // Nobody else is in the transaction yet: its failure ends it, and no savepoint is needed.
    let kept = run(sql, first.as_mut());
    queue.took(urgency, started.elapsed());
    if !kept {
        sql.sequences.take();
        let ended = say(connection, "ROLLBACK").map_err(Error::from);
        first.answer(ended.as_ref().copied());
        return 0;
    }
    let mut done = vec![first];
    let mut background = if urgency == Urgency::Background { started.elapsed() } else { Duration::ZERO };
    while started.elapsed() < GROUP_FOR
        && let Some((mut closure, urgency)) = queue.next_soon(background < BACKGROUND_FOR, patience)
    {
        let began = Instant::now();
        in_savepoint(sql, closure.as_mut());
        let took = began.elapsed();
        queue.took(urgency, took);
        if urgency == Urgency::Background {
            background += took;
        }
        done.push(closure);
    }
    let committing = Instant::now();
    let stored = sql.sequences.borrow_mut().store(connection);
    let committed = stored.and_then(|()| say(connection, "COMMIT").map_err(Error::from));
    if committed.is_err() {
        // A failed commit may leave the transaction open.
        let _ = say(connection, "ROLLBACK");
    }
    // The commit is for the sake of the first.
    queue.took(urgency, committing.elapsed());
    let together = done.len();
    for closure in done {
        closure.answer(committed.as_ref().copied());
    }
    together
}

fn in_savepoint(sql: &mut Transaction<'_>, closure: &mut dyn Work) {
    let connection = sql.connection;
    let kept = say(connection, "SAVEPOINT work").is_ok() && run(sql, closure);
    let back = if kept { Ok(()) } else { say(connection, "ROLLBACK TO work") };
    if !kept {
        sql.sequences.borrow_mut().take_back();
    }
    if let Err(error) = back.and_then(|()| say(connection, "RELEASE work")) {
        tracing::error!(%error, "a savepoint did not end");
    }
}

/// Runs a statement without parameters that is kept compiled.
fn say(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(|_| ())
}

fn run(sql: &mut Transaction<'_>, closure: &mut dyn Work) -> bool {
    sql.sequences.borrow_mut().begin();
    work::run(&mut Tx::new(sql), closure)
}

fn read_loop(connection: &Connection, shared: &Shared<Box<dyn Work>>) {
    while let Some(closure) = work::next(shared) {
        read(connection, closure);
    }
}

fn read(connection: &Connection, mut closure: Box<dyn Work>) {
    let opened = say(connection, "BEGIN");
    if opened.is_ok() {
        let sequences = RefCell::default();
        run(&mut Transaction { connection, sequences: &sequences }, closure.as_mut());
        let _ = say(connection, "COMMIT");
    }
    closure.answer(opened.map_err(Error::from).as_ref().copied());
}

/// A connection inside a transaction.
struct Transaction<'c> {
    connection: &'c Connection,
    sequences: &'c RefCell<Sequences>,
}

impl Transaction<'_> {
    fn bound<'s>(&'s self, sql: &str, params: &[&dyn Param]) -> Result<rusqlite::CachedStatement<'s>, Error> {
        // For SQLite `$1` is a name, which would have to be looked up; `?1` is a number.
        let text = if sql.contains('$') { Cow::Owned(sql.replace('$', "?")) } else { Cow::Borrowed(sql) };
        let mut statement = self.connection.prepare_cached(&text)?;
        if statement.parameter_count() != params.len() {
            let (wanted, given) = (statement.parameter_count(), params.len());
            return Err(Error::Engine(format!("{given} values for {wanted} parameters in {sql}")));
        }
        for (index, param) in (1..).zip(params) {
            statement.raw_bind_parameter(index, Bound(param.value()))?;
        }
        Ok(statement)
    }
}

struct Bound<'a>(ValueRef<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput::Borrowed, ValueRef as Engine};
        Ok(Borrowed(match self.0 {
            ValueRef::Null => Engine::Null,
            ValueRef::Int(number) => Engine::Integer(number),
            ValueRef::Text(text) => Engine::Text(text.as_bytes()),
            ValueRef::Bytes(bytes) => Engine::Blob(bytes),
        }))
    }
}

impl Sql for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        let changed = self.bound(sql, params)?.raw_execute()?;
        u64::try_from(changed).map_err(|_| Error::Engine("too many rows".into()))
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statement = self.bound(sql, params)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|index| cell(row, index)).collect::<Result<_, Error>>()?;
            each(Row::new(values))?;
        }
        Ok(())
    }

    fn batch(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.connection.execute_batch(text)?)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn for_update(&self) -> &'static str {
        // There is one writer.
        ""
    }

    fn skip_locked(&self) -> &'static str {
        ""
    }

    fn reserve_ids(&mut self, sequence: &'static str, count: i64) -> Result<i64, Error> {
        self.sequences.borrow_mut().take(self.connection, sequence, count)
    }
}

fn cell(row: &rusqlite::Row<'_>, index: usize) -> Result<Value, Error> {
    use rusqlite::types::ValueRef as Engine;
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| Error::Engine("a text is not UTF-8".into()))
    };
    Ok(match row.get_ref(index)? {
        Engine::Null => Value::Null,
        Engine::Integer(number) => Value::Int(number),
        Engine::Text(bytes) => Value::Text(text(bytes)?),
        Engine::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        Engine::Real(_) => return Err(Error::Engine("a floating-point column".into())),
    })
}

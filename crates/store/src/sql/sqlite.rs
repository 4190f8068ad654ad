//! SQLite, embedded: one writer thread with group commit, a few readers.
//!
//! Write closures that wait together share one commit ([`writer`]). `disk` answers them once
//! the commit is on the disk; as long as the disk is busy with one commit, the next stays open
//! for more closures. So durability costs one disk flush for many requests, and hardly any time
//! of the writer. Readers run each closure in a read transaction, so it sees one state of the data.

mod disk;
mod here;
mod statements;
mod transaction;
mod writer;

use self::disk::{Disk, Sync};
use self::here::Here;
pub use self::statements::Statements;
use self::transaction::Transaction;
use super::db::Lane;
use super::queue::{Queue, Urgency};
use super::work::{self, Shared, Work, spawn};
use super::{Error, Tx, migrate};
use fs4::FileExt;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

const STATEMENTS_KEPT: usize = 256;
/// How long to wait for another program that writes the file.
const PATIENCE: Duration = Duration::from_secs(10);

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
    here: Here,
    disk: Disk,
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
        let disk = Disk::start(sync_log(&options.path)?, Arc::clone(&queue))?;
        let written = disk.clone();
        spawn("db-writer", move || writer::run(&connection, &queue, &written))?;
        let (reader, work) = mpsc::channel();
        let work = Arc::new(Mutex::new(work));
        for number in 0..options.readers.max(1) {
            let connection = connect_to_read(&options.path)?;
            let (work, seen) = (Arc::clone(&work), disk.clone());
            spawn(&format!("db-reader-{number}"), move || read_loop(&connection, &work, &seen))?;
        }
        // Calls are served by as many threads as there are processors; others come and go.
        let serving = std::thread::available_parallelism().map_or(1, NonZero::get) + options.readers;
        let at_hand: Result<_, Error> = (0..serving).map(|_| connect_to_read(&options.path)).collect();
        let here = Here::new(at_hand?);
        Ok(Self { writer, reader, here, disk, _lock: lock })
    }

    /// Hands work to the threads.
    pub fn submit(&self, work: Box<dyn Work>, lane: Lane) {
        match lane {
            Lane::Write | Lane::WriteFor(_) | Lane::WorkFor(_) => self.writer.0.push(work, Urgency::Call),
            Lane::Background(_) | Lane::Leisure => self.writer.0.push(work, Urgency::Background),
            // Without readers the work is dropped, and its caller told so.
            Lane::Read => drop(self.reader.send(work)),
            Lane::Brief => self.run_here(work, read),
            Lane::Once => self.run_here(work, ask),
        }
    }

    /// Runs work on this thread, if it can have a connection.
    fn run_here(&self, work: Box<dyn Work>, run: fn(&mut Transaction<'_>, &Disk, Box<dyn Work>)) {
        if let Err(work) = self.here.run(work, &|sql, work| run(sql, &self.disk, work)) {
            self.submit(work, Lane::Read);
        }
    }
}

/// Writes a consistent copy of a file that may be in use, and checks it.
pub fn snapshot(path: &Path, copy: &Path) -> Result<(), Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(PATIENCE)?;
    make_private(copy)?;
    connection.execute("VACUUM INTO ?1", [copy.display().to_string()])?;
    // As it will be when it is served.
    keep_a_log(&Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?)?;
    let whole: String = open_still(copy)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if whole != "ok" {
        return Err(Error::Engine(format!("{}: {whole}", copy.display())));
    }
    let synced = std::fs::File::open(copy).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::Unavailable(error.to_string()))
}

/// Reads a file that nobody writes, and leaves it and its directory as they are.
pub fn look_into<T, E: From<Error>>(
    path: &Path,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    closure(&mut Tx::new(&mut Transaction::new(&open_still(path)?)))
}

/// The migrations of a file that nobody writes.
pub fn migrations_in(path: &Path) -> Result<Vec<migrate::State>, Error> {
    migrate::states(&mut Transaction::new(&open_still(path)?))
}

/// Brings the tables of a file up to date that nobody else has open.
pub fn bring_up_to_date(path: &Path, now_ms: i64) -> Result<(), Error> {
    prepare(&mut connect(path)?, now_ms)
}

/// Opens a file that nobody writes: nothing is put beside it.
fn open_still(path: &Path) -> Result<Connection, Error> {
    let name = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?)
}

/// Makes an empty file for its owner alone, if there is none; what the engine puts beside it
/// gets the same rights. One that is there is not opened: closing it again would free the locks that
/// this process holds on it.
fn make_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Unavailable(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
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
    connection.busy_timeout(PATIENCE)?;
    // Plans do not depend on bound values: otherwise statements are compiled anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    keep_a_log(&connection)?;
    connection.execute_batch(
        "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; \
         PRAGMA cache_size=-24000; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; \
         PRAGMA temp_store=MEMORY;",
    )?;
    Ok(connection)
}

/// Turns a new file to a log. For this the engine does not wait by itself: programs that make a file at
/// the same moment would refuse each other.
fn keep_a_log(connection: &Connection) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode=WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return Ok(done?),
        }
    }
}

fn connect_to_read(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-8000")?;
    Ok(connection)
}

/// What puts the log of the open file on the disk, and what is in it already.
fn sync_log(path: &Path) -> Result<Sync, Error> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let open = || {
        let log = std::fs::File::open(&log)?;
        log.sync_data()?;
        // Its name, too.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(log)
    };
    let log = open().map_err(|error: std::io::Error| Error::Unavailable(error.to_string()))?;
    Ok(Box::new(move || log.sync_data()))
}

/// The state of a file that may not be there yet.
pub fn migrations(options: &Options) -> Result<Vec<migrate::State>, Error> {
    let connection = if options.path.exists() {
        Connection::open_with_flags(&options.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?
    } else {
        Connection::open_in_memory()?
    };
    migrate::states(&mut Transaction::new(&connection))
}

/// Brings the tables up to date. A migration may write a table anew: meanwhile nothing may refer to it,
/// and what large indexes are sorted by goes to the disk.
fn prepare(connection: &mut Connection, now_ms: i64) -> Result<(), Error> {
    connection.execute_batch("PRAGMA foreign_keys=OFF; PRAGMA temp_store=FILE")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut sql = Transaction::new(&transaction);
    if migrate::run(&mut sql, now_ms)? > 0 {
        refers_to_what_is_there(&transaction)?;
    }
    crate::jobs::publish_moves(&mut Tx::new(&mut sql))?;
    sql.store_sequences()?;
    drop(sql);
    transaction.commit()?;
    Ok(connection.execute_batch("PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY")?)
}

/// Foreign keys that were not looked at while they were off.
fn refers_to_what_is_there(connection: &Connection) -> Result<(), Error> {
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let mut faults = check.query([])?;
    match faults.next()? {
        None => Ok(()),
        Some(row) => {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            Err(Error::Schema(format!("a row of {table} refers to a row of {parent} that is not there")))
        }
    }
}

fn read_loop(connection: &Connection, shared: &Shared<Box<dyn Work>>, disk: &Disk) {
    let sql = &mut Transaction::new(connection);
    while let Some(closure) = work::next(shared) {
        read(sql, disk, closure);
    }
}

/// Asks a single question, which needs no transaction to see one state of the data.
fn ask(sql: &mut Transaction<'_>, disk: &Disk, mut closure: Box<dyn Work>) {
    work::run(&mut Tx::new(sql), closure.as_mut());
    disk.answer_at_once(closure);
}

fn read(sql: &mut Transaction<'_>, disk: &Disk, mut closure: Box<dyn Work>) {
    if let Err(error) = sql.statements.say("BEGIN") {
        return closure.answer(Err(&error.into()));
    }
    work::run(&mut Tx::new(sql), closure.as_mut());
    if sql.statements.say("COMMIT").is_err() {
        // Left open, it would show this state of the data for ever.
        let _ = sql.statements.say("ROLLBACK");
    }
    disk.answer(closure);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    /// Migrations run without foreign keys; what they leave is checked.
    #[test]
    fn a_migration_does_not_pass_over_rows_whose_parents_are_gone() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection, 0).unwrap();
        let orphan =
            "INSERT INTO revision (id, account_id, job_id, body_tgt, created_at) VALUES (1, 1, 99, '', 0)";
        assert!(connection.execute_batch(orphan).is_err(), "foreign keys are on again");
        connection.execute_batch(&format!("PRAGMA foreign_keys=OFF; {orphan}")).unwrap();
        let error = refers_to_what_is_there(&connection).unwrap_err().to_string();
        assert!(error.contains("a row of revision refers to a row of job that is not there"), "{error}");
    }

    /// Programs that make one file at the same moment: who turns it to its log holds it for an instant.
    #[test]
    fn a_new_file_is_opened_once_another_program_lets_go_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("honyaku.sqlite");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE there (id INTEGER); BEGIN IMMEDIATE").unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(200));
                other.execute_batch("COMMIT").unwrap();
            });
            connect(&path).unwrap();
        });
    }

    /// Other programs that open the file see by it that it is in use. Without it they take themselves for
    /// the last one when they close it, and remove the log that is being written.
    #[test]
    fn an_open_file_is_locked_for_other_programs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("honyaku.sqlite");
        let open = Sqlite::open(&Options { path: path.clone(), exclusive: true, readers: 2 }, 0).unwrap();
        let file = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
        let process = format!(" {} ", std::process::id());
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let held = |line: &str| {
            line.contains("POSIX") && line.contains("READ") && line.contains(&process) && line.contains(&file)
        };
        assert!(locks.lines().any(held), "no lock on {file}in\n{locks}");
        drop(open);
    }
}

//! Stands between nodes and their database, passes on what they say, and now and then ends a connection right after
//! a commit, before the node hears of it.

use crate::database::Database;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a server says of a commit.
const KEPT: &[u8] = b"COMMIT\0";

pub struct Between {
    directory: tempfile::TempDir,
    /// Commits whose answer is still to be lost, and those that were.
    to_lose: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl Between {
    /// In front of a database's server, which listens on a socket in a directory.
    pub fn before(database: &Database) -> Self {
        let between =
            Self { directory: tempfile::tempdir().unwrap(), to_lose: Arc::default(), lost: Arc::default() };
        const SOCKET: &str = ".s.PGSQL.5432";
        let server = database.socket_directory().join(SOCKET);
        let listener = UnixListener::bind(between.directory.path().join(SOCKET)).unwrap();
        let (to_lose, lost) = (Arc::clone(&between.to_lose), Arc::clone(&between.lost));
        std::thread::spawn(move || {
            for node in listener.incoming().flatten() {
                let Ok(server) = UnixStream::connect(&server) else { continue };
                let (from_node, to_server) = (node.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass_on(from_node, to_server, |_| false));
                let (to_lose, lost) = (Arc::clone(&to_lose), Arc::clone(&lost));
                std::thread::spawn(move || {
                    pass_on(server, node, |said| {
                        let is_one = said.windows(KEPT.len()).any(|part| part == KEPT)
                            && to_lose
                                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                                .is_ok();
                        lost.fetch_add(usize::from(is_one), Ordering::SeqCst);
                        is_one
                    })
                });
            }
        });
        between
    }

    /// The database as it is reached this way.
    pub fn database(&self, database: &Database) -> Database {
        database.shared().at(self.directory.path())
    }

    /// The answer to the next commit, whoever makes it, is lost.
    pub fn lose_one(&self) {
        self.to_lose.fetch_add(1, Ordering::SeqCst);
    }

    /// How many were lost.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

/// Passes on until one side ends, or what was said ends it. What is said is short: it comes in one piece.
fn pass_on(mut from: UnixStream, mut to: UnixStream, ends: impl Fn(&[u8]) -> bool) {
    let mut piece = [0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if ends(&piece[..read]) || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

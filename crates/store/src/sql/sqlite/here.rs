//! Reading on the caller's own thread, with a connection that stays there: handing a small read to
//! another thread takes longer than the read, and so does finding its statements anew.

use super::super::Error;
use super::super::work::Work;
use super::transaction::Transaction;
use rusqlite::Connection;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What runs work on a connection.
pub type Run<'a> = &'a dyn Fn(&mut Transaction<'_>, Box<dyn Work>);

/// The connections of the threads that read.
#[derive(Clone)]
pub struct Here(Arc<Open>);

struct Open {
    path: PathBuf,
    connect: fn(&Path) -> Result<Connection, Error>,
    /// At most so many threads have a connection.
    most: usize,
    now: AtomicUsize,
}

self_cell::self_cell!(
    struct Kept {
        owner: Connection,
        #[not_covariant]
        dependent: Transaction,
    }
);

/// A thread's connection.
struct Reader {
    of: Arc<Open>,
    kept: Kept,
}

thread_local! {
    /// Closed with the thread, or when the thread reads another file.
    static READER: RefCell<Option<Reader>> = const { RefCell::new(None) };
}

impl Here {
    /// For at most so many threads.
    pub fn new(path: &Path, connect: fn(&Path) -> Result<Connection, Error>, most: usize) -> Self {
        Self(Arc::new(Open { path: path.to_owned(), connect, most, now: AtomicUsize::new(0) }))
    }

    /// Runs the work on this thread's connection; gives it back if the thread can have none.
    pub fn run(&self, work: Box<dyn Work>, run: Run<'_>) -> Result<(), Box<dyn Work>> {
        READER.with_borrow_mut(|reader| {
            if !reader.as_ref().is_some_and(|reader| Arc::ptr_eq(&reader.of, &self.0)) {
                *reader = self.open();
            }
            let Some(reader) = reader else { return Err(work) };
            reader.kept.with_dependent_mut(|_, sql| run(sql, work));
            Ok(())
        })
    }

    fn open(&self) -> Option<Reader> {
        let room = self.0.now.try_update(Relaxed, Relaxed, |now| (now < self.0.most).then_some(now + 1));
        room.ok()?;
        match (self.0.connect)(&self.0.path) {
            Ok(connection) => {
                Some(Reader { of: Arc::clone(&self.0), kept: Kept::new(connection, |c| Transaction::new(c)) })
            }
            Err(error) => {
                tracing::warn!(%error, "a thread has no connection to read");
                self.0.now.fetch_sub(1, Relaxed);
                None
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.of.now.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::connect_to_read;
    use super::*;
    use crate::sql::work::{self, Call};
    use crate::sql::{Row, Tx};
    use std::sync::Barrier;

    /// Whether this thread can read.
    fn reads(here: &Here) -> bool {
        let question = |tx: &mut Tx<'_>| tx.query_one("SELECT 1", &[], Row::take::<i64>);
        let (call, mut answer) = Call::new(question, Arc::default());
        let run = |sql: &mut Transaction<'_>, mut work: Box<dyn Work>| {
            work::run(&mut Tx::new(sql), work.as_mut());
            work.answer(Ok(()));
        };
        here.run(Box::new(call), &run).is_ok() && answer.try_recv().is_ok_and(|one| one.unwrap() == 1)
    }

    #[test]
    fn so_many_threads_have_a_connection_and_the_next_one_when_one_of_them_ends() {
        let directory = tempfile::tempdir().unwrap();
        let here = Here::new(&directory.path().join("a.sqlite"), connect_to_read, 2);
        assert!(reads(&here) && reads(&here));
        let other = || std::thread::scope(|scope| scope.spawn(|| reads(&here)).join().unwrap());
        assert!(other(), "the second");
        assert!(other(), "the second is gone");
        let (second_reads, third_tried) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(reads(&here));
                second_reads.wait();
                third_tried.wait();
            });
            second_reads.wait();
            let third = other();
            third_tried.wait();
            assert!(!third);
        });
        // The first thread reads another file, and makes room.
        assert!(reads(&Here::new(&directory.path().join("b.sqlite"), connect_to_read, 1)));
        assert_eq!(here.0.now.load(Relaxed), 0);
    }
}

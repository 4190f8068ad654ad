//! Reading on the caller's own thread, with a connection that stays there: handing a small read to
//! another thread takes longer than the read, and so does finding its statements anew.

use super::super::work::Work;
use super::transaction::Transaction;
use rusqlite::Connection;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

/// What runs work on a connection.
pub type Run<'a> = &'a dyn Fn(&mut Transaction<'_>, Box<dyn Work>);

/// The connections for threads that read.
#[derive(Clone)]
pub struct Here(Arc<Pool>);

/// Those that no thread has.
type Pool = Mutex<Vec<Connection>>;

self_cell::self_cell!(
    struct Kept {
        owner: Connection,
        #[not_covariant]
        dependent: Transaction,
    }
);

/// A thread's connection.
struct Reader {
    kept: Option<Kept>,
    of: Arc<Pool>,
}

thread_local! {
    /// Goes back with the end of the thread, or when the thread reads another database.
    static READER: RefCell<Option<Reader>> = const { RefCell::new(None) };
}

impl Here {
    /// One for each of so many threads.
    pub fn new(connections: Vec<Connection>) -> Self {
        Self(Arc::new(Mutex::new(connections)))
    }

    /// Runs the work on this thread's connection; gives it back if none is left for the thread.
    pub fn run(&self, work: Box<dyn Work>, run: Run<'_>) -> Result<(), Box<dyn Work>> {
        READER.with_borrow_mut(|reader| {
            if !reader.as_ref().is_some_and(|reader| Arc::ptr_eq(&reader.of, &self.0)) {
                *reader = self.take();
            }
            match reader.as_mut().and_then(|reader| reader.kept.as_mut()) {
                Some(kept) => {
                    kept.with_dependent_mut(|_, sql| run(sql, work));
                    Ok(())
                }
                None => Err(work),
            }
        })
    }

    fn take(&self) -> Option<Reader> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let kept = Kept::new(connection, |connection| Transaction::new(connection));
        Some(Reader { kept: Some(kept), of: Arc::clone(&self.0) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.of.lock().unwrap_or_else(PoisonError::into_inner).push(kept.into_owner());
        }
    }
}

#[cfg(test)]
mod tests {
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
        let of = |count| Here::new((0..count).map(|_| Connection::open_in_memory().unwrap()).collect());
        let here = of(2);
        assert!(reads(&here) && reads(&here));
        let other = || std::thread::scope(|scope| scope.spawn(|| reads(&here)).join().unwrap());
        assert!(other(), "the second");
        assert!(other(), "the second is gone");
        let (second_reads, third_tried) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                assert!(reads(&here));
                second_reads.wait();
                third_tried.wait();
            });
            second_reads.wait();
            let third = other();
            third_tried.wait();
            assert!(!third);
            // The end of the scope does not wait until it has given its connection back.
            second.join().unwrap();
        });
        // The first thread reads another database, and makes room.
        assert!(reads(&of(1)));
        assert_eq!(here.0.lock().unwrap().len(), 2);
    }
}

//! A replica of the database, for reads that it is fresh enough for.
//!
//! Each read brings a check that is made in its transaction. Where it fails, or the replica does not
//! answer, the read goes to the primary: a replica that lags or is gone costs time, never correctness.

use super::session::Session;
use super::way::Way;
use super::{Begun, READ, at_hand, attempt};
use crate::sql::work::{self, Work, spawn};
use crate::sql::{Error, Tx};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Says whether the replica has what the read has to see.
pub type Check = Box<dyn FnOnce(&mut Tx<'_>) -> Result<bool, Error> + Send>;

/// After it could not be reached it is left alone for a while: connecting may take seconds.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// The way to the threads. Cheap to clone.
#[derive(Clone)]
pub struct Replica {
    reads: mpsc::Sender<(Check, Box<dyn Work>)>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    answered: AtomicU64,
    passed_on: AtomicU64,
    lost: Mutex<Option<Instant>>,
}

impl Replica {
    /// Starts threads that share what comes; what the replica cannot answer goes to the primary.
    pub fn start(way: &Way, threads: usize, primary: &mpsc::Sender<Begun>) -> Result<Self, Error> {
        let (reads, arrived) = mpsc::channel::<(Check, Box<dyn Work>)>();
        let (arrived, state) = (Arc::new(Mutex::new(arrived)), Arc::new(State::default()));
        for number in 0..threads {
            let (way, arrived, primary, state) =
                (way.clone(), Arc::clone(&arrived), primary.clone(), Arc::clone(&state));
            spawn(&format!("db-replica-{number}"), move || {
                let mut session = None;
                while let Some((may, work)) = work::next(&arrived) {
                    if let Some(work) = state.read(&mut session, &way, may, work) {
                        state.passed_on.fetch_add(1, Relaxed);
                        drop(primary.send((Some(READ), work)));
                    }
                }
            })?;
        }
        Ok(Self { reads, state })
    }

    /// Hands a read to the threads.
    pub fn submit(&self, may: Check, work: Box<dyn Work>) {
        drop(self.reads.send((may, work)));
    }

    /// How many reads were answered here, and how many were passed on.
    pub fn counts(&self) -> (u64, u64) {
        (self.state.answered.load(Relaxed), self.state.passed_on.load(Relaxed))
    }
}

impl State {
    /// Answers the read, or gives it back untouched.
    fn read(
        &self,
        kept: &mut Option<Session>,
        way: &Way,
        may: Check,
        mut work: Box<dyn Work>,
    ) -> Option<Box<dyn Work>> {
        if self.is_lost() {
            return Some(work);
        }
        let session = match at_hand(kept, way, true) {
            Ok(session) => session,
            Err(error) => {
                self.lose(&error);
                return Some(work);
            }
        };
        session.begin(Some(READ));
        let may = may(&mut Tx::new(session));
        if !matches!(may, Ok(true)) {
            // A server that is gone has rolled back already.
            let _ = session.roll_back("ROLLBACK");
            if let Err(error) = may {
                self.lose(&error);
                *kept = None;
            }
            return Some(work);
        }
        let ended = attempt(session, work.as_mut()).map_or(Ok(()), |failed| failed.told);
        self.answered.fetch_add(1, Relaxed);
        work.answer(ended.as_ref().copied());
        let _ = session.roll_back("ROLLBACK");
        None
    }

    fn is_lost(&self) -> bool {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.is_some_and(|since| since.elapsed() < LEFT_ALONE)
    }

    fn lose(&self, error: &Error) {
        tracing::warn!(%error, "the replica cannot be read; the primary is for a while");
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

//! How a closure is taken back that shares a commit with others.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far the closure that runs can be taken back, if it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Nothing was written yet.
    Nothing,
    /// Nothing was written yet, and nobody's word is taken.
    Guarded,
    /// To its savepoint.
    Savepoint,
    /// With the whole transaction.
    Whole,
}

/// So long nobody is trusted after one that was sure has failed.
const DISTRUST: Duration = Duration::from_secs(60);

/// Whether those are believed who say that they cannot fail.
#[derive(Debug, Default)]
pub struct Trust {
    from: Mutex<Option<Instant>>,
}

impl Trust {
    /// How a closure beside others begins.
    pub fn undo(&self) -> Undo {
        let from = *self.from.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = from.is_some_and(|moment| Instant::now() < moment);
        if lost { Undo::Guarded } else { Undo::Nothing }
    }

    /// One has failed and could not be taken back alone.
    pub fn lose(&self) {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + DISTRUST);
    }
}

//! A closure on its way through a database thread, and back to whoever waits for it.

use super::alarms::{Alarms, Left};
use super::{Error, Tx};
use crate::sandboxes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const SLOW: Duration = Duration::from_millis(50);

/// What an engine's thread sees of a closure.
pub trait Work: Send {
    /// Does the work; true keeps it, false rolls it back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// The closure panicked: there is no result to answer with.
    fn panicked(&mut self);
    /// Answers whoever waits; an error when the commit failed.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);
}

/// A closure with its way back.
pub struct Call<F, T, E> {
    closure: Option<F>,
    result: Option<Result<T, E>>,
    left: Left,
    alarms: Arc<Alarms>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// Where the result arrives.
pub type Answer<T, E> = oneshot::Receiver<Result<T, E>>;

impl<F, T, E> Call<F, T, E> {
    /// Packs a closure. What it leaves behind rings these alarms.
    pub fn new(closure: F, alarms: Arc<Alarms>) -> (Self, Answer<T, E>) {
        let (reply, answer) = oneshot::channel();
        (Self { closure: Some(closure), result: None, left: Left::default(), alarms, reply }, answer)
    }
}

impl<F, T, E> Work for Call<F, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(closure) = self.closure.take() else { return false };
        let result = closure(tx).and_then(|done| {
            sandboxes::write_changes(tx)?;
            Ok(done)
        });
        let keep = result.is_ok();
        self.left = tx.left();
        self.result = Some(result);
        keep
    }

    fn panicked(&mut self) {
        self.result = Some(Err(Error::Panicked.into()));
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        let result = match (self.result, committed) {
            (Some(Ok(_)) | None, Err(error)) => Err(error.passed_on().into()),
            (Some(result), _) => {
                if result.is_ok() {
                    self.alarms.ring(self.left);
                }
                result
            }
            (None, Ok(())) => Err(Error::Panicked.into()),
        };
        // Nobody waits any more: the caller's connection is gone, the work stays done.
        let _ = self.reply.send(result);
    }
}

/// Runs a closure in a transaction; a panic is a failure like any other.
pub fn run(tx: &mut Tx<'_>, closure: &mut dyn Work) -> bool {
    let began = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| closure.run(tx)));
    let took = began.elapsed();
    if took > SLOW {
        tracing::warn!(took_ms = took.as_millis(), "slow transaction");
    }
    outcome.unwrap_or_else(|_| {
        closure.panicked();
        false
    })
}

/// Where several threads take their work from.
pub type Shared<T> = Mutex<mpsc::Receiver<T>>;

/// The next piece of work; none when there will be no more.
pub fn next<T>(shared: &Shared<T>) -> Option<T> {
    shared.lock().ok()?.recv().ok()
}

/// Starts a database thread.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map(|_| ())
        .map_err(|error| Error::Unavailable(error.to_string()))
}

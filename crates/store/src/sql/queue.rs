//! What waits for the writer: calls that somebody waits for, and background work. Calls go
//! first; each commit still takes a few background closures along, so neither starves.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon a closure is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits.
    Call,
    /// It may wait for those.
    Background,
}

/// Two queues behind one lock.
pub struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

struct Waiting<T> {
    calls: VecDeque<T>,
    background: VecDeque<T>,
    senders: usize,
}

impl<T> Queue<T> {
    /// An empty queue with one sender.
    pub fn new() -> Self {
        let waiting = Waiting { calls: VecDeque::new(), background: VecDeque::new(), senders: 1 };
        Self { waiting: Mutex::new(waiting), arrived: Condvar::new() }
    }

    /// A panic elsewhere leaves the queue whole: nothing is half done under its lock.
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more who may send.
    pub fn add_sender(&self) {
        self.lock().senders += 1;
    }

    /// One less; without any the queue ends.
    pub fn drop_sender(&self) {
        self.lock().senders -= 1;
        self.arrived.notify_all();
    }

    /// Puts a closure in line.
    pub fn push(&self, item: T, urgency: Urgency) {
        let mut waiting = self.lock();
        match urgency {
            Urgency::Call => waiting.calls.push_back(item),
            Urgency::Background => waiting.background.push_back(item),
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// The next closure, calls first. Waits for one; `None` when nobody can send any more.
    pub fn next(&self) -> Option<T> {
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.calls.pop_front() {
                return Some(item);
            }
            if let Some(item) = waiting.background.pop_front() {
                return Some(item);
            }
            if waiting.senders == 0 {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next closure if one waits, or a call that arrives within `patience`; background
    /// ones only if there is room for them.
    pub fn next_soon(&self, with_background: bool, patience: Duration) -> Option<(T, Urgency)> {
        let mut waiting = self.lock();
        if waiting.calls.is_empty() && !patience.is_zero() {
            let (lock, _) = self
                .arrived
                .wait_timeout_while(waiting, patience, |waiting| waiting.calls.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            waiting = lock;
        }
        if let Some(item) = waiting.calls.pop_front() {
            return Some((item, Urgency::Call));
        }
        if !with_background {
            return None;
        }
        waiting.background.pop_front().map(|item| (item, Urgency::Background))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_first_and_background_is_not_forgotten() {
        let queue = Queue::new();
        queue.push(1, Urgency::Background);
        queue.push(2, Urgency::Call);
        queue.push(3, Urgency::Background);
        assert_eq!(queue.next(), Some(2));
        assert_eq!(queue.next_soon(false, Duration::from_millis(1)), None);
        assert_eq!(queue.next_soon(true, Duration::ZERO), Some((1, Urgency::Background)));
        queue.drop_sender();
        assert_eq!(queue.next(), Some(3));
        assert_eq!(queue.next(), None);
    }
}

//! What waits for the writer: calls that somebody waits for, and background work. Calls go
//! first. While calls keep the writer busy, background work gets a small share of its time, so
//! that neither starves; else it takes what is left.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Over how long we look back to say how busy calls keep the writer.
const WINDOW: Duration = Duration::from_millis(30);
/// Calls that take more than this part of the time are not to be slowed.
const BUSY: f64 = 0.2;
/// Background work's part of the time then.
const SHARE: f64 = 0.05;
/// As much of it is kept for later, in seconds.
const MOST_OWED_S: f64 = 0.003;
/// Held back, background work asks again this often.
const ASK_AGAIN: Duration = Duration::from_millis(1);

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
    pace: Pace,
}

/// How the writer's time is shared.
struct Pace {
    looked_at: Instant,
    /// What calls took lately, fading.
    calls: Duration,
    /// How long background work may run although calls keep coming; below zero it has had more.
    owed_s: f64,
}

impl Pace {
    fn look(&mut self) {
        let passed = self.looked_at.elapsed();
        self.looked_at += passed;
        self.calls = self.calls.mul_f64((-passed.as_secs_f64() / WINDOW.as_secs_f64()).exp());
        self.owed_s = (self.owed_s + passed.as_secs_f64() * SHARE).min(MOST_OWED_S);
    }

    fn took(&mut self, urgency: Urgency, time: Duration) {
        self.look();
        match urgency {
            Urgency::Call => self.calls += time,
            Urgency::Background if self.is_busy() => self.owed_s -= time.as_secs_f64(),
            Urgency::Background => {}
        }
    }

    fn is_busy(&self) -> bool {
        self.calls > WINDOW.mul_f64(BUSY)
    }

    fn holds_back(&mut self) -> bool {
        self.look();
        self.owed_s <= 0.0 && self.is_busy()
    }
}

impl<T> Queue<T> {
    /// An empty queue with one sender.
    pub fn new() -> Self {
        let waiting = Waiting {
            calls: VecDeque::new(),
            background: VecDeque::new(),
            senders: 1,
            pace: Pace { looked_at: Instant::now(), calls: Duration::ZERO, owed_s: 0.0 },
        };
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

    /// How many closures wait for the writer.
    pub fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.calls.len() + waiting.background.len()
    }

    /// Says how long a closure took.
    pub fn took(&self, urgency: Urgency, time: Duration) {
        self.lock().pace.took(urgency, time);
    }

    /// The next closure, calls first. Waits for one; `None` when nobody can send any more.
    pub fn next(&self) -> Option<(T, Urgency)> {
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.calls.pop_front() {
                return Some((item, Urgency::Call));
            }
            if waiting.background.is_empty() {
                if waiting.senders == 0 {
                    return None;
                }
                waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if waiting.senders == 0 || !waiting.pace.holds_back() {
                return waiting.background.pop_front().map(|item| (item, Urgency::Background));
            }
            let woken = self.arrived.wait_timeout(waiting, ASK_AGAIN);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Those who wait look again.
    pub fn wake(&self) {
        // Nobody is between looking and waiting while the lock is held.
        let _waiting = self.lock();
        self.arrived.notify_all();
    }

    /// The next closure, calls first and background work only if there is room for it. Waits for
    /// one as long as `patience` is left, which is asked for again at every `wake`.
    pub fn next_while(&self, with_background: bool, patience: impl Fn() -> Duration) -> Option<(T, Urgency)> {
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.calls.pop_front() {
                return Some((item, Urgency::Call));
            }
            if with_background && !waiting.background.is_empty() && !waiting.pace.holds_back() {
                return waiting.background.pop_front().map(|item| (item, Urgency::Background));
            }
            let left = patience();
            if left.is_zero() {
                return None;
            }
            let woken = self.arrived.wait_timeout(waiting, left.min(ASK_AGAIN));
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
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
        queue.push(4, Urgency::Background);
        assert_eq!(queue.next(), Some((2, Urgency::Call)));
        queue.took(Urgency::Call, Duration::from_secs(1));
        assert_eq!(queue.next_while(false, Duration::default), None, "there is no room for it");
        queue.took(Urgency::Background, Duration::from_millis(4));
        assert_eq!(queue.next_while(true, Duration::default), None, "calls keep the writer busy");
        assert_eq!(queue.next(), Some((1, Urgency::Background)), "its share comes");
        std::thread::sleep(WINDOW * 6);
        assert_eq!(
            queue.next_while(true, Duration::default),
            Some((3, Urgency::Background)),
            "calls are over"
        );
        queue.drop_sender();
        assert_eq!(queue.next(), Some((4, Urgency::Background)));
        assert_eq!(queue.next(), None);
    }
}

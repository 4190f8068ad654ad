//! How the loops learn that there is something for them to do.
//!
//! A transaction that leaves work behind says when it is due ([`Tx::leave`](super::Tx::leave)). After
//! its commit the loop that does such work wakes, unless it looks by then anyway: a look is a question
//! to the database, and under load there would be one for every few calls. What another node or the
//! command line has left is found by looking now and then.

use domain::ids::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

/// Due before anything else.
pub const AT_ONCE: Timestamp = Timestamp(i64::MIN);

/// What is left for the loops to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// A task or timer.
    Task,
    /// An event of which deliveries are to be made.
    Event,
    /// A callback.
    Delivery,
}

/// When the first chore of each kind is due that a transaction has left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    task: Option<Timestamp>,
    event: Option<Timestamp>,
    delivery: Option<Timestamp>,
}

impl Left {
    /// One more.
    pub fn add(&mut self, chore: Chore, due: Timestamp) {
        let first = match chore {
            Chore::Task => &mut self.task,
            Chore::Event => &mut self.event,
            Chore::Delivery => &mut self.delivery,
        };
        *first = Some(first.map_or(due, |first| first.min(due)));
    }
}

/// The loops' alarms.
#[derive(Debug, Default)]
pub struct Alarms {
    task: Alarm,
    event: Alarm,
    delivery: Alarm,
}

impl Alarms {
    /// Of the loop that does such chores.
    pub fn of(&self, chore: Chore) -> &Alarm {
        match chore {
            Chore::Task => &self.task,
            Chore::Event => &self.event,
            Chore::Delivery => &self.delivery,
        }
    }

    /// A transaction that left this has been kept.
    pub fn ring(&self, left: Left) {
        for (due, alarm) in
            [(left.task, &self.task), (left.event, &self.event), (left.delivery, &self.delivery)]
        {
            if let Some(due) = due {
                alarm.ring(due);
            }
        }
    }
}

/// Wakes one loop.
#[derive(Debug)]
pub struct Alarm {
    /// In milliseconds since 1970. A loop that is awake is told of everything: it may just have looked.
    asleep_until: AtomicI64,
    bell: Notify,
}

const AWAKE: i64 = i64::MAX;

impl Default for Alarm {
    fn default() -> Self {
        Self { asleep_until: AtomicI64::new(AWAKE), bell: Notify::new() }
    }
}

impl Alarm {
    /// There is something to do by then: wakes the loop if it would sleep longer.
    pub fn ring(&self, due: Timestamp) {
        if due.0 < self.asleep_until.load(SeqCst) {
            self.bell.notify_one();
        }
    }

    /// A look begins: it sees all that has rung so far.
    pub fn look_begins(&self) {
        self.asleep_until.store(AWAKE, SeqCst);
        let rung = self.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
    }

    /// Sleeps from `now` to `until`, shorter if something is left since the look began that is due
    /// before; true if so.
    pub async fn sleep(&self, now: Timestamp, until: Timestamp) -> bool {
        self.asleep_until.store(until.0, SeqCst);
        let wait = Duration::from_millis(until.since_ms(now).max(1).unsigned_abs());
        tokio::time::timeout(wait, self.bell.notified()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    /// Longer than any test takes.
    const LATE: Timestamp = Timestamp(2_000_000);

    fn left(chore: Chore, due: Timestamp) -> Left {
        let mut left = Left::default();
        left.add(chore, due);
        left
    }

    #[tokio::test]
    async fn who_sleeps_wakes_for_what_is_due_earlier_and_for_nothing_else() {
        let alarms = Alarms::default();
        let alarm = alarms.of(Chore::Task);
        alarm.look_begins();
        let sleeping = alarm.sleep(NOW, NOW.plus_ms(50));
        let others = async {
            tokio::task::yield_now().await;
            alarms.ring(left(Chore::Task, NOW.plus_ms(50)));
            alarms.ring(left(Chore::Event, NOW));
        };
        assert!(!tokio::join!(sleeping, others).0, "none of these is for it");
        alarm.look_begins();
        let sleeping = alarm.sleep(NOW, LATE);
        let earlier = async {
            tokio::task::yield_now().await;
            alarms.ring(left(Chore::Task, LATE.plus_ms(-1)));
        };
        assert!(tokio::join!(sleeping, earlier).0);
    }

    #[tokio::test]
    async fn what_is_left_during_a_look_is_not_slept_over_and_what_is_left_before_wakes_nobody() {
        let alarms = Alarms::default();
        let alarm = alarms.of(Chore::Delivery);
        alarms.ring(left(Chore::Delivery, NOW));
        alarm.look_begins();
        assert!(!alarm.sleep(NOW, NOW.plus_ms(20)).await, "the look has seen it");
        alarm.look_begins();
        // However late: the loop does not know yet until when it will sleep.
        alarms.ring(left(Chore::Delivery, LATE));
        assert!(alarm.sleep(NOW, NOW.plus_ms(20)).await);
    }

    #[test]
    fn the_first_of_each_kind_counts() {
        let mut left = Left::default();
        left.add(Chore::Task, LATE);
        left.add(Chore::Task, NOW);
        left.add(Chore::Task, LATE);
        assert_eq!((left.task, left.event), (Some(NOW), None));
    }
}

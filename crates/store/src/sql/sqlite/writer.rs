//! The writer's thread: commits of one closure or many.
//!
//! A closure that fails or panics is rolled back alone: beside others it runs in a savepoint, from
//! its first write on. One that is sure of itself by then ([`Tx::be_sure`](super::Tx::be_sure))
//! does without, because a savepoint costs a copy of every page that is written. Should it fail
//! all the same, the whole commit is taken back: all in it are told to send it again, and for a
//! while everybody gets a savepoint.

use super::super::queue::{Queue, Urgency};
use super::super::undo::{Trust, Undo};
use super::super::work::{self, Work};
use super::super::{Error, Tx};
use super::disk::Disk;
use super::transaction::Transaction;
use rusqlite::Connection;
use std::time::{Duration, Instant};

/// Closures that join one commit stop joining after this long.
const GROUP_FOR: Duration = Duration::from_millis(10);
/// Background closures stop joining a commit after this long of their own: a call that comes
/// meanwhile waits for them.
const BACKGROUND_FOR: Duration = Duration::from_millis(2);
/// So long a commit waits for one more closure when several came together before.
const PATIENCE: Duration = Duration::from_micros(100);
/// Smaller commits are not worth a sync while others wait.
const SMALL: usize = 16;

type Closures = Queue<Box<dyn Work>>;

/// Runs closures until nobody can send any more.
pub fn run(connection: &Connection, queue: &Closures, disk: &Disk) {
    Writer::new(connection, queue, disk).run();
}

struct Writer<'c> {
    sql: Transaction<'c>,
    queue: &'c Closures,
    disk: &'c Disk,
    group_for: Duration,
    /// How many closures shared the last commit.
    together: usize,
    /// About how many were under way at once lately, from the queue to their answer.
    company: usize,
    trust: Trust,
}

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, queue: &'c Closures, disk: &'c Disk) -> Self {
        let sql = Transaction::new(connection);
        Self { sql, queue, disk, group_for: GROUP_FOR, together: 0, company: 0, trust: Trust::default() }
    }

    fn run(&mut self) {
        while let Some((first, urgency)) = self.queue.next() {
            if self.disk.has_failed() {
                self.disk.answer(first);
                continue;
            }
            self.together = self.commit_together(first, urgency);
        }
    }

    /// One commit: the first closure, and whoever comes until the disk is free for it. Answers
    /// how many they were.
    fn commit_together(&mut self, mut first: Box<dyn Work>, urgency: Urgency) -> usize {
        let started = Instant::now();
        if let Err(error) = self.sql.begin_to_write() {
            let _ = self.roll_back();
            first.answer(Err(&error));
            return 0;
        }
        // Nobody else is in the transaction yet: its failure ends it, and no savepoint is needed.
        self.sql.undo = Undo::Whole;
        let kept = self.carry_out(first.as_mut());
        self.queue.took(urgency, started.elapsed());
        if !kept {
            match self.roll_back() {
                Ok(()) => self.disk.answer(first),
                Err(error) => first.answer(Err(&error)),
            }
            return 0;
        }
        let mut done = vec![first];
        self.company -= self.company / 8;
        let mut background = if urgency == Urgency::Background { started.elapsed() } else { Duration::ZERO };
        while let left = self.group_for.saturating_sub(started.elapsed())
            && !left.is_zero()
            && !self.is_half(done.len())
            && let work = started.elapsed()
            && let asked = Instant::now()
            && let Some((mut closure, urgency)) = self.queue.next_while(background < BACKGROUND_FOR, || {
                self.patience(work).saturating_sub(asked.elapsed()).min(left)
            })
        {
            let began = Instant::now();
            let kept = self.run_beside(closure.as_mut());
            let took = began.elapsed();
            self.queue.took(urgency, took);
            if urgency == Urgency::Background {
                background += took;
            }
            done.push(closure);
            if !kept {
                self.take_back(done);
                return 0;
            }
        }
        let together = done.len();
        self.commit(done, urgency);
        together
    }

    /// Half of those who are under way are in the commit, and the disk is free for it. If all
    /// were, nobody would be left to work for while it is synced, answered and the next
    /// requests are read.
    fn is_half(&mut self, done: usize) -> bool {
        let busy = self.disk.is_busy();
        let unanswered = if busy { self.together } else { 0 };
        self.company = self.company.max(unanswered + done + self.queue.len());
        !busy && done >= SMALL && done * 2 >= self.company
    }

    /// How long the commit stays open for one more closure. While the disk is busy it could not
    /// go on anyway. Else who came together before comes together again, and waiting a moment for
    /// them saves syncs; but that is worth it only where a sync takes longer than the work.
    fn patience(&self, work: Duration) -> Duration {
        if self.disk.is_busy() {
            GROUP_FOR
        } else if self.together > 2 && self.disk.last_sync() > work {
            PATIENCE
        } else {
            Duration::ZERO
        }
    }

    fn commit(&mut self, done: Vec<Box<dyn Work>>, urgency: Urgency) {
        let committing = Instant::now();
        let stored = self.sql.store_sequences();
        self.disk.commit_begins();
        let committed = stored.and_then(|()| self.sql.statements.say("COMMIT").map_err(Error::from));
        self.disk.commit_ended();
        // The commit is for the sake of the first.
        self.queue.took(urgency, committing.elapsed());
        if let Err(error) = committed {
            // A failed commit may leave the transaction open.
            let _ = self.roll_back();
            done.into_iter().for_each(|closure| closure.answer(Err(&error)));
            return;
        }
        // With one caller at a time, another thread to sync would only have to be woken.
        let alone = done.len() == 1 && self.together <= 1 && self.queue.len() == 0;
        if alone {
            self.disk.sync_here();
        }
        self.disk.answer_all(done);
    }

    /// Runs a closure beside others. False if it cannot be taken back without them.
    fn run_beside(&mut self, closure: &mut dyn Work) -> bool {
        self.sql.undo = self.trust.undo();
        let kept = self.carry_out(closure);
        if !kept {
            self.sql.sequences.take_back();
        }
        match (&self.sql.undo, kept) {
            (Undo::Savepoint, true) => self.end_savepoint(Ok(())),
            (Undo::Savepoint, false) => {
                let back = self.sql.statements.say("ROLLBACK TO work");
                self.end_savepoint(back);
            }
            (Undo::Whole, false) => return false,
            _ => {}
        }
        true
    }

    fn end_savepoint(&mut self, back: rusqlite::Result<()>) {
        if let Err(error) = back.and_then(|()| self.sql.statements.say("RELEASE work")) {
            tracing::error!(%error, "a savepoint did not end");
        }
    }

    /// The last of these was sure, and failed.
    fn take_back(&mut self, done: Vec<Box<dyn Work>>) {
        tracing::error!(
            "a transaction failed that was sure of itself; {} beside it are taken back",
            done.len() - 1
        );
        self.trust.lose();
        let unavailable = Error::Unavailable("a call beside this one failed; nothing was done".into());
        let back = self.roll_back().err().unwrap_or(unavailable);
        done.into_iter().for_each(|closure| closure.answer(Err(&back)));
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        self.sql.sequences.forget();
        Ok(self.sql.statements.say("ROLLBACK")?)
    }

    fn carry_out(&mut self, closure: &mut dyn Work) -> bool {
        self.sql.sequences.begin();
        self.sql.is_sure = false;
        let kept = work::run(&mut Tx::new(&mut self.sql), closure);
        // Whatever test makes it fail, beside others or alone, finds out.
        debug_assert!(
            kept || !self.sql.is_sure || cfg!(test),
            "a transaction failed that was sure of itself"
        );
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::work::{Answer, Call};
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Runs closures in one commit and answers what each was told, and the numbers that are there.
    struct House {
        connection: Connection,
        queue: Arc<Closures>,
        disk: Disk,
        /// Whoever holds it holds the disk up.
        gate: Arc<Mutex<()>>,
        file: tempfile::NamedTempFile,
    }

    type Closure = fn(&mut Tx<'_>) -> Result<(), Error>;

    impl House {
        fn open() -> Self {
            let file = tempfile::NamedTempFile::new().unwrap();
            let connection = super::super::connect(file.path()).unwrap();
            let tables = "CREATE TABLE number (n INTEGER PRIMARY KEY); \
                CREATE TABLE id_sequence (name TEXT PRIMARY KEY, next BIGINT); INSERT INTO id_sequence VALUES ('order', 1)";
            connection.execute_batch(tables).unwrap();
            let queue = Arc::new(Queue::new());
            let gate = Arc::new(Mutex::new(()));
            let passing = Arc::clone(&gate);
            let sync = move || {
                drop(passing.lock());
                Ok(())
            };
            let disk = Disk::start(Box::new(sync), Arc::clone(&queue)).unwrap();
            Self { connection, queue, disk, gate, file }
        }

        fn told(&self, writer: &mut Writer<'_>, closures: &[Closure]) -> Vec<Result<(), Error>> {
            let answers = self.asked(closures);
            self.commit(writer);
            answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect()
        }

        fn asked(&self, closures: &[Closure]) -> Vec<Answer<(), Error>> {
            let ask = |closure: &Closure| {
                let (call, answer) = Call::new(*closure, Arc::default());
                self.queue.push(Box::new(call), Urgency::Call);
                answer
            };
            closures.iter().map(ask).collect()
        }

        /// One commit of those who asked. How many were in it.
        fn commit(&self, writer: &mut Writer<'_>) -> usize {
            let (first, urgency) = self.queue.next().unwrap();
            writer.together = writer.commit_together(first, urgency);
            writer.together
        }

        fn writer(&self) -> Writer<'_> {
            let mut writer = Writer::new(&self.connection, &self.queue, &self.disk);
            // However slow the machine is.
            writer.group_for = Duration::from_secs(600);
            writer
        }

        fn numbers(&self) -> Vec<i64> {
            let mut select = self.connection.prepare("SELECT n FROM number ORDER BY n").unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        }
    }

    fn insert(tx: &mut Tx<'_>, number: i64) -> Result<(), Error> {
        tx.execute("INSERT INTO number (n) VALUES ($1)", &[&number]).map(|_| ())
    }

    fn no() -> Result<(), Error> {
        Err(Error::Locked("no".into()))
    }

    #[test]
    fn who_fails_beside_others_fails_alone() {
        let house = House::open();
        let told = house.told(
            &mut house.writer(),
            &[
                |tx| insert(tx, 1),
                |tx| insert(tx, 2).and_then(|()| no()),
                |_| no(),
                |tx| {
                    tx.be_sure();
                    insert(tx, 3)
                },
                |tx| {
                    insert(tx, 4)?;
                    panic!("a closure panics")
                },
                |tx| {
                    insert(tx, 5)?;
                    // Too late: it changes nothing.
                    tx.be_sure();
                    no()
                },
                |tx| insert(tx, 6),
            ],
        );
        let well: Vec<bool> = told.iter().map(Result::is_ok).collect();
        assert_eq!(well, [true, false, false, true, false, false, true]);
        assert_eq!(house.numbers(), [1, 3, 6]);
    }

    #[test]
    fn who_was_sure_and_fails_takes_the_commit_back_once() {
        let house = House::open();
        let writer = &mut house.writer();
        let sure: Closure = |tx| {
            tx.be_sure();
            insert(tx, 2)?;
            no()
        };
        let told = house.told(writer, &[|tx| insert(tx, 1), sure]);
        assert!(matches!(told[0], Err(Error::Unavailable(_))), "{told:?}");
        assert!(matches!(told[1], Err(Error::Locked(_))), "{told:?}");
        assert_eq!(house.numbers(), []);
        // Now nobody's word is taken.
        let told = house.told(writer, &[|tx| insert(tx, 1), sure, |tx| insert(tx, 3)]);
        assert!(told[0].is_ok() && told[1].is_err() && told[2].is_ok(), "{told:?}");
        assert_eq!(house.numbers(), [1, 3]);
    }

    #[test]
    fn many_go_in_halves_few_together_and_all_while_the_disk_is_busy() {
        let house = House::open();
        let writer = &mut house.writer();
        let next: Closure = insert_next;
        let _answers = house.asked(&[next; 64]);
        let held = house.gate.lock();
        assert_eq!([house.commit(writer), house.commit(writer)], [32, 32]);
        drop(held);
        house.disk.sync_here();
        writer.company = 0;
        let _answers = house.asked(&[next; 16]);
        assert_eq!(house.commit(writer), 16);
        house.disk.sync_here();
        house.disk.commit_begins();
        house.disk.commit_ended();
        let _answers = house.asked(&[next; 64]);
        assert_eq!(house.commit(writer), 64, "it could not go to the disk before");
    }

    fn insert_next(tx: &mut Tx<'_>) -> Result<(), Error> {
        let number = tx.reserve_id("order")?;
        insert(tx, number)
    }

    #[test]
    fn no_id_comes_twice_also_if_another_process_takes_some() {
        let house = House::open();
        let writer = &mut house.writer();
        let fails: Closure = |tx| insert_next(tx).and_then(|()| no());
        house.told(writer, &[insert_next, fails, insert_next]);
        assert_eq!(house.numbers(), [1, 2]);
        let other = super::super::connect(house.file.path()).unwrap();
        other.execute_batch("UPDATE id_sequence SET next = next + 10").unwrap();
        house.told(writer, &[insert_next]);
        house.told(writer, &[fails]);
        house.told(writer, &[insert_next]);
        assert_eq!(house.numbers(), [1, 2, 13, 14]);
        let next: i64 = other.query_row("SELECT next FROM id_sequence", [], |row| row.get(0)).unwrap();
        assert_eq!(next, 15);
    }
}

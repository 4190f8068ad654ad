//! When commits are on the disk, and who waits for that.
//!
//! The engine writes a commit to its log without waiting for the disk. One thread syncs the
//! log and then answers all who came before the sync began; meanwhile the writer puts the next
//! commit together. Nobody is told what a power failure could still take back: a call that
//! writes waits for the sync of its commit, one that reads waits if it may have seen a commit
//! that is not synced yet. Only the answer to a single question does not wait: it is asked on the
//! way to a call's own transaction, which does.
//!
//! After a sync that failed nobody knows what the disk holds, and trying again proves nothing:
//! everything is refused until the server is started anew and reads what is there.

use super::super::Error;
use super::super::queue::Queue;
use super::super::work::{Work, spawn};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// What makes commits durable.
pub type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// The way to the thread that syncs. It ends when the last of these is gone.
#[derive(Clone)]
pub struct Disk {
    waiting: mpsc::Sender<Waiting>,
    log: Arc<Log>,
    sync: Arc<Mutex<Sync>>,
}

/// Who is answered when so many commits are on the disk.
struct Waiting {
    for_commits: u64,
    all: Vec<Box<dyn Work>>,
}

/// How many commits there were.
#[derive(Default)]
struct Log {
    /// May be seen by readers.
    begun: AtomicU64,
    /// Written to the log, or failed.
    ended: AtomicU64,
    /// On the disk.
    synced: AtomicU64,
    /// What the last sync took, in microseconds.
    took_us: AtomicU64,
    failed: AtomicBool,
}

impl Disk {
    /// Starts the thread. It tells the queue whenever the disk is free again.
    pub fn start(sync: Sync, queue: Arc<Queue<Box<dyn Work>>>) -> Result<Self, Error> {
        let (waiting, arrived) = mpsc::channel::<Waiting>();
        let disk = Self { waiting, log: Arc::default(), sync: Arc::new(Mutex::new(sync)) };
        let (log, sync) = (Arc::clone(&disk.log), Arc::clone(&disk.sync));
        spawn("db-sync", move || {
            while let Ok(first) = arrived.recv() {
                let together: Vec<_> = std::iter::once(first).chain(arrived.try_iter()).collect();
                let commits = together.iter().map(|waiting| waiting.for_commits).max();
                let synced = log.sync(&sync, commits.unwrap_or_default());
                queue.wake();
                for work in together.into_iter().flat_map(|waiting| waiting.all) {
                    work.answer(synced.as_ref().copied());
                }
            }
        })?;
        Ok(disk)
    }

    /// A commit begins: from now on readers may see it.
    pub fn commit_begins(&self) {
        self.log.begun.fetch_add(1, SeqCst);
    }

    /// The commit is in the log, or it failed.
    pub fn commit_ended(&self) {
        self.log.ended.fetch_add(1, SeqCst);
    }

    /// True while a commit is on its way to the disk.
    pub fn is_busy(&self) -> bool {
        self.log.synced.load(SeqCst) < self.log.ended.load(SeqCst) && !self.has_failed()
    }

    /// Syncs on this thread. How it went is told to those who are answered.
    pub fn sync_here(&self) {
        let _ = self.log.sync(&self.sync, self.log.begun.load(SeqCst));
    }

    /// How long the last sync took.
    pub fn last_sync(&self) -> Duration {
        Duration::from_micros(self.log.took_us.load(SeqCst))
    }

    /// True when nothing can be promised any more.
    pub fn has_failed(&self) -> bool {
        self.log.failed.load(SeqCst)
    }

    /// Answers once everything is on the disk that the work wrote or saw.
    pub fn answer(&self, work: Box<dyn Work>) {
        self.answer_all(vec![work]);
    }

    /// Answers what is not told but leads to more work: that is answered when all of it is on the disk.
    pub fn answer_at_once(&self, work: Box<dyn Work>) {
        if self.has_failed() { self.answer(work) } else { work.answer(Ok(())) }
    }

    /// Answers who came together.
    pub fn answer_all(&self, all: Vec<Box<dyn Work>>) {
        // One that has begun may have been seen, though it has not ended.
        let for_commits = self.log.begun.load(SeqCst);
        if self.log.synced.load(SeqCst) >= for_commits && !self.has_failed() {
            all.into_iter().for_each(|work| work.answer(Ok(())));
        } else {
            // Without the thread they are dropped, and their callers told so.
            drop(self.waiting.send(Waiting { for_commits, all }));
        }
    }
}

impl Log {
    /// Makes so many commits durable, and those that have come since.
    fn sync(&self, sync: &Mutex<Sync>, commits: u64) -> Result<(), Error> {
        // Whoever waits here finds it done.
        let mut sync = sync.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.ended.load(SeqCst);
        if self.failed.load(SeqCst) {
            return Err(Error::Unavailable("the disk failed; start the server anew".into()));
        }
        if self.synced.load(SeqCst) < commits {
            let began = Instant::now();
            let synced = sync();
            self.took_us.store(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX), SeqCst);
            synced.map_err(|error| {
                self.failed.store(true, SeqCst);
                tracing::error!(%error, "the database's log cannot be synced: all calls are refused from now on");
                Error::Unavailable(format!("the disk failed: {error}"))
            })?;
            self.synced.store(ended, SeqCst);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Tx;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Tells how it was answered.
    struct Told(&'static str, Sender<(&'static str, bool)>);

    impl Work for Told {
        fn run(&mut self, _tx: &mut Tx<'_>) -> bool {
            true
        }

        fn panicked(&mut self) {}

        fn answer(self: Box<Self>, committed: Result<(), &Error>) {
            let _ = self.1.send((self.0, committed.is_ok()));
        }
    }

    /// Whose answer, and whether all is well.
    type Answered = Receiver<(&'static str, bool)>;

    /// A disk whose syncs end as the sender says, and what was answered.
    fn disk() -> (Disk, Sender<io::Result<()>>, impl Fn(&'static str), Answered) {
        let (ended, results) = channel();
        let sync = Box::new(move || results.recv().expect("the test ends the sync"));
        let disk = Disk::start(sync, Arc::new(Queue::new())).unwrap();
        let (answers, answered) = channel();
        let asking = disk.clone();
        let ask = move |name: &'static str| {
            let work = Box::new(Told(name, answers.clone()));
            if name.starts_with("a question") { asking.answer_at_once(work) } else { asking.answer(work) }
        };
        (disk, ended, ask, answered)
    }

    const SOON: Duration = Duration::from_secs(10);
    const A_MOMENT: Duration = Duration::from_millis(50);

    #[test]
    fn nobody_is_told_what_is_not_on_the_disk() {
        let (disk, ended, ask, answered) = disk();
        ask("a read before everything");
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("a read before everything", true));
        disk.commit_begins();
        ask("a read that may have seen the commit");
        disk.commit_ended();
        ask("the commit");
        assert!(disk.is_busy());
        ask("a question on the way to more work");
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("a question on the way to more work", true));
        assert!(answered.recv_timeout(A_MOMENT).is_err(), "the disk is not done");
        // A second one, if the first began before the commit had ended.
        (0..2).for_each(|_| ended.send(Ok(())).unwrap());
        let mut told = [answered.recv_timeout(SOON).unwrap(), answered.recv_timeout(SOON).unwrap()];
        told.sort_unstable();
        assert_eq!(told, [("a read that may have seen the commit", true), ("the commit", true)]);
        assert!(!disk.is_busy());
        ask("a read after it");
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("a read after it", true));
    }

    #[test]
    fn who_needs_no_later_commit_does_not_wait_for_its_sync() {
        let (disk, ended, ask, answered) = disk();
        disk.commit_begins();
        disk.commit_ended();
        ask("the first of a commit");
        while disk.sync.try_lock().is_ok() {
            std::thread::yield_now();
        }
        ask("the second, after the sync began");
        disk.commit_begins();
        ended.send(Ok(())).unwrap();
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("the first of a commit", true));
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("the second, after the sync began", true));
    }

    #[test]
    fn after_a_failed_sync_nothing_is_promised_any_more() {
        let (disk, ended, ask, answered) = disk();
        disk.commit_begins();
        disk.commit_ended();
        ask("the commit");
        ended.send(Err(io::Error::other("no space"))).unwrap();
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("the commit", false));
        assert!(disk.has_failed() && !disk.is_busy());
        ask("a read after it");
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("a read after it", false));
        ask("a question after it");
        assert_eq!(answered.recv_timeout(SOON).unwrap(), ("a question after it", false));
    }
}

//! The rules of jobs and books, played at random: a small house with customers, translators and
//! jobs, in which anything is tried at any time. After every step the books must be right.
//!
//! The house does with a transition what the use cases do: it makes the posting that the
//! movement names and posts it once by its key. Whatever the rules refuse must change nothing.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, missing_docs)]

use domain::ids::{AccountId, JobId, TranslatorId};
use domain::job::{Event, Movement, Status, apply, every_event};
use domain::ledger::{self, LedgerAccount, Life, Posting, Reward};
use domain::money::{Currency, Money};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CUSTOMERS: i64 = 3;
const TRANSLATORS: i64 = 4;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd)
}

/// The books: what every account holds, and the keys that were posted.
#[derive(Default)]
struct Books {
    balances: BTreeMap<LedgerAccount, i64>,
    posted: BTreeSet<String>,
    charges: BTreeMap<(JobId, i64), u32>,
}

impl Books {
    fn holds(&self, account: &LedgerAccount) -> i64 {
        self.balances.get(account).copied().unwrap_or(0)
    }

    /// As the store does: a key is posted once; one without entries is not written.
    fn post(&mut self, posting: &Posting) -> bool {
        if posting.entries().is_empty() {
            return true;
        }
        if !self.posted.insert(posting.key().to_owned()) {
            return false;
        }
        assert_eq!(posting.entries().iter().map(|entry| entry.amount.minor()).sum::<i64>(), 0);
        for entry in posting.entries() {
            let balance = self.balances.entry(entry.account.clone()).or_default();
            *balance += entry.amount.minor();
            let may_be_negative = matches!(
                entry.account,
                LedgerAccount::Dispute | LedgerAccount::Paid(_) | LedgerAccount::World
            );
            assert!(*balance >= 0 || may_be_negative, "{:?} holds {balance}", entry.account);
        }
        true
    }
}

#[derive(Debug)]
struct Job {
    id: JobId,
    customer: AccountId,
    status: Status,
    held_from: Option<Status>,
    price: Money,
    escrow: Money,
    round: i64,
    forced: i64,
    paid_rounds: BTreeSet<(i64, i64)>,
    /// A rejection that nobody has decided yet: its round.
    undecided: Option<i64>,
}

impl Job {
    fn life(&self) -> Life {
        Life { job: self.id, forced: self.forced }
    }

    /// What the round's translator gets, once.
    fn rewards(&mut self, round: i64) -> Vec<Reward> {
        let translator = TranslatorId(self.id.0.wrapping_add(round).rem_euclid(TRANSLATORS));
        let amount = usd(self.price.minor() * 3 / 5);
        let new = self.paid_rounds.insert((self.forced, round));
        if new && !amount.is_zero() { vec![Reward { translator, amount }] } else { Vec::new() }
    }
}

/// What can be tried.
#[derive(Clone, Copy, Debug)]
enum Step {
    Order { customer: i64, price: i64, paid: bool },
    TopUp { customer: i64, amount: i64 },
    Happens { job: usize, event: Event },
    Decide { job: usize, fair: bool },
    Force { job: usize, to: Status },
}

#[derive(Default)]
struct House {
    books: Books,
    jobs: Vec<Job>,
    top_ups: i64,
    moves: u64,
    refused: u64,
}

impl House {
    fn try_out(&mut self, step: Step) {
        match step {
            Step::Order { customer, price, paid } => self.order(AccountId(customer), usd(price), paid),
            Step::TopUp { customer, amount } => {
                self.top_ups += 1;
                let key = format!("topup:{}", self.top_ups);
                let posting = ledger::top_up(key, "operator", AccountId(customer), usd(amount)).unwrap();
                assert!(self.books.post(&posting));
                assert!(self.books.post(&posting) == (amount == 0), "the same top-up is booked once");
            }
            Step::Happens { job, event } if !self.jobs.is_empty() => {
                self.happens(job % self.jobs.len(), event)
            }
            Step::Decide { job, fair } if !self.jobs.is_empty() => self.decide(job % self.jobs.len(), fair),
            Step::Force { job, to } if !self.jobs.is_empty() => self.force(job % self.jobs.len(), to),
            _ => {}
        }
    }

    fn order(&mut self, customer: AccountId, price: Money, paid: bool) {
        let id = JobId(self.jobs.len() as i64 + 1);
        let nothing = usd(0);
        self.jobs.push(Job {
            id,
            customer,
            status: Status::Unpaid,
            held_from: None,
            price,
            escrow: nothing,
            round: 0,
            forced: 0,
            paid_rounds: BTreeSet::new(),
            undecided: None,
        });
        if paid {
            self.happens(self.jobs.len() - 1, Event::Purchase);
        }
    }

    /// An event comes to a job: the rules let it pass, or nothing changes.
    fn happens(&mut self, index: usize, event: Event) {
        let job = &mut self.jobs[index];
        let returns = match event {
            Event::Release { before } => job.held_from == Some(before),
            _ => true,
        };
        let can_pay = self.books.holds(&LedgerAccount::Customer(job.customer)) >= job.price.minor();
        let Some(transition) = apply(job.status, event).ok().filter(|_| returns) else {
            self.refused += 1;
            return;
        };
        if transition.movement == Movement::Charge && !can_pay {
            self.refused += 1;
            return;
        }
        assert_eq!(transition.from, job.status);
        assert!(!job.status.is_finished(), "{:?} came out of {}", event, job.status);
        let nothing = usd(0);
        let (posting, escrow) = match transition.movement {
            Movement::None => (None, job.escrow),
            Movement::Charge => (Some(ledger::charge(job.life(), job.customer, job.price)), job.price),
            Movement::Refund => (Some(ledger::refund(job.life(), job.customer, job.escrow)), nothing),
            Movement::Earn => {
                let round = job.round;
                let rewards = job.rewards(round);
                (Some(ledger::earn(job.life(), round, job.escrow, &rewards)), nothing)
            }
        };
        if transition.movement == Movement::Charge {
            *self.books.charges.entry((job.id, job.forced)).or_default() += 1;
        }
        if let Some(posting) = posting {
            assert!(self.books.post(&posting.unwrap()), "money moved twice for job {} by {event:?}", job.id);
        }
        job.escrow = escrow;
        job.held_from = (transition.to == Status::Hold).then_some(job.status);
        job.status = transition.to;
        if event == Event::RejectAndRequeue {
            job.round += 1;
        }
        if event == Event::RejectAndCancel {
            job.undecided = Some(job.round);
        }
        self.moves += 1;
    }

    /// A rejection is decided, at most once.
    fn decide(&mut self, index: usize, fair: bool) {
        let job = &mut self.jobs[index];
        let Some(round) = job.undecided.take() else { return };
        let posting = if fair {
            ledger::reject_fair(job.life(), round, job.customer, job.escrow)
        } else {
            let rewards = job.rewards(round);
            ledger::reject_unfair(job.life(), round, job.escrow, &rewards)
        };
        assert!(self.books.post(&posting.unwrap()), "the rejection of job {} was settled twice", job.id);
        job.escrow = usd(0);
    }

    /// The sandbox forces a status: a new life, whose escrow is what the status demands.
    fn force(&mut self, index: usize, to: Status) {
        let job = &mut self.jobs[index];
        job.forced += 1;
        job.undecided = None;
        let (posting, escrow) = if to.is_open() || to == Status::Hold {
            let missing = job.price.checked_sub(job.escrow).unwrap();
            (ledger::forced_open(job.life(), missing), job.price)
        } else if to == Status::Approved && !job.escrow.is_zero() {
            let round = job.round;
            let rewards = job.rewards(round);
            (ledger::earn(job.life(), round, job.escrow, &rewards), usd(0))
        } else {
            (ledger::forced_refund(job.life(), job.customer, job.escrow), usd(0))
        };
        assert!(self.books.post(&posting.unwrap()), "forcing job {} moved money twice", job.id);
        job.escrow = escrow;
        job.held_from =
            (to == Status::Hold).then_some(if job.status.is_open() { job.status } else { Status::Available });
        job.status = to;
    }

    /// What must hold at any time for the job that was touched; `post` looks at the accounts.
    fn check(&self, index: Option<usize>) {
        if let Some(job) = index.and_then(|index| self.jobs.get(index)) {
            assert_eq!(self.books.holds(&LedgerAccount::Escrow(job.id)), job.escrow.minor(), "{job:?}");
            let waits = job.status == Status::Rejected && job.undecided.is_some();
            let demanded = job.status.is_open() || job.status == Status::Hold || waits;
            assert_eq!(job.escrow, if demanded { job.price } else { usd(0) }, "{job:?}");
            let charged = self.books.charges.get(&(job.id, job.forced)).copied().unwrap_or(0);
            assert!(charged <= 1, "job {} was charged {charged} times in one life", job.id);
        }
    }

    fn check_sum(&self) {
        assert_eq!(self.books.balances.values().sum::<i64>(), 0, "the books do not sum to zero");
    }

    fn play(&mut self, step: Step) {
        self.try_out(step);
        let touched = match step {
            Step::Happens { job, .. } | Step::Decide { job, .. } | Step::Force { job, .. }
                if !self.jobs.is_empty() =>
            {
                Some(job % self.jobs.len())
            }
            _ => self.jobs.len().checked_sub(1),
        };
        self.check(touched);
    }
}

/// Random steps from a number: the same number, the same play.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn step(&mut self, jobs: usize, events: &[Event]) -> Step {
        let customer = self.below(CUSTOMERS as usize) as i64;
        // Late jobs are tried more often: most of the early ones are over.
        let job = jobs.saturating_sub(1 + self.below(40));
        match self.below(200) {
            0..=9 => Step::Order { customer, price: self.below(2_000) as i64, paid: self.below(4) > 0 },
            10..=13 => Step::TopUp { customer, amount: self.below(9_000) as i64 },
            14..=19 => Step::Decide { job, fair: self.below(2) == 0 },
            20 => Step::Force { job, to: Status::ALL[self.below(Status::ALL.len())] },
            _ => Step::Happens { job, event: events[self.below(events.len())] },
        }
    }
}

#[test]
fn a_million_steps_leave_the_books_right() {
    let seed = 0x5EED_2026_1124;
    let events = every_event();
    let (mut dice, mut house) = (Dice(seed), House::default());
    for number in 0..1_000_000 {
        let step = dice.step(house.jobs.len(), &events);
        house.play(step);
        if number % 10_000 == 0 {
            house.check_sum();
        }
    }
    house.check_sum();
    for index in 0..house.jobs.len() {
        house.check(Some(index));
    }
    assert!(
        house.moves > 50_000 && house.refused > 100_000,
        "{} moves, {} refused",
        house.moves,
        house.refused
    );
    let ends: BTreeSet<&str> = house.jobs.iter().map(|job| job.status.code()).collect();
    assert!(ends.contains("approved") && ends.contains("canceled") && ends.contains("rejected"), "{ends:?}");
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let events = every_event();
    let job = 0..6_usize;
    let step = prop_oneof![
        2 => (0..CUSTOMERS, 0..500_i64, any::<bool>())
            .prop_map(|(customer, price, paid)| Step::Order { customer, price, paid }),
        1 => (0..CUSTOMERS, 0..2_000_i64).prop_map(|(customer, amount)| Step::TopUp { customer, amount }),
        1 => (job.clone(), any::<bool>()).prop_map(|(job, fair)| Step::Decide { job, fair }),
        1 => (job.clone(), 0..Status::ALL.len())
            .prop_map(|(job, to)| Step::Force { job, to: Status::ALL[to] }),
        12 => (job, proptest::sample::select(events)).prop_map(|(job, event)| Step::Happens { job, event }),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    /// The same for short plays that shrink to what went wrong.
    #[test]
    fn any_play_leaves_the_books_right(steps in steps()) {
        let mut house = House::default();
        for step in steps {
            house.play(step);
            house.check_sum();
        }
    }
}

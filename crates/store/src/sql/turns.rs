//! Whose turn it is on connections that write: the writes of one environment come one after the
//! other, so all that one node has of them at a time go to the same connection, where they can
//! share a commit. Otherwise work goes where the least waits.

use super::queue::Urgency;
use super::work::Work;
use domain::ids::Scope;
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A piece of work, and whose data it writes if that is known.
pub struct Turn {
    /// Somebody waits for it: it goes first.
    pub urgency: Urgency,
    /// Its environment.
    pub of: Option<Scope>,
    /// The work.
    pub work: Box<dyn Work>,
}

/// The way to the connections.
pub struct Entrance {
    connections: Vec<Sender<Turn>>,
    load: Arc<Mutex<Load>>,
}

/// So many calls go before background work that waits, then it has a turn.
const CALLS_FIRST: usize = 4;

/// The work that waits for one connection.
pub struct Waiting {
    number: usize,
    receiver: Receiver<Turn>,
    calls: VecDeque<Turn>,
    background: VecDeque<Turn>,
    /// How many calls went before background work that waits.
    passed: usize,
    load: Arc<Mutex<Load>>,
}

/// What is not done yet.
struct Load {
    /// By connection.
    of_connection: Vec<usize>,
    /// The connection of each environment that has work, and how much of it.
    homes: HashMap<Scope, (usize, usize)>,
}

/// An entrance to so many connections.
pub fn open(connections: usize) -> (Entrance, Vec<Waiting>) {
    let load =
        Arc::new(Mutex::new(Load { of_connection: vec![0; connections.max(1)], homes: HashMap::new() }));
    let (senders, waiting) = (0..connections.max(1))
        .map(|number| {
            let (sender, receiver) = channel();
            let (calls, background) = Default::default();
            (sender, Waiting { number, receiver, calls, background, passed: 0, load: Arc::clone(&load) })
        })
        .unzip();
    (Entrance { connections: senders, load }, waiting)
}

fn lock(load: &Mutex<Load>) -> MutexGuard<'_, Load> {
    load.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entrance {
    /// Hands work over. Without a thread at the other end it is dropped, and its caller told so.
    pub fn push(&self, turn: Turn) {
        if let Some(connection) = self.connections.get(lock(&self.load).place(turn.of)) {
            drop(connection.send(turn));
        }
    }
}

impl Load {
    /// The connection for one more piece of work.
    fn place(&mut self, of: Option<Scope>) -> usize {
        let idlest = self.of_connection.iter().enumerate().min_by_key(|(_, load)| **load);
        let mut number = idlest.map_or(0, |(number, _)| number);
        if let Some(scope) = of {
            let home = self.homes.entry(scope).or_insert((number, 0));
            home.1 += 1;
            number = home.0;
        }
        if let Some(load) = self.of_connection.get_mut(number) {
            *load += 1;
        }
        number
    }

    fn done(&mut self, number: usize, of: Option<Scope>, count: usize) {
        if let Some(load) = self.of_connection.get_mut(number) {
            *load = load.saturating_sub(count);
        }
        let Some(scope) = of else { return };
        if let Some(home) = self.homes.get_mut(&scope) {
            home.1 = home.1.saturating_sub(count);
            if home.1 == 0 {
                self.homes.remove(&scope);
            }
        }
    }
}

impl Waiting {
    /// The next piece of work; none when there will be no more.
    pub fn next(&mut self) -> Option<Turn> {
        if let Some(turn) = self.choose(|_| true) {
            return Some(turn);
        }
        let turn = self.receiver.recv().ok()?;
        self.line_up(turn);
        self.choose(|_| true)
    }

    /// The next one of this environment that waits already.
    pub fn next_of(&mut self, scope: Scope) -> Option<Box<dyn Work>> {
        self.choose(|turn| turn.of == Some(scope)).map(|turn| turn.work)
    }

    /// How many calls of this environment wait already.
    pub fn calls_of(&mut self, scope: Scope) -> usize {
        self.receive();
        self.calls.iter().filter(|turn| turn.of == Some(scope)).count()
    }

    fn receive(&mut self) {
        while let Ok(turn) = self.receiver.try_recv() {
            self.line_up(turn);
        }
    }

    fn line_up(&mut self, turn: Turn) {
        match turn.urgency {
            Urgency::Call => self.calls.push_back(turn),
            Urgency::Background => self.background.push_back(turn),
        }
    }

    /// Of those that fit the first call, or if that has been so for long, the first of the others.
    fn choose(&mut self, fits: impl Fn(&Turn) -> bool) -> Option<Turn> {
        self.receive();
        let call = self.calls.iter().position(&fits);
        let other = self.background.iter().position(&fits);
        match (call, other) {
            (Some(at), None) => self.calls.remove(at),
            (Some(at), Some(_)) if self.passed < CALLS_FIRST => {
                self.passed += 1;
                self.calls.remove(at)
            }
            (_, Some(at)) => {
                self.passed = 0;
                self.background.remove(at)
            }
            (None, None) => None,
        }
    }

    /// So many pieces of work of this environment are done.
    pub fn done(&self, of: Option<Scope>, count: usize) {
        lock(&self.load).done(self.number, of, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::work::Call;
    use crate::sql::{Error, Tx};
    use domain::ids::{AccountId, Environment};

    fn scope(account: i64) -> Scope {
        Scope { account: AccountId(account), environment: Environment::Live }
    }

    fn push(entrance: &Entrance, account: i64) {
        let (call, _answer) = Call::new(|_: &mut Tx<'_>| Ok::<_, Error>(()), Arc::default());
        let urgency = if account < 10 { Urgency::Call } else { Urgency::Background };
        entrance.push(Turn { urgency, of: Some(scope(account)), work: Box::new(call) });
    }

    /// How many pieces of work of an account wait for each connection.
    fn waiting_of(connections: &mut [Waiting], account: i64) -> Vec<usize> {
        let count = |waiting: &mut Waiting| std::iter::from_fn(|| waiting.next_of(scope(account))).count();
        connections.iter_mut().map(count).collect()
    }

    #[test]
    fn an_environment_waits_for_one_connection_and_the_next_for_another() {
        let (entrance, mut connections) = open(3);
        for account in [1, 2, 1, 2, 1] {
            push(&entrance, account);
        }
        assert_eq!(waiting_of(&mut connections, 1), [3, 0, 0]);
        assert_eq!(waiting_of(&mut connections, 2), [0, 2, 0]);
        connections[0].done(Some(scope(1)), 3);
        // At home is where work is left; without any, where the least waits.
        push(&entrance, 2);
        push(&entrance, 3);
        push(&entrance, 1);
        assert_eq!(waiting_of(&mut connections, 2), [0, 1, 0]);
        assert_eq!(waiting_of(&mut connections, 3), [1, 0, 0]);
        assert_eq!(waiting_of(&mut connections, 1), [0, 0, 1]);
    }

    #[test]
    fn calls_go_before_background_work_but_not_for_ever() {
        let (entrance, mut connections) = open(1);
        for account in [10, 11, 1, 2, 3, 4, 5, 6] {
            push(&entrance, account);
        }
        drop(entrance);
        let order: Vec<i64> = std::iter::from_fn(|| connections[0].next())
            .map(|turn| turn.of.map_or(0, |scope| scope.account.0))
            .collect();
        assert_eq!(order, [1, 2, 3, 4, 10, 5, 6, 11]);
    }

    #[test]
    fn only_calls_of_the_environment_are_counted() {
        let (entrance, mut connections) = open(1);
        for account in [1, 2, 1, 10, 10] {
            push(&entrance, account);
        }
        let counts = [1, 2, 3, 10].map(|account| connections[0].calls_of(scope(account)));
        assert_eq!(counts, [2, 1, 0, 0]);
    }

    #[test]
    fn whoever_is_passed_over_is_next() {
        let (entrance, mut connections) = open(1);
        for account in [1, 2, 1, 3, 2] {
            push(&entrance, account);
        }
        let waiting = &mut connections[0];
        let next = |waiting: &mut Waiting| waiting.next().and_then(|turn| turn.of);
        assert_eq!(next(waiting), Some(scope(1)));
        assert!(waiting.next_of(scope(1)).is_some());
        assert!(waiting.next_of(scope(1)).is_none());
        assert_eq!(next(waiting), Some(scope(2)));
        assert!(waiting.next_of(scope(2)).is_some());
        assert_eq!(next(waiting), Some(scope(3)));
        drop(entrance);
        assert_eq!(next(waiting), None);
    }
}

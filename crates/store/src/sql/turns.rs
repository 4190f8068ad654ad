//! Whose turn it is on connections that write: the writes of one environment come one after the
//! other, so all that one node has of them wait for the same connection and can share a commit.

use super::work::Work;
use domain::ids::Scope;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A piece of work, and whose data it writes if that is known.
pub struct Turn {
    /// Its environment.
    pub of: Option<Scope>,
    /// The work.
    pub work: Box<dyn Work>,
}

/// The way to the connections.
pub struct Entrance {
    connections: Vec<Sender<Turn>>,
    next: AtomicUsize,
}

/// The work that waits for one connection.
pub struct Waiting {
    receiver: Receiver<Turn>,
    /// Passed over by a commit of somebody else's work.
    aside: VecDeque<Turn>,
}

/// An entrance to so many connections.
pub fn open(connections: usize) -> (Entrance, Vec<Waiting>) {
    let (senders, waiting) = (0..connections.max(1))
        .map(|_| channel())
        .map(|(sender, receiver)| (sender, Waiting { receiver, aside: VecDeque::new() }))
        .unzip();
    (Entrance { connections: senders, next: AtomicUsize::new(0) }, waiting)
}

impl Entrance {
    /// Hands work over. Without a thread at the other end it is dropped, and its caller told so.
    pub fn push(&self, turn: Turn) {
        let number = match turn.of {
            Some(scope) => {
                usize::try_from(scope.account.0).unwrap_or(0) * 2 + usize::from(scope.is_sandbox())
            }
            None => self.next.fetch_add(1, Ordering::Relaxed),
        };
        if let Some(connection) = self.connections.get(number % self.connections.len()) {
            drop(connection.send(turn));
        }
    }
}

impl Waiting {
    /// The next piece of work; none when there will be no more.
    pub fn next(&mut self) -> Option<Turn> {
        self.aside.pop_front().or_else(|| self.receiver.recv().ok())
    }

    /// The next one of this environment that waits already.
    pub fn next_of(&mut self, scope: Scope) -> Option<Box<dyn Work>> {
        if let Some(at) = self.aside.iter().position(|turn| turn.of == Some(scope)) {
            return self.aside.remove(at).map(|turn| turn.work);
        }
        while let Ok(turn) = self.receiver.try_recv() {
            if turn.of == Some(scope) {
                return Some(turn.work);
            }
            self.aside.push_back(turn);
        }
        None
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
        let (call, _answer) = Call::new(|_: &mut Tx<'_>| Ok::<_, Error>(()));
        entrance.push(Turn { of: Some(scope(account)), work: Box::new(call) });
    }

    #[test]
    fn an_environment_waits_for_one_connection() {
        let (entrance, mut connections) = open(3);
        for account in [1, 2, 1, 2, 1] {
            push(&entrance, account);
        }
        let waiting: Vec<usize> =
            connections.iter_mut().map(|waiting| usize::from(waiting.next_of(scope(1)).is_some())).collect();
        assert_eq!(waiting.iter().sum::<usize>(), 1);
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

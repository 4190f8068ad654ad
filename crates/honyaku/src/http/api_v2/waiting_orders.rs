//! Orders of one key that come while an earlier one is being stored: they wait for it, and are then
//! placed together.

use crate::app::{App, real_now};
use domain::event::Actor;
use domain::ids::{KeyId, Scope};
use service::draft::Request;
use service::place_order::{Foresight, Outcome, place_together};
use service::{Context, Error};
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::keys::Key;
use store::sql;
use tokio::sync::oneshot;

/// So many jobs are placed together at most, but at least one order: the first waits for all.
const MOST_JOBS: usize = 100;

/// By the key that orders.
#[derive(Default)]
pub struct WaitingOrders(Seats<Who, Seat>);

type Who = (Scope, KeyId);

/// An order that waits, and where its outcome goes.
struct Seat {
    key: Arc<Key>,
    request: Request,
    reply: oneshot::Sender<Result<Outcome, Error>>,
}

impl WaitingOrders {
    /// Places a plain order of a key. Answered when it is durable.
    pub async fn place(app: &Arc<App>, key: Arc<Key>, request: Request) -> Result<Outcome, Error> {
        let who = (key.scope, key.id);
        let (reply, outcome) = oneshot::channel();
        if app.orders.0.take(who, Seat { key, request, reply }) {
            let serving = Serving { app: Arc::clone(app), who, is_over: false };
            tokio::spawn(async move { serving.all().await });
        }
        outcome.await.unwrap_or_else(|_| Err(beside("nobody places them any more")))
    }
}

/// What waits, by whom it is of. Who is here is being served, though nothing may wait.
struct Seats<W, S>(Mutex<HashMap<W, VecDeque<S>>>);

impl<W, S> Default for Seats<W, S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W: Copy + Eq + Hash, S> Seats<W, S> {
    /// True if nobody serves this one yet: whoever was told so does.
    fn take(&self, who: W, seat: S) -> bool {
        let mut waiting = self.lock();
        let is_first = !waiting.contains_key(&who);
        waiting.entry(who).or_default().push_back(seat);
        is_first
    }

    /// The next ones, at least one, and no more than `most` of what `size` counts. None: nothing waits,
    /// and nobody serves this one any more.
    fn next(&self, who: W, most: usize, size: impl Fn(&S) -> usize) -> Option<Vec<S>> {
        let mut waiting = self.lock();
        let seats = waiting.get_mut(&who)?;
        let (mut next, mut room) = (Vec::new(), most);
        while let Some(seat) = seats.pop_front_if(|seat| next.is_empty() || size(seat) <= room) {
            room = room.saturating_sub(size(&seat));
            next.push(seat);
        }
        if next.is_empty() {
            waiting.remove(&who);
            return None;
        }
        Some(next)
    }

    /// Nobody serves this one any more; what waits is dropped.
    fn close(&self, who: W) {
        self.lock().remove(&who);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<W, VecDeque<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one key until nobody waits.
struct Serving {
    app: Arc<App>,
    who: Who,
    is_over: bool,
}

impl Serving {
    async fn all(mut self) {
        while let Some(seats) = self.app.orders.0.next(self.who, MOST_JOBS, |seat| seat.request.drafts.len())
        {
            place_all(&self.app, seats).await;
            self.app.stir();
        }
        self.is_over = true;
    }
}

impl Drop for Serving {
    /// If it was cut short, whoever waits is told so, and the next one is served again.
    fn drop(&mut self) {
        if !self.is_over {
            self.app.orders.0.close(self.who);
        }
    }
}

/// Places orders of one key in one transaction, and answers them.
async fn place_all(app: &App, seats: Vec<Seat>) {
    let Some(key) = seats.first().map(|seat| Arc::clone(&seat.key)) else { return };
    let (requests, replies): (Vec<_>, Vec<_>) =
        seats.into_iter().map(|seat| (seat.request, seat.reply)).unzip();
    let (desk, foresight) = (Arc::clone(&app.desk), Foresight::of_all(&requests));
    let scope = key.scope;
    let placed = app.db.write_for(scope, move |tx| {
        foresight.tell(tx, scope);
        let ctx = Context::open(tx, desk, scope, Actor::CustomerApi, real_now())?.called_with(key.id);
        place_together(tx, &ctx, &key, requests)
    });
    // Whoever does not wait any more finds the order placed.
    match placed.await {
        Ok(outcomes) => {
            replies.into_iter().zip(outcomes).for_each(|(reply, outcome)| drop(reply.send(Ok(outcome))));
        }
        Err(error) => match <[_; 1]>::try_from(replies) {
            Ok([reply]) => drop(reply.send(Err(error))),
            Err(replies) => {
                let why = error.to_string();
                replies.into_iter().for_each(|reply| drop(reply.send(Err(beside(&why)))));
            }
        },
    }
}

/// Trying again may help.
fn beside(why: &str) -> Error {
    sql::Error::Unavailable(format!("orders that were to be placed together: {why}")).into()
}

#[cfg(test)]
mod tests {
    use super::Seats;

    fn next(seats: &Seats<char, usize>, who: char) -> Option<Vec<usize>> {
        seats.next(who, 10, |size| *size)
    }

    #[test]
    fn who_comes_while_another_is_served_waits_for_the_next_turn() {
        let seats = Seats::default();
        assert!(seats.take('a', 1));
        assert_eq!(next(&seats, 'a'), Some(vec![1]));
        // Being served, though nobody waits.
        assert!(!seats.take('a', 2));
        assert!(!seats.take('a', 3));
        assert!(seats.take('b', 4));
        assert_eq!(next(&seats, 'a'), Some(vec![2, 3]));
        assert_eq!(next(&seats, 'a'), None);
        assert!(seats.take('a', 5));
        assert_eq!(next(&seats, 'b'), Some(vec![4]));
    }

    #[test]
    fn a_turn_is_as_large_as_it_may_be_and_never_empty() {
        let seats = Seats::default();
        for size in [11, 4, 6, 1, 12, 3] {
            seats.take('a', size);
        }
        let turns: Vec<Vec<usize>> = std::iter::from_fn(|| next(&seats, 'a')).collect();
        assert_eq!(turns, [vec![11], vec![4, 6], vec![1], vec![12], vec![3]]);
    }

    #[test]
    fn after_a_fall_the_next_one_is_served() {
        let seats = Seats::default();
        seats.take('a', 1);
        seats.close('a');
        assert!(seats.take('a', 2));
        assert_eq!(next(&seats, 'a'), Some(vec![2]));
    }
}

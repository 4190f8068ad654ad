//! Orders of one key that come while an earlier one is being stored: they wait for it, and are then
//! placed together.

use crate::app::{App, real_now};
use domain::event::Actor;
use domain::ids::{KeyId, Scope};
use service::draft::Request;
use service::place_order::{Foresight, Outcome, place_together};
use service::{Context, Error};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::keys::Key;
use store::sql;
use tokio::sync::oneshot;

/// So many are placed together at most: the first of them waits for all.
const MOST: usize = 32;

/// By the key that orders: who has an entry is being served.
#[derive(Default)]
pub struct WaitingOrders(Mutex<HashMap<Who, Vec<Seat>>>);

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
        if app.orders.take_seat(who, Seat { key, request, reply }) {
            let serving = Serving { app: Arc::clone(app), who, is_over: false };
            tokio::spawn(async move { serving.all().await });
        }
        outcome.await.unwrap_or_else(|_| Err(beside("the server ended")))
    }

    /// True if nobody serves this key yet.
    fn take_seat(&self, who: Who, seat: Seat) -> bool {
        let mut waiting = self.lock();
        let is_first = !waiting.contains_key(&who);
        waiting.entry(who).or_default().push(seat);
        is_first
    }

    /// The next to be placed. None: nobody waits, and nobody is served any more.
    fn next(&self, who: Who) -> Option<Vec<Seat>> {
        let mut waiting = self.lock();
        let seats = waiting.get_mut(&who)?;
        if seats.is_empty() {
            waiting.remove(&who);
            return None;
        }
        Some(seats.drain(..seats.len().min(MOST)).collect())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, Vec<Seat>>> {
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
        while let Some(seats) = self.app.orders.next(self.who) {
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
            self.app.orders.lock().remove(&self.who);
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
        if let Some(foresight) = foresight {
            foresight.tell(tx, scope);
        }
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

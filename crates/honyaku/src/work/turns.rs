//! Destinations and their turns: the loop asks which are due, and each that is gets a turn of its own, in which
//! a few of its callbacks are sent side by side. How many at once, to it and to all like it, depends on how it
//! stands: receivers that are slow or dead have their own room, so they hold up only each other.
//!
//! A turn has its destination and deliveries on lease. Where other nodes may take over, leases are short and
//! prolonged while the turn lasts: a node that is gone holds nothing up for longer.

use super::{callbacks, lease, pace};
use crate::app::{App, real_now};
use domain::ids::{AccountId, DeliveryId, Timestamp};
use outbound::Standing;
use service::Error;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::deliveries;
use store::sql::{AT_ONCE, Chore, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

const IDLE: Duration = Duration::from_millis(500);
/// From being woken to looking.
const GATHER: Duration = Duration::from_millis(5);
/// Longer than an attempt can take.
pub const LONGEST_MS: i64 = 30_000;
/// A turn that lasts looks so often for more to send.
const MORE_EACH: Duration = Duration::from_millis(250);
/// Then others that stand alike come first.
const LONGEST_TURN: Duration = Duration::from_secs(5);

/// What the loop knows of its turns.
struct Turns {
    /// Free slots, in the order of `Standing::ALL`.
    slots: [Arc<Semaphore>; Standing::ALL.len()],
    /// Deliveries that are being sent, by destination.
    under_way: Mutex<HashMap<i64, Vec<(AccountId, DeliveryId)>>>,
    lease_ms: i64,
}

impl Turns {
    fn new(app: &App) -> Self {
        Self {
            slots: Standing::ALL.map(|standing| Arc::new(Semaphore::new(standing.slots()))),
            under_way: Mutex::default(),
            lease_ms: if app.db.is_server() { lease::SHORT_MS } else { LONGEST_MS },
        }
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Vec<(AccountId, DeliveryId)>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives turns until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let turns = Arc::new(Turns::new(&app));
    if app.db.is_server() {
        tokio::spawn(prolong(Arc::clone(&app), Arc::clone(&turns), stop.clone()));
    }
    let alarm = app.db.alarms().of(Chore::Delivery);
    while !*stop.borrow() {
        alarm.look_begins();
        match look(&app, &turns).await {
            Ok(Found::Destinations(0)) => tokio::time::sleep(GATHER).await,
            Ok(Found::Destinations(_)) => {}
            Ok(Found::Nothing { next }) => {
                if pace::sleep(alarm, next, IDLE, &mut stop).await {
                    tokio::time::sleep(GATHER).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "destinations could not be asked");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// What a look found.
enum Found {
    /// So many destinations were due, and have their turn.
    Destinations(usize),
    /// Nothing that there is room for is due before this, if anything is.
    Nothing { next: Option<Timestamp> },
}

/// Gives every destination that is due a turn, as far as there is room for those that stand like it.
async fn look(app: &Arc<App>, turns: &Arc<Turns>) -> Result<Found, Error> {
    let now = real_now();
    let due = app.db.read_once(|tx| deliveries::next_due(tx, Standing::ALL.map(Standing::code))).await?;
    let (mut next, mut taken) = (None::<Timestamp>, None);
    for ((standing, slots), due) in Standing::ALL.into_iter().zip(&turns.slots).zip(due) {
        // Without room it has to wait for the end of a turn, which rings.
        let room = slots.available_permits() / standing.width();
        let Some(due) = due.filter(|_| room > 0) else { continue };
        if due > now {
            next = Some(next.map_or(due, |next| next.min(due)));
            continue;
        }
        let (limit, again_at) = (room as i64, now.plus_ms(turns.lease_ms));
        let destinations = app
            .db
            .write_in_background(move |tx| {
                deliveries::take_destinations(tx, standing.code(), now, again_at, limit)
            })
            .await?;
        taken = Some(taken.unwrap_or(0) + destinations.len());
        for destination in destinations {
            let Ok(slot) = Arc::clone(slots).try_acquire_many_owned(standing.width() as u32) else { break };
            tokio::spawn(turn(Arc::clone(app), Arc::clone(turns), standing, destination, slot));
        }
    }
    Ok(taken.map_or(Found::Nothing { next }, Found::Destinations))
}

/// One destination's turn: what is due is sent side by side, then it is due again when its
/// next delivery is.
async fn turn(
    app: Arc<App>,
    turns: Arc<Turns>,
    standing: Standing,
    destination: i64,
    slots: OwnedSemaphorePermit,
) {
    let turn = Turn { app, turns, standing, destination };
    turn.send(slots).await;
    turn.turns.under_way().remove(&destination);
    let end = move |tx: &mut Tx<'_>| service::callbacks::end_turn(tx, destination, real_now());
    if let Err(error) = turn.app.db.write_in_background(end).await {
        tracing::error!(%error, "a destination's turn could not be ended; its lease will end");
    }
}

/// A turn that is under way.
struct Turn {
    app: Arc<App>,
    turns: Arc<Turns>,
    standing: Standing,
    destination: i64,
}

impl Turn {
    /// Sends what is due. A receiver that keeps some waiting gets more beside them, as far as it may have more,
    /// unless it failed meanwhile.
    async fn send(&self, mut slots: OwnedSemaphorePermit) {
        let (began, mut works) = (Instant::now(), true);
        let mut sending = JoinSet::new();
        self.add(&mut sending, slots.num_permits()).await;
        loop {
            // What it does not need is others'.
            self.give_back(slots.split(slots.num_permits().saturating_sub(sending.len())));
            if sending.is_empty() {
                return;
            }
            let goes_on = works && began.elapsed() < LONGEST_TURN && sending.len() < self.standing.width();
            tokio::select! {
                Some(sent) = sending.join_next() => works &= sent.unwrap_or(false),
                () = tokio::time::sleep(MORE_EACH), if goes_on => {
                    let more = self.standing.width() - sending.len();
                    if self.has_more().await && let Ok(room) = Arc::clone(slots.semaphore()).try_acquire_many_owned(more as u32) {
                        slots.merge(room);
                        self.add(&mut sending, more).await;
                    }
                }
            }
        }
    }

    /// Leases what is due and begins to send it.
    async fn add(&self, sending: &mut JoinSet<bool>, limit: usize) {
        let (destination, now, lease_ms) = (self.destination, real_now(), self.turns.lease_ms);
        let lease = move |tx: &mut Tx<'_>| deliveries::lease(tx, destination, now, lease_ms, limit as i64);
        match self.app.db.write_in_background(lease).await {
            Ok(leased) => {
                let ids = leased.iter().map(|delivery| (delivery.scope.account, delivery.id));
                self.turns.under_way().entry(destination).or_default().extend(ids);
                for delivery in leased {
                    let app = Arc::clone(&self.app);
                    sending.spawn(async move { callbacks::deliver(&app, delivery).await });
                }
            }
            Err(error) => tracing::error!(%error, "deliveries could not be leased"),
        }
    }

    async fn has_more(&self) -> bool {
        let (destination, now) = (self.destination, real_now());
        let more = self.app.db.read_once(move |tx| deliveries::is_any_due(tx, destination, now)).await;
        more.unwrap_or(false)
    }

    /// Frees slots. The loop does not look for destinations without room: now it has to.
    fn give_back(&self, slots: Option<OwnedSemaphorePermit>) {
        let Some(slots) = slots.filter(|slots| slots.num_permits() > 0) else { return };
        let no_room = slots.semaphore().available_permits() < self.standing.width();
        drop(slots);
        if no_room {
            self.app.db.alarms().of(Chore::Delivery).ring(AT_ONCE);
        }
    }
}

/// Prolongs what turns that last longer have on lease, until told to stop.
async fn prolong(app: Arc<App>, turns: Arc<Turns>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(lease::PROLONGED_EACH) => {}
            _ = stop.changed() => break,
        }
        let mut under_way: Vec<_> = turns.under_way().iter().map(|(id, sent)| (*id, sent.clone())).collect();
        if under_way.is_empty() {
            continue;
        }
        under_way.sort_unstable_by_key(|(destination, _)| *destination);
        let until = real_now().plus_ms(turns.lease_ms);
        let stay = move |tx: &mut Tx<'_>| {
            under_way.iter().try_for_each(|(id, sent)| deliveries::stay_taken(tx, *id, sent, until))
        };
        if let Err(error) = app.db.write(stay).await {
            tracing::warn!(%error, "turns could not be prolonged; other nodes may send the same callbacks");
        }
    }
}

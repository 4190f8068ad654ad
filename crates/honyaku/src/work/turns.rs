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
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::deliveries;
use store::destinations;
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
/// Who takes longer is not prompt.
const PROMPT: Duration = Duration::from_secs(1);
/// Slots that a turn may take, whoever's it is.
const MOST_FOR_ONE: usize = 4;

/// What the loop knows of its turns.
struct Turns {
    /// Free slots, in the order of `Standing::ALL`.
    slots: [Arc<Semaphore>; Standing::ALL.len()],
    /// Destinations that have their turn, and which deliveries they got in it.
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

    fn slots_of(&self, standing: Standing) -> &Arc<Semaphore> {
        let at = Standing::ALL.iter().position(|known| *known == standing).unwrap_or_default();
        &self.slots[at]
    }

    /// All free slots for destinations that stand like this, as many as make whole turns; none if that is none.
    fn room(&self, standing: Standing) -> Option<OwnedSemaphorePermit> {
        let (slots, width) = (self.slots_of(standing), standing.width());
        let whole = slots.available_permits() / width * width;
        // Turns may take some in between: then there will be a next time.
        Arc::clone(slots).try_acquire_many_owned(whole as u32).ok().filter(|room| room.num_permits() > 0)
    }

    /// A destination's turn begins; false if one is under way.
    fn begin(&self, destination: i64) -> bool {
        match self.under_way().entry(destination) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Vec::new());
                true
            }
        }
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Vec<(AccountId, DeliveryId)>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives turns until told to stop, and then waits for the end of those that are under way.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) {
    let turns = Arc::new(Turns::new(&app));
    let mut running = JoinSet::new();
    let prolonging = prolong(&app, &turns);
    let giving = async {
        give(&app, &turns, &mut running, stop).await;
        while running.join_next().await.is_some() {}
    };
    tokio::select! {
        () = giving => {}
        never = prolonging => match never {},
    }
}

async fn give(
    app: &Arc<App>,
    turns: &Arc<Turns>,
    running: &mut JoinSet<()>,
    mut stop: watch::Receiver<bool>,
) {
    let alarm = app.db.alarms().of(Chore::Delivery);
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        alarm.look_begins();
        match look(app, turns, running).await {
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
async fn look(app: &Arc<App>, turns: &Arc<Turns>, running: &mut JoinSet<()>) -> Result<Found, Error> {
    let now = real_now();
    let due = app.db.read_once(|tx| destinations::next_due(tx, Standing::ALL.map(Standing::code))).await?;
    let (mut next, mut taken) = (None::<Timestamp>, None);
    for (standing, due) in Standing::ALL.into_iter().zip(due) {
        // Without room it has to wait for the end of a turn, which rings.
        let (Some(due), Some(mut room)) = (due, turns.room(standing)) else { continue };
        if due > now {
            next = Some(next.map_or(due, |next| next.min(due)));
            continue;
        }
        let width = standing.width();
        let (limit, lease_ms) = ((room.num_permits() / width) as i64, turns.lease_ms);
        let take = move |tx: &mut Tx<'_>| {
            let now = real_now();
            destinations::take(tx, standing.code(), now, now.plus_ms(lease_ms), limit)
        };
        let destinations = app.db.write_in_background(take).await?;
        taken = Some(taken.unwrap_or(0) + destinations.len());
        for destination in destinations {
            // One whose lease had ended is under way here already, and its turn will end.
            let begins = turns.begin(destination);
            let Some(slots) = room.split(width).filter(|_| begins) else { continue };
            let turn = Turn { app: Arc::clone(app), turns: Arc::clone(turns), standing, destination };
            running.spawn(turn.run(slots));
        }
    }
    Ok(taken.map_or(Found::Nothing { next }, Found::Destinations))
}

/// A turn that is under way.
struct Turn {
    app: Arc<App>,
    turns: Arc<Turns>,
    standing: Standing,
    destination: i64,
}

impl Turn {
    /// What is due is sent side by side, then the destination is due again when its next delivery is.
    async fn run(self, slots: OwnedSemaphorePermit) {
        self.send(slots).await;
        let destination = self.destination;
        // Before the database says that it may have its next turn.
        self.turns.under_way().remove(&destination);
        let end = move |tx: &mut Tx<'_>| service::callbacks::end_turn(tx, destination, real_now());
        if let Err(error) = self.app.db.write_in_background(end).await {
            tracing::error!(%error, "a destination's turn could not be ended; its lease will end");
        }
    }

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
            tokio::select! {
                Some(sent) = sending.join_next() => works &= sent.unwrap_or(false),
                () = tokio::time::sleep(MORE_EACH) => {
                    if began.elapsed() > PROMPT {
                        self.leave_the_prompt(&mut slots);
                    }
                    let more = self.standing.width() - sending.len();
                    let goes_on = works && began.elapsed() < LONGEST_TURN && !self.app.is_closing();
                    if more > 0 && goes_on && self.has_more().await
                        && let Ok(room) = Arc::clone(slots.semaphore()).try_acquire_many_owned(more as u32)
                    {
                        slots.merge(room);
                        self.add(&mut sending, more).await;
                    }
                }
            }
        }
    }

    /// Leases what is due and begins to send it.
    async fn add(&self, sending: &mut JoinSet<bool>, limit: usize) {
        let (destination, lease_ms) = (self.destination, self.turns.lease_ms);
        let lease =
            move |tx: &mut Tx<'_>| deliveries::lease(tx, destination, real_now(), lease_ms, limit as i64);
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

    /// Who was prompt and keeps us waiting, or has yet to answer for the first time, is not to hold up others of
    /// whom nothing bad is known: it takes the room of those that are slow or fail, if there is some.
    fn leave_the_prompt(&self, slots: &mut OwnedSemaphorePermit) {
        let here = |standing| Arc::ptr_eq(slots.semaphore(), self.turns.slots_of(standing));
        if !here(Standing::Prompt) && !here(Standing::New) {
            return;
        }
        let wanted = slots.num_permits() as u32;
        let elsewhere = [Standing::Slow, Standing::Failing].into_iter().find_map(|standing| {
            Arc::clone(self.turns.slots_of(standing)).try_acquire_many_owned(wanted).ok()
        });
        if let Some(elsewhere) = elsewhere {
            self.give_back(Some(std::mem::replace(slots, elsewhere)));
        }
    }

    /// Frees slots. The loop does not look for destinations without room: now it has to.
    fn give_back(&self, slots: Option<OwnedSemaphorePermit>) {
        let Some(slots) = slots.filter(|slots| slots.num_permits() > 0) else { return };
        let no_room = slots.semaphore().available_permits() < MOST_FOR_ONE;
        drop(slots);
        if no_room {
            self.app.db.alarms().of(Chore::Delivery).ring(AT_ONCE);
        }
    }
}

/// Prolongs what turns have on lease where other nodes may take it, for as long as it is asked to.
async fn prolong(app: &Arc<App>, turns: &Arc<Turns>) -> Infallible {
    if !app.db.is_server() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(lease::PROLONGED_EACH).await;
        let mut under_way: Vec<_> = turns.under_way().iter().map(|(id, sent)| (*id, sent.clone())).collect();
        if under_way.is_empty() {
            continue;
        }
        under_way.sort_unstable_by_key(|(destination, _)| *destination);
        let lease_ms = turns.lease_ms;
        let stay = move |tx: &mut Tx<'_>| {
            let until = real_now().plus_ms(lease_ms);
            under_way.iter().try_for_each(|(id, sent)| destinations::stay_taken(tx, *id, sent, until))
        };
        if let Err(error) = app.db.write(stay).await {
            tracing::warn!(%error, "turns could not be prolonged; other nodes may send the same callbacks");
        }
    }
}

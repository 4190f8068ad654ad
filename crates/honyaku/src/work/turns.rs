//! Destinations and their turns: the loop asks which are due, and each that is gets a turn of its own
//! ([`Turn`]). How many callbacks are under way at once, to it and to all like it, depends on how it stands:
//! receivers that are slow or dead have their own room, so they hold up only each other.
//!
//! A turn has its destination and deliveries on lease. Where other nodes may take over, leases are short and
//! prolonged while the turn lasts: a node that is gone holds nothing up for longer.

use super::turn::Turn;
use super::{lease, pace};
use crate::app::{App, real_now};
use domain::ids::Timestamp;
use outbound::Standing;
use service::Error;
use service::callbacks::begin_turns;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::destinations;
use store::sql::{AT_ONCE, Chore, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

const IDLE: Duration = Duration::from_millis(500);
/// From being woken to looking.
const GATHER: Duration = Duration::from_millis(5);
/// Longer than an attempt can take.
pub const LONGEST_MS: i64 = 30_000;
/// Slots that a turn may take, whoever's it is.
const MOST_FOR_ONE: usize = 4;

/// What the loop knows of its turns.
pub struct Turns {
    /// Free slots, in the order of `Standing::ALL`.
    slots: [Arc<Semaphore>; Standing::ALL.len()],
    /// By destination.
    under_way: Mutex<HashMap<i64, Arc<Turn>>>,
    /// How long a turn has its destination and deliveries, unless it is prolonged.
    pub lease_ms: i64,
}

impl Turns {
    fn new(app: &App) -> Self {
        Self {
            slots: Standing::ALL.map(|standing| Arc::new(Semaphore::new(standing.slots()))),
            under_way: Mutex::default(),
            lease_ms: if app.db.is_server() { lease::SHORT_MS } else { LONGEST_MS },
        }
    }

    /// Those of the destinations that stand like this.
    pub fn slots_of(&self, standing: Standing) -> &Arc<Semaphore> {
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

    /// Frees slots. The loop does not look for destinations without room: now it has to.
    pub fn give_back(&self, app: &App, slots: Option<OwnedSemaphorePermit>) {
        let Some(slots) = slots.filter(|slots| slots.num_permits() > 0) else { return };
        let no_room = slots.semaphore().available_permits() < MOST_FOR_ONE;
        drop(slots);
        if no_room {
            app.db.alarms().of(Chore::Delivery).ring(AT_ONCE);
        }
    }

    /// A turn begins; false if one of its destination is under way.
    fn begin(&self, turn: &Arc<Turn>) -> bool {
        match self.under_way().entry(turn.destination) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Arc::clone(turn));
                true
            }
        }
    }

    /// A turn ends. To be said before the database says that its destination may have its next one.
    pub fn end(&self, turn: &Turn) {
        let mut under_way = self.under_way();
        if under_way.get(&turn.destination).is_some_and(|known| std::ptr::eq(Arc::as_ptr(known), turn)) {
            under_way.remove(&turn.destination);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<i64, Arc<Turn>>> {
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
            Ok(next) => {
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

/// Sees to it that every destination that is due gets its turn, as far as there is room for those that stand like
/// it; when the next is due.
async fn look(
    app: &Arc<App>,
    turns: &Arc<Turns>,
    running: &mut JoinSet<()>,
) -> Result<Option<Timestamp>, Error> {
    let now = real_now();
    let due = app.db.read_once(|tx| destinations::next_due(tx, Standing::ALL.map(Standing::code))).await?;
    let mut next = None::<Timestamp>;
    for (standing, due) in Standing::ALL.into_iter().zip(due) {
        // Without room it has to wait for the end of a turn, which rings.
        let (Some(due), Some(room)) = (due, turns.room(standing)) else { continue };
        if due > now {
            next = Some(next.map_or(due, |next| next.min(due)));
        } else {
            // Those that stand otherwise do not wait for it.
            running.spawn(begin(Arc::clone(app), Arc::clone(turns), standing, room));
        }
    }
    Ok(next)
}

/// Gives turns to destinations of a standing, as many as there is room for, and waits for their end.
async fn begin(app: Arc<App>, turns: Arc<Turns>, standing: Standing, mut room: OwnedSemaphorePermit) {
    let width = standing.width();
    let (limit, lease_ms) = (room.num_permits() / width, turns.lease_ms);
    let begin = move |tx: &mut Tx<'_>| begin_turns(tx, standing, real_now(), lease_ms, limit);
    let begun = match standing {
        Standing::Prompt => app.db.write_in_background(begin).await,
        _ => app.db.write_at_leisure(begin).await,
    };
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return tracing::error!(%error, "turns could not begin"),
    };
    let mut running = JoinSet::new();
    for begun in begun {
        let turn = Arc::new(Turn::new(&app, &turns, standing, &begun));
        // One whose lease had ended is under way here already, and its turn will end.
        let begins = turns.begin(&turn);
        let Some(slots) = room.split(width).filter(|_| begins) else { continue };
        running.spawn(turn.run(slots, begun.deliveries));
    }
    drop(room);
    // Nobody has looked for these while their room was held here.
    app.db.alarms().of(Chore::Delivery).ring(AT_ONCE);
    while running.join_next().await.is_some() {}
}

/// Prolongs what turns have on lease where other nodes may take it, for as long as it is asked to.
async fn prolong(app: &Arc<App>, turns: &Arc<Turns>) -> Infallible {
    if !app.db.is_server() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(lease::PROLONGED_EACH).await;
        let mut under_way: Vec<_> =
            turns.under_way().values().map(|turn| (turn.destination, turn.leased().clone())).collect();
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

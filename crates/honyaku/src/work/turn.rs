//! A destination's turn: a few of its callbacks are sent side by side, and each that was taken makes way for the
//! next. What came of one, the lease of the next and the end of the turn are one commit.

use super::callbacks::{self, Conclude};
use super::turns::Turns;
use crate::app::{App, real_now};
use domain::ids::{AccountId, DeliveryId};
use outbound::{Outcome, Standing};
use service::Error;
use service::callbacks::{Begun, end_turn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::deliveries::{self, Delivery};
use store::sql::Tx;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

/// A turn that lasts looks so often for more to send.
const MORE_EACH: Duration = Duration::from_millis(250);
/// Then others that stand alike come first.
const LONGEST: Duration = Duration::from_secs(5);
/// Who takes longer is not prompt.
const PROMPT: Duration = Duration::from_secs(1);

/// A turn that is under way.
pub struct Turn {
    app: Arc<App>,
    turns: Arc<Turns>,
    standing: Standing,
    /// Whose it is.
    pub destination: i64,
    began: Instant,
    /// What it has on lease.
    leased: Mutex<Vec<(AccountId, DeliveryId)>>,
    /// How many callbacks are under way or about to be; at none it takes no more.
    sending: AtomicUsize,
    /// All were taken so far, as by one that stands like this.
    works: AtomicBool,
    ended: AtomicBool,
}

impl Turn {
    /// A turn that begins now.
    pub fn new(app: &Arc<App>, turns: &Arc<Turns>, standing: Standing, begun: &Begun) -> Self {
        let turn = Self {
            app: Arc::clone(app),
            turns: Arc::clone(turns),
            standing,
            destination: begun.destination,
            began: Instant::now(),
            leased: Mutex::default(),
            sending: AtomicUsize::new(begun.deliveries.len()),
            works: AtomicBool::new(true),
            ended: AtomicBool::new(false),
        };
        turn.note(&begun.deliveries);
        turn
    }

    /// What it has on lease.
    pub fn leased(&self) -> MutexGuard<'_, Vec<(AccountId, DeliveryId)>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, leased: &[Delivery]) {
        self.leased().extend(leased.iter().map(|delivery| (delivery.scope.account, delivery.id)));
    }

    /// Sends what is due, then the destination is due again when its next delivery is.
    pub async fn run(self: Arc<Self>, mut slots: OwnedSemaphorePermit, first: Vec<Delivery>) {
        let mut sending = JoinSet::new();
        for delivery in first {
            sending.spawn(Arc::clone(&self).send(delivery));
        }
        let mut last_end = Instant::now();
        loop {
            // What it does not need is others'.
            let spare = slots.num_permits().saturating_sub(sending.len());
            self.turns.give_back(&self.app, slots.split(spare));
            if sending.is_empty() {
                break;
            }
            tokio::select! {
                Some(sent) = sending.join_next() => {
                    last_end = Instant::now();
                    match sent.ok().flatten() {
                        Some(next) => {
                            sending.spawn(Arc::clone(&self).send(next));
                            self.send_more(&mut sending, &mut slots).await;
                        }
                        None => _ = self.change_sending(|sending| sending.checked_sub(1)),
                    }
                }
                () = tokio::time::sleep(MORE_EACH) => {
                    if last_end.elapsed() > PROMPT {
                        self.leave_the_prompt(&mut slots);
                    }
                    if self.goes_on() && self.has_more().await {
                        self.send_more(&mut sending, &mut slots).await;
                    }
                }
            }
        }
        if self.ended.load(SeqCst) {
            return;
        }
        // The last ones ended side by side.
        let turn = Arc::clone(&self);
        if let Err(error) = self.app.db.write_in_background(move |tx| turn.end(tx)).await {
            self.turns.end(&self);
            tracing::error!(%error, "a destination's turn could not be ended; its lease will end");
        }
    }

    /// Sends a callback; the next one, if there is one and the turn goes on.
    async fn send(self: Arc<Self>, delivery: Delivery) -> Option<Delivery> {
        let (turn, id) = (Arc::clone(&self), delivery.id);
        let next = callbacks::deliver(&self.app, delivery, move |tx, outcome, conclude| {
            turn.conclude(tx, outcome, conclude)
        });
        let next = next.await.flatten();
        self.leased().retain(|(_, known)| *known != id);
        next
    }

    /// Writes what came of a callback, and leases the next, or ends the turn if this was its last.
    fn conclude(
        &self,
        tx: &mut Tx<'_>,
        outcome: Option<&Outcome>,
        conclude: Conclude<'_>,
    ) -> Result<Option<Delivery>, Error> {
        // None: this transaction is written again.
        let last = matches!(self.sending.compare_exchange(1, 0, SeqCst, SeqCst), Ok(_) | Err(0));
        conclude(tx, last)?;
        if outcome.is_some_and(|outcome| Standing::after(outcome) != self.standing) {
            self.works.store(false, SeqCst);
        }
        let next = if self.goes_on() { self.lease(tx, 1)?.pop() } else { None };
        match (last, &next) {
            (true, Some(_)) => self.sending.store(1, SeqCst),
            (true, None) => self.end(tx)?,
            (false, _) => {}
        }
        Ok(next)
    }

    /// False: it is as it was.
    fn change_sending(&self, change: impl Fn(usize) -> Option<usize>) -> bool {
        self.sending.fetch_update(SeqCst, SeqCst, change).is_ok()
    }

    fn end(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        end_turn(tx, self.destination, real_now())?;
        self.turns.end(self);
        self.ended.store(true, SeqCst);
        Ok(())
    }

    fn lease(&self, tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Delivery>, Error> {
        let (now, lease_ms) = (real_now(), self.turns.lease_ms);
        let leased = deliveries::lease(tx, self.destination, now, lease_ms, limit as i64)?;
        self.note(&leased);
        Ok(leased)
    }

    /// One that failed, or has yet to prove itself, is only probed.
    fn goes_on(&self) -> bool {
        let works = self.standing.width() > 1 && self.works.load(SeqCst);
        works && self.began.elapsed() < LONGEST && !self.app.is_closing()
    }

    async fn has_more(&self) -> bool {
        let (destination, now) = (self.destination, real_now());
        let more = self.app.db.read_once(move |tx| deliveries::is_any_due(tx, destination, now)).await;
        more.unwrap_or(false)
    }

    /// A receiver that keeps some waiting gets more beside those under way, as far as it may have more.
    async fn send_more(
        self: &Arc<Self>,
        sending: &mut JoinSet<Option<Delivery>>,
        slots: &mut OwnedSemaphorePermit,
    ) {
        let more = self.standing.width() - sending.len();
        if more == 0 || !self.goes_on() {
            return;
        }
        let Ok(room) = Arc::clone(slots.semaphore()).try_acquire_many_owned(more as u32) else { return };
        // Before they are known, so that the turn does not end meanwhile.
        if !self.change_sending(|sending| (sending > 0).then_some(sending + more)) {
            return;
        }
        let turn = Arc::clone(self);
        let leased = self.app.db.write_in_background(move |tx| turn.lease(tx, more)).await;
        let leased = leased.unwrap_or_else(|error| {
            tracing::error!(%error, "deliveries could not be leased");
            Vec::new()
        });
        self.change_sending(|sending| sending.checked_sub(more - leased.len()));
        slots.merge(room);
        for delivery in leased {
            sending.spawn(Arc::clone(self).send(delivery));
        }
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
            self.turns.give_back(&self.app, Some(std::mem::replace(slots, elsewhere)));
        }
    }
}

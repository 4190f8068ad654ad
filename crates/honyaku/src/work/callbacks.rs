//! The callback loops. One makes deliveries of events; the other asks which destinations are
//! due and sends at most four at a time to each, 256 in all. A destination's turn holds no
//! other: dead ones cost one waiting connection each and are asked ever more rarely.

use super::{inbox, pace};
use crate::app::{App, real_now};
use domain::ids::{DeliveryId, Scope, Timestamp};
use outbound::{Outcome, Request};
use service::Error;
use service::callbacks::{self, Prepared};
use std::sync::Arc;
use std::time::Duration;
use store::deliveries::{self, Delivery, Destination};
use store::sql::Chore;
use tokio::sync::{Semaphore, watch};
use url::Url;

const IN_FLIGHT: usize = 256;
const EVENTS_AT_ONCE: usize = 25;
/// Longer than an attempt can take.
const LEASE_MS: i64 = 30_000;
const IDLE: Duration = Duration::from_millis(500);
/// From being woken to looking.
const GATHER: Duration = Duration::from_millis(5);

/// Makes deliveries of events until told to stop.
pub async fn run_fan_out(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let alarm = app.db.alarms().of(Chore::Event);
    let mut last = 0;
    while !*stop.borrow() {
        alarm.look_begins();
        match fan_out(&app).await {
            Ok(0) => {
                if pace::sleep(alarm, None, IDLE, &mut stop).await {
                    tokio::time::sleep(pace::gather(last)).await;
                }
            }
            Ok(found) => {
                last = found;
                if found < EVENTS_AT_ONCE {
                    tokio::time::sleep(pace::gather(last)).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "events could not be fanned out");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Makes deliveries of the next events; how many there were.
pub async fn fan_out(app: &Arc<App>) -> Result<usize, Error> {
    if app.db.read_once(store::events::outbox_is_empty).await? {
        return Ok(0);
    }
    let desk = Arc::clone(&app.desk);
    app.db
        .write_in_background(move |tx| callbacks::fan_out(tx, &desk, real_now(), EVENTS_AT_ONCE as i64))
        .await
}

/// Sends what is due until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(IN_FLIGHT));
    let alarm = app.db.alarms().of(Chore::Delivery);
    while !*stop.borrow() {
        alarm.look_begins();
        match turns(&app, &slots).await {
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
    /// Nothing is due before this, if anything is.
    Nothing { next: Option<Timestamp> },
}

/// Gives every due destination a turn, as far as there are slots.
async fn turns(app: &Arc<App>, slots: &Arc<Semaphore>) -> Result<Found, Error> {
    let now = real_now();
    let next = app.db.read_once(deliveries::next_due).await?;
    if next.is_none_or(|due| due > now) {
        return Ok(Found::Nothing { next });
    }
    let room = (slots.available_permits() / 4).max(1) as i64;
    let due = app
        .db
        .write_in_background(move |tx| deliveries::take_destinations(tx, now, now.plus_ms(LEASE_MS), room))
        .await?;
    let count = due.len();
    for destination in due {
        // A turn takes as many slots as it may send at once.
        let wide = u32::try_from(callbacks::width(&destination)).unwrap_or(1);
        let Ok(slot) = Arc::clone(slots).acquire_many_owned(wide).await else { break };
        let app = Arc::clone(app);
        tokio::spawn(async move {
            turn(&app, destination).await;
            drop(slot);
        });
    }
    Ok(Found::Destinations(count))
}

/// One destination's turn: what is due is sent side by side, then it is due again when its
/// next delivery is.
async fn turn(app: &Arc<App>, destination: Destination) {
    let (id, width, now) = (destination.id, callbacks::width(&destination), real_now());
    let leased = app.db.write_in_background(move |tx| deliveries::lease(tx, id, now, LEASE_MS, width)).await;
    match leased {
        Ok(leased) => {
            let mut sending = tokio::task::JoinSet::new();
            for delivery in leased {
                let app = Arc::clone(app);
                sending.spawn(async move { deliver(&app, delivery).await });
            }
            while sending.join_next().await.is_some() {}
        }
        Err(error) => tracing::error!(%error, "deliveries could not be leased"),
    }
    if let Err(error) = app.db.write_in_background(move |tx| callbacks::end_turn(tx, id, real_now())).await {
        tracing::error!(%error, "a destination's turn could not be ended; its lease will end");
    }
}

/// Makes one attempt at a delivery and writes what came of it.
async fn deliver(app: &Arc<App>, delivery: Delivery) {
    let (desk, leased, lock) = (Arc::clone(&app.desk), delivery.clone(), callbacks::lock_of(&delivery));
    let prepared = app.db.read(move |tx| callbacks::prepare(tx, &desk, leased, real_now())).await;
    let desk = Arc::clone(&app.desk);
    let written = match prepared {
        Ok(Some(prepared)) => {
            let outcome = send(app, &prepared).await;
            let result = if outcome.delivered() { "delivered" } else { "failed" };
            metrics::counter!("honyaku_callbacks_total", "result" => result).increment(1);
            let random = random();
            app.db
                .write_in_background_under(lock, move |tx| {
                    callbacks::conclude(tx, &desk, &prepared.delivery, &outcome, random, real_now())
                })
                .await
        }
        Ok(None) => {
            app.db
                .write_in_background_under(lock, move |tx| {
                    callbacks::drop_delivery(tx, &desk, &delivery, real_now())
                })
                .await
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => app.stir(),
        Err(error) => tracing::error!(%error, "an attempt could not be written; it will be made again"),
    }
}

/// Sends a callback: to an inbox of this server inside the process, else over the network.
pub async fn send(app: &Arc<App>, prepared: &Prepared) -> Outcome {
    let mut headers = prepared.headers.clone();
    if let Some(token) = callbacks::inbox_token(&app.desk.public_url, &prepared.url) {
        headers.push(("content-type".to_owned(), prepared.content_type.clone()));
        return inbox::hand_over(app, token, prepared, headers).await;
    }
    match Url::parse(&prepared.url) {
        Ok(url) => {
            let request = Request {
                url,
                headers,
                content_type: prepared.content_type.clone(),
                body: prepared.body.clone(),
            };
            app.client.post(request).await
        }
        Err(error) => inbox::failed(&format!("the address cannot be read: {error}")),
    }
}

/// Sends the scope's next delivery that is due now, for the test clock.
pub async fn run_next_of(app: &Arc<App>, scope: Scope) -> Result<Option<DeliveryId>, Error> {
    let now: Timestamp = real_now();
    let leased = app
        .db
        .write_in_background(move |tx| deliveries::lease_next_of(tx, scope, now, now, LEASE_MS))
        .await?;
    let Some(delivery) = leased else { return Ok(None) };
    let (id, destination) = (delivery.id, delivery.destination);
    deliver(app, delivery).await;
    app.db.write_in_background(move |tx| callbacks::end_turn(tx, destination, real_now())).await?;
    Ok(Some(id))
}

/// A random number from 0 to 1, to spread retries.
fn random() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

//! Callbacks: the loop that makes deliveries of events, and what is done with one delivery.

use super::{inbox, pace, turns};
use crate::app::{App, real_now};
use backon::{ConstantBuilder, Retryable};
use domain::ids::{Scope, Timestamp};
use outbound::{Outcome, Request};
use service::Error;
use service::callbacks::{self, Prepared};
use std::sync::Arc;
use std::time::Duration;
use store::deliveries::{self, Delivery};
use store::sql::Chore;
use tokio::sync::watch;
use url::Url;

const EVENTS_AT_ONCE: usize = 25;
const IDLE: Duration = Duration::from_millis(500);
/// For as long as a database takes that comes back.
const WRITTEN_AGAIN: ConstantBuilder =
    ConstantBuilder::new().with_delay(Duration::from_millis(500)).with_max_times(10);
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

/// Makes one attempt at a delivery and writes what came of it; true if the receiver took it.
pub async fn deliver(app: &Arc<App>, delivery: Delivery) -> bool {
    let (desk, leased, lock) = (Arc::clone(&app.desk), delivery.clone(), callbacks::lock_of(&delivery));
    let prepared = app.db.read(move |tx| callbacks::prepare(tx, &desk, leased, real_now())).await;
    let mut taken = false;
    let written = match prepared {
        Ok(Some(prepared)) => {
            let outcome = send(app, &prepared).await;
            taken = outcome.delivered();
            let result = if taken { "delivered" } else { "failed" };
            metrics::counter!("honyaku_callbacks_total", "result" => result).increment(1);
            let random = random();
            let write = || {
                let (desk, delivery, outcome) =
                    (Arc::clone(&app.desk), prepared.delivery.clone(), outcome.clone());
                app.db.write_in_background_under(lock, move |tx| {
                    callbacks::conclude(tx, &desk, &delivery, &outcome, random, real_now())
                })
            };
            // Whose result is lost gets the callback again. It is recorded once, however often it is written.
            write.retry(WRITTEN_AGAIN).when(Error::is_unavailable).await
        }
        Ok(None) => {
            let desk = Arc::clone(&app.desk);
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
    taken
}

/// Sends a callback: to an inbox of this server inside the process, else over the network.
pub async fn send(app: &Arc<App>, prepared: &Prepared) -> Outcome {
    let mut headers = prepared.headers.clone();
    if let Some(token) = callbacks::stored_inbox_token(&app.desk, &prepared.url) {
        headers.push(("content-type".to_owned(), prepared.content_type.clone()));
        headers.push(("user-agent".to_owned(), outbound::USER_AGENT.to_owned()));
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

/// Sends the scope's next delivery that is due now, for the test clock. False: there is none.
pub async fn run_next_of(app: &Arc<App>, scope: Scope) -> Result<bool, Error> {
    let now: Timestamp = real_now();
    let leased = app
        .db
        .write_in_background(move |tx| deliveries::lease_next_of(tx, scope, now, now, turns::LONGEST_MS))
        .await?;
    let Some(delivery) = leased else { return Ok(false) };
    let destination = delivery.destination;
    deliver(app, delivery).await;
    app.db.write_in_background(move |tx| callbacks::sent_apart(tx, destination, real_now())).await?;
    Ok(true)
}

/// A random number from 0 to 1, to spread retries.
fn random() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

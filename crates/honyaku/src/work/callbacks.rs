//! Callbacks: the loop that makes deliveries of events, and what is done with one delivery.

use super::{inbox, pace, turns};
use crate::app::{App, real_now};
use backon::{ConstantBuilder, Retryable};
use domain::ids::{EventId, Scope, Timestamp};
use outbound::{Outcome, Request};
use service::Error;
use service::callbacks::{self, Prepared};
use std::sync::Arc;
use std::time::Duration;
use store::deliveries::{self, Delivery};
use store::sql::{Chore, Tx};
use tokio::sync::watch;
use url::Url;

/// Then what has come meanwhile, and what was left, has its turn.
const BATCHES_A_PASS: usize = 20;
const IDLE: Duration = Duration::from_millis(500);
/// For as long as a database takes that comes back.
const WRITTEN_AGAIN: ConstantBuilder =
    ConstantBuilder::new().with_delay(Duration::from_millis(500)).with_max_times(10);

/// What came of a pass through the outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass {
    /// How many events waited.
    pub seen: usize,
    /// Some wait still: there were more, or their destination is another transaction's for a moment.
    pub rest: bool,
}

/// Makes deliveries of events until told to stop.
pub async fn run_fan_out(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let alarm = app.db.alarms().of(Chore::Event);
    let mut last = 0;
    while !*stop.borrow() {
        alarm.look_begins();
        match fan_out(&app).await {
            Ok(Pass { seen: 0, .. }) => {
                if pace::sleep(alarm, None, IDLE, &mut stop).await {
                    tokio::time::sleep(pace::gather(last)).await;
                }
            }
            Ok(pass) => {
                last = pass.seen;
                tokio::time::sleep(pace::gather(last)).await;
            }
            Err(error) => {
                tracing::error!(%error, "events could not be fanned out");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Makes deliveries of the events that wait, a long row of them.
pub async fn fan_out(app: &Arc<App>) -> Result<Pass, Error> {
    let mut pass = Pass::default();
    if app.db.read_once(store::events::outbox_is_empty).await? {
        return Ok(pass);
    }
    // An embedded database has one writer, which others wait for.
    let at_once = if app.db.is_server() { 250 } else { 50 };
    let mut after = EventId(0);
    for _ in 0..BATCHES_A_PASS {
        let desk = Arc::clone(&app.desk);
        let batch = move |tx: &mut Tx<'_>| callbacks::fan_out(tx, &desk, real_now(), after, at_once);
        let fanned = app.db.write_in_background(batch).await?;
        pass.seen += fanned.seen;
        pass.rest |= fanned.left > 0;
        match fanned.last {
            Some(last) if fanned.seen as i64 == at_once => after = last,
            _ => return Ok(pass),
        }
    }
    pass.rest = true;
    Ok(pass)
}

/// Writes what came of an attempt; of the last of a turn, if so.
pub type Conclude<'c> = &'c dyn Fn(&mut Tx<'_>, bool) -> Result<(), Error>;

/// Makes one attempt at a delivery. `write` writes what came of it and what else it likes, and its answer is given
/// back; the outcome is there unless the delivery was dropped. None: it could not be written.
pub async fn deliver<T: Send + 'static>(
    app: &Arc<App>,
    delivery: Delivery,
    write: impl Fn(&mut Tx<'_>, Option<&Outcome>, Conclude<'_>) -> Result<T, Error> + Clone + Send + 'static,
) -> Option<T> {
    let (desk, leased, lock) = (Arc::clone(&app.desk), delivery.clone(), callbacks::lock_of(&delivery));
    let prepared = app.db.read(move |tx| callbacks::prepare(tx, &desk, leased, real_now())).await;
    let written = match prepared {
        Ok(Some(prepared)) => {
            let outcome = send(app, &prepared).await;
            let result = if outcome.delivered() { "delivered" } else { "failed" };
            metrics::counter!("honyaku_callbacks_total", "result" => result).increment(1);
            let random = random();
            let write = || {
                let (desk, delivery, outcome) =
                    (Arc::clone(&app.desk), prepared.delivery.clone(), outcome.clone());
                let (write, taken) = (write.clone(), outcome.delivered());
                let write = move |tx: &mut Tx<'_>| {
                    write(tx, Some(&outcome), &|tx, last| {
                        callbacks::conclude(tx, &desk, &delivery, &outcome, random, last, real_now())
                    })
                };
                async move {
                    match lock {
                        // Who takes callbacks does not wait for who does not.
                        None if !taken => app.db.write_at_leisure(write).await,
                        lock => app.db.write_in_background_under(lock, write).await,
                    }
                }
            };
            // Whose result is lost gets the callback again. It is recorded once, however often it is written.
            write.retry(WRITTEN_AGAIN).when(Error::is_unavailable).await
        }
        Ok(None) => {
            let desk = Arc::clone(&app.desk);
            let drop = move |tx: &mut Tx<'_>| {
                write(tx, None, &|tx, last| callbacks::drop_delivery(tx, &desk, &delivery, last, real_now()))
            };
            app.db.write_in_background_under(lock, drop).await
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(answer) => {
            app.stir();
            Some(answer)
        }
        Err(error) => {
            tracing::error!(%error, "an attempt could not be written; it will be made again");
            None
        }
    }
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
    deliver(app, delivery, |tx, _, conclude| conclude(tx, false)).await;
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

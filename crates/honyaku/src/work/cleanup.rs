//! Forgets what is kept for a while only: stored answers, old events, inbox requests, quiet
//! callers.

use crate::app::{App, real_now};
use std::sync::Arc;
use std::time::Duration;
use store::{events, inboxes, replays, sql};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(600);
const DAY_MS: i64 = 24 * 3600 * 1000;
const EVENTS_DAYS: i64 = 30;
const INBOX_DAYS: i64 = 7;
const AT_ONCE: i64 = 1_000;

/// Cleans up now and then until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
        app.throttle.prune();
        if let Err(error) = clean(&app).await {
            tracing::error!(%error, "cleaning up failed");
        }
    }
}

async fn clean(app: &App) -> Result<(), sql::Error> {
    let now = real_now();
    app.db.write(move |tx| replays::forget_before(tx, now.plus_ms(-DAY_MS))).await?;
    app.db.write(move |tx| inboxes::forget_before(tx, now.plus_ms(-INBOX_DAYS * DAY_MS))).await?;
    // In small steps, so that requests are not held up.
    while app
        .db
        .write(move |tx| events::forget_before(tx, now.plus_ms(-EVENTS_DAYS * DAY_MS), AT_ONCE))
        .await?
        > 0
    {}
    Ok(())
}

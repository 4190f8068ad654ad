//! Forgets what is kept for a while only: stored answers, old events, inbox requests, quiet
//! callers.

use crate::app::{App, real_now};
use domain::event::Actor;
use domain::ids::{Environment, EventId, Scope, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::{events, inboxes, mails, replays, sql};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(600);
const PASSES_A_DAY: u32 = 144;
const DAY_MS: i64 = 24 * 3600 * 1000;
const EVENTS_DAYS: i64 = 30;
const INBOX_DAYS: i64 = 7;
const MAILS_DAYS: i64 = 90;
const AT_ONCE: i64 = 1_000;
const ORDERS_AT_ONCE: i64 = 20;

/// Cleans up now and then until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut events_done = EventId(0);
    for pass in 0_u32.. {
        if *stop.borrow() {
            return;
        }
        if pass % PASSES_A_DAY == 0 {
            events_done = EventId(0);
        }
        app.throttle.prune();
        if let Err(error) = clean(&app, &mut events_done).await {
            tracing::error!(%error, "cleaning up failed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn clean(app: &App, events_done: &mut EventId) -> Result<(), service::Error> {
    let now = real_now();
    app.db.write(move |tx| replays::forget_before(tx, now.plus_ms(-DAY_MS))).await?;
    app.db.write(move |tx| inboxes::forget_before(tx, now.plus_ms(-INBOX_DAYS * DAY_MS))).await?;
    app.db.write(move |tx| mails::forget_before(tx, now.plus_ms(-MAILS_DAYS * DAY_MS))).await?;
    forget_events(app, now.plus_ms(-EVENTS_DAYS * DAY_MS), events_done).await?;
    forget_old_sandboxes(app, now).await
}

/// Removes events from before a moment, in small steps so that nobody is held up. Some stay, for
/// the log of their callbacks: `done` is how far there is nothing to do any more.
async fn forget_events(app: &App, before: Timestamp, done: &mut EventId) -> Result<(), service::Error> {
    let mut after = *done;
    while let Some(next) = app.db.read(move |tx| events::stretch(tx, after, AT_ONCE)).await? {
        if next.from >= before {
            break;
        }
        app.db.write_in_background(move |tx| events::forget(tx, after, next.last, before)).await?;
        if next.until < before && after == *done {
            *done = next.last;
        }
        after = next.last;
    }
    Ok(())
}

/// Deletes sandboxes' orders that are older than the installation keeps them.
async fn forget_old_sandboxes(app: &App, now: Timestamp) -> Result<(), service::Error> {
    if app.edge.sandbox_retention_days == 0 {
        return Ok(());
    }
    let before = now.plus_ms(-i64::from(app.edge.sandbox_retention_days) * DAY_MS);
    loop {
        let accounts =
            app.db.read(move |tx| store::sandboxes::with_orders_before(tx, before, AT_ONCE)).await?;
        if accounts.is_empty() {
            return Ok(());
        }
        for account in accounts {
            let (desk, scope) = (Arc::clone(&app.desk), Scope { account, environment: Environment::Sandbox });
            let forget = move |tx: &mut sql::Tx<'_>| {
                let ctx = service::Context::open(tx, desk, scope, Actor::System, real_now())?;
                service::sandbox::forget_old(tx, &ctx, before, ORDERS_AT_ONCE)
            };
            app.db.write_in_background(forget).await?;
        }
    }
}

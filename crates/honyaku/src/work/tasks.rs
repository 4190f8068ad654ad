//! The task loop: leases what is due in batches and runs each task in a transaction of its
//! own, in which it is also closed. Several run side by side: the database then commits them
//! together.

use super::{lease, pace};
use crate::app::{App, real_now};
use domain::ids::{Scope, Timestamp};
use futures_util::StreamExt as _;
use futures_util::stream;
use service::Error;
use service::timers::{self, Progress};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use store::sql::{Chore, Tx};
use store::tasks::{self, Task};
use tokio::sync::watch;

const BATCH: usize = 20;
/// Tasks that run side by side. On a server each may have a connection for itself.
const SIDE_BY_SIDE: usize = 8;
/// A task whose lease has ended is done once nevertheless: who is second finds it taken.
const LEASE_MS: i64 = 10_000;
const IDLE: Duration = Duration::from_millis(1_000);
/// Until the database is tried again.
const PUT_OFF_MS: i64 = 2_000;
/// Minutes until a failed task is tried again; after the last it is given up.
const RETRIES_MIN: [i64; 5] = [1, 5, 15, 60, 240];

/// Runs tasks until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let alarm = app.db.alarms().of(Chore::Task);
    let mut last = 0;
    while !*stop.borrow() {
        alarm.look_begins();
        match batch(&app).await {
            Ok(Found::Tasks { count, more }) => {
                last = if count > 0 { count } else { last };
                if !more {
                    tokio::time::sleep(pace::gather(last)).await;
                }
            }
            Ok(Found::Nothing { next }) => {
                if pace::sleep(alarm, next, IDLE, &mut stop).await {
                    tokio::time::sleep(pace::gather(last)).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "tasks could not be leased");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// What a look found.
enum Found {
    /// So many tasks, which are done, and whether there is more to do at once.
    Tasks { count: usize, more: bool },
    /// Nothing is due before this, if anything is.
    Nothing { next: Option<Timestamp> },
}

/// Leases a batch and runs it.
async fn batch(app: &Arc<App>) -> Result<Found, Error> {
    let now = real_now();
    let next = app.db.read_once(tasks::next_due).await?;
    if next.is_none_or(|due| due > now) {
        return Ok(Found::Nothing { next });
    }
    // Other nodes take over what one that is gone has leased.
    let lease_ms = if app.db.is_server() { lease::SHORT_MS } else { LEASE_MS };
    let leased = app.db.write(move |tx| tasks::lease(tx, real_now(), lease_ms, BATCH as i64)).await?;
    let (count, all) = (leased.len(), leased.clone());
    let running = stream::iter(leased).map(|task| work(app, task)).buffer_unordered(SIDE_BY_SIDE);
    let go_on: Vec<bool> = tokio::select! {
        go_on = running.collect() => go_on,
        never = prolong(app, all) => match never {},
    };
    Ok(Found::Tasks { count, more: count == BATCH || go_on.contains(&true) })
}

/// Keeps the tasks of a batch leased while it runs.
async fn prolong(app: &App, batch: Vec<Task>) -> Infallible {
    loop {
        tokio::time::sleep(lease::PROLONGED_EACH).await;
        let batch = batch.clone();
        let stay = move |tx: &mut Tx<'_>| {
            let until = real_now().plus_ms(lease::SHORT_MS);
            batch.iter().try_for_each(|task| tasks::stay_leased(tx, task, until))
        };
        if let Err(error) = app.db.write(stay).await {
            tracing::warn!(%error, "tasks could not be kept; other nodes may take them over");
        }
    }
}

/// Runs one task; true if it goes on at once. A failure is noted and tried again later.
async fn work(app: &Arc<App>, task: Task) -> bool {
    let desk = Arc::clone(&app.desk);
    let leased = task.clone();
    let scope = task.scope;
    let done = app.db.work_for(scope, move |tx| timers::work(tx, desk, &leased, real_now())).await;
    let goes_on = matches!(done, Ok(Progress::More(_)));
    match done {
        Ok(_) => app.stir(),
        Err(error) => fail(app, task, &error).await,
    }
    goes_on
}

/// A failure is the task's, and counts; trouble with the database passes, and the task is soon tried again.
async fn fail(app: &App, task: Task, error: &Error) {
    if error.is_unavailable() {
        tracing::warn!(task = task.id, kind = task.kind, %error, "a task is put off");
        let (id, later) = (task.id, real_now().plus_ms(PUT_OFF_MS));
        if let Err(error) = app.db.write(move |tx| tasks::put_off(tx, &task, later)).await {
            tracing::warn!(%error, task = id, "a task could not be put off; its lease will end");
        }
        return;
    }
    tracing::error!(task = task.id, kind = task.kind, %error, "a task failed");
    let failed_before = usize::try_from(task.failures).unwrap_or(usize::MAX);
    let again = RETRIES_MIN.get(failed_before).map(|minutes| real_now().plus_s(minutes * 60).plus_ms(500));
    let (id, text) = (task.id, error.to_string());
    if let Err(error) = app.db.write(move |tx| tasks::fail(tx, &task, &text, again)).await {
        tracing::error!(%error, task = id, "a task's failure could not be noted; its lease will end");
    }
}

/// Runs the scope's next task that is due now, for the test clock. False: there is none.
pub async fn run_next_of(app: &Arc<App>, scope: Scope) -> Result<bool, Error> {
    let now: Timestamp = real_now();
    let leased = app.db.write(move |tx| tasks::lease_next_of(tx, scope, now, now, LEASE_MS)).await?;
    let Some(task) = leased else { return Ok(false) };
    work(app, task).await;
    Ok(true)
}

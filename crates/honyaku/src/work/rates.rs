//! Rate limits over several nodes: each second every node tells the others what its callers
//! used, and takes what it hears off its own buckets. So a limit holds for all nodes together,
//! but for what comes within that second.

use crate::app::{App, real_now};
use std::sync::Arc;
use std::time::Duration;
use store::rates::{self, Use};
use store::sql::Error;
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);
const KEPT_MS: i64 = 60_000;

/// Tells and listens until told to stop.
pub async fn run(app: Arc<App>, node: String, mut stop: watch::Receiver<bool>) {
    let mut last = None;
    while !*stop.borrow() {
        match exchange(&app, &node, last).await {
            Ok(heard) => last = Some(heard),
            Err(error) => tracing::warn!(%error, "rate limits could not be told between nodes"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

/// One exchange; the last row that was heard.
async fn exchange(app: &App, node: &str, last: Option<i64>) -> Result<i64, Error> {
    let used: Vec<Use> = app
        .throttle
        .used()
        .into_iter()
        .map(|(subject, requests)| Use { subject, requests: i64::from(requests) })
        .collect();
    let (name, now) = (node.to_owned(), real_now());
    if !used.is_empty() {
        app.db
            .write_in_background(move |tx| {
                rates::tell(tx, &name, &used, now)?;
                rates::forget_before(tx, now.plus_ms(-KEPT_MS))
            })
            .await?;
    }
    let name = node.to_owned();
    let Some(last) = last else { return app.db.read(rates::newest).await };
    let (others, last) = app.db.read(move |tx| rates::heard(tx, &name, last)).await?;
    for of in others {
        app.throttle.used_elsewhere(&of.subject, u32::try_from(of.requests).unwrap_or(u32::MAX));
    }
    Ok(last)
}

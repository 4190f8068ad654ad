//! Keeps a server's planner up to date about tables that grow fast.

use crate::app::App;
use std::sync::Arc;
use std::time::Duration;
use store::sql::Error;
use store::statistics;
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);

/// Looks now and then until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = look(&app).await {
            tracing::warn!(%error, "the database's statistics could not be renewed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn look(app: &App) -> Result<(), Error> {
    for table in app.db.read_once(statistics::outgrown).await? {
        app.db.write_in_background(move |tx| statistics::look_at(tx, &table)).await?;
    }
    Ok(())
}

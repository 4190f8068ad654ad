//! Deletes contents of files that nothing refers to any more, and moves out of the database what was kept in it before.

use crate::app::{App, real_now};
use crate::contents::Unkept;
use std::sync::Arc;
use std::time::Duration;
use store::{files, uploads};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(3600);
const HOUR_MS: i64 = 3600 * 1000;
/// Between a content is kept and referred to; it is hardly ever more than seconds.
const UNWANTED_MS: i64 = 24 * HOUR_MS;
/// Between a content is doomed and deleted: a backup that has begun still gets what its copy of the database refers to.
const DOOMED_MS: i64 = 2 * HOUR_MS;
const AT_ONCE: i64 = 1_000;

/// Works now and then until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        for (what, done) in [("moving", move_out(&app).await), ("deleting", clean(&app).await)] {
            if let Err(error) = done
                && !matches!(error, Unkept::Nowhere)
            {
                tracing::error!(%error, "{what} files failed; it is tried again in an hour");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Contents from before files had a place of their own.
async fn move_out(app: &App) -> Result<(), Unkept> {
    while let Some((token, content)) = app.db.read(uploads::one_in_row).await? {
        let digest = app.contents.keep(&app.db, content.into()).await?;
        app.db.write_in_background(move |tx| uploads::moved_out(tx, &token, &digest)).await?;
    }
    Ok(())
}

async fn clean(app: &App) -> Result<(), Unkept> {
    let now = real_now();
    let before = now.plus_ms(-DOOMED_MS);
    loop {
        let doomed = app.db.read(move |tx| files::doomed(tx, before, AT_ONCE)).await?;
        if doomed.is_empty() {
            break;
        }
        for file in doomed {
            app.contents.delete(&file).await?;
            app.db.write_in_background(move |tx| files::forget(tx, &file)).await?;
        }
    }
    let (mut last, not_since) = (String::new(), now.plus_ms(-UNWANTED_MS));
    loop {
        let after = last.clone();
        let unwanted =
            move |tx: &mut store::sql::Tx<'_>| files::unwanted_after(tx, &after, not_since, AT_ONCE);
        let (unwanted, end) = app.db.read(unwanted).await?;
        for digest in unwanted {
            app.db.write_in_background(move |tx| files::doom_unwanted(tx, &digest, not_since, now)).await?;
        }
        let Some(end) = end else { return Ok(()) };
        last = end;
    }
}

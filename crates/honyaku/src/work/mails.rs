//! Sends the mails of the outbox, each until a server took it: ten tries within a day.

use crate::app::{App, real_now};
use crate::mailer::Mailer;
use std::sync::Arc;
use std::time::Duration;
use store::mails::{self, Mail};
use store::sql::Error;
use tokio::sync::watch;

const IDLE: Duration = Duration::from_secs(1);
/// Longer than ten tries one after the other can take.
const LEASE_MS: i64 = 300_000;
const AT_ONCE: i64 = 10;
/// Minutes after each failed try; after the last one the mail is given up.
const RETRIES_MIN: [i64; 9] = [1, 5, 15, 30, 60, 120, 240, 480, 480];

/// Sends until told to stop. Without a way out, mails wait.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let Some(mailer) = app.mailer.clone() else { return };
    for result in ["sent", "failed"] {
        // There from the start, so that the first failure is seen as one.
        metrics::counter!("honyaku_mails_total", "result" => result).increment(0);
    }
    while !*stop.borrow() {
        match turn(&app, &mailer).await {
            Ok(0) => tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                _ = stop.changed() => {}
            },
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "mails could not be worked on");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Tries the mails that are due; how many there were.
async fn turn(app: &App, mailer: &Arc<Mailer>) -> Result<usize, Error> {
    let now = real_now();
    if app.db.read_once(mails::next_due).await?.is_none_or(|due| due > now) {
        return Ok(0);
    }
    let leased = app.db.write_in_background(move |tx| mails::lease(tx, now, LEASE_MS, AT_ONCE)).await?;
    let count = leased.len();
    for mail in leased {
        attempt(app, mailer, mail).await?;
    }
    Ok(count)
}

async fn attempt(app: &App, mailer: &Arc<Mailer>, mail: Mail) -> Result<(), Error> {
    let (account, id) = (mail.account, mail.id);
    let failed_before = usize::try_from(mail.attempts - 1).unwrap_or(usize::MAX);
    let way = Arc::clone(mailer);
    let outcome = tokio::task::spawn_blocking(move || way.send(&mail)).await;
    let (state, error, run_at) = match outcome {
        Ok(Ok(())) => ("sent", None, real_now()),
        Ok(Err(failure)) => {
            let again = RETRIES_MIN.get(failed_before).filter(|_| !failure.permanent);
            tracing::warn!(mail = id, error = %failure, given_up = again.is_none(), "a mail was not sent");
            let state = if again.is_some() { "waiting" } else { "failed" };
            (state, Some(failure.to_string()), real_now().plus_s(again.unwrap_or(&0) * 60))
        }
        Err(panic) => ("failed", Some(panic.to_string()), real_now()),
    };
    metrics::counter!("honyaku_mails_total", "result" => if error.is_none() { "sent" } else { "failed" })
        .increment(1);
    app.db
        .write_in_background(move |tx| mails::conclude(tx, account, id, state, error.as_deref(), run_at))
        .await
}

//! Sends the mails of the outbox, each until a server took it: ten tries within a day.

use super::lease;
use crate::app::{App, real_now};
use crate::mailer::Mailer;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use store::mails::{self, Mail};
use store::sql::{Error, Tx};
use tokio::sync::watch;

const IDLE: Duration = Duration::from_secs(1);
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
            Ok(false) => tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                _ = stop.changed() => {}
            },
            Ok(true) => {}
            Err(error) => {
                tracing::error!(%error, "mails could not be worked on");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Tries the mail that has been due longest; whether there was one.
async fn turn(app: &App, mailer: &Arc<Mailer>) -> Result<bool, Error> {
    if app.db.read_once(mails::next_due).await?.is_none_or(|due| due > real_now()) {
        return Ok(false);
    }
    let lease = |tx: &mut Tx<'_>| mails::lease(tx, real_now(), lease::SHORT_MS);
    let Some(mail) = app.db.write_in_background(lease).await? else { return Ok(false) };
    tokio::select! {
        done = attempt(app, mailer, mail.clone()) => done?,
        never = prolong(app, mail) => match never {},
    }
    Ok(true)
}

/// Keeps a mail leased while it is sent: its server may take its time to answer.
async fn prolong(app: &App, mail: Mail) -> Infallible {
    loop {
        tokio::time::sleep(lease::PROLONGED_EACH).await;
        let mail = mail.clone();
        let stay = move |tx: &mut Tx<'_>| mails::stay_leased(tx, &mail, real_now().plus_ms(lease::SHORT_MS));
        if let Err(error) = app.db.write(stay).await {
            tracing::warn!(%error, "a mail could not be kept; other nodes may send it too");
        }
    }
}

async fn attempt(app: &App, mailer: &Arc<Mailer>, mail: Mail) -> Result<(), Error> {
    let (id, tried) = (mail.id, mail.clone());
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
    app.db.write_in_background(move |tx| mails::conclude(tx, &tried, state, error.as_deref(), run_at)).await
}

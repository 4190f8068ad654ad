//! `honyaku callback list|resend|resume`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use domain::ids::DeliveryId;
use serde_json::json;
use service::callbacks;
use store::deliveries;

const LISTED: i64 = 1_000;
/// So many a transaction: a server that works beside us waits no longer than for these.
const RESENT_TOGETHER: i64 = 500;

pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("resend", matches)) => resend(matches),
        Some(("resume", matches)) => resume(matches),
        _ => Err("say list, resend or resume".into()),
    }
}

fn list(matches: &ArgMatches) -> Outcome {
    let state = matches.get_one::<String>("state").cloned();
    let all = installation(matches)?.for_account(matches, move |tx, ctx, _| {
        Ok(deliveries::list(tx, ctx.scope, state.as_deref(), LISTED)?)
    })?;
    for delivery in all {
        say(json!({
            "id": delivery.id.0,
            "job_id": delivery.job.map(|job| job.0),
            "url": delivery.url,
            "state": delivery.state,
            "attempts": delivery.attempts,
        }));
    }
    Ok(())
}

fn resend(matches: &ArgMatches) -> Outcome {
    let text = text(matches, "id");
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let (first, last): (i64, i64) = match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => (first, last),
        _ => return Err(format!("--id is {text:?}: write a number, or first-last").into()),
    };
    let installation = installation(matches)?;
    let (mut next, mut sent) = (Some(first), 0);
    while let Some(first) = next {
        let ids = installation.for_account(matches, move |tx, ctx, _| {
            callbacks::resend(tx, ctx, DeliveryId(first), DeliveryId(last), RESENT_TOGETHER)
        })?;
        sent += ids.len();
        next = ids.last().and_then(|id| id.0.checked_add(1)).filter(|next| *next <= last);
    }
    if sent == 0 {
        return Err("there is no such callback in this account".into());
    }
    say(json!({ "resent": sent }));
    Ok(())
}

fn resume(matches: &ArgMatches) -> Outcome {
    let destination = matches.get_one::<String>("destination").cloned();
    let resumed = installation(matches)?
        .for_account(matches, move |tx, ctx, _| callbacks::resume(tx, ctx, destination.as_deref()))?;
    say(json!({ "resumed": resumed }));
    Ok(())
}

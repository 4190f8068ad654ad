//! `honyaku callback list|resend|resume`

use super::open::{installation, text};
use super::{Outcome, say};
use clap::ArgMatches;
use domain::ids::DeliveryId;
use serde_json::json;
use service::callbacks;
use store::deliveries;

const LISTED: i64 = 1_000;

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
        _ => return Err("--id: write a number, or first-last".into()),
    };
    let sent = installation(matches)?.for_account(matches, move |tx, ctx, _| {
        let mut sent = 0;
        for id in first..=last {
            if deliveries::resend(tx, ctx.scope, DeliveryId(id), ctx.real_now)? {
                sent += 1;
            }
        }
        Ok(sent)
    })?;
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

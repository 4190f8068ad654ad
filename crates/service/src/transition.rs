//! Moves a job: status, money, event and timers in one go. Every use case that changes a
//! status does it here, so none can forget one of them.

use crate::context::Context;
use crate::error::Error;
use crate::{announce, captcha, claim, robots, timers};
use domain::ids::Timestamp;
use domain::job::{Event, Movement, Status, Transition, apply};
use domain::ledger::{self, Life, Posting, Reward};
use domain::money::Money;
use store::jobs::{self, Job, Move};
use store::ledger::About;
use store::sql::Tx;
use store::{claims, reviews};

/// Moves the job as the rules say, or refuses. The job is updated in place.
pub fn move_job(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, event: Event) -> Result<Transition, Error> {
    let transition = apply(job.status, event)?;
    let since = job.changed_at;
    move_money(tx, ctx, job, transition.movement)?;
    let held_from = if transition.to == Status::Hold { Some(transition.from) } else { None };
    set_status(tx, ctx, job, transition.to, held_from)?;
    if transition.to == Status::Hold {
        claim::stop_clock(tx, ctx, job.id)?;
    } else if transition.from == Status::Hold
        && let Some(claim) = claims::active_on(tx, ctx.scope, job.id)?
    {
        job.deadline = claim::start_clock(tx, ctx, &claim)?.or(job.deadline);
    }
    timers::follow(tx, ctx, job, &transition, since)?;
    match (transition.from, transition.to) {
        (_, Status::Reviewable) => drop(captcha::challenge(tx, ctx, job.id)?),
        (Status::Reviewable, _) => captcha::forget(tx, ctx, job.id)?,
        _ => {}
    }
    announce::job(tx, ctx, job, transition.announcement, Some(transition.from))?;
    robots::follow(tx, ctx, job)?;
    Ok(transition)
}

/// Writes the new status, and keeps the job in step with its row.
pub(crate) fn set_status(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &mut Job,
    to: Status,
    held_from: Option<Status>,
) -> Result<(), Error> {
    let change = Move { to, held_from, escrow: job.escrow };
    if !jobs::set_status(tx, job, &change, ctx.now)? {
        return Err(Error::Broken(format!("job {} changed under its lock", job.id)));
    }
    job.status = to;
    job.held_from = held_from;
    job.version += 1;
    job.events += 1;
    job.changed_at = ctx.now;
    job.lookup &= to.is_live();
    Ok(())
}

fn move_money(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, movement: Movement) -> Result<(), Error> {
    let customer = job.scope.account;
    match movement {
        Movement::None => Ok(()),
        Movement::Charge => {
            let posting = ledger::charge(life(job), customer, job.price)?;
            post(tx, ctx, job, &posting)?;
            job.escrow = job.price;
            Ok(())
        }
        Movement::Refund => {
            let posting = ledger::refund(life(job), customer, job.escrow)?;
            post(tx, ctx, job, &posting)?;
            job.escrow = Money::zero(job.price.currency());
            Ok(())
        }
        Movement::Earn => {
            let rewards = rewards(tx, ctx, job)?;
            let posting = ledger::earn(life(job), job.round, job.escrow, &rewards)?;
            post(tx, ctx, job, &posting)?;
            job.escrow = Money::zero(job.price.currency());
            Ok(())
        }
    }
}

/// Which of its lives a job is in, for the keys of its postings.
pub(crate) fn life(job: &Job) -> Life {
    Life { job: job.id, forced: job.forced }
}

/// Writes a posting about a job. One without entries (a free job) is not written; one whose
/// key is there already means that the same money would move twice.
pub(crate) fn post(tx: &mut Tx<'_>, ctx: &Context, job: &Job, posting: &Posting) -> Result<(), Error> {
    if posting.entries().is_empty() {
        return Ok(());
    }
    let about = About { account: job.scope.account, order: Some(job.order), job: Some(job.id) };
    if store::ledger::post(tx, ctx.book(), posting, about, ctx.actor.code(), ctx.now)? {
        Ok(())
    } else {
        Err(Error::Broken(format!("posting {} was made before", posting.key())))
    }
}

/// What the translators of a job's present round get, remembered as paid. Nothing for a
/// role and round that was paid before.
pub(crate) fn rewards(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Vec<Reward>, Error> {
    let mut rewards = Vec::new();
    for role in roles(job) {
        let Some(claim) = claims::latest_on(tx, ctx.scope, job.id, role)? else { continue };
        let amount = crate::estimate::reward(job, role)?;
        let paid_round = job.round + job.forced * 1_000;
        if !amount.is_zero()
            && reviews::insert_reward(tx, ctx.scope, job.id, role, paid_round, claim.translator, amount)?
        {
            rewards.push(Reward { translator: claim.translator, amount });
        }
    }
    Ok(rewards)
}

/// The roles that a job's tier needs, in the order of work.
pub(crate) fn roles(job: &Job) -> &'static [&'static str] {
    if needs_edit(job) { &["translate", "edit"] } else { &["translate"] }
}

/// True if a second person edits.
pub(crate) fn needs_edit(job: &Job) -> bool {
    job.edit || job.tier == domain::tier::Tier::Ultra
}

/// When the review of a job that is delivered now ends by itself, by the environment's clock.
pub(crate) fn review_ends(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Timestamp, Error> {
    let own_hours = ctx.account(tx)?.review_hours.and_then(|hours| u32::try_from(hours).ok());
    let period = crate::estimate::review_period_s(job, own_hours.unwrap_or(ctx.desk.review_hours));
    Ok(ctx.now.plus_s(period))
}

//! How long a job takes and what its translators get: the domain's rules, applied to a
//! stored job. In a sandbox with a working robot, the robot's delays are the estimate.

use crate::context::Context;
use crate::error::Error;
use crate::robots;
use domain::estimate;
use domain::job::Status;
use domain::language::{self, UnitType};
use domain::money::Money;
use domain::tier::Tier;
use store::jobs::Job;
use store::sql::Tx;

/// The unit of a source language.
pub fn unit_type(lc_src: &str) -> UnitType {
    language::find(lc_src).map_or(UnitType::Word, |language| language.unit)
}

/// The tier whose times and rules hold: `pro` with an edit step counts as `ultra`.
pub fn effective_tier(tier: Tier, edit: bool) -> Tier {
    if edit { Tier::Ultra } else { tier }
}

/// Seconds until delivery, as the contract shows them: -1 when nothing more is to come.
pub fn eta_s(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<i64, Error> {
    let (status, now) = match job.held_from {
        Some(before) => (before, job.changed_at),
        None => (job.status, ctx.now),
    };
    if job.tier == Tier::Machine {
        return Ok(if status.is_finished() { -1 } else { 0 });
    }
    let to_deadline = |deadline: Option<domain::ids::Timestamp>| {
        deadline.map(|deadline| (deadline.since_ms(now) / 1000).max(60))
    };
    match status {
        Status::Reviewable | Status::Approved | Status::Rejected | Status::Canceled => Ok(-1),
        Status::Revising => Ok(to_deadline(job.deadline).unwrap_or(24 * 3600)),
        Status::Pending => match robot_s(ctx, job, status)? {
            Some(seconds) => Ok((job.changed_at.plus_s(seconds).since_ms(now) / 1000).max(0)),
            None => {
                let work = estimate::work_s(tier_of(job), unit_type(&job.lc_src), units(tx, ctx, job)?);
                let by_work = (job.changed_at.plus_s(work).since_ms(now) / 1000).max(60);
                Ok(to_deadline(job.deadline).map_or(by_work, |deadline| deadline.min(by_work)))
            }
        },
        _ => match robot_s(ctx, job, status)? {
            Some(seconds) => Ok(seconds),
            None => Ok(estimate::eta_s(tier_of(job), unit_type(&job.lc_src), units(tx, ctx, job)?)),
        },
    }
}

/// Seconds until delivery of a text that would be ordered now. Contract: api-v2 6.5.
pub fn quoted_s(ctx: &Context, tier: Tier, lc_src: &str, units: u64) -> Result<i64, Error> {
    let robot_s = robots::takes_s(ctx, lc_src, units, Status::Queued)?.filter(|_| tier != Tier::Machine);
    Ok(robot_s.unwrap_or_else(|| estimate::eta_s(tier, unit_type(lc_src), units)))
}

fn robot_s(ctx: &Context, job: &Job, from: Status) -> Result<Option<i64>, Error> {
    robots::takes_s(ctx, &job.lc_src, u64::try_from(job.unit_count).unwrap_or(0), from)
}

fn tier_of(job: &Job) -> Tier {
    effective_tier(job.tier, job.edit)
}

/// The units to be done in one go: a group's are summed.
fn units(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<u64, Error> {
    let units = match job.group {
        Some(group) => ctx.group_units(tx, group)?,
        None => job.unit_count,
    };
    u64::try_from(units).map_err(|_| Error::Broken(format!("job {} has {units} units", job.id)))
}

/// The time a translator or editor gets, in seconds.
pub fn time_allowed_s(job: &Job, units: u64, edit_step: bool) -> i64 {
    let step = if edit_step { estimate::Step::Edit } else { estimate::Step::Translate };
    estimate::time_allowed_s(step, tier_of(job), unit_type(&job.lc_src), units)
}

/// The review period of a job in seconds.
pub fn review_period_s(job: &Job, hours: u32) -> i64 {
    let units = u64::try_from(job.unit_count).unwrap_or(0);
    estimate::review_period_s(Some(hours), unit_type(&job.lc_src), units)
}

/// What a role earns with a job. Never above its price: the posting sees to the sum.
pub fn reward(job: &Job, role: &str) -> Result<Money, Error> {
    let percent = match (tier_of(job), role) {
        (Tier::Standard, "translate") => 60,
        (Tier::Pro, "translate") => 65,
        (Tier::Ultra, "translate") => 45,
        (Tier::Ultra, "edit") => 20,
        _ => 0,
    };
    let rate = job.unit_price.percent(percent);
    let units = u64::try_from(job.unit_count).unwrap_or(0);
    rate.price_of(units, job.price.currency()).map_err(|_| Error::Broken(format!("reward of job {}", job.id)))
}

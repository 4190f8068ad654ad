//! Claims: a translator takes a job or a whole group, gives it back, or runs out of time.
//! Source: translator-platform 5.7 to 5.12.

use crate::context::Context;
use crate::error::Error;
use crate::timers::{self, Kind};
use crate::{estimate, transition};
use domain::ids::{ClaimId, GroupId, JobId, Timestamp, TranslatorId};
use domain::job::{Event, Status};
use serde_json::{Value, json};
use store::claims::{self, Claim};
use store::jobs::{self, Job};
use store::orders;
use store::sql::{self, Tx};

/// A submission that arrives this long after the deadline still counts.
const GRACE_S: i64 = 120;
const CORRECTIONS_S: i64 = 24 * 3600;
/// What of a group is sent back within this time has one clock.
const TOGETHER_S: i64 = 3600;

/// A translator takes the job; of a group, all that are free. First come, first served: the
/// unique index on active claims decides every race.
pub fn take(tx: &mut Tx<'_>, ctx: &Context, id: JobId, translator: TranslatorId) -> Result<ClaimId, Error> {
    let job = lock(tx, ctx, id)?;
    if job.status != Status::Available {
        return Err(wrong_state(&job, "be taken", "an available job can"));
    }
    let free = match job.group {
        Some(group) => available_of(tx, ctx, group)?,
        None => vec![job.clone()],
    };
    let units: i64 = free.iter().map(|job| job.unit_count).sum();
    let allowed_s = estimate::time_allowed_s(&job, u64::try_from(units).unwrap_or(0), false);
    let claim = begin(tx, ctx, &free, translator, "translate", allowed_s)?;
    for mut job in free {
        jobs::set_deadline(tx, ctx.scope, job.id, Some(claim.deadline))?;
        job.deadline = Some(claim.deadline);
        transition::move_job(tx, ctx, &mut job, Event::Claim)?;
    }
    Ok(claim.id)
}

fn available_of(tx: &mut Tx<'_>, ctx: &Context, group: GroupId) -> Result<Vec<Job>, Error> {
    let mut all = jobs::lock_group(tx, ctx.scope, group)?;
    all.retain(|job| job.status == Status::Available);
    Ok(all)
}

/// An editor takes the edit step of a job whose translation is in.
pub fn take_edit(tx: &mut Tx<'_>, ctx: &Context, job: &Job, editor: TranslatorId) -> Result<ClaimId, Error> {
    let units = u64::try_from(job.unit_count).unwrap_or(0);
    let allowed_s = estimate::time_allowed_s(job, units, true);
    let claim = begin(tx, ctx, std::slice::from_ref(job), editor, "edit", allowed_s)?;
    jobs::set_deadline(tx, ctx.scope, job.id, Some(claim.deadline))?;
    Ok(claim.id)
}

fn begin(
    tx: &mut Tx<'_>,
    ctx: &Context,
    jobs: &[Job],
    translator: TranslatorId,
    role: &str,
    allowed_s: i64,
) -> Result<Claim, Error> {
    let claim = Claim {
        id: ClaimId(tx.reserve_id("claim")?),
        scope: ctx.scope,
        translator,
        group: jobs.first().and_then(|job| job.group),
        role: role.to_owned(),
        state: "active".to_owned(),
        deadline: ctx.now.plus_s(allowed_s),
        stopped_at: None,
        corrects: None,
        created_at: ctx.now,
    };
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    claims::insert(tx, &claim, &ids).map_err(|error| match error {
        sql::Error::Constraint(_) => Error::fault(2650, "another translator was faster"),
        other => other.into(),
    })?;
    let due = claim.deadline.plus_s(GRACE_S);
    timers::set(tx, ctx, Kind::ClaimDeadline, claim.id.0, due, &json!({ "deadline": claim.deadline.0 }))?;
    Ok(claim)
}

/// A claim for a job that the sandbox forced into a translator's hands.
pub(crate) fn begin_forced(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &mut Job,
    translator: TranslatorId,
) -> Result<Claim, Error> {
    let units = u64::try_from(job.unit_count).unwrap_or(0);
    let alone = Job { group: None, ..job.clone() };
    let claim =
        begin(tx, ctx, &[alone], translator, "translate", estimate::time_allowed_s(job, units, false))?;
    jobs::set_deadline(tx, ctx.scope, job.id, Some(claim.deadline))?;
    job.deadline = Some(claim.deadline);
    Ok(claim)
}

/// The translator gives the job back; of a group, all that is not handed in.
pub fn decline(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let job = lock(tx, ctx, id)?;
    let Some(claim) = claims::active_on(tx, ctx.scope, id)? else {
        return Err(wrong_state(&job, "be given back", "a job that somebody works on can"));
    };
    end(tx, ctx, &claim, "declined")
}

/// The deadline of a claim has passed. Does nothing if the claim ended or got more time.
pub(crate) fn expire(tx: &mut Tx<'_>, ctx: &Context, id: ClaimId, payload: &Value) -> Result<(), Error> {
    let Some(claim) = claims::find(tx, ctx.scope, id)? else { return Ok(()) };
    let is_current = payload.get("deadline").and_then(Value::as_i64) == Some(claim.deadline.0);
    let works = matches!(claim.state.as_str(), "active" | "correcting") && claim.stopped_at.is_none();
    let held = claims::active_jobs(tx, ctx.scope.account, id)?;
    if !is_current || !works || held.is_empty() {
        return Ok(());
    }
    end(tx, ctx, &claim, "expired")
}

/// Takes every job away that the claim still holds. What was handed in of a group stays;
/// the rest goes back on the board, or, without `allow_fork`, is canceled.
pub(crate) fn end(tx: &mut Tx<'_>, ctx: &Context, claim: &Claim, state: &str) -> Result<(), Error> {
    let held = claims::active_jobs(tx, claim.scope.account, claim.id)?;
    let handed_in = claims::job_count(tx, claim)? > held.len() as i64;
    let forks = claim.group.is_some() && handed_in && claim.state == "active";
    let mut new_group = None;
    for id in held {
        claims::let_go(tx, claim, id)?;
        let mut job = lock(tx, ctx, id)?;
        jobs::set_deadline(tx, ctx.scope, id, None)?;
        job.deadline = None;
        if claim.role == "edit" && job.status == Status::Pending {
            // Another editor takes the edit step.
            continue;
        }
        if job.status == Status::Hold {
            // The job waits for the hold to end; then it goes back on the board.
            continue;
        }
        let event = if forks && job.status == Status::Pending {
            fork(tx, &mut job, ctx, &mut new_group)?
        } else {
            Event::ClaimEnds
        };
        leave(tx, ctx, &mut job, event)?;
    }
    Ok(claims::set_state(tx, claim, state)?)
}

/// The job leaves the hands of whoever worked on it. An edited one begins with its first step again.
pub(crate) fn leave(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, event: Event) -> Result<(), Error> {
    if job.edit_reached {
        jobs::begin_anew(tx, ctx.scope, job.id)?;
        job.edit_reached = false;
        job.draft_tgt = None;
    }
    transition::move_job(tx, ctx, job, event).map(|_| ())
}

/// Unfinished jobs of a group of which part was handed in: a new group, or canceled.
fn fork(
    tx: &mut Tx<'_>,
    job: &mut Job,
    ctx: &Context,
    new_group: &mut Option<GroupId>,
) -> Result<Event, Error> {
    let allowed = orders::find(tx, ctx.scope, job.order)?.is_none_or(|order| order.allow_fork);
    if !allowed {
        return Ok(Event::ForkRefused);
    }
    let group = match *new_group {
        Some(group) => group,
        None => *new_group.insert(GroupId(tx.reserve_id("group")?)),
    };
    jobs::regroup(tx, ctx.scope, job.id, group)?;
    job.group = Some(group);
    Ok(Event::ClaimEnds)
}

/// The customer asks for corrections: the last translator gets the job back for a day, whatever else of its group
/// is still to be done. Source: translator-platform 2.1, 5.12.
pub(crate) fn correct(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job) -> Result<(), Error> {
    let role = transition::roles(job).last().copied().unwrap_or("translate");
    let Some(done) = claims::latest_on(tx, ctx.scope, job.id, role)? else {
        return Err(Error::Broken(format!("job {} is delivered but was never claimed", job.id)));
    };
    let claim = match under_way(tx, ctx, &done, job.group)? {
        Some(claim) => claim,
        None => begin_corrections(tx, ctx, &done, job.group)?,
    };
    claims::hold(tx, &claim, job.id)?;
    jobs::set_deadline(tx, ctx.scope, job.id, Some(claim.deadline))?;
    job.deadline = Some(claim.deadline);
    Ok(())
}

/// Corrections in the same group that were asked for a moment ago.
fn under_way(
    tx: &mut Tx<'_>,
    ctx: &Context,
    done: &Claim,
    group: Option<GroupId>,
) -> Result<Option<Claim>, Error> {
    match group {
        Some(group) => Ok(claims::corrections_since(tx, done, group, ctx.now.plus_s(-TOGETHER_S))?),
        None => Ok(None),
    }
}

fn begin_corrections(
    tx: &mut Tx<'_>,
    ctx: &Context,
    done: &Claim,
    group: Option<GroupId>,
) -> Result<Claim, Error> {
    let claim = Claim {
        id: ClaimId(tx.reserve_id("claim")?),
        group,
        state: "correcting".to_owned(),
        deadline: ctx.now.plus_s(CORRECTIONS_S),
        stopped_at: None,
        corrects: Some(done.id),
        created_at: ctx.now,
        ..done.clone()
    };
    claims::insert(tx, &claim, &[])?;
    let due = claim.deadline;
    timers::set(tx, ctx, Kind::ClaimDeadline, claim.id.0, due, &json!({ "deadline": due.0 }))?;
    Ok(claim)
}

/// The job is put on hold: the clock of the claim on it, with all that it holds, stands.
pub(crate) fn stop_clock(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    match claims::active_on(tx, ctx.scope, id)? {
        Some(claim) if claim.stopped_at.is_none() => Ok(claims::set_stopped(tx, &claim, Some(ctx.now))?),
        _ => Ok(()),
    }
}

/// A job of the claim is not held any more: when none is, the claim's clock goes on. The new deadline, if so.
pub(crate) fn start_clock(tx: &mut Tx<'_>, ctx: &Context, claim: &Claim) -> Result<Option<Timestamp>, Error> {
    let Some(since) = claim.stopped_at else { return Ok(None) };
    if claims::is_on_hold(tx, claim)? {
        return Ok(None);
    }
    let deadline = claim.deadline.plus_ms(ctx.now.since_ms(since));
    claims::set_stopped(tx, claim, None)?;
    give_time(tx, ctx, claim, deadline)?;
    Ok(Some(deadline))
}

/// The claim, with all that it holds, lasts until a moment.
pub(crate) fn give_time(
    tx: &mut Tx<'_>,
    ctx: &Context,
    claim: &Claim,
    until: Timestamp,
) -> Result<(), Error> {
    claims::set_deadline(tx, claim, until)?;
    for held in claims::active_jobs(tx, ctx.scope.account, claim.id)? {
        jobs::set_deadline(tx, ctx.scope, held, Some(until))?;
    }
    let due = until.plus_s(GRACE_S);
    timers::set(tx, ctx, Kind::ClaimDeadline, claim.id.0, due, &json!({ "deadline": until.0 }))
}

/// The job is handed in: the claim holds it no longer.
pub(crate) fn handed_in(tx: &mut Tx<'_>, claim: &Claim, job: JobId) -> Result<(), Error> {
    claims::let_go(tx, claim, job)?;
    jobs::set_deadline(tx, claim.scope, job, None)?;
    if claims::active_jobs(tx, claim.scope.account, claim.id)?.is_empty() {
        claims::set_state(tx, claim, "submitted")?;
    }
    Ok(())
}

/// The job is over: its claims, if nothing else is on them, are finished.
pub(crate) fn finish(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<(), Error> {
    for claim in claims::all_on(tx, ctx.scope, job)? {
        if claim.state == "submitted" {
            claims::set_state(tx, &claim, "finished")?;
        }
    }
    Ok(())
}

fn lock(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Job, Error> {
    jobs::lock(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_job(id.0))
}

pub(crate) fn wrong_state(job: &Job, cannot: &str, what_can: &str) -> Error {
    let text = format!(
        "job {} is {} and cannot {cannot} ({}); only {what_can}",
        job.id,
        job.status,
        job.status.in_words()
    );
    Error::fault(2650, text)
}

//! A translator hands in a translation. With an edit step, the first hand-in goes to the
//! editor and the customer sees nothing of it. Source: translator-platform 11.1.

use crate::context::Context;
use crate::error::Error;
use crate::{claim, transition};
use domain::fault::Fault;
use domain::ids::JobId;
use domain::job::{Event, Status};
use store::claims;
use store::jobs::{self, Job};
use store::sql::Tx;
use store::threads;

/// What a hand-in led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The customer has the translation.
    Delivered,
    /// An editor comes next.
    ToEditor,
}

/// Hands in a translation for a job that the claim's translator holds.
pub fn submit(tx: &mut Tx<'_>, ctx: &Context, id: JobId, body_tgt: &str) -> Result<Handed, Error> {
    let mut job = jobs::lock(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_job(id.0))?;
    if !matches!(job.status, Status::Pending | Status::Revising) {
        return Err(claim::wrong_state(&job, "be handed in", "a job that somebody works on can"));
    }
    check(&job, body_tgt)?;
    let Some(claim) = claims::active_on(tx, ctx.scope, id)? else {
        return Err(claim::wrong_state(&job, "be handed in", "a job that somebody has taken can"));
    };
    claim::handed_in(tx, &claim, id)?;
    job.deadline = None;
    if job.status == Status::Pending && claim.role == "translate" && transition::needs_edit(&job) {
        jobs::set_draft(tx, ctx.scope, id, body_tgt)?;
        return Ok(Handed::ToEditor);
    }
    threads::insert_revision(tx, ctx.scope, id, Some(claim.translator), body_tgt, ctx.now)?;
    jobs::set_translation(tx, ctx.scope, id, body_tgt)?;
    job.body_tgt = Some(body_tgt.to_owned());
    job.submissions += 1;
    let auto_approve = job.auto_approve;
    transition::move_job(tx, ctx, &mut job, Event::Submit { auto_approve })?;
    if auto_approve {
        claim::finish(tx, ctx, id)?;
    }
    Ok(Handed::Delivered)
}

fn check(job: &Job, body_tgt: &str) -> Result<(), Error> {
    if body_tgt.trim().is_empty() {
        return Err(Fault::new(1352, "body_tgt is blank: send the translation").of("body_tgt").into());
    }
    if body_tgt.contains('\0') {
        return Err(Fault::new(1352, "body_tgt holds the character U+0000: leave it out")
            .of("body_tgt")
            .into());
    }
    let Some(TooLong { length, most }) = too_long(job, body_tgt) else { return Ok(()) };
    let text = format!("body_tgt has {length} characters; max_chars of job {} is {most}", job.id);
    Err(Fault::new(1352, text).of("body_tgt").into())
}

/// A translation that the job does not allow.
pub(crate) struct TooLong {
    /// Its characters.
    pub length: u64,
    /// As many as it may have.
    pub most: u64,
}

/// Whether a translation is longer than the job allows.
pub(crate) fn too_long(job: &Job, body_tgt: &str) -> Option<TooLong> {
    let most = job.max_chars.and_then(|most| u64::try_from(most).ok())?;
    let length = text::length::graphemes(body_tgt);
    (length > most).then_some(TooLong { length, most })
}

//! The machine tier. In the sandbox the robot's style answers; in live there is no engine
//! yet, so an order for one is refused before it gets here.

use crate::context::Context;
use crate::error::Error;
use crate::{robots, transition};
use domain::ids::{JobId, Scope};
use domain::job::{Event, Status};
use store::jobs::{self, Job};
use store::sql::Tx;
use store::threads;

/// Answers a queued machine job.
pub fn answer(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let Some(mut job) = jobs::lock(tx, ctx.scope, id)? else { return Ok(()) };
    if job.status != Status::Queued {
        return Ok(());
    }
    let body = robots::translation(tx, ctx, &job)?;
    threads::insert_revision(tx, ctx.scope, id, None, &body, ctx.now)?;
    jobs::set_translation(tx, ctx.scope, id, &body)?;
    job.body_tgt = Some(body);
    transition::move_job(tx, ctx, &mut job, Event::EngineAnswers)?;
    Ok(())
}

/// A machine translation ahead of a person's, if there is an engine for it here.
pub(crate) fn ahead(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Option<String>, Error> {
    if !ctx.scope.is_sandbox() {
        return Ok(None);
    }
    robots::translation(tx, ctx, job).map(Some)
}

/// True if machine jobs can be ordered in this environment.
pub fn is_offered(scope: Scope) -> bool {
    scope.is_sandbox()
}

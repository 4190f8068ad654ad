//! The machine tier. In the sandbox the robot's style answers; in live there is no engine
//! yet, so an order for one is refused before it gets here.

use crate::context::Context;
use crate::error::Error;
use crate::{robots, transition};
use domain::ids::JobId;
use domain::job::{Event, Status};
use store::jobs;
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
    jobs::set_translation(tx, id, &body)?;
    job.body_tgt = Some(body);
    transition::move_job(tx, ctx, &mut job, Event::EngineAnswers)?;
    Ok(())
}

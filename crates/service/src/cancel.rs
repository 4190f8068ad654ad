//! Stops jobs that nobody works on yet, and gives their price back.

use crate::context::Context;
use crate::error::Error;
use crate::transition;
use domain::fault::Fault;
use domain::ids::{JobId, OrderId};
use domain::job::{Event, Status};
use store::jobs::{self, Job};
use store::orders;
use store::sql::Tx;

/// Stops one job. Two cancels, or a cancel and a claim, may race: the row lock decides, and
/// the loser is told the status that it lost to.
pub fn cancel_job(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let mut job = jobs::lock(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_job(id.0))?;
    match transition::move_job(tx, ctx, &mut job, Event::Cancel) {
        Err(Error::Fault(_)) => Err(refusal(&job).into()),
        other => other.map(|_| ()),
    }
}

fn refusal(job: &Job) -> Fault {
    let cure = match job.status {
        Status::Reviewable => "You can approve it, ask for corrections or reject it.",
        Status::Canceled => "Nothing more is to be done, its price was given back.",
        _ => "Only unpaid, queued and available jobs can be cancelled.",
    };
    Fault::new(2252, format!("job {} is {}, {}. {cure}", job.id, job.status, job.status.in_words()))
        .of("job_id")
}

/// Stops the jobs that an order made and that nobody works on yet; leaves the others.
pub fn cancel_order(tx: &mut Tx<'_>, ctx: &Context, id: OrderId) -> Result<(), Error> {
    let order = orders::find(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_order(id.0))?;
    let mut canceled = 0;
    for status in [Status::Unpaid, Status::Queued, Status::Available] {
        for mut job in jobs::lock_of_order(tx, ctx.scope, order.id, status)? {
            transition::move_job(tx, ctx, &mut job, Event::Cancel)?;
            canceled += 1;
        }
    }
    if canceled == 0 {
        let text = format!(
            "order {id} has no job that can be cancelled: only unpaid, queued and available jobs that this order made can"
        );
        return Err(Fault::new(2252, text).of("order_id").into());
    }
    Ok(())
}

//! What was planned for open jobs is planned anew after the settings changed.

use super::{follow, plan_submit, queue_delay_ms};
use crate::context::Context;
use crate::error::Error;
use crate::timers::{self, Kind, Progress};
use domain::ids::{JobId, Timestamp};
use domain::job::Status;
use serde_json::{Value, json};
use store::sql::Tx;
use store::{jobs, tasks};

/// What is planned anew, and for which jobs, so many in a transaction.
const PLANNED: [Kind; 2] = [Kind::RobotTake, Kind::RobotSubmit];
const OPEN: [Status; 3] = [Status::Available, Status::Pending, Status::Revising];
const PLANNED_AT_ONCE: i64 = 200;

/// The settings changed: nothing that was planned before happens any more, and the open jobs are planned anew.
/// Those of a big sandbox are many, so the rest has a task.
pub fn apply_to_open(tx: &mut Tx<'_>, ctx: &Context) -> Result<(), Error> {
    let on_board = ctx.real(ctx.now.plus_ms(queue_delay_ms(ctx)?));
    tasks::reschedule(tx, ctx.scope, Kind::Queue.code(), on_board)?;
    for kind in PLANNED {
        tasks::cancel_all(tx, ctx.scope, kind.code())?;
    }
    let mut progress = Progress::More(json!({}));
    for _ in OPEN {
        let Progress::More(place) = progress else { return Ok(()) };
        progress = plan_anew(tx, ctx, &place)?;
    }
    match progress {
        Progress::More(place) => timers::set(tx, ctx, Kind::RobotPlan, 0, ctx.now, &place),
        Progress::Done => Ok(()),
    }
}

/// Plans the robot's next step for the next open jobs, from after the one that `place` names.
pub(crate) fn plan_anew(tx: &mut Tx<'_>, ctx: &Context, place: &Value) -> Result<Progress, Error> {
    let number = |name: &str| place.get(name).and_then(Value::as_i64);
    let turn = number("turn").unwrap_or(0);
    let Some(status) = usize::try_from(turn).ok().and_then(|turn| OPEN.get(turn)) else {
        return Ok(Progress::Done);
    };
    let after = (JobId(number("after").unwrap_or(0)), Timestamp(number("ordered_at").unwrap_or(0)));
    let open = jobs::next_with_status(tx, ctx.scope, *status, after, PLANNED_AT_ONCE)?;
    for (id, _) in &open {
        for kind in PLANNED {
            tasks::cancel(tx, ctx.scope, id.0, kind.code())?;
        }
        let Some(job) = jobs::lock(tx, ctx.scope, *id)? else { continue };
        match job.status {
            Status::Pending => plan_submit(tx, ctx, &job)?,
            _ => follow(tx, ctx, &job)?,
        }
    }
    Ok(match open.last() {
        Some((id, ordered_at)) if open.len() as i64 == PLANNED_AT_ONCE => {
            Progress::More(json!({ "turn": turn, "after": id.0, "ordered_at": ordered_at.0 }))
        }
        _ if turn + 1 < OPEN.len() as i64 => Progress::More(json!({ "turn": turn + 1 })),
        _ => Progress::Done,
    })
}

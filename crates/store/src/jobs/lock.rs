//! Jobs read to be changed: locked until the transaction ends.

use super::{JOB, Job};
use crate::sql::{Error, Tx};
use domain::ids::*;
use domain::job::Status;

/// The scope's job, locked until the transaction ends. `None` if it has no such job.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<Option<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_opt(
        &format!("SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND id = $3 {for_update}"),
        &[&scope.account, &scope.environment, &id],
        Job::from_row,
    )
}

/// The jobs with this status that an order made, in the order sent; locked.
pub fn lock_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    status: Status,
) -> Result<Vec<Job>, Error> {
    lock_some_of_order(tx, scope, order, status, JobId(0), i64::MAX)
}

/// The queued jobs that an order made after the job `after`, in the order sent, up to `limit`;
/// locked.
pub fn lock_queued_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    after: JobId,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    lock_some_of_order(tx, scope, order, Status::Queued, after, limit)
}

fn lock_some_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    status: Status,
    after: JobId,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_all(
        &format!(
            "SELECT {JOB} FROM job WHERE order_id = $3 AND status = $4 AND id > $5 AND account_id = $1 \
             AND sandbox = $2 ORDER BY id LIMIT $6 {for_update}"
        ),
        &[&scope.account, &scope.environment, &order, &status, &after, &limit],
        Job::from_row,
    )
}

/// The jobs of a group, in group order; locked.
pub fn lock_group(tx: &mut Tx<'_>, scope: Scope, group: GroupId) -> Result<Vec<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_all(
        &format!(
            "SELECT {JOB} FROM job WHERE group_id = $3 AND account_id = $1 AND sandbox = $2 \
             ORDER BY position IS NULL, position, id {for_update}"
        ),
        &[&scope.account, &scope.environment, &group],
        Job::from_row,
    )
}

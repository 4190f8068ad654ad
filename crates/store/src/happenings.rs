//! What happened in an environment since a moment: its events, and the attempts to tell them.

use crate::sql::{Error, Row, Tx};
use domain::ids::*;

/// A moment, and what was there already.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    event: EventId,
    /// Older deliveries were finished by then.
    delivery: DeliveryId,
    at: Timestamp,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Happening {
    /// An event's type, or `callback` for an attempt at a delivery.
    pub kind: String,
    /// The event or the delivery.
    pub id: i64,
    /// The order, if it is about one.
    pub order: Option<OrderId>,
    /// The job, if it is about one.
    pub job: Option<JobId>,
    /// The HTTP status of an attempt that was answered.
    pub status: Option<i64>,
    /// What went wrong with one that was not.
    pub error: Option<String>,
    /// When, by the environment's clock.
    pub at: Timestamp,
}

/// Marks the moment.
pub fn mark(tx: &mut Tx<'_>, scope: Scope, at: Timestamp) -> Result<Mark, Error> {
    let event = crate::events::newest(tx, scope)?;
    let delivery = tx.query_one(
        "SELECT COALESCE((SELECT MIN(id) FROM delivery WHERE account_id = $1 AND sandbox = $2 AND state = 'waiting'), \
         (SELECT MAX(id) + 1 FROM delivery WHERE account_id = $1 AND sandbox = $2), 0)",
        &[&scope.account, &scope.environment],
        Row::take,
    )?;
    Ok(Mark { event, delivery, at })
}

/// What happened since, in order of time, at most `limit`.
pub fn since(tx: &mut Tx<'_>, scope: Scope, mark: Mark, limit: i64) -> Result<Vec<Happening>, Error> {
    tx.query_all(
        "SELECT type, id, order_id, job_id, CAST(NULL AS BIGINT) AS status, CAST(NULL AS TEXT) AS error, created_at AS at \
         FROM event WHERE account_id = $1 AND sandbox = $2 AND id > $3 AND payload IS NOT NULL \
         UNION ALL \
         SELECT 'callback', d.id, CAST(NULL AS BIGINT), d.job_id, a.status, a.error, a.started_at FROM delivery d \
         JOIN delivery_attempt a ON a.account_id = d.account_id AND a.delivery_id = d.id \
         WHERE d.account_id = $1 AND d.sandbox = $2 AND d.id >= $4 AND a.started_at >= $5 \
         ORDER BY at, type DESC, id LIMIT $6",
        &[&scope.account, &scope.environment, &mark.event, &mark.delivery, &mark.at, &limit],
        |row| {
            Ok(Happening {
                kind: row.take()?,
                id: row.take()?,
                order: row.take()?,
                job: row.take()?,
                status: row.take()?,
                error: row.take()?,
                at: row.take()?,
            })
        },
    )
}

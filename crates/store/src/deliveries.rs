//! Callbacks on their way: deliveries and their attempts. `run_at` is real time.

use crate::destinations;
use crate::sql::{Error, Param, Row, Tx, ValueRef};
use domain::ids::*;

/// A delivery as stored.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose it is.
    pub scope: Scope,
    /// What it tells.
    pub event: EventId,
    /// By whose rules it is sent.
    pub key: KeyId,
    /// The job it is about.
    pub job: Option<JobId>,
    /// Where it goes.
    pub destination: i64,
    /// The full address.
    pub url: String,
    /// What the sandbox does to it on purpose.
    pub trick: Option<String>,
    /// waiting, delivered or dead.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, real time.
    pub run_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a delivery can be.
pub const STATES: [&str; 3] = ["waiting", "delivered", "dead"];

const DELIVERY: &str = "id, account_id, sandbox, event_id, key_id, job_id, destination_id, url, trick, state, attempts, \
    run_at, created_at";

fn from_row(row: &mut Row) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        event: row.take()?,
        key: row.take()?,
        job: row.take()?,
        destination: row.take()?,
        url: row.take()?,
        trick: row.take()?,
        state: row.take()?,
        attempts: row.take()?,
        run_at: row.take()?,
        created_at: row.take()?,
    })
}

/// Writes new deliveries.
pub fn insert_all(tx: &mut Tx<'_>, deliveries: &[Delivery]) -> Result<(), Error> {
    let rows: Vec<Vec<ValueRef<'_>>> = deliveries.iter().map(new_row).collect();
    tx.send_rows(&format!("INSERT INTO delivery ({DELIVERY})"), &rows)
}

fn new_row(delivery: &Delivery) -> Vec<ValueRef<'_>> {
    vec![
        delivery.id.value(),
        delivery.scope.account.value(),
        delivery.scope.environment.value(),
        delivery.event.value(),
        delivery.key.value(),
        delivery.job.value(),
        delivery.destination.value(),
        delivery.url.value(),
        delivery.trick.value(),
        delivery.state.value(),
        delivery.attempts.value(),
        delivery.run_at.value(),
        delivery.created_at.value(),
    ]
}

/// Leases deliveries of a destination that are due, oldest first.
pub fn lease(
    tx: &mut Tx<'_>,
    destination: i64,
    now: Timestamp,
    lease_ms: i64,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let skip_locked = tx.skip_locked();
    let leased = tx.query_all(
        &format!(
            "SELECT {DELIVERY} FROM delivery WHERE destination_id = $1 AND state = 'waiting' AND run_at <= $2 \
             AND lease_until <= $2 ORDER BY run_at, id LIMIT $3 {skip_locked}"
        ),
        &[&destination, &now, &limit],
        from_row,
    )?;
    let until = now.plus_ms(lease_ms);
    for delivery in &leased {
        tx.send(
            "UPDATE delivery SET lease_until = $3 WHERE account_id = $1 AND id = $2",
            &[&delivery.scope.account, &delivery.id, &until],
        )?;
    }
    Ok(leased)
}

/// Whether a delivery of the destination is due and nobody sends it.
pub fn is_any_due(tx: &mut Tx<'_>, destination: i64, now: Timestamp) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt(
        "SELECT id FROM delivery WHERE destination_id = $1 AND state = 'waiting' AND run_at <= $2 \
         AND lease_until <= $2 ORDER BY run_at LIMIT 1",
        &[&destination, &now],
        Row::take,
    )?;
    Ok(found.is_some())
}

/// The scope's next delivery that is due until `until`, leased.
pub fn lease_next_of(
    tx: &mut Tx<'_>,
    scope: Scope,
    until: Timestamp,
    now: Timestamp,
    lease_ms: i64,
) -> Result<Option<Delivery>, Error> {
    let skip_locked = tx.skip_locked();
    tx.query_opt(
        &format!(
            "UPDATE delivery SET lease_until = $5 WHERE account_id = $1 AND id = (SELECT id FROM delivery \
             WHERE account_id = $1 AND sandbox = $2 AND state = 'waiting' AND run_at <= $3 AND lease_until <= $4 \
             ORDER BY run_at, id LIMIT 1 {skip_locked}) RETURNING {DELIVERY}"
        ),
        &[&scope.account, &scope.environment, &until, &now, &now.plus_ms(lease_ms)],
        from_row,
    )
}

/// When the scope's next delivery is due.
pub fn next_due_of(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Timestamp>, Error> {
    tx.query_one(
        "SELECT MIN(run_at) FROM delivery WHERE account_id = $1 AND sandbox = $2 AND state = 'waiting'",
        &[&scope.account, &scope.environment],
        Row::take,
    )
}

/// One attempt at a delivery.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it began, by the environment's clock.
    pub started_at: Timestamp,
    /// How long it took.
    pub took_ms: i64,
    /// The HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// What went wrong, if there was none.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

/// Writes an attempt and where the delivery stands after it. `false` if it was finished, dropped or
/// sent by somebody else meanwhile.
pub fn record_attempt(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    attempt: &Attempt,
    state: &str,
    run_at: Timestamp,
) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE delivery SET state = $3, run_at = $4, lease_until = 0, attempts = attempts + 1 \
         WHERE account_id = $1 AND id = $2 AND state = 'waiting' AND attempts = $5",
        &[&delivery.scope.account, &delivery.id, &state, &run_at, &delivery.attempts],
    )?;
    if rows == 0 {
        return Ok(false);
    }
    tx.send(
        "INSERT INTO delivery_attempt (account_id, delivery_id, attempt, started_at, took_ms, status, error, answer) \
         SELECT account_id, id, attempts, $3, $4, $5, $6, $7 FROM delivery WHERE account_id = $1 AND id = $2 \
         ON CONFLICT DO NOTHING",
        &[
            &delivery.scope.account,
            &delivery.id,
            &attempt.started_at,
            &attempt.took_ms,
            &attempt.status,
            &attempt.error,
            &attempt.answer,
        ],
    )?;
    Ok(true)
}

/// Frees what a process that ended had leased: at start there is no other process.
pub fn end_leases(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
    tx.execute("UPDATE task SET lease_until = 0 WHERE lease_until > 0", &[])?;
    tx.execute("UPDATE delivery SET lease_until = 0 WHERE state = 'waiting' AND lease_until > 0", &[])?;
    tx.execute(
        "UPDATE destination SET due_at = $1, busy_until = 0 WHERE paused = 0 AND EXISTS \
         (SELECT 1 FROM delivery WHERE destination_id = destination.id AND state = 'waiting')",
        &[&now],
    )?;
    Ok(())
}

/// The scope's delivery.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: DeliveryId) -> Result<Option<Delivery>, Error> {
    tx.query_opt(
        &format!("SELECT {DELIVERY} FROM delivery WHERE account_id = $1 AND sandbox = $2 AND id = $3"),
        &[&scope.account, &scope.environment, &id],
        from_row,
    )
}

/// The scope's deliveries, newest first, with an optional state.
pub fn list(tx: &mut Tx<'_>, scope: Scope, state: Option<&str>, limit: i64) -> Result<Vec<Delivery>, Error> {
    tx.query_all(
        &format!(
            "SELECT {DELIVERY} FROM delivery WHERE account_id = $1 AND sandbox = $2 AND (state = $3 OR $3 IS NULL) \
             ORDER BY id DESC LIMIT $4"
        ),
        &[&scope.account, &scope.environment, &state, &limit],
        from_row,
    )
}

/// The attempts at a delivery, first to last.
pub fn attempts(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<Vec<Attempt>, Error> {
    tx.query_all(
        "SELECT started_at, took_ms, status, error, answer FROM delivery_attempt \
         WHERE account_id = $1 AND delivery_id = $2 \
         ORDER BY started_at, CASE WHEN attempt > 0 THEN 1 ELSE 0 END, ABS(attempt)",
        &[&delivery.scope.account, &delivery.id],
        |row| {
            Ok(Attempt {
                started_at: row.take()?,
                took_ms: row.take()?,
                status: row.take()?,
                error: row.take()?,
                answer: row.take()?,
            })
        },
    )
}

/// The ids of the scope's deliveries from one to another, the lowest first, at most so many.
pub fn ids_between(
    tx: &mut Tx<'_>,
    scope: Scope,
    first: DeliveryId,
    last: DeliveryId,
    most: i64,
) -> Result<Vec<DeliveryId>, Error> {
    tx.query_all(
        "SELECT id FROM delivery WHERE account_id = $1 AND sandbox = $2 AND id >= $3 AND id <= $4 ORDER BY id LIMIT $5",
        &[&scope.account, &scope.environment, &first, &last, &most],
        Row::take,
    )
}

/// Sends the scope's delivery again, now. False: it has no such delivery.
pub fn resend(tx: &mut Tx<'_>, scope: Scope, id: DeliveryId, now: Timestamp) -> Result<bool, Error> {
    let Some(delivery) = find(tx, scope, id)? else { return Ok(false) };
    destinations::failures_locked(tx, delivery.destination)?;
    tx.execute(
        "UPDATE delivery SET state = 'waiting', run_at = $4, lease_until = 0, attempts = 0 \
         WHERE account_id = $1 AND sandbox = $2 AND id = $3",
        &[&scope.account, &scope.environment, &id, &now],
    )?;
    // Attempts are numbered anew; the old ones stay under numbers below zero.
    tx.execute(
        "UPDATE delivery_attempt SET attempt = -attempt - 1000 * (1 + (SELECT COUNT(*) FROM delivery_attempt old \
         WHERE old.account_id = $1 AND old.delivery_id = $3 AND old.attempt < 0)) \
         WHERE account_id = $1 AND attempt > 0 AND delivery_id = \
         (SELECT id FROM delivery WHERE account_id = $1 AND sandbox = $2 AND id = $3)",
        &[&scope.account, &scope.environment, &id],
    )?;
    destinations::revive(tx, delivery.destination, now)?;
    Ok(true)
}

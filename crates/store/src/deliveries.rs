//! Callbacks on their way: deliveries, their attempts, and the destinations they go to.
//!
//! A destination is scheme, host and port. It knows when its next delivery is due, so the
//! worker asks destinations, not deliveries: ten thousand deliveries to a dead one are one
//! row that is not due. `run_at` and `due_at` are real time.

use crate::sql::{Chore, Error, Param, Row, Tx};
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

/// The destination with this address, made if it is new; locked until the transaction ends.
pub fn destination(tx: &mut Tx<'_>, address: &str) -> Result<i64, Error> {
    let for_update = tx.for_update();
    let known = tx.query_opt(
        &format!("SELECT id FROM destination WHERE address = $1 {for_update}"),
        &[&address],
        Row::take,
    )?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = tx.reserve_ids("destination", 1)?;
    // Somebody else may make it at the same time: then theirs is taken, and locked by the update.
    tx.query_one(
        "INSERT INTO destination (id, address, due_at) VALUES ($1, $2, $3) \
         ON CONFLICT (address) DO UPDATE SET failures = destination.failures RETURNING id",
        &[&id, &address, &NEVER],
        Row::take,
    )
}

/// Nothing waits there: no pause is as long.
const NEVER: i64 = i64::MAX;
const LONGEST_PAUSE_MS: i64 = 3_600_000;

/// The destination gets something to do at `due`. A failing one keeps its pause, and one in its turn is
/// looked at when that ends.
pub fn expect(tx: &mut Tx<'_>, id: i64, due: Timestamp, now: Timestamp) -> Result<(), Error> {
    tx.send(
        "UPDATE destination SET due_at = $2 WHERE id = $1 AND due_at > $2 AND (failures < 10 OR due_at > $3) \
         AND busy_until <= $4",
        &[&id, &due, &due.plus_ms(LONGEST_PAUSE_MS), &now],
    )?;
    tx.leave(Chore::Delivery, due);
    Ok(())
}

/// Writes a delivery.
pub fn insert(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), Error> {
    tx.send(
        &format!("INSERT INTO delivery ({DELIVERY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"),
        &[
            &delivery.id,
            &delivery.scope.account,
            &delivery.scope.environment,
            &delivery.event,
            &delivery.key,
            &delivery.job,
            &delivery.destination,
            &delivery.url,
            &delivery.trick,
            &delivery.state,
            &delivery.attempts,
            &delivery.run_at,
            &delivery.created_at,
        ],
    )?;
    Ok(())
}

/// Destinations of a standing that are due, those due longest first. They count as not due until
/// `again_at`, so that no second worker takes them meanwhile.
pub fn take_destinations(
    tx: &mut Tx<'_>,
    standing: &str,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let skip_locked = tx.skip_locked();
    tx.query_all(
        &format!(
            "UPDATE destination SET due_at = $2, busy_until = $2 WHERE id IN (SELECT id FROM destination \
             WHERE paused = 0 AND standing = $4 AND due_at <= $1 ORDER BY due_at LIMIT $3 {skip_locked}) \
             RETURNING id"
        ),
        &[&now, &again_at, &limit, &standing],
        Row::take,
    )
}

/// A turn goes on: destination and deliveries stay taken until then. Who has locked one of them will be done
/// long before.
pub fn stay_taken(
    tx: &mut Tx<'_>,
    destination: i64,
    deliveries: &[(AccountId, DeliveryId)],
    until: Timestamp,
) -> Result<(), Error> {
    let skip_locked = tx.skip_locked();
    tx.send(
        &format!(
            "UPDATE destination SET due_at = $2, busy_until = $2 WHERE id = \
             (SELECT id FROM destination WHERE id = $1 AND busy_until > 0 {skip_locked})"
        ),
        &[&destination, &until],
    )?;
    let stay = format!(
        "UPDATE delivery SET lease_until = $3 WHERE account_id = $1 AND id = (SELECT id FROM delivery \
         WHERE account_id = $1 AND id = $2 AND lease_until > 0 AND state = 'waiting' {skip_locked})"
    );
    deliveries.iter().try_for_each(|(account, id)| tx.send(&stay, &[account, id, &until]))
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
    let mut leased = tx.query_all(
        &format!(
            "UPDATE delivery SET lease_until = $3 \
             WHERE (account_id, id) IN (SELECT account_id, id FROM delivery WHERE destination_id = $1 \
             AND state = 'waiting' AND run_at <= $2 AND lease_until <= $2 ORDER BY run_at, id LIMIT $4 {skip_locked}) \
             RETURNING {DELIVERY}"
        ),
        &[&destination, &now, &now.plus_ms(lease_ms), &limit],
        from_row,
    )?;
    leased.sort_by_key(|delivery| delivery.id);
    Ok(leased)
}

/// Whether a delivery of the destination is due and nobody sends it.
pub fn is_any_due(tx: &mut Tx<'_>, destination: i64, now: Timestamp) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt(
        "SELECT id FROM delivery WHERE destination_id = $1 AND state = 'waiting' AND run_at <= $2 \
         AND lease_until <= $2 LIMIT 1",
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

/// The destination took a callback, and stands like this.
pub fn destination_works(tx: &mut Tx<'_>, id: i64, standing: &str) -> Result<(), Error> {
    tx.send(
        "UPDATE destination SET failures = 0, failing_since = NULL, standing = $2 \
         WHERE id = $1 AND (failures > 0 OR standing <> $2)",
        &[&id, &standing],
    )?;
    Ok(())
}

/// The destination failed once more, and stands like this; the number of failures in a row and since when.
pub fn destination_failed(
    tx: &mut Tx<'_>,
    id: i64,
    standing: &str,
    now: Timestamp,
) -> Result<(i64, Timestamp), Error> {
    tx.query_one(
        "UPDATE destination SET failures = failures + 1, failing_since = COALESCE(failing_since, $2), standing = $3 \
         WHERE id = $1 RETURNING failures, failing_since",
        &[&id, &now, &standing],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// Ends the destination's turn: it is due again when its next delivery is and nobody else sends that, but not
/// before `not_before`. Without a waiting delivery: never.
pub fn end_turn(tx: &mut Tx<'_>, id: i64, not_before: Timestamp) -> Result<(), Error> {
    tx.send(
        "UPDATE destination SET busy_until = 0, due_at = COALESCE((SELECT CASE WHEN MIN(free_at) > $2 THEN MIN(free_at) ELSE $2 END \
         FROM (SELECT CASE WHEN lease_until > run_at THEN lease_until ELSE run_at END AS free_at FROM delivery \
         WHERE destination_id = $1 AND state = 'waiting' ORDER BY run_at LIMIT 50) soon HAVING MIN(free_at) IS NOT NULL), $3) \
         WHERE id = $1",
        &[&id, &not_before, &NEVER],
    )?;
    tx.leave(Chore::Delivery, not_before);
    Ok(())
}

/// Pauses a destination that has been dead for days. False: it was paused already.
pub fn pause_destination(tx: &mut Tx<'_>, id: i64) -> Result<bool, Error> {
    Ok(tx.execute("UPDATE destination SET paused = 1 WHERE id = $1 AND paused = 0", &[&id])? == 1)
}

/// Whose callbacks wait for a destination.
pub fn scopes_waiting(tx: &mut Tx<'_>, id: i64) -> Result<Vec<Scope>, Error> {
    tx.query_all(
        "SELECT DISTINCT account_id, sandbox FROM delivery WHERE destination_id = $1 AND state = 'waiting' \
         ORDER BY account_id, sandbox",
        &[&id],
        |row| Ok(Scope { account: row.take()?, environment: row.take()? }),
    )
}

/// How many destinations are paused.
pub fn count_paused(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.query_one("SELECT COUNT(*) FROM destination WHERE paused = 1", &[], Row::take)
}

/// A destination that is paused, as one account sees it.
#[derive(Clone, Debug)]
pub struct Paused {
    /// Its id.
    pub id: i64,
    /// Scheme, host and port, or an inbox of this server.
    pub address: String,
    /// Since when it fails.
    pub failing_since: Timestamp,
    /// How many of the account's callbacks wait there.
    pub waiting: i64,
}

/// The paused destinations that callbacks of the scope wait for.
pub fn paused(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Paused>, Error> {
    tx.query_all(
        "SELECT d.id, d.address, COALESCE(d.failing_since, 0), COUNT(*) FROM delivery w \
         JOIN destination d ON d.id = w.destination_id \
         WHERE w.account_id = $1 AND w.sandbox = $2 AND w.state = 'waiting' AND d.paused = 1 \
         GROUP BY d.id, d.address, d.failing_since ORDER BY d.address",
        &[&scope.account, &scope.environment],
        |row| {
            Ok(Paused {
                id: row.take()?,
                address: row.take()?,
                failing_since: row.take()?,
                waiting: row.take()?,
            })
        },
    )
}

/// A paused destination is tried again, and sent at once what waits there and what the scope's
/// callbacks were given up for since it fails.
pub fn resume(tx: &mut Tx<'_>, scope: Scope, paused: &Paused, now: Timestamp) -> Result<(), Error> {
    failures_locked(tx, paused.id)?;
    let given_up = tx.query_all(
        "SELECT id FROM delivery WHERE account_id = $1 AND sandbox = $2 AND destination_id = $3 AND state = 'dead' \
         AND created_at >= $4 ORDER BY id",
        &[&scope.account, &scope.environment, &paused.id, &paused.failing_since],
        Row::take,
    )?;
    for id in given_up {
        resend(tx, scope, id, now)?;
    }
    tx.execute(
        "UPDATE delivery SET run_at = $2 WHERE destination_id = $1 AND state = 'waiting' AND run_at > $2",
        &[&paused.id, &now],
    )?;
    revive(tx, paused.id, now)
}

/// The destination counts as not failing, and is due, if not in its turn.
fn revive(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE destination SET paused = 0, failures = 0, failing_since = NULL, \
         due_at = CASE WHEN busy_until > $2 THEN busy_until ELSE $2 END WHERE id = $1",
        &[&id, &now],
    )?;
    tx.leave(Chore::Delivery, now);
    Ok(())
}

/// When the next destination of each of these standings is due.
pub fn next_due<const N: usize>(
    tx: &mut Tx<'_>,
    standings: [&str; N],
) -> Result<[Option<Timestamp>; N], Error> {
    let first =
        |number| format!("(SELECT MIN(due_at) FROM destination WHERE paused = 0 AND standing = ${number})");
    let firsts: Vec<String> = (1..=N).map(first).collect();
    let params: Vec<&dyn Param> = standings.iter().map(|standing| standing as &dyn Param).collect();
    tx.query_one(&format!("SELECT {}", firsts.join(", ")), &params, |row| {
        let mut due = [None; N];
        due.iter_mut().try_for_each(|due| row.take().map(|moment| *due = moment))?;
        Ok(due)
    })
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
         WHERE account_id = $1 AND delivery_id = $2 ORDER BY attempt",
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
    failures_locked(tx, delivery.destination)?;
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
    revive(tx, delivery.destination, now)?;
    Ok(true)
}

/// Whether the destination's turn is under way; it is locked until the transaction ends.
pub fn is_in_turn(tx: &mut Tx<'_>, destination: i64, now: Timestamp) -> Result<bool, Error> {
    let for_update = tx.for_update();
    let busy_until: Option<Timestamp> = tx.query_opt(
        &format!("SELECT busy_until FROM destination WHERE id = $1 {for_update}"),
        &[&destination],
        Row::take,
    )?;
    Ok(busy_until.is_some_and(|moment| moment > now))
}

/// Failures in a row of a destination, which is locked until the transaction ends.
pub fn failures_locked(tx: &mut Tx<'_>, destination: i64) -> Result<i64, Error> {
    let for_update = tx.for_update();
    let failures = tx.query_opt(
        &format!("SELECT failures FROM destination WHERE id = $1 {for_update}"),
        &[&destination],
        Row::take,
    )?;
    Ok(failures.unwrap_or(0))
}

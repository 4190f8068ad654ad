//! The destinations that deliveries go to: scheme, host and port, or an inbox of this server.
//!
//! A destination knows when its next delivery is due, so the worker asks destinations, not deliveries: ten
//! thousand deliveries to a dead one are one row that is not due. `due_at` is real time.

use crate::deliveries;
use crate::sql::{Chore, Error, Param, Row, Tx};
use domain::ids::*;
use std::collections::{BTreeMap, BTreeSet};

/// The destinations with these addresses, made if they are new; locked until the transaction ends. One that
/// another transaction has locked is left out, so that those who wait for the others do not wait for that.
pub fn lock_or_make(tx: &mut Tx<'_>, addresses: BTreeSet<&str>) -> Result<BTreeMap<String, i64>, Error> {
    let skip_locked = tx.skip_locked();
    let mut new: Vec<&str> = addresses.into_iter().collect();
    let locked = tx.query_in(
        |list| format!("SELECT address, id FROM destination WHERE address IN {list} {skip_locked}"),
        &[],
        &new,
        |row| Ok((row.take()?, row.take()?)),
    )?;
    let mut locked: BTreeMap<String, i64> = locked.into_iter().collect();
    new.retain(|address| !locked.contains_key(*address));
    let known = tx.query_in(
        |list| format!("SELECT address FROM destination WHERE address IN {list}"),
        &[],
        &new,
        Row::take::<String>,
    )?;
    new.retain(|address| !known.iter().any(|known| known == address));
    if new.is_empty() {
        return Ok(locked);
    }
    let ids = tx.reserve_ids("destination", new.len())?;
    for (id, address) in ids.into_iter().zip(new) {
        // Somebody else may make it at the same time: then theirs is taken, and locked by the update. All who
        // do so go by the same order, so that nobody waits for each other.
        let id = tx.query_one(
            "INSERT INTO destination (id, address, due_at) VALUES ($1, $2, $3) \
             ON CONFLICT (address) DO UPDATE SET failures = destination.failures RETURNING id",
            &[&id, &address, &NEVER],
            Row::take,
        )?;
        locked.insert(address.to_owned(), id);
    }
    Ok(locked)
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

/// Destinations of a standing that are due, those due longest first. They count as not due until
/// `again_at`, so that no second worker takes them meanwhile.
pub fn take(
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

/// The destination took a callback, and stands like this.
pub fn works(tx: &mut Tx<'_>, id: i64, standing: &str) -> Result<(), Error> {
    tx.send(
        "UPDATE destination SET failures = 0, failing_since = NULL, standing = $2 \
         WHERE id = $1 AND (failures > 0 OR standing <> $2)",
        &[&id, &standing],
    )?;
    Ok(())
}

/// The destination failed once more, and stands like this; the number of failures in a row and since when.
pub fn failed(tx: &mut Tx<'_>, id: i64, standing: &str, now: Timestamp) -> Result<(i64, Timestamp), Error> {
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
pub fn pause(tx: &mut Tx<'_>, id: i64) -> Result<bool, Error> {
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
        deliveries::resend(tx, scope, id, now)?;
    }
    tx.execute(
        "UPDATE delivery SET run_at = $2 WHERE destination_id = $1 AND state = 'waiting' AND run_at > $2",
        &[&paused.id, &now],
    )?;
    revive(tx, paused.id, now)
}

/// The destination counts as not failing, and is due, if not in its turn.
pub(crate) fn revive(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<(), Error> {
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

//! Follow-up work and timers: rows with a due time, leased in batches.
//!
//! A lease only saves work: a task may run twice after a crash, and every handler checks
//! that what it was made for still holds. `run_at` is real time; putting a sandbox's
//! clock forward moves its tasks nearer.

use crate::sql::{Chore, Error, Row, Tx, ValueRef};
use domain::ids::*;

/// Work that is due some time.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// Which handler.
    pub kind: String,
    /// For whom.
    pub scope: Scope,
    /// The order, job or delivery it is about.
    pub subject: i64,
    /// What the handler needs besides, as JSON text.
    pub payload: String,
    /// When it is due, real time.
    pub run_at: Timestamp,
    /// How often it was leased: tells this lease from an earlier one.
    pub attempts: i64,
    /// How often it failed.
    pub failures: i64,
}

const TASK: &str = "id, kind, account_id, sandbox, subject_id, payload, run_at, attempts, failures";

fn from_row(row: &mut Row) -> Result<Task, Error> {
    Ok(Task {
        id: row.take()?,
        kind: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        subject: row.take()?,
        payload: row.take()?,
        run_at: row.take()?,
        attempts: row.take()?,
        failures: row.take()?,
    })
}

/// A task to be written.
pub struct New<'a> {
    /// Which handler.
    pub kind: &'a str,
    /// For whom.
    pub scope: Scope,
    /// What it is about.
    pub subject: i64,
    /// What the handler needs besides, as JSON text.
    pub payload: &'a str,
    /// When it is due, real time.
    pub run_at: Timestamp,
}

/// Queued jobs that nothing will ever put on the board: no task is left for their order (or for
/// a machine job itself), and no job of their group is still to be bought.
pub fn forgotten(tx: &mut Tx<'_>) -> Result<Vec<JobId>, Error> {
    tx.query_all(
        "SELECT id FROM job WHERE status = 'queued' \
         AND NOT EXISTS (SELECT 1 FROM task WHERE subject_id = job.order_id AND kind = 'queue' AND dead = 0) \
         AND NOT EXISTS (SELECT 1 FROM task WHERE subject_id = job.id AND kind = 'machine' AND dead = 0) \
         AND NOT EXISTS (SELECT 1 FROM job other WHERE other.group_id = job.group_id AND other.status = 'unpaid')",
        &[],
        Row::take,
    )
}

/// Writes tasks.
pub fn insert_all(tx: &mut Tx<'_>, tasks: &[New<'_>]) -> Result<(), Error> {
    let ids = tx.reserve_ids("task", tasks.len())?;
    let rows: Vec<Vec<ValueRef<'_>>> =
        ids.into_iter().zip(tasks).map(|(id, task)| new_row(id, task)).collect();
    tx.send_rows(
        "INSERT INTO task (id, kind, account_id, sandbox, subject_id, payload, run_at, created_at)",
        &rows,
    )?;
    tasks.iter().for_each(|task| tx.leave(Chore::Task, task.run_at));
    Ok(())
}

fn new_row<'a>(id: i64, task: &New<'a>) -> Vec<ValueRef<'a>> {
    vec![
        ValueRef::Int(id),
        ValueRef::Text(task.kind),
        ValueRef::Int(task.scope.account.0),
        ValueRef::Int(i64::from(task.scope.is_sandbox())),
        ValueRef::Int(task.subject),
        ValueRef::Text(task.payload),
        ValueRef::Int(task.run_at.0),
        ValueRef::Int(task.run_at.0),
    ]
}

/// Leases the tasks that are due, those due longest first.
pub fn lease(tx: &mut Tx<'_>, now: Timestamp, lease_ms: i64, limit: i64) -> Result<Vec<Task>, Error> {
    let skip_locked = tx.skip_locked();
    let mut tasks = tx.query_all(
        &format!(
            "UPDATE task SET lease_until = $2, attempts = attempts + 1 \
             WHERE (account_id, id) IN (SELECT account_id, id FROM task WHERE dead = 0 AND run_at <= $1 \
             AND lease_until <= $1 ORDER BY run_at, id LIMIT $3 {skip_locked}) RETURNING {TASK}"
        ),
        &[&now, &now.plus_ms(lease_ms), &limit],
        from_row,
    )?;
    tasks.sort_by_key(|task| (task.run_at, task.id));
    Ok(tasks)
}

/// A leased task stays so until then, if it is not done. Who has locked it is doing it.
pub fn stay_leased(tx: &mut Tx<'_>, task: &Task, until: Timestamp) -> Result<(), Error> {
    let skip_locked = tx.skip_locked();
    tx.send(
        &format!(
            "UPDATE task SET lease_until = $4 WHERE account_id = $1 AND id = (SELECT id FROM task \
             WHERE account_id = $1 AND id = $2 AND attempts = $3 AND lease_until > 0 {skip_locked})"
        ),
        &[&task.scope.account, &task.id, &task.attempts, &until],
    )
}

/// The scope's next task that is due until `until`, leased.
pub fn lease_next_of(
    tx: &mut Tx<'_>,
    scope: Scope,
    until: Timestamp,
    now: Timestamp,
    lease_ms: i64,
) -> Result<Option<Task>, Error> {
    let skip_locked = tx.skip_locked();
    tx.query_opt(
        &format!(
            "UPDATE task SET lease_until = $5, attempts = attempts + 1 \
             WHERE account_id = $1 AND id = (SELECT id FROM task WHERE account_id = $1 AND sandbox = $2 AND dead = 0 \
             AND run_at <= $3 AND lease_until <= $4 ORDER BY run_at, id LIMIT 1 {skip_locked}) RETURNING {TASK}"
        ),
        &[&scope.account, &scope.environment, &until, &now, &now.plus_ms(lease_ms)],
        from_row,
    )
}

/// When the scope's next task is due.
pub fn next_due_of(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Timestamp>, Error> {
    tx.query_one(
        "SELECT MIN(run_at) FROM task WHERE account_id = $1 AND sandbox = $2 AND dead = 0",
        &[&scope.account, &scope.environment],
        Row::take,
    )
}

/// When the next task of anybody is due or its lease ends.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    tx.query_one(
        "SELECT MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END) FROM \
         (SELECT run_at, lease_until FROM task WHERE dead = 0 ORDER BY run_at LIMIT 50) AS soon",
        &[],
        Row::take,
    )
}

/// Locks a leased task for the transaction that does its work. False if somebody else has done
/// it meanwhile: the lease had ended.
pub fn hold(tx: &mut Tx<'_>, task: &Task) -> Result<bool, Error> {
    let for_update = tx.for_update();
    let held: Option<i64> = tx.query_opt(
        &format!(
            "SELECT id FROM task WHERE account_id = $1 AND id = $2 AND dead = 0 AND attempts = $3 {for_update}"
        ),
        &[&task.scope.account, &task.id, &task.attempts],
        Row::take,
    )?;
    Ok(held.is_some())
}

/// The task is done.
pub fn finish(tx: &mut Tx<'_>, task: &Task) -> Result<(), Error> {
    tx.send("DELETE FROM task WHERE account_id = $1 AND id = $2", &[&task.scope.account, &task.id])
}

/// The task goes on with this payload; not a failure.
pub fn go_on(tx: &mut Tx<'_>, task: &Task, run_at: Timestamp, payload: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE task SET run_at = $3, payload = $4, lease_until = 0, attempts = 0, failures = 0 \
         WHERE account_id = $1 AND id = $2",
        &[&task.scope.account, &task.id, &run_at, &payload],
    )?;
    tx.leave(Chore::Task, run_at);
    Ok(())
}

/// The task is tried again later, through no fault of its own.
pub fn put_off(tx: &mut Tx<'_>, task: &Task, later: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE task SET run_at = $4, lease_until = 0 WHERE account_id = $1 AND id = $2 AND attempts = $3",
        &[&task.scope.account, &task.id, &task.attempts, &later],
    )?;
    tx.leave(Chore::Task, later);
    Ok(())
}

/// The task failed and is tried again, or is given up.
pub fn fail(tx: &mut Tx<'_>, task: &Task, error: &str, again_at: Option<Timestamp>) -> Result<(), Error> {
    tx.execute(
        "UPDATE task SET error = $3, failures = failures + 1, run_at = COALESCE($4, run_at), lease_until = 0, \
         dead = CASE WHEN $4 IS NULL THEN 1 ELSE 0 END WHERE account_id = $1 AND id = $2",
        &[&task.scope.account, &task.id, &error, &again_at],
    )?;
    Ok(())
}

/// Puts the scope's waiting tasks of this kind at another time.
pub fn reschedule(tx: &mut Tx<'_>, scope: Scope, kind: &str, run_at: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE task SET run_at = $4 WHERE account_id = $1 AND sandbox = $2 AND kind = $3 AND dead = 0",
        &[&scope.account, &scope.environment, &kind, &run_at],
    )?;
    tx.leave(Chore::Task, run_at);
    Ok(())
}

/// Removes the waiting tasks of this kind about a subject.
pub fn cancel(tx: &mut Tx<'_>, scope: Scope, subject: i64, kind: &str) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM task WHERE account_id = $1 AND subject_id = $2 AND kind = $3 AND dead = 0",
        &[&scope.account, &subject, &kind],
    )?;
    Ok(())
}

/// Removes the scope's waiting tasks of this kind.
pub fn cancel_all(tx: &mut Tx<'_>, scope: Scope, kind: &str) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM task WHERE account_id = $1 AND sandbox = $2 AND kind = $3 AND dead = 0",
        &[&scope.account, &scope.environment, &kind],
    )?;
    Ok(())
}

/// How many tasks wait, are late by more than a minute, and are given up.
pub fn counts(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, i64, i64), Error> {
    tx.query_one(
        "SELECT COUNT(CASE WHEN dead = 0 THEN 1 END), COUNT(CASE WHEN dead = 0 AND run_at < $1 THEN 1 END), \
         COUNT(CASE WHEN dead = 1 THEN 1 END) FROM task",
        &[&now.plus_ms(-60_000)],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}

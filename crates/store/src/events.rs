//! The event log: what happened, in order; the source of callbacks and of the event feed.

use crate::sql::{AT_ONCE, Chore, Error, Param, Row, Tx, ValueRef};
use domain::ids::*;
use domain::job::Status;

/// An event as stored.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id; also the feed's cursor.
    pub id: EventId,
    /// Whose it is.
    pub scope: Scope,
    /// Its type, such as `job.available`.
    pub kind: String,
    /// Who made it happen.
    pub actor: String,
    /// The order, for events of orders.
    pub order: Option<OrderId>,
    /// The job, for events of jobs.
    pub job: Option<JobId>,
    /// The comment, for comments.
    pub comment: Option<CommentId>,
    /// The job's running number of events.
    pub sequence: i64,
    /// The status before.
    pub status_from: Option<Status>,
    /// The status after.
    pub status_to: Option<Status>,
    /// What the callback says, frozen, as JSON text.
    pub payload: Option<String>,
    /// A callback is to be made of it.
    pub outbox: bool,
    /// The key by whose rules it is sent.
    pub key: Option<KeyId>,
    /// Where it is sent.
    pub callback_url: Option<String>,
    /// What the sandbox does to the callback on purpose.
    pub trick: Option<String>,
    /// When it happened, by the environment's clock.
    pub created_at: Timestamp,
}

const EVENT: &str = "id, account_id, sandbox, type, actor, order_id, job_id, comment_id, sequence, status_from, \
    status_to, payload, outbox, key_id, callback_url, trick, created_at";

fn from_row(row: &mut Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        kind: row.take()?,
        actor: row.take()?,
        order: row.take()?,
        job: row.take()?,
        comment: row.take()?,
        sequence: row.take()?,
        status_from: row.take()?,
        status_to: row.take()?,
        payload: row.take()?,
        outbox: row.take()?,
        key: row.take()?,
        callback_url: row.take()?,
        trick: row.take()?,
        created_at: row.take()?,
    })
}

/// Writes events.
pub fn insert_all(tx: &mut Tx<'_>, events: &[Event]) -> Result<(), Error> {
    let rows: Vec<Vec<ValueRef<'_>>> = events.iter().map(new_row).collect();
    tx.send_rows(&format!("INSERT INTO event ({EVENT})"), &rows)?;
    if events.iter().any(|event| event.outbox) {
        tx.leave(Chore::Event, AT_ONCE);
    }
    Ok(())
}

fn new_row(event: &Event) -> Vec<ValueRef<'_>> {
    vec![
        event.id.value(),
        event.scope.account.value(),
        event.scope.environment.value(),
        event.kind.value(),
        event.actor.value(),
        event.order.value(),
        event.job.value(),
        event.comment.value(),
        event.sequence.value(),
        event.status_from.value(),
        event.status_to.value(),
        event.payload.value(),
        event.outbox.value(),
        event.key.value(),
        event.callback_url.value(),
        event.trick.value(),
        event.created_at.value(),
    ]
}

/// The scope's events after a cursor, oldest first.
pub fn after(tx: &mut Tx<'_>, scope: Scope, cursor: EventId, limit: i64) -> Result<Vec<Event>, Error> {
    tx.query_all(
        &format!(
            "SELECT {EVENT} FROM event WHERE account_id = $1 AND sandbox = $2 AND id > $3 AND payload IS NOT NULL \
             ORDER BY id LIMIT $4"
        ),
        &[&scope.account, &scope.environment, &cursor, &limit],
        from_row,
    )
}

/// All that happened to a job, oldest first.
pub fn of_job(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Vec<Event>, Error> {
    tx.query_all(
        &format!(
            "SELECT {EVENT} FROM event WHERE job_id = $3 AND account_id = $1 AND sandbox = $2 ORDER BY id"
        ),
        &[&scope.account, &scope.environment, &job],
        from_row,
    )
}

/// The scope's event.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: EventId) -> Result<Option<Event>, Error> {
    tx.query_opt(
        &format!("SELECT {EVENT} FROM event WHERE account_id = $1 AND sandbox = $2 AND id = $3"),
        &[&scope.account, &scope.environment, &id],
        from_row,
    )
}

/// An event of which a callback is to be made.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its id.
    pub id: EventId,
    /// Whose it is.
    pub scope: Scope,
    /// The key by whose rules it is sent.
    pub key: Option<KeyId>,
    /// The job, for events of jobs.
    pub job: Option<JobId>,
    /// Where it is sent.
    pub callback_url: Option<String>,
    /// What the sandbox does to the callback on purpose.
    pub trick: Option<String>,
    /// When it happened, by the environment's clock.
    pub created_at: Timestamp,
}

/// The next events after one of which no callback was made yet, oldest first.
pub fn outbox(tx: &mut Tx<'_>, after: EventId, limit: i64) -> Result<Vec<Outgoing>, Error> {
    let skip_locked = tx.skip_locked();
    tx.query_all(
        &format!(
            "SELECT id, account_id, sandbox, key_id, job_id, callback_url, trick, created_at FROM event \
             WHERE outbox = 1 AND id > $1 ORDER BY id LIMIT $2 {skip_locked}"
        ),
        &[&after, &limit],
        |row| {
            Ok(Outgoing {
                id: row.take()?,
                scope: Scope { account: row.take()?, environment: row.take()? },
                key: row.take()?,
                job: row.take()?,
                callback_url: row.take()?,
                trick: row.take()?,
                created_at: row.take()?,
            })
        },
    )
}

/// The event's callbacks are made.
pub fn leave_outbox(tx: &mut Tx<'_>, event: &Outgoing) -> Result<(), Error> {
    tx.send(
        "UPDATE event SET outbox = 0 WHERE account_id = $1 AND id = $2",
        &[&event.scope.account, &event.id],
    )
}

/// Some events in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The last of them.
    pub last: EventId,
    /// When the first of them happened.
    pub from: Timestamp,
    /// When the last of them happened.
    pub until: Timestamp,
}

/// The next `limit` events after one; `None` if there are no more.
pub fn stretch(tx: &mut Tx<'_>, after: EventId, limit: i64) -> Result<Option<Stretch>, Error> {
    let next = tx.query_one(
        "SELECT MAX(id), MIN(created_at), MAX(created_at) FROM \
         (SELECT id, created_at FROM event WHERE id > $1 ORDER BY id LIMIT $2) AS next",
        &[&after, &limit],
        |row| Ok((row.take::<Option<EventId>>()?, row.take()?, row.take()?)),
    )?;
    Ok(match next {
        (Some(last), Some(from), Some(until)) => Some(Stretch { last, from, until }),
        _ => None,
    })
}

/// Removes those of a stretch that happened before a moment and of which nothing is to be sent.
pub fn forget(tx: &mut Tx<'_>, after: EventId, last: EventId, moment: Timestamp) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM event WHERE id > $1 AND id <= $2 AND created_at < $3 AND outbox = 0 \
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.account_id = event.account_id AND d.event_id = event.id)",
        &[&after, &last, &moment],
    )
}

/// The id of the newest event.
pub fn newest(tx: &mut Tx<'_>, scope: Scope) -> Result<EventId, Error> {
    tx.query_one(
        "SELECT COALESCE(MAX(id), 0) FROM event WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment],
        Row::take,
    )
}

/// No callbacks for what happened in an environment after an event: the sandbox's controls may ask so.
/// The environment is locked, so that it is what this transaction has done.
pub fn silence_after(tx: &mut Tx<'_>, scope: Scope, after: EventId) -> Result<(), Error> {
    tx.execute(
        "UPDATE event SET outbox = 0 WHERE account_id = $1 AND sandbox = $2 AND id > $3 AND outbox = 1",
        &[&scope.account, &scope.environment, &after],
    )?;
    Ok(())
}

/// True if no event waits for its callbacks.
pub fn outbox_is_empty(tx: &mut Tx<'_>) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt("SELECT 1 FROM event WHERE outbox = 1 LIMIT 1", &[], Row::take)?;
    Ok(found.is_none())
}

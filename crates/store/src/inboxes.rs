//! The sandbox's built-in receivers of callbacks.
//!
//! `+account_id` tells SQLite, which keeps no statistics, to find requests by their inbox: it would read those of all the
//! account's inboxes.

use crate::sql::{Error, Row, Tx};
use domain::ids::*;

/// An inbox as stored.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// Whose sandbox.
    pub account: AccountId,
    /// The secret part of its address.
    pub token: String,
    /// What it answers: a status, `never`, `close` or `redirect`.
    pub answer: String,
    /// How many requests it answers with 500 first.
    pub fail_next: i64,
    /// Takes requests from outside.
    pub open_to_all: bool,
}

const INBOX: &str = "id, account_id, token, answer, fail_next, open_to_all";

fn from_row(row: &mut Row) -> Result<Inbox, Error> {
    Ok(Inbox {
        id: row.take()?,
        account: row.take()?,
        token: row.take()?,
        answer: row.take()?,
        fail_next: row.take()?,
        open_to_all: row.take()?,
    })
}

/// Makes an inbox.
pub fn insert(tx: &mut Tx<'_>, account: AccountId, token: &str, now: Timestamp) -> Result<InboxId, Error> {
    let id = InboxId(tx.reserve_id("inbox")?);
    tx.execute(
        "INSERT INTO inbox (id, account_id, token, created_at) VALUES ($1, $2, $3, $4)",
        &[&id, &account, &token, &now],
    )?;
    Ok(id)
}

/// The inbox with this token.
pub fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<Option<Inbox>, Error> {
    // Callers send anything, and PostgreSQL takes no such text.
    if token.contains('\0') {
        return Ok(None);
    }
    tx.query_opt(&format!("SELECT {INBOX} FROM inbox WHERE token = $1"), &[&token], from_row)
}

/// An account's inboxes, oldest first.
pub fn of_account(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Inbox>, Error> {
    tx.query_all(
        &format!("SELECT {INBOX} FROM inbox WHERE account_id = $1 ORDER BY id"),
        &[&account],
        from_row,
    )
}

/// Sets what the inbox answers, and whether it takes requests from outside.
pub fn set_answer(
    tx: &mut Tx<'_>,
    inbox: &Inbox,
    answer: &str,
    fail_next: i64,
    open_to_all: bool,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE inbox SET answer = $3, fail_next = $4, open_to_all = $5 WHERE account_id = $1 AND id = $2",
        &[&inbox.account, &inbox.id, &answer, &fail_next, &open_to_all],
    )?;
    Ok(())
}

/// One failure less to come. `true` if this request is to fail.
pub fn take_failure(tx: &mut Tx<'_>, inbox: &Inbox) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE inbox SET fail_next = fail_next - 1 WHERE account_id = $1 AND id = $2 AND fail_next > 0",
        &[&inbox.account, &inbox.id],
    )?;
    Ok(rows == 1)
}

/// A request that an inbox received.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its id.
    pub id: i64,
    /// POST, mostly.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers as a JSON object.
    pub headers: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// The `Honyaku-Event`.
    pub event: Option<String>,
    /// The job it is about.
    pub job: Option<JobId>,
    /// The key that it is a callback of.
    pub key: Option<KeyId>,
    /// Which attempt it was.
    pub attempt: Option<i64>,
    /// What was answered.
    pub answered: String,
    /// When.
    pub created_at: Timestamp,
}

/// How much an account's inboxes keep; the oldest goes first. Source: sandbox.md 5.1.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Requests.
    pub requests: i64,
    /// Bytes of their bodies and headers.
    pub bytes: i64,
}

/// Stores a received request and forgets the oldest for which there is no room.
pub fn receive(tx: &mut Tx<'_>, inbox: &Inbox, received: &Received, room: Room) -> Result<(), Error> {
    let id = tx.reserve_id("inbox_request")?;
    tx.execute(
        "INSERT INTO inbox_request (id, inbox_id, account_id, method, path, headers, body, event, job_id, key_id, \
         attempt, answered, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &id,
            &inbox.id,
            &inbox.account,
            &received.method,
            &received.path,
            &received.headers,
            &received.body,
            &received.event,
            &received.job,
            &received.key,
            &received.attempt,
            &received.answered,
            &received.created_at,
        ],
    )?;
    tx.execute(
        "DELETE FROM inbox_request WHERE account_id = $1 AND id <= \
         (SELECT id FROM inbox_request WHERE account_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
        &[&inbox.account, &room.requests],
    )?;
    let bytes = i64::try_from(received.body.len() + received.headers.len()).unwrap_or(i64::MAX);
    let bound = tx.query_opt(
        "UPDATE environment SET inbox_bytes = inbox_bytes + $2 WHERE account_id = $1 AND sandbox = 1 \
         RETURNING inbox_bytes",
        &[&inbox.account, &bytes],
        |row| row.take::<i64>(),
    )?;
    if bound.is_some_and(|bound| bound > room.bytes) {
        make_room(tx, inbox.account, room.bytes)?;
    }
    Ok(())
}

/// Forgets the oldest requests over so many bytes, and counts those that are left.
fn make_room(tx: &mut Tx<'_>, account: AccountId, bytes: i64) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM inbox_request WHERE account_id = $1 AND id <= (SELECT MAX(id) FROM \
         (SELECT id, SUM(length(body) + length(headers)) OVER (ORDER BY id DESC) AS since \
          FROM inbox_request WHERE account_id = $1) r WHERE since > $2)",
        &[&account, &bytes],
    )?;
    tx.execute(
        "UPDATE environment SET inbox_bytes = COALESCE((SELECT SUM(length(body) + length(headers)) \
         FROM inbox_request WHERE account_id = $1), 0) WHERE account_id = $1 AND sandbox = 1",
        &[&account],
    )?;
    Ok(())
}

/// Which requests of an inbox are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Later than this one.
    pub after: i64,
    /// About this job only.
    pub job: Option<JobId>,
    /// Callbacks of this test run's keys only.
    pub run: Option<String>,
    /// At most so many.
    pub limit: i64,
}

/// Requests of an inbox, oldest first.
pub fn requests(tx: &mut Tx<'_>, inbox: &Inbox, wanted: &Wanted) -> Result<Vec<Received>, Error> {
    tx.query_all(
        "SELECT id, method, path, headers, body, event, job_id, key_id, attempt, answered, created_at \
         FROM inbox_request \
         WHERE +account_id = $1 AND inbox_id = $2 AND id > $3 AND (job_id = $4 OR $4 IS NULL) \
         AND (key_id IN (SELECT id FROM api_key WHERE account_id = $1 AND test_run = $5) OR $5 IS NULL) ORDER BY id LIMIT $6",
        &[&inbox.account, &inbox.id, &wanted.after, &wanted.job, &wanted.run, &wanted.limit],
        |row| {
            Ok(Received {
                id: row.take()?,
                method: row.take()?,
                path: row.take()?,
                headers: row.take()?,
                body: row.take()?,
                event: row.take()?,
                job: row.take()?,
                key: row.take()?,
                attempt: row.take()?,
                answered: row.take()?,
                created_at: row.take()?,
            })
        },
    )
}

/// Forgets the requests of an inbox; with a test run, the callbacks of its keys only.
pub fn clear(tx: &mut Tx<'_>, inbox: &Inbox, run: Option<&str>) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM inbox_request WHERE +account_id = $1 AND inbox_id = $2 \
         AND (key_id IN (SELECT id FROM api_key WHERE account_id = $1 AND test_run = $3) OR $3 IS NULL)",
        &[&inbox.account, &inbox.id, &run],
    )?;
    Ok(())
}

/// Forgets what was received before a moment.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM inbox_request WHERE created_at < $1", &[&moment])
}

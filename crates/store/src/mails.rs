//! Mails on their way out: written with what they tell of, sent later.

use crate::sql::{Error, Row, Tx};
use domain::ids::{AccountId, Timestamp};

/// A mail to be written.
pub struct New<'a> {
    /// Whose member gets it.
    pub account: AccountId,
    /// To which address.
    pub recipient: &'a str,
    /// What it is about, for those who run the server.
    pub kind: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The text.
    pub body: &'a str,
}

/// A mail as stored.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its id.
    pub id: i64,
    /// Whose member gets it.
    pub account: AccountId,
    /// To which address.
    pub recipient: String,
    /// What it is about.
    pub kind: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

const MAIL: &str = "id, account_id, recipient, kind, subject, body, state, attempts, error, created_at";

fn from_row(row: &mut Row) -> Result<Mail, Error> {
    Ok(Mail {
        id: row.take()?,
        account: row.take()?,
        recipient: row.take()?,
        kind: row.take()?,
        subject: row.take()?,
        body: row.take()?,
        state: row.take()?,
        attempts: row.take()?,
        error: row.take()?,
        created_at: row.take()?,
    })
}

/// Writes a mail that is due at once.
pub fn insert(tx: &mut Tx<'_>, mail: &New<'_>, now: Timestamp) -> Result<(), Error> {
    let id = tx.reserve_id("mail")?;
    tx.send(
        "INSERT INTO mail (id, account_id, recipient, kind, subject, body, run_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        &[&id, &mail.account, &mail.recipient, &mail.kind, &mail.subject, &mail.body, &now],
    )
}

/// When the next mail is due.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    tx.query_one("SELECT MIN(run_at) FROM mail WHERE state = 'waiting'", &[], Row::take)
}

/// Takes the mail that has been due longest. If it is not concluded it is due again after the lease.
pub fn lease(tx: &mut Tx<'_>, now: Timestamp, lease_ms: i64) -> Result<Option<Mail>, Error> {
    let skip_locked = tx.skip_locked();
    tx.query_opt(
        &format!(
            "UPDATE mail SET run_at = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM mail \
             WHERE state = 'waiting' AND run_at <= $1 ORDER BY run_at, id LIMIT 1 {skip_locked}) RETURNING {MAIL}"
        ),
        &[&now, &now.plus_ms(lease_ms)],
        from_row,
    )
}

/// Prolongs a mail's lease, unless the try has failed meanwhile or somebody else has begun another.
pub fn stay_leased(tx: &mut Tx<'_>, mail: &Mail, until: Timestamp) -> Result<(), Error> {
    tx.send(
        "UPDATE mail SET run_at = $3 WHERE id = $1 AND attempts = $2 AND state = 'waiting' AND run_at < $3",
        &[&mail.id, &mail.attempts, &until],
    )
}

/// Writes what came of a try. A failure is not, if somebody else has begun another try meanwhile.
pub fn conclude(
    tx: &mut Tx<'_>,
    mail: &Mail,
    state: &str,
    error: Option<&str>,
    run_at: Timestamp,
) -> Result<(), Error> {
    tx.send(
        "UPDATE mail SET state = $3, error = $4, run_at = $5 WHERE id = $1 AND (attempts = $2 OR $3 = 'sent')",
        &[&mail.id, &mail.attempts, &state, &error, &run_at],
    )
}

/// The newest mails.
pub fn list(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Mail>, Error> {
    tx.query_all(&format!("SELECT {MAIL} FROM mail ORDER BY id DESC LIMIT $1"), &[&limit], from_row)
}

/// Forgets mails that were sent, or given up, before a moment.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM mail WHERE state <> 'waiting' AND created_at < $1", &[&moment])
}

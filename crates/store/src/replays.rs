//! Protection against repeated requests: stored answers by `Idempotency-Key`, and digests
//! of forced orders. Contract: api-v2 5.3.

use crate::sql::{Error, Tx};
use domain::ids::*;

/// An answer that was given before.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Of the request that got it.
    pub fingerprint: Vec<u8>,
    /// Its content type.
    pub content_type: String,
    /// Its bytes.
    pub answer: Vec<u8>,
}

/// The answer stored under a key.
pub fn find(tx: &mut Tx<'_>, scope: Scope, key: &str) -> Result<Option<Stored>, Error> {
    tx.query_opt(
        "SELECT fingerprint, content_type, answer FROM idempotency WHERE account_id = $1 AND sandbox = $2 AND key = $3",
        &[&scope.account, &scope.environment, &key],
        |row| Ok(Stored { fingerprint: row.take()?, content_type: row.take()?, answer: row.take()? }),
    )
}

/// Stores the answer under the key.
pub fn insert(
    tx: &mut Tx<'_>,
    scope: Scope,
    key: &str,
    stored: &Stored,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO idempotency (account_id, sandbox, key, fingerprint, content_type, answer, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &scope.account,
            &scope.environment,
            &key,
            &stored.fingerprint,
            &stored.content_type,
            &stored.answer,
            &now,
        ],
    )?;
    Ok(())
}

/// Forgets answers from before a moment.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM identical_call WHERE created_at < $1", &[&moment])?;
    tx.execute("DELETE FROM idempotency WHERE created_at < $1", &[&moment])
}

/// A call that was the same, not long ago.
#[derive(Clone, Copy, Debug)]
pub struct Identical {
    /// The order it made.
    pub order: OrderId,
    /// When.
    pub created_at: Timestamp,
}

/// Remembers a forced order. If an identical one was remembered after `not_since`, nothing
/// changes and that one is returned.
pub fn guard(
    tx: &mut Tx<'_>,
    scope: Scope,
    digest: &[u8],
    order: OrderId,
    now: Timestamp,
    not_since: Timestamp,
) -> Result<Option<Identical>, Error> {
    let changed = tx.execute(
        "INSERT INTO identical_call (account_id, sandbox, digest, order_id, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (account_id, sandbox, digest) DO UPDATE SET order_id = $4, created_at = $5 \
         WHERE identical_call.created_at <= $6",
        &[&scope.account, &scope.environment, &digest, &order, &now, &not_since],
    )?;
    if changed == 1 {
        return Ok(None);
    }
    tx.query_opt(
        "SELECT order_id, created_at FROM identical_call WHERE account_id = $1 AND sandbox = $2 AND digest = $3",
        &[&scope.account, &scope.environment, &digest],
        |row| Ok(Identical { order: row.take()?, created_at: row.take()? }),
    )
}

/// Forgets the answer under a key if it is from before a moment.
pub fn forget_one_before(tx: &mut Tx<'_>, scope: Scope, key: &str, moment: Timestamp) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM idempotency WHERE account_id = $1 AND sandbox = $2 AND key = $3 AND created_at < $4",
        &[&scope.account, &scope.environment, &key, &moment],
    )?;
    Ok(())
}

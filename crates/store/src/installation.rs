//! Facts about the installation as a whole.

use crate::sql::{Error, Row, Tx};

/// A fact by name.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, Error> {
    tx.query_opt("SELECT value FROM installation WHERE name = $1", &[&name], Row::take)
}

/// Keeps a fact.
pub fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
        &[&name, &value],
    )?;
    Ok(())
}

/// Keeps a fact unless it is known already; what is known then.
pub fn settle(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<String, Error> {
    tx.execute(
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        &[&name, &value],
    )?;
    Ok(get(tx, name)?.unwrap_or_default())
}

/// Whether a PostgreSQL server follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// It is a primary.
    Nobody,
    /// It does.
    Since {
        /// Seconds since the last transaction that it has from there.
        last_s: i64,
    },
}

/// Asks a PostgreSQL server whether it follows another.
pub fn following(tx: &mut Tx<'_>) -> Result<Following, Error> {
    let last_s: Option<i64> = tx.query_one(
        "SELECT CASE WHEN pg_is_in_recovery() \
         THEN CAST(COALESCE(EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()), 0) AS BIGINT) END",
        &[],
        Row::take,
    )?;
    Ok(last_s.map_or(Following::Nobody, |last_s| Following::Since { last_s }))
}

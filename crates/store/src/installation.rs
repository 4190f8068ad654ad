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

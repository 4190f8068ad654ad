//! What callers used up of their rate limits, told between nodes. Rows live for a minute.

use crate::sql::{Dialect, Error, Row, Tx};
use domain::ids::Timestamp;

/// One caller's use, as one node saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which limit and whose.
    pub subject: String,
    /// How many requests.
    pub requests: i64,
}

/// The advisory lock that nodes tell under.
const TELLING: i64 = 0x686F_6E79_0001;

/// Tells the other nodes. They listen from the last row on, so rows have to appear in the order of their ids.
pub fn tell(tx: &mut Tx<'_>, node: &str, used: &[Use], now: Timestamp) -> Result<(), Error> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_all("SELECT CAST(1 AS BIGINT) FROM pg_advisory_xact_lock($1)", &[&TELLING], |_| Ok(()))?;
    }
    let ids = tx.reserve_ids("rate_use", used.len())?;
    for (id, of) in ids.into_iter().zip(used) {
        tx.execute(
            "INSERT INTO rate_use (id, node, subject, requests, created_at) VALUES ($1, $2, $3, $4, $5)",
            &[&id, &node, &of.subject, &of.requests, &now],
        )?;
    }
    Ok(())
}

/// What the others told after a row, and the last row now.
pub fn heard(tx: &mut Tx<'_>, node: &str, after: i64) -> Result<(Vec<Use>, i64), Error> {
    let rows = tx.query_all(
        "SELECT id, node, subject, requests FROM rate_use WHERE id > $1 ORDER BY id",
        &[&after],
        |row| {
            let (id, from): (i64, String) = (row.take()?, row.take()?);
            Ok((id, from, Use { subject: row.take()?, requests: row.take()? }))
        },
    )?;
    let last = rows.last().map_or(after, |(id, _, _)| *id);
    let others = rows.into_iter().filter(|(_, from, _)| from != node).map(|(_, _, of)| of);
    Ok((others.collect(), last))
}

/// The last row now: what was told before is not ours to count.
pub fn newest(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.query_one("SELECT COALESCE(MAX(id), 0) FROM rate_use", &[], Row::take)
}

/// Removes what every node has heard.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM rate_use WHERE created_at < $1", &[&moment])
}

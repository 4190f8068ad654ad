//! Whose rows are: each names the account itself, though its parent does too.

use crate::sql::{Error, Row, Tx};

/// A table, its column, and the table whose id that is.
const CHILDREN: [(&str, &str, &str); 14] = [
    ("job", "order_id", "\"order\""),
    ("order_found", "order_id", "\"order\""),
    ("order_found", "job_id", "job"),
    ("claim_job", "claim_id", "claim"),
    ("claim_job", "job_id", "job"),
    ("revision", "job_id", "job"),
    ("reward", "job_id", "job"),
    ("comment", "job_id", "job"),
    ("comment", "order_id", "\"order\""),
    ("feedback", "job_id", "job"),
    ("captcha", "job_id", "job"),
    ("rejection", "job_id", "job"),
    ("delivery_attempt", "delivery_id", "delivery"),
    ("ledger_entry", "transaction_id", "ledger_transaction"),
];

/// A table with rows that name another account than their parents do.
#[derive(Debug)]
pub struct Fault {
    /// The table.
    pub table: &'static str,
    /// The parents'.
    pub parent: &'static str,
    /// How many.
    pub rows: i64,
}

/// All such tables.
pub fn faults(tx: &mut Tx<'_>) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    for (table, column, parent) in CHILDREN {
        let wrong = format!(
            "SELECT COUNT(*) FROM {table} c JOIN {parent} p ON p.id = c.{column} WHERE p.account_id <> c.account_id"
        );
        let rows: i64 = tx.query_one(&wrong, &[], Row::take)?;
        if rows > 0 {
            faults.push(Fault { table, parent: parent.trim_matches('"'), rows });
        }
    }
    Ok(faults)
}

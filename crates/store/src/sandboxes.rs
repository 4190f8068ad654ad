//! Wiping a sandbox: everything in it goes, ids do not come back.

use crate::sql::{Error, Param, Tx};
use domain::ids::Scope;

/// What may stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// API keys and inboxes.
    pub keys: bool,
    /// Glossaries.
    pub glossaries: bool,
    /// The robot's settings.
    pub robot: bool,
}

/// Deletes what is in the sandbox. The caller has made sure that the scope is one.
pub fn wipe(tx: &mut Tx<'_>, scope: Scope, keep: Keep, revoked_at: i64) -> Result<(), Error> {
    let jobs = "(SELECT id FROM job WHERE account_id = $1 AND sandbox = $2)";
    let both: [&dyn Param; 2] = [&scope.account, &scope.environment];
    for (table, column) in [
        ("revision", "job_id"),
        ("claim_job", "job_id"),
        ("reward", "job_id"),
        ("feedback", "job_id"),
        ("captcha", "job_id"),
        ("rejection", "job_id"),
    ] {
        tx.execute(&format!("DELETE FROM {table} WHERE {column} IN {jobs}"), &both)?;
    }
    let deliveries = "(SELECT id FROM delivery WHERE account_id = $1 AND sandbox = $2)";
    tx.execute(&format!("DELETE FROM delivery_attempt WHERE delivery_id IN {deliveries}"), &both)?;
    let orders = "(SELECT id FROM \"order\" WHERE account_id = $1 AND sandbox = $2)";
    tx.execute(&format!("DELETE FROM order_found WHERE order_id IN {orders}"), &both)?;
    for table in [
        "delivery",
        "event",
        "task",
        "claim",
        "comment",
        "upload",
        "idempotency",
        "identical_call",
        "preference",
        "job",
        "\"order\"",
    ] {
        tx.execute(&format!("DELETE FROM {table} WHERE account_id = $1 AND sandbox = $2"), &both)?;
    }
    wipe_book(tx, scope)?;
    tx.execute("DELETE FROM inbox_request WHERE account_id = $1", &[&scope.account])?;
    if !keep.glossaries {
        tx.execute("DELETE FROM glossary WHERE account_id = $1 AND sandbox = $2", &both)?;
    }
    if !keep.robot {
        tx.execute("UPDATE environment SET robot = '{}' WHERE account_id = $1 AND sandbox = $2", &both)?;
    }
    if keep.keys {
        tx.execute("UPDATE api_key SET spent = 0 WHERE account_id = $1 AND sandbox = $2", &both)?;
    } else {
        tx.execute(
            "UPDATE api_key SET revoked_at = $3 WHERE account_id = $1 AND sandbox = $2 AND revoked_at IS NULL",
            &[&scope.account, &scope.environment, &revoked_at],
        )?;
    }
    Ok(())
}

/// The sandbox's own book. Entries of its robots' and the platform's test accounts go with
/// the transactions they belong to.
fn wipe_book(tx: &mut Tx<'_>, scope: Scope) -> Result<(), Error> {
    let both: [&dyn Param; 2] = [&scope.account, &scope.environment];
    let own = "(SELECT id FROM ledger_transaction WHERE account_id = $1 AND sandbox = $2)";
    tx.execute(
        &format!(
            "UPDATE ledger_balance SET amount = amount - COALESCE((SELECT SUM(e.amount) FROM ledger_entry e \
             WHERE e.ledger_account = ledger_balance.ledger_account AND e.transaction_id IN {own}), 0) \
             WHERE ledger_account IN (SELECT e.ledger_account FROM ledger_entry e WHERE e.transaction_id IN {own})"
        ),
        &both,
    )?;
    tx.execute(&format!("DELETE FROM ledger_entry WHERE transaction_id IN {own}"), &both)?;
    tx.execute("DELETE FROM ledger_transaction WHERE account_id = $1 AND sandbox = $2", &both)?;
    Ok(())
}

//! What is in a sandbox: how many jobs, and removing all of it, one test run's part, or what is old. Ids do
//! not come back.

mod counts;

pub(crate) use self::counts::{ALL_JOBS, Changes, write_changes};
pub use self::counts::{count_faults, jobs_by_status};
use crate::sql::{Error, Param, Row, Tx};
use domain::ids::{AccountId, Scope, Timestamp};

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

/// What hangs on a job alone.
const OF_JOBS: [&str; 6] = ["revision", "feedback", "captcha", "rejection", "claim_job", "reward"];

/// Deletes what is in the sandbox. The caller has made sure that the scope is one.
pub fn wipe(tx: &mut Tx<'_>, scope: Scope, keep: Keep, revoked_at: i64) -> Result<(), Error> {
    let jobs = "(SELECT id FROM job WHERE account_id = $1 AND sandbox = $2)";
    let both: [&dyn Param; 2] = [&scope.account, &scope.environment];
    // Waits for the deliveries that are being made of its events: then they are seen below.
    tx.execute("UPDATE event SET outbox = 0 WHERE account_id = $1 AND sandbox = $2 AND outbox = 1", &both)?;
    for table in OF_JOBS {
        tx.execute(&format!("DELETE FROM {table} WHERE account_id = $1 AND job_id IN {jobs}"), &both)?;
    }
    let deliveries = "(SELECT id FROM delivery WHERE account_id = $1 AND sandbox = $2)";
    tx.execute(
        &format!("DELETE FROM delivery_attempt WHERE account_id = $1 AND delivery_id IN {deliveries}"),
        &both,
    )?;
    let orders = "(SELECT id FROM \"order\" WHERE account_id = $1 AND sandbox = $2)";
    tx.execute(&format!("DELETE FROM order_found WHERE account_id = $1 AND order_id IN {orders}"), &both)?;
    // By their jobs and orders: there is no index by account.
    tx.execute(
        &format!("DELETE FROM comment WHERE account_id = $1 AND (job_id IN {jobs} OR order_id IN {orders})"),
        &both,
    )?;
    for table in [
        "delivery",
        "event",
        "task",
        "claim",
        "upload",
        "idempotency",
        "identical_call",
        "preference",
        "job",
        "\"order\"",
    ] {
        tx.execute(&format!("DELETE FROM {table} WHERE account_id = $1 AND sandbox = $2"), &both)?;
    }
    counts::recount(tx, scope.account)?;
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
            "UPDATE api_key SET revoked_at = $3 WHERE account_id = $1 AND sandbox = $2 \
             AND (revoked_at IS NULL OR revoked_at > $3)",
            &[&scope.account, &scope.environment, &revoked_at],
        )?;
    }
    Ok(())
}

/// Deletes the orders of one test run, with everything that hangs on them, and what they count for its keys.
pub fn forget_run(tx: &mut Tx<'_>, scope: Scope, run: &str) -> Result<(), Error> {
    let of_run = "account_id = $1 AND sandbox = $2 AND test_run = $3";
    let condition = format!("key_id IN (SELECT id FROM api_key WHERE {of_run})");
    let params: [&dyn Param; 3] = [&scope.account, &scope.environment, &run];
    tx.execute(&format!("UPDATE api_key SET spent = 0 WHERE {of_run}"), &params)?;
    // Those about a whole order have no job to go with.
    tx.execute(&format!("DELETE FROM inbox_request WHERE account_id = $1 AND {condition}"), &params)?;
    remove_orders(tx, scope, &condition, &run)
}

/// Deletes the oldest orders made before a moment, at most `at_once`.
pub fn forget_before(tx: &mut Tx<'_>, scope: Scope, moment: Timestamp, at_once: i64) -> Result<(), Error> {
    let condition = format!(
        "created_at < $3 AND id IN (SELECT id FROM \"order\" WHERE account_id = $1 AND sandbox = $2 \
         ORDER BY id LIMIT {at_once})"
    );
    remove_orders(tx, scope, &condition, &moment)
}

/// Accounts whose sandbox has an order made before a moment.
pub fn with_orders_before(tx: &mut Tx<'_>, moment: Timestamp, limit: i64) -> Result<Vec<AccountId>, Error> {
    tx.query_all(
        "SELECT e.account_id FROM environment e JOIN \"order\" o ON o.account_id = e.account_id AND o.id = \
           (SELECT MIN(id) FROM \"order\" WHERE account_id = e.account_id AND sandbox = 1) \
         WHERE e.sandbox = 1 AND o.created_at < $1 ORDER BY e.account_id LIMIT $2",
        &[&moment, &limit],
        Row::take,
    )
}

/// Deletes the orders for which the condition holds, whose one parameter is `$3`.
fn remove_orders(tx: &mut Tx<'_>, scope: Scope, condition: &str, value: &dyn Param) -> Result<(), Error> {
    let params: [&dyn Param; 3] = [&scope.account, &scope.environment, value];
    let orders = format!("(SELECT id FROM \"order\" WHERE account_id = $1 AND sandbox = $2 AND {condition})");
    let jobs = format!("(SELECT id FROM job WHERE account_id = $1 AND order_id IN {orders})");
    let claims = format!("(SELECT claim_id FROM claim_job WHERE account_id = $1 AND job_id IN {jobs})");
    // The scope keeps these from reading other accounts' rows: not every column here has an index.
    let own = "account_id = $1 AND sandbox = $2";
    let about = format!("{own} AND (job_id IN {jobs} OR order_id IN {orders})");
    let events = format!("(SELECT id FROM event WHERE {about})");
    let of_events = format!("account_id = $1 AND event_id IN {events}");
    let deliveries = format!("(SELECT id FROM delivery WHERE {of_events})");
    for statement in [
        // Waits for the deliveries that are being made of these events: then they are seen below.
        format!("UPDATE event SET outbox = 0 WHERE {own} AND outbox = 1 AND id IN {events}"),
        format!("DELETE FROM delivery_attempt WHERE account_id = $1 AND delivery_id IN {deliveries}"),
        format!("DELETE FROM delivery WHERE {of_events}"),
        format!("DELETE FROM event WHERE {about}"),
        format!(
            "DELETE FROM task WHERE {own} AND ((kind = 'queue' AND subject_id IN {orders}) \
             OR (kind = 'claim_deadline' AND subject_id IN {claims}) \
             OR (kind NOT IN ('queue', 'claim_deadline') AND subject_id IN {jobs}))"
        ),
        format!("DELETE FROM comment WHERE account_id = $1 AND (job_id IN {jobs} OR order_id IN {orders})"),
        format!("DELETE FROM identical_call WHERE {own} AND order_id IN {orders}"),
        format!(
            "DELETE FROM order_found WHERE account_id = $1 AND (order_id IN {orders} OR job_id IN {jobs})"
        ),
        format!("DELETE FROM inbox_request WHERE account_id = $1 AND job_id IN {jobs}"),
    ] {
        tx.execute(&statement, &params)?;
    }
    remove_postings(
        tx,
        &format!(
            "(SELECT account_id, id FROM ledger_transaction WHERE account_id = $1 AND job_id IN {jobs})"
        ),
        &params,
    )?;
    let held = format!("SELECT DISTINCT claim_id FROM claim_job WHERE account_id = $1 AND job_id IN {jobs}");
    let held: Vec<i64> = tx.query_all(&held, &params, Row::take)?;
    for table in OF_JOBS {
        tx.execute(&format!("DELETE FROM {table} WHERE account_id = $1 AND job_id IN {jobs}"), &params)?;
    }
    for claim in held {
        tx.execute("DELETE FROM claim WHERE account_id = $1 AND id = $2", &[&scope.account, &claim])?;
    }
    let removed = format!(
        "SELECT status, COUNT(*) FROM job WHERE account_id = $1 AND order_id IN {orders} GROUP BY status"
    );
    for (status, jobs) in tx.query_all(&removed, &params, |row| Ok((row.take()?, row.take::<i64>()?)))? {
        tx.count_job(scope, status, -jobs);
    }
    tx.execute(&format!("DELETE FROM job WHERE account_id = $1 AND order_id IN {orders}"), &params)?;
    tx.execute(&format!("DELETE FROM \"order\" WHERE {own} AND id IN {orders}"), &params)?;
    Ok(())
}

/// The sandbox's own book. Entries of its robots' and the platform's test accounts go with
/// the transactions they belong to.
fn wipe_book(tx: &mut Tx<'_>, scope: Scope) -> Result<(), Error> {
    let own = "(SELECT account_id, id FROM ledger_transaction WHERE account_id = $1 AND sandbox = $2)";
    remove_postings(tx, own, &[&scope.account, &scope.environment])
}

/// Deletes these transactions (account, id) of a sandbox's book as if they had never been. What they come to
/// is summed from them: its robots' accounts have entries of every sandbox.
fn remove_postings(tx: &mut Tx<'_>, which: &str, params: &[&dyn Param]) -> Result<(), Error> {
    let sums: Vec<(String, i64, i64)> = tx.query_all(
        &format!(
            "SELECT name, CAST(SUM(amount) AS BIGINT), CAST(SUM(CASE WHEN job_id IS NULL THEN 0 ELSE amount END) AS BIGINT) \
             FROM (SELECT e.ledger_account || '' AS name, e.amount, t.job_id FROM ledger_transaction t \
               JOIN ledger_entry e ON e.account_id = t.account_id AND e.transaction_id = t.id \
               WHERE (t.account_id, t.id) IN {which}) AS removed GROUP BY name ORDER BY name"
        ),
        params,
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )?;
    for (account, amount, on_jobs) in sums {
        let spent = if account.starts_with("sandbox:customer:") { -on_jobs } else { 0 };
        tx.execute(
            "UPDATE ledger_balance SET amount = amount - $2, spent = spent - $3 WHERE ledger_account = $1",
            &[&account, &amount, &spent],
        )?;
    }
    tx.execute(&format!("DELETE FROM ledger_entry WHERE (account_id, transaction_id) IN {which}"), params)?;
    tx.execute(&format!("DELETE FROM ledger_transaction WHERE (account_id, id) IN {which}"), params)?;
    Ok(())
}

//! The books: append-only transactions of entries that sum to zero, and the balances
//! kept with them.

use crate::sql::{Error, Param, Row, Tx, ValueRef};
use domain::ids::*;
use domain::ledger::{Book, Entry, LedgerAccount, Posting};
use domain::money::Money;

/// What a posting is about, for searching.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The customer's account.
    pub account: AccountId,
    /// The order.
    pub order: Option<OrderId>,
    /// The job.
    pub job: Option<JobId>,
}

/// Why a posting was not written.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The database's fault.
    #[error(transparent)]
    Sql(#[from] Error),
    /// An account would fall below zero.
    #[error("{0} would fall below zero")]
    BelowFloor(String),
    /// An account would hold more than a number can.
    #[error("{0} cannot hold so much")]
    TooLarge(String),
}

/// Writes a posting. One with a key that is there already changes nothing (`false`).
pub fn post(
    tx: &mut Tx<'_>,
    book: Book,
    posting: &Posting,
    about: About,
    actor: &str,
    now: Timestamp,
) -> Result<bool, PostError> {
    let id = tx.reserve_id("ledger")?;
    if !insert_transaction(tx, id, book, posting, about, actor, now)? {
        return Ok(false);
    }
    for (line, entry) in posting.entries().iter().enumerate() {
        insert_entry(tx, about.account, id, line, book, entry)?;
    }
    // Always in the same order, so that two transactions cannot wait for each other.
    let kept = posting.entries().iter().filter(|entry| entry.account.keeps_balance());
    let mut kept: Vec<(String, &Entry)> = kept.map(|entry| (entry.account.text(book), entry)).collect();
    kept.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, entry) in kept {
        let is_customers = matches!(entry.account, LedgerAccount::Customer(_));
        let spent = if is_customers && about.job.is_some() { -entry.amount.minor() } else { 0 };
        add_to_balance(tx, book == Book::Sandbox, &name, entry.amount, spent)?;
    }
    Ok(true)
}

fn insert_transaction(
    tx: &mut Tx<'_>,
    id: i64,
    book: Book,
    posting: &Posting,
    about: About,
    actor: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let sandbox = book == Book::Sandbox;
    let inserted = tx.execute(
        "INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, order_id, job_id, actor, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        &[
            &id,
            &sandbox,
            &posting.key(),
            &posting.kind(),
            &about.account,
            &about.order,
            &about.job,
            &actor,
            &now,
        ],
    )?;
    if inserted == 1 {
        return Ok(true);
    }
    // The key it is, and not the id: nothing may go missing because a sequence was set back.
    let posted = tx.query_opt(
        "SELECT 1 FROM ledger_transaction WHERE account_id = $1 AND key = $2",
        &[&about.account, &posting.key()],
        Row::take::<i64>,
    )?;
    match posted {
        Some(_) => Ok(false),
        None => Err(Error::Engine(format!("the ledger's id {id} is in use already"))),
    }
}

fn insert_entry(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: i64,
    line: usize,
    book: Book,
    entry: &Entry,
) -> Result<(), Error> {
    let line = i64::try_from(line).map_err(|_| Error::Engine("too many entries".into()))?;
    tx.send(
        "INSERT INTO ledger_entry (account_id, transaction_id, line, sandbox, ledger_account, currency, amount) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &account,
            &id,
            &line,
            &(book == Book::Sandbox),
            &entry.account.text(book),
            &entry.amount.currency(),
            &entry.amount.minor(),
        ],
    )?;
    Ok(())
}

/// Adds to a kept balance, and to what its customer spent on jobs; the table's check keeps the
/// balance from falling below zero, and this says so before the check would end the transaction.
/// SQLite would go on with a float where a sum overflows: so a balance is compared with what it may
/// be, before anything is added.
fn add_to_balance(
    tx: &mut Tx<'_>,
    sandbox: bool,
    account: &str,
    amount: Money,
    spent: i64,
) -> Result<(), PostError> {
    let least = amount.minor().saturating_neg().max(0);
    let most = i64::MAX - amount.minor().max(0);
    let changed = tx.execute(
        "UPDATE ledger_balance SET amount = amount + $2, spent = spent + $5 \
         WHERE ledger_account = $1 AND amount >= $3 AND amount <= $4",
        &[&account, &amount.minor(), &least, &most, &spent],
    )?;
    if changed == 1 {
        return Ok(());
    }
    if amount.is_negative() {
        return Err(PostError::BelowFloor(account.to_owned()));
    }
    let changed = tx.execute(
        "INSERT INTO ledger_balance (ledger_account, sandbox, currency, amount, spent) VALUES ($1, $2, $3, $4, $6) \
         ON CONFLICT (ledger_account) DO UPDATE SET amount = ledger_balance.amount + $4, \
         spent = ledger_balance.spent + $6 WHERE ledger_balance.amount <= $5",
        &[&account, &sandbox, &amount.currency(), &amount.minor(), &most, &spent],
    )?;
    if changed == 1 { Ok(()) } else { Err(PostError::TooLarge(account.to_owned())) }
}

/// The balance kept for a ledger account, in minor units; zero if nothing was ever posted.
pub fn balance(tx: &mut Tx<'_>, ledger_account: &str) -> Result<i64, Error> {
    let kept = tx.query_opt(BALANCE, &[&ledger_account], Row::take)?;
    Ok(kept.unwrap_or(0))
}

/// Announces that `balance` will be asked.
pub fn foresee_balance(tx: &mut Tx<'_>, ledger_account: &str) {
    tx.foresee(BALANCE, &[&ledger_account]);
}

const BALANCE: &str = "SELECT amount FROM ledger_balance WHERE ledger_account = $1";

/// Charges minus refunds of a customer since the start, in minor units.
pub fn spent(tx: &mut Tx<'_>, ledger_account: &str) -> Result<i64, Error> {
    let kept = tx.query_opt(
        "SELECT spent FROM ledger_balance WHERE ledger_account = $1",
        &[&ledger_account],
        Row::take,
    )?;
    Ok(kept.unwrap_or(0))
}

/// Customers whose kept spending is not what their entries about jobs say.
pub fn spending_faults(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    tx.query_all(
        "SELECT b.ledger_account FROM ledger_balance b LEFT JOIN ( \
           SELECT e.ledger_account, -SUM(e.amount) AS amount FROM ledger_entry e \
           JOIN ledger_transaction t ON t.account_id = e.account_id AND t.id = e.transaction_id \
           WHERE t.job_id IS NOT NULL \
             AND (e.ledger_account LIKE 'customer:%' OR e.ledger_account LIKE 'sandbox:customer:%') \
           GROUP BY e.ledger_account) AS on_jobs ON on_jobs.ledger_account = b.ledger_account \
         WHERE b.spent <> COALESCE(on_jobs.amount, 0) ORDER BY b.ledger_account",
        &[],
        Row::take,
    )
}

/// A kept balance beside the sum of its entries.
#[derive(Debug)]
pub struct Recomputed {
    /// The ledger account.
    pub ledger_account: String,
    /// What is kept.
    pub kept: i64,
    /// What the entries say.
    pub entries: i64,
}

/// Every kept balance with the sum of its entries.
pub fn recompute(tx: &mut Tx<'_>) -> Result<Vec<Recomputed>, Error> {
    tx.query_all(
        "SELECT b.ledger_account, b.amount, CAST(COALESCE(sums.amount, 0) AS BIGINT) \
         FROM ledger_balance b LEFT JOIN ( \
           SELECT ledger_account, SUM(amount) AS amount FROM ledger_entry \
           WHERE ledger_account IN (SELECT ledger_account FROM ledger_balance) \
           GROUP BY ledger_account) AS sums ON sums.ledger_account = b.ledger_account \
         ORDER BY b.ledger_account",
        &[],
        |row| Ok(Recomputed { ledger_account: row.take()?, kept: row.take()?, entries: row.take()? }),
    )
}

/// Transactions whose entries do not sum to zero in some currency.
pub fn unbalanced(tx: &mut Tx<'_>) -> Result<Vec<i64>, Error> {
    tx.query_all(
        "SELECT DISTINCT transaction_id FROM (SELECT transaction_id, currency FROM ledger_entry \
         GROUP BY transaction_id, currency HAVING SUM(amount) <> 0) AS wrong",
        &[],
        Row::take,
    )
}

/// Ledger accounts with entries but without the balance that should be kept for them.
pub fn without_balance(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    tx.query_all(
        "SELECT DISTINCT e.ledger_account FROM ledger_entry e \
         LEFT JOIN ledger_balance b ON b.ledger_account = e.ledger_account \
         WHERE b.ledger_account IS NULL AND (e.ledger_account LIKE 'customer:%' OR e.ledger_account LIKE 'translator:%' \
         OR e.ledger_account LIKE 'sandbox:customer:%' OR e.ledger_account LIKE 'sandbox:translator:%')",
        &[],
        Row::take,
    )
}

/// A job whose escrow by the books is not what its row says, or not what its status demands.
#[derive(Debug)]
pub struct EscrowFault {
    /// The job.
    pub job: JobId,
    /// Its status, price and escrow, and the books' escrow.
    pub text: String,
}

/// Jobs whose escrow is wrong: by the books, or for their status.
pub fn escrow_faults(tx: &mut Tx<'_>) -> Result<Vec<EscrowFault>, Error> {
    tx.query_all(
        "SELECT id, status || ', price ' || price || ', escrow ' || escrow || ', by the books ' || booked FROM ( \
           SELECT id, status, price, escrow, COALESCE((SELECT SUM(e.amount) FROM ledger_transaction t \
             JOIN ledger_entry e ON t.account_id = e.account_id AND t.id = e.transaction_id \
             WHERE t.account_id = job.account_id AND t.job_id = job.id AND e.ledger_account IN ('escrow:' || job.id, 'sandbox:escrow:' || job.id)), 0) AS booked, \
           EXISTS (SELECT 1 FROM rejection r WHERE r.account_id = job.account_id AND r.job_id = job.id \
             AND r.decision IS NULL) AS undecided \
           FROM job) AS j \
         WHERE escrow <> booked \
           OR (status IN ('queued', 'available', 'pending', 'reviewable', 'revising', 'hold') AND escrow <> price) \
           OR (status IN ('approved', 'canceled', 'unpaid') AND escrow <> 0) \
           OR (status = 'rejected' AND NOT undecided AND escrow <> 0)",
        &[],
        |row| Ok(EscrowFault { job: row.take()?, text: row.take()? }),
    )
}

/// Jobs charged more than once, or refunded more than they were charged.
pub fn charge_faults(tx: &mut Tx<'_>) -> Result<Vec<JobId>, Error> {
    tx.query_all(
        "SELECT t.job_id FROM ledger_transaction t \
         JOIN ledger_entry e ON t.account_id = e.account_id AND t.id = e.transaction_id \
         WHERE t.job_id IN (SELECT id FROM job WHERE forced = 0) AND (e.ledger_account LIKE 'customer:%' OR e.ledger_account LIKE 'sandbox:customer:%') \
         GROUP BY t.job_id \
         HAVING SUM(CASE WHEN t.kind = 'charge' THEN 1 ELSE 0 END) <> 1 OR SUM(e.amount) > 0",
        &[],
        Row::take,
    )
}

/// Writes the charges of one customer's order. As `post`, but the customer's balance is
/// changed once for all of them. The caller holds the environment's lock and has read that the
/// balance covers them: so it is there, and stays so.
pub fn charge_all(
    tx: &mut Tx<'_>,
    book: Book,
    customer: AccountId,
    charges: &[Posting],
    about: &[(OrderId, JobId)],
    actor: &str,
    now: Timestamp,
) -> Result<(), PostError> {
    let balance_of = LedgerAccount::Customer(customer);
    let sandbox = book == Book::Sandbox;
    let mut sum: Option<Money> = None;
    let ids = tx.reserve_ids("ledger", charges.len())?;
    let (mut transactions, mut entries) = (Vec::new(), Vec::new());
    // Texts that the rows borrow.
    let names: Vec<Vec<String>> = charges
        .iter()
        .map(|posting| posting.entries().iter().map(|entry| entry.account.text(book)).collect())
        .collect();
    for (((id, posting), (order, job)), names) in ids.into_iter().zip(charges).zip(about).zip(&names) {
        transactions.push(vec![
            ValueRef::Int(id),
            ValueRef::Int(i64::from(sandbox)),
            ValueRef::Text(posting.key()),
            ValueRef::Text(posting.kind()),
            customer.value(),
            order.value(),
            job.value(),
            ValueRef::Text(actor),
            now.value(),
        ]);
        for ((line, entry), name) in (0..).zip(posting.entries()).zip(names) {
            entries.push(vec![
                customer.value(),
                ValueRef::Int(id),
                ValueRef::Int(line),
                ValueRef::Int(i64::from(sandbox)),
                ValueRef::Text(name),
                ValueRef::Text(entry.amount.currency().code()),
                ValueRef::Int(entry.amount.minor()),
            ]);
            if entry.account == balance_of {
                sum = Some(match sum {
                    None => entry.amount,
                    Some(sum) => sum
                        .checked_add(entry.amount)
                        .ok_or_else(|| Error::Engine("an order's sum overflows".into()))?,
                });
            }
        }
    }
    tx.send_rows(
        "INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, order_id, job_id, actor, created_at)",
        &transactions,
    )?;
    tx.send_rows(
        "INSERT INTO ledger_entry (account_id, transaction_id, line, sandbox, ledger_account, currency, amount)",
        &entries,
    )?;
    match sum {
        // A charge: what the balance loses is spent.
        Some(sum) => Ok(tx.send(
            "UPDATE ledger_balance SET amount = amount + $2, spent = spent - $2 WHERE ledger_account = $1",
            &[&balance_of.text(book), &sum.minor()],
        )?),
        None => Ok(()),
    }
}

//! Recomputes every balance and invariant from the rows. Source: engines C.6.

use crate::error::Error;
use store::belonging::{self, Fault};
use store::claims;
use store::ledger;
use store::sandboxes;
use store::sql::Tx;
use store::tasks;

/// What was looked at, and everything that is wrong. Empty faults: all is well.
#[derive(Debug, Default)]
pub struct Report {
    /// Balances compared with their entries.
    pub balances: usize,
    /// One line a fault.
    pub faults: Vec<String>,
}

/// Checks the books and the jobs against each other.
pub fn verify(tx: &mut Tx<'_>) -> Result<Report, Error> {
    tx.may_take_long()?;
    let mut report = Report::default();
    for balance in ledger::recompute(tx)? {
        report.balances += 1;
        if balance.kept != balance.entries {
            report.faults.push(format!(
                "{}: the balance kept is {}, its entries say {}",
                balance.ledger_account, balance.kept, balance.entries
            ));
        }
        if balance.kept < 0 {
            report.faults.push(format!("{}: below zero, {}", balance.ledger_account, balance.kept));
        }
    }
    for account in ledger::spending_faults(tx)? {
        report.faults.push(format!("{account}: what is kept as spent is not what its entries say"));
    }
    for account in ledger::without_balance(tx)? {
        report.faults.push(format!("{account}: has entries but no balance"));
    }
    for transaction in ledger::unbalanced(tx)? {
        report.faults.push(format!("ledger transaction {transaction}: does not sum to zero"));
    }
    for fault in ledger::escrow_faults(tx)? {
        report.faults.push(format!("job {}: {}", fault.job, fault.text));
    }
    for job in ledger::charge_faults(tx)? {
        report.faults.push(format!("job {job}: charged more than once, or refunded more than charged"));
    }
    for account in sandboxes::count_faults(tx)? {
        report.faults.push(format!("account {account}: the numbers of its sandbox's jobs are wrong"));
    }
    for job in tasks::forgotten(tx)? {
        report.faults.push(format!("job {job}: queued, but nothing is left that would go on with it"));
    }
    for Fault { table, parent, rows } in belonging::faults(tx)? {
        report.faults.push(format!("{table}: {rows} rows name another account than their {parent}"));
    }
    for job in claims::faults(tx)? {
        report.faults.push(format!("job {job}: its status and its claim disagree"));
    }
    Ok(report)
}

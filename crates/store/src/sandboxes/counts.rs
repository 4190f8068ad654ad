//! How many jobs a sandbox holds in each status: kept beside its environment, so that neither the limit nor
//! the overview has to count. What a transaction changes is collected in it ([`Tx::count_job`]) and written
//! once, at its end: a row changed for each of a thousand jobs leaves a thousand versions behind.

use crate::sql::{Error, Param, Row, Tx};
use domain::ids::{AccountId, Scope};
use domain::job::Status;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a transaction has changed so far, by account: only one of its environments is a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<AccountId, BTreeMap<Status, i64>>);

impl Changes {
    /// So many more jobs of the scope have the status. Live jobs are not counted.
    pub(crate) fn add(&mut self, scope: Scope, status: Status, jobs: i64) {
        if scope.is_sandbox() {
            *self.0.entry(scope.account).or_default().entry(status).or_default() += jobs;
        }
    }
}

fn column(status: Status) -> String {
    format!("jobs_{}", status.code())
}

/// A text for each status, in the order of `Status::ALL`.
fn of_each(separator: &str, text: impl Fn(Status) -> String) -> String {
    Status::ALL.map(text).join(separator)
}

/// All jobs of an environment `e`; none in live.
pub(crate) static ALL_JOBS: LazyLock<String> =
    LazyLock::new(|| of_each(" + ", |status| format!("e.{}", column(status))));

static ADD: LazyLock<String> = LazyLock::new(|| {
    let sums = Status::ALL.iter().zip(2..).map(|(status, at)| format!("{0} = {0} + ${at}", column(*status)));
    let sums = sums.collect::<Vec<_>>().join(", ");
    format!("UPDATE environment SET {sums} WHERE account_id = $1 AND sandbox = 1")
});

static READ: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {} FROM environment WHERE account_id = $1 AND sandbox = 1", of_each(", ", column))
});

/// The jobs themselves, of an account's sandbox in a status.
fn counted(account: &str, status: Status) -> String {
    format!(
        "(SELECT COUNT(*) FROM job WHERE job.account_id = {account} AND job.sandbox = 1 AND job.status = '{}')",
        status.code()
    )
}

/// Writes what the transaction has changed. To be called at its end, and before the numbers are read or
/// counted anew in it.
pub(crate) fn write_changes(tx: &mut Tx<'_>) -> Result<(), Error> {
    for (account, by_status) in tx.take_counts().0 {
        let numbers = Status::ALL.map(|status| by_status.get(&status).copied().unwrap_or_default());
        if numbers == [0; Status::ALL.len()] {
            continue;
        }
        let params: Vec<&dyn Param> =
            std::iter::once(&account as &dyn Param).chain(numbers.iter().map(|number| number as _)).collect();
        tx.send(&ADD, &params)?;
    }
    Ok(())
}

/// How many jobs the sandbox holds in each status.
pub fn jobs_by_status(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<(Status, i64)>, Error> {
    write_changes(tx)?;
    let kept = tx.query_opt(&READ, &[&account], |row| {
        Status::ALL.iter().map(|status| Ok((*status, row.take()?))).collect::<Result<Vec<_>, Error>>()
    })?;
    Ok(kept.unwrap_or_default())
}

/// Counts a sandbox's jobs anew: after a wipe the numbers are right, whatever they were.
pub(super) fn recount(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    write_changes(tx)?;
    let columns = of_each(", ", |status| format!("{} = {}", column(status), counted("$1", status)));
    tx.execute(
        &format!("UPDATE environment SET {columns} WHERE account_id = $1 AND sandbox = 1"),
        &[&account],
    )?;
    Ok(())
}

/// Accounts whose sandbox's kept numbers of jobs are wrong.
pub fn count_faults(tx: &mut Tx<'_>) -> Result<Vec<AccountId>, Error> {
    let counted = |status| counted("environment.account_id", status);
    let wrong = of_each(" OR ", |status| format!("{} <> {}", column(status), counted(status)));
    tx.query_all(
        &format!("SELECT account_id FROM environment WHERE sandbox = 1 AND ({wrong}) ORDER BY account_id"),
        &[],
        Row::take,
    )
}

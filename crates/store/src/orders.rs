//! Orders: what one call bought or found.

use crate::sql::{Error, Param, Row, Tx, ValueRef};
use domain::ids::*;
use domain::job::Status;
use domain::money::Currency;
use std::collections::BTreeSet;

/// An order as stored.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub scope: Scope,
    /// The key that placed it.
    pub key: Option<KeyId>,
    /// The account's currency.
    pub currency: Currency,
    /// The group of its jobs, if they are one.
    pub group: Option<GroupId>,
    /// Unfinished jobs of a failed group may go to another translator.
    pub allow_fork: bool,
    /// The customer's own reference.
    pub reference_id: Option<String>,
    /// Where callbacks about the order go.
    pub callback_url: Option<String>,
    /// When it was placed.
    pub created_at: Timestamp,
}

const ORDER: &str =
    "id, account_id, sandbox, key_id, currency, group_id, allow_fork, reference_id, callback_url, created_at";

fn from_row(row: &mut Row) -> Result<Order, Error> {
    Ok(Order {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        key: row.take()?,
        currency: row.take()?,
        group: row.take()?,
        allow_fork: row.take()?,
        reference_id: row.take()?,
        callback_url: row.take()?,
        created_at: row.take()?,
    })
}

/// Stores new orders.
pub fn insert_all(tx: &mut Tx<'_>, orders: &[Order]) -> Result<(), Error> {
    let rows: Vec<Vec<ValueRef<'_>>> = orders.iter().map(new_row).collect();
    tx.send_rows(&format!("INSERT INTO \"order\" ({ORDER})"), &rows)
}

fn new_row(order: &Order) -> Vec<ValueRef<'_>> {
    vec![
        order.id.value(),
        order.scope.account.value(),
        order.scope.environment.value(),
        order.key.value(),
        order.currency.value(),
        order.group.value(),
        order.allow_fork.value(),
        order.reference_id.value(),
        order.callback_url.value(),
        order.created_at.value(),
    ]
}

/// The scope's order. `None` if it has no such order.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: OrderId) -> Result<Option<Order>, Error> {
    tx.query_opt(
        &format!("SELECT {ORDER} FROM \"order\" WHERE account_id = $1 AND sandbox = $2 AND id = $3"),
        &[&scope.account, &scope.environment, &id],
        from_row,
    )
}

/// Remembers which old jobs new orders of an account found.
pub fn remember_found(
    tx: &mut Tx<'_>,
    account: AccountId,
    found: &BTreeSet<(OrderId, JobId)>,
) -> Result<(), Error> {
    let row = |(order, job): &(OrderId, JobId)| {
        vec![ValueRef::Int(account.0), ValueRef::Int(order.0), ValueRef::Int(job.0)]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    tx.send_rows("INSERT INTO order_found (account_id, order_id, job_id)", &rows)
}

/// One job of an order's overview.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub status: Status,
    /// Units, if this order made it.
    pub units: i64,
    /// The price charged, in minor units, if this order made it and it was paid.
    pub charged: i64,
}

/// On SQLite the first part is read from an index alone.
pub(crate) const LINES: &str = "SELECT id, status, unit_count, CASE WHEN charged = 1 THEN price ELSE 0 END FROM ( \
       SELECT id, status, unit_count, price, \
         CASE WHEN status = 'unpaid' THEN 0 \
           WHEN forced = 0 AND status <> 'canceled' THEN 1 \
           WHEN EXISTS \
             (SELECT 1 FROM ledger_transaction t WHERE t.account_id = $2 AND t.job_id = job.id AND t.kind = 'charge') THEN 1 \
           ELSE 0 END AS charged \
       FROM job WHERE order_id = $1 AND account_id = $2 AND sandbox = $3 \
       UNION ALL \
       SELECT job.id, job.status, 0, 0, 0 FROM order_found CROSS JOIN job \
       WHERE job.id = order_found.job_id AND order_found.account_id = $2 AND order_found.order_id = $1 \
         AND job.account_id = $2 AND job.sandbox = $3 AND job.order_id <> $1 \
     ) AS line ORDER BY id";

/// The jobs that the order made or found, by id. CROSS JOIN tells SQLite, which keeps no
/// statistics, to begin with the order: it would read all jobs of the account. The books are asked
/// only where the status leaves open whether the job was paid: an unpaid one may be canceled, and the
/// sandbox may force any status.
pub fn lines(tx: &mut Tx<'_>, scope: Scope, id: OrderId) -> Result<Vec<Line>, Error> {
    tx.query_all(LINES, &[&id, &scope.account, &scope.environment], |row| {
        Ok(Line { job: row.take()?, status: row.take()?, units: row.take()?, charged: row.take()? })
    })
}

/// The order of a group and when it was placed; `None` if the scope has no such group.
pub fn of_group(tx: &mut Tx<'_>, scope: Scope, group: GroupId) -> Result<Option<Timestamp>, Error> {
    tx.query_opt(
        "SELECT \"order\".created_at FROM job JOIN \"order\" ON \"order\".account_id = job.account_id \
         AND \"order\".id = job.order_id WHERE job.group_id = $3 AND job.account_id = $1 AND job.sandbox = $2 LIMIT 1",
        &[&scope.account, &scope.environment, &group],
        Row::take,
    )
}

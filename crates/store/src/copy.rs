//! Moves an installation from one database to another, of either engine: table by table, in
//! batches in the order of the source's key. The target's last key says where a copy that was
//! stopped goes on. Ids, keys and balances stay what they are.

use crate::sql::{Db, Dialect, Error, Param, Row, Tx, Value, marks};
use sha2::{Digest, Sha256};

/// A table and the columns of its key, in which order it is copied. Parents come first.
struct Table {
    name: &'static str,
    /// PostgreSQL's key has the account in front.
    of_account: bool,
    key: &'static [&'static str],
    /// From the last row to the first: a key's successor comes before it.
    backwards: bool,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, of_account: false, key, backwards: false }
}

const fn of_account(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, of_account: true, key, backwards: false }
}

const TABLES: &[Table] = &[
    table("installation", &["name"]),
    table("account", &["id"]),
    table("person", &["id"]),
    table("environment", &["account_id", "sandbox"]),
    Table { backwards: true, ..table("api_key", &["id"]) },
    of_account("\"order\"", &["id"]),
    of_account("order_found", &["order_id", "job_id"]),
    of_account("job", &["id"]),
    of_account("revision", &["id"]),
    of_account("claim", &["id"]),
    of_account("claim_job", &["claim_id", "job_id"]),
    of_account("reward", &["job_id", "role", "round"]),
    of_account("comment", &["id"]),
    table("file", &["digest"]),
    of_account("upload", &["token"]),
    of_account("feedback", &["job_id"]),
    of_account("captcha", &["token"]),
    of_account("rejection", &["job_id", "round"]),
    of_account("ledger_transaction", &["id"]),
    of_account("ledger_entry", &["transaction_id", "line"]),
    table("ledger_balance", &["ledger_account"]),
    of_account("event", &["id"]),
    table("destination", &["id"]),
    of_account("delivery", &["id"]),
    of_account("delivery_attempt", &["delivery_id", "attempt"]),
    of_account("task", &["id"]),
    table("idempotency", &["account_id", "sandbox", "key"]),
    table("identical_call", &["account_id", "sandbox", "digest"]),
    of_account("glossary", &["id"]),
    table("preference", &["account_id", "sandbox", "translator_id", "lc_src", "lc_tgt", "tier"]),
    table("inbox", &["id"]),
    table("inbox_request", &["id"]),
    table("mail", &["id"]),
];

/// Tables that are made by the program itself, not by what happens in it.
pub const NOT_COPIED: &[&str] =
    &["migration", "job_move", "job_force", "id_sequence", "copy_unfinished", "rate_use"];

const SEQUENCES: &[&str] = &[
    "account",
    "person",
    "api_key",
    "order",
    "job",
    "group",
    "revision",
    "claim",
    "comment",
    "ledger",
    "event",
    "destination",
    "delivery",
    "mail",
    "task",
    "glossary",
    "inbox",
    "inbox_request",
];

/// Rows a transaction.
const BATCH: i64 = 500;

/// What one table's copy came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// Its rows on either side.
    pub rows: u64,
    /// The hash of all of them, in whatever order.
    pub hash: String,
}

/// The names of the tables that are copied.
pub fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name.trim_matches('"'))
}

/// Copies everything that is not there yet and compares both sides. `target` must be empty, or
/// hold what an earlier copy from the same source left unfinished. It stays so until `finish`.
pub fn copy(source: &Db, target: &Db, told: &dyn Fn(&Copied)) -> Result<(), Error> {
    target.write_blocking(prepare_target)?;
    for table in TABLES {
        copy_rest(source, target, table)?;
    }
    let next = source.write_blocking(next_ids)?;
    target.write_blocking(move |tx| set_next_ids(tx, &next))?;
    for table in TABLES {
        let (here, there) = (hash(source, table)?, hash(target, table)?);
        if here != there {
            let rows = format!("{} rows here, {} there", here.rows, there.rows);
            return Err(written_meanwhile(table, &format!("differs after the copy: {rows}")));
        }
        told(&here);
    }
    Ok(())
}

/// Of a source that nobody writes to, every row fits those that were copied before.
fn written_meanwhile(table: &Table, what: &str) -> Error {
    Error::Schema(format!(
        "{} {what}. Somebody wrote to the source meanwhile: stop all its servers, and begin again with an empty target",
        table.name
    ))
}

/// Nothing more is copied there.
pub fn finish(target: &Db) -> Result<(), Error> {
    target.write_blocking(|tx| tx.execute("DROP TABLE copy_unfinished", &[]).map(|_| ()))
}

/// Whether a copy that was stopped is still to be finished here.
pub fn is_unfinished(tx: &mut Tx<'_>) -> Result<bool, Error> {
    let tables = match tx.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'copy_unfinished'",
        Dialect::Postgres => "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'copy_unfinished'",
    };
    Ok(tx.query_one::<i64>(tables, &[], Row::take)? > 0)
}

fn prepare_target(tx: &mut Tx<'_>) -> Result<(), Error> {
    if is_unfinished(tx)? {
        return Ok(());
    }
    if tx.query_one::<i64>("SELECT COUNT(*) FROM account", &[], Row::take)? > 0 {
        return Err(Error::Schema("the target has accounts already; copy into an empty database".into()));
    }
    // What opening it wrote there.
    tx.execute("DELETE FROM installation", &[])?;
    tx.execute("CREATE TABLE copy_unfinished (marker BIGINT)", &[])?;
    Ok(())
}

/// Copies what is not there yet.
fn copy_rest(source: &Db, target: &Db, table: &'static Table) -> Result<(), Error> {
    let walk = Walk::by_key_of(source, table)?;
    let here = walk.clone();
    let last = target.write_blocking(move |tx| here.last_key(tx))?;
    walk.each_batch(source, last, |rows| {
        target.write_blocking(move |tx| insert(tx, table, &rows)).map_err(|error| match error {
            Error::Constraint(text) => written_meanwhile(table, &format!("has rows that do not fit: {text}")),
            other => other,
        })
    })
}

/// Key columns that are texts: both engines have to sort them byte by byte.
const TEXTS: &[&str] = &["name", "token", "role", "ledger_account", "key", "lc_src", "lc_tgt", "tier"];

/// The way through a table that an engine has an index for.
#[derive(Clone)]
struct Walk {
    table: &'static Table,
    key: Vec<&'static str>,
}

impl Walk {
    fn by_key_of(db: &Db, table: &'static Table) -> Result<Self, Error> {
        let engine = db.write_blocking(|tx| Ok::<_, Error>(tx.dialect()))?;
        let account = (table.of_account && engine == Dialect::Postgres).then_some("account_id");
        Ok(Self { table, key: account.into_iter().chain(table.key.iter().copied()).collect() })
    }

    fn columns(&self, dialect: Dialect) -> Vec<String> {
        let column = |name: &&str| match dialect {
            Dialect::Postgres if TEXTS.contains(name) => format!("t.{name} COLLATE \"C\""),
            _ => format!("t.{name}"),
        };
        self.key.iter().map(column).collect()
    }

    /// The columns to sort by: with `copied_first` in the order of the copy, else in reverse.
    fn order(&self, dialect: Dialect, copied_first: bool) -> String {
        let direction = if self.table.backwards == copied_first { " DESC" } else { "" };
        let columns = self.columns(dialect).into_iter().map(|column| column + direction);
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The key of the row that was copied last: rows arrive in the order of their keys.
    fn last_key(&self, tx: &mut Tx<'_>) -> Result<Option<Vec<Value>>, Error> {
        let key = self.columns(tx.dialect()).join(", ");
        let order = self.order(tx.dialect(), false);
        let sql = format!("SELECT {key} FROM {} t ORDER BY {order} LIMIT 1", self.table.name);
        tx.query_opt(&sql, &[], |row| Ok(row.take_all()))
    }

    /// The next rows, each with the columns of the key in front.
    fn rows_after(&self, tx: &mut Tx<'_>, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>, Error> {
        let key = self.columns(tx.dialect()).join(", ");
        let condition = match after {
            None => String::new(),
            Some(values) => {
                let sign = if self.table.backwards { "<" } else { ">" };
                format!("WHERE ({key}) {sign} {}", marks(0, values.len()))
            }
        };
        let (name, order) = (self.table.name, self.order(tx.dialect(), true));
        let sql = format!("SELECT {key}, t.* FROM {name} t {condition} ORDER BY {order} LIMIT {BATCH}");
        let params: Vec<&dyn Param> =
            after.unwrap_or_default().iter().map(|value| value as &dyn Param).collect();
        tx.query_all(&sql, &params, |row| Ok(row.take_all()))
    }

    /// Hands over the rows after a key, without the columns in front.
    fn each_batch(
        &self,
        db: &Db,
        mut after: Option<Vec<Value>>,
        mut each: impl FnMut(Vec<Vec<Value>>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        loop {
            let here = self.clone();
            let mut rows = db.write_blocking(move |tx| here.rows_after(tx, after.as_deref()))?;
            let more = rows.len() as i64 == BATCH;
            after = None;
            for row in &mut rows {
                let rest = row.split_off(self.key.len());
                after = Some(std::mem::replace(row, rest));
            }
            each(rows)?;
            if !more {
                return Ok(());
            }
        }
    }
}

fn insert(tx: &mut Tx<'_>, table: &Table, rows: &[Vec<Value>]) -> Result<(), Error> {
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(Param::value).collect()).collect();
    tx.send_rows(&format!("INSERT INTO {}", table.name), &rows)
}

/// Rows and hash of a whole table. The rows' hashes are added up: each engine goes its own way.
fn hash(db: &Db, table: &'static Table) -> Result<Copied, Error> {
    let (mut sum, mut count) = (0_u128, 0_u64);
    Walk::by_key_of(db, table)?.each_batch(db, None, |rows| {
        for row in &rows {
            count += 1;
            // The debug form tells every value from every other.
            let hash: [u8; 32] = Sha256::digest(format!("{row:?}")).into();
            sum = hash.first_chunk().map_or(sum, |half| sum.wrapping_add(u128::from_be_bytes(*half)));
        }
        Ok(())
    })?;
    Ok(Copied { table: table.name.trim_matches('"'), rows: count, hash: format!("{sum:032x}") })
}

/// The next id of every sequence.
fn next_ids(tx: &mut Tx<'_>) -> Result<Vec<(&'static str, i64)>, Error> {
    SEQUENCES.iter().map(|name| Ok((*name, tx.next_id(name)?))).collect()
}

fn set_next_ids(tx: &mut Tx<'_>, next: &[(&'static str, i64)]) -> Result<(), Error> {
    next.iter().try_for_each(|(name, next)| tx.skip_ids(name, *next))
}

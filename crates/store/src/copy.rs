//! Moves an installation from one database to another, of either engine: table by table, in
//! batches in the order of its key. The target's last key says where the next batch begins, so a
//! copy that was stopped goes on. Ids, keys and balances stay what they are.

use crate::sql::{Db, Dialect, Error, Param, Row, Tx, Value, marks};
use sha2::{Digest, Sha256};

/// A table and the columns of its key, in which order it is copied. Parents come first.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
    /// From the last row to the first: a key's successor comes before it.
    backwards: bool,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, backwards: false }
}

const TABLES: &[Table] = &[
    table("installation", &["name"]),
    table("account", &["id"]),
    table("person", &["id"]),
    table("environment", &["account_id", "sandbox"]),
    Table { name: "api_key", key: &["id"], backwards: true },
    table("\"order\"", &["id"]),
    table("order_found", &["order_id", "job_id"]),
    table("job", &["id"]),
    table("revision", &["id"]),
    table("claim", &["id"]),
    table("claim_job", &["claim_id", "job_id"]),
    table("reward", &["job_id", "role", "round"]),
    table("comment", &["id"]),
    table("file", &["digest"]),
    table("upload", &["token"]),
    table("feedback", &["job_id"]),
    table("captcha", &["token"]),
    table("rejection", &["job_id", "round"]),
    table("ledger_transaction", &["id"]),
    table("ledger_entry", &["transaction_id", "line"]),
    table("ledger_balance", &["ledger_account"]),
    table("event", &["id"]),
    table("destination", &["id"]),
    table("delivery", &["id"]),
    table("delivery_attempt", &["delivery_id", "attempt"]),
    table("task", &["id"]),
    table("idempotency", &["account_id", "sandbox", "key"]),
    table("identical_call", &["account_id", "sandbox", "digest"]),
    table("glossary", &["id"]),
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
    /// The hash of all of them.
    pub hash: String,
}

/// The names of the tables that are copied.
pub fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name.trim_matches('"'))
}

/// Copies everything that is not there yet and compares both sides. `target` must be empty, or
/// hold what an earlier copy from the same source left unfinished.
pub fn copy(source: &Db, target: &Db, told: &dyn Fn(&Copied)) -> Result<(), Error> {
    target.write_blocking(prepare_target)?;
    for table in TABLES {
        while copy_batch(source, target, table)? {}
    }
    let next = source.write_blocking(next_ids)?;
    target.write_blocking(move |tx| set_next_ids(tx, &next))?;
    for table in TABLES {
        let (here, there) = (hash(source, table)?, hash(target, table)?);
        if here != there {
            return Err(Error::Schema(format!(
                "{} differs after the copy: {} rows here, {} there; start with an empty target",
                table.name, here.rows, there.rows
            )));
        }
        told(&here);
    }
    target.write_blocking(|tx| tx.execute("DROP TABLE copy_unfinished", &[]).map(|_| ()))
}

fn prepare_target(tx: &mut Tx<'_>) -> Result<(), Error> {
    let tables = match tx.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'copy_unfinished'",
        Dialect::Postgres => "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'copy_unfinished'",
    };
    if tx.query_one::<i64>(tables, &[], Row::take)? > 0 {
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

/// One batch; true if there may be more.
fn copy_batch(source: &Db, target: &Db, table: &'static Table) -> Result<bool, Error> {
    let last = target.write_blocking(move |tx| last_key(tx, table))?;
    let rows = source.write_blocking(move |tx| rows_after(tx, table, last.as_deref()))?;
    let more = rows.len() as i64 == BATCH;
    target.write_blocking(move |tx| insert(tx, table, &rows))?;
    Ok(more)
}

/// Key columns that are texts: both engines have to sort them byte by byte.
const TEXTS: &[&str] = &["name", "token", "role", "ledger_account", "key", "lc_src", "lc_tgt", "tier"];

impl Table {
    fn key(&self, dialect: Dialect) -> Vec<String> {
        let column = |name: &&str| match dialect {
            Dialect::Postgres if TEXTS.contains(name) => format!("t.{name} COLLATE \"C\""),
            _ => format!("t.{name}"),
        };
        self.key.iter().map(column).collect()
    }

    /// The columns to sort by: with `copied_first` in the order of the copy, else in reverse.
    fn order(&self, dialect: Dialect, copied_first: bool) -> String {
        let direction = if self.backwards == copied_first { " DESC" } else { "" };
        let columns = self.key(dialect).into_iter().map(|column| column + direction);
        columns.collect::<Vec<_>>().join(", ")
    }
}

/// The key of the row that was copied last: rows arrive in the order of their keys.
fn last_key(tx: &mut Tx<'_>, table: &Table) -> Result<Option<Vec<Value>>, Error> {
    let key = table.key(tx.dialect()).join(", ");
    let order = table.order(tx.dialect(), false);
    tx.query_opt(&format!("SELECT {key} FROM {} t ORDER BY {order} LIMIT 1", table.name), &[], |row| {
        Ok(row.take_all())
    })
}

/// The next batch, each row with its key in front.
fn rows_after(tx: &mut Tx<'_>, table: &Table, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>, Error> {
    let key = table.key(tx.dialect()).join(", ");
    let condition = match after {
        None => String::new(),
        Some(values) => {
            let sign = if table.backwards { "<" } else { ">" };
            format!("WHERE ({key}) {sign} {}", marks(0, values.len()))
        }
    };
    let order = table.order(tx.dialect(), true);
    let sql = format!("SELECT {key}, t.* FROM {} t {condition} ORDER BY {order} LIMIT {BATCH}", table.name);
    let params: Vec<&dyn Param> = after.unwrap_or_default().iter().map(|value| value as &dyn Param).collect();
    tx.query_all(&sql, &params, |row| Ok(row.take_all()))
}

/// `rows` as `rows_after` gives them.
fn insert(tx: &mut Tx<'_>, table: &Table, rows: &[Vec<Value>]) -> Result<(), Error> {
    let key = table.key.len();
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().skip(key).map(Param::value).collect()).collect();
    tx.send_rows(&format!("INSERT INTO {}", table.name), &rows)
}

/// Rows and hash of a whole table.
fn hash(db: &Db, table: &'static Table) -> Result<Copied, Error> {
    let (mut hash, mut rows, mut last) = (Sha256::new(), 0_u64, None::<Vec<Value>>);
    loop {
        let after = last.take();
        let mut batch = db.write_blocking(move |tx| rows_after(tx, table, after.as_deref()))?;
        for row in &batch {
            rows += 1;
            // The debug form tells every value from every other.
            hash.update(format!("{row:?}\n"));
        }
        if (batch.len() as i64) < BATCH {
            let hash = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            return Ok(Copied { table: table.name.trim_matches('"'), rows, hash });
        }
        last = batch.pop().map(|mut row| {
            row.truncate(table.key.len());
            row
        });
    }
}

/// The next id of every sequence.
fn next_ids(tx: &mut Tx<'_>) -> Result<Vec<(&'static str, i64)>, Error> {
    // Taking none says where the sequence stands, on SQLite; a server's has to give one.
    let count = match tx.dialect() {
        Dialect::Sqlite => 0,
        Dialect::Postgres => 1,
    };
    SEQUENCES.iter().map(|name| Ok((*name, tx.reserve_ids(name, count)?))).collect()
}

fn set_next_ids(tx: &mut Tx<'_>, next: &[(&'static str, i64)]) -> Result<(), Error> {
    for (name, next) in next {
        match tx.dialect() {
            Dialect::Sqlite => {
                let behind = next - tx.reserve_ids(name, 0)?;
                tx.reserve_ids(name, usize::try_from(behind).unwrap_or(0))?;
            }
            Dialect::Postgres => {
                tx.query_one::<i64>(&format!("SELECT setval('{name}_ids', $1, false)"), &[next], Row::take)?;
            }
        }
    }
    Ok(())
}

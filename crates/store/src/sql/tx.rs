//! A running transaction, whatever the engine.

use super::alarms::{Chore, Left};
use super::{Error, Param, Row, ValueRef};
use crate::sandboxes;
use domain::ids::{Scope, Timestamp};
use domain::job::Status;
use std::cell::RefCell;
use std::rc::Rc;

/// Where the engines' SQL differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// What an engine must be able to do inside a transaction.
pub trait Sql {
    /// Runs a statement; the number of rows it changed.
    fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error>;

    /// Runs a statement whose answer nobody needs, at the latest with the commit.
    fn send(&mut self, sql: &str, params: &[&dyn Param]) -> Result<(), Error> {
        self.execute(sql, params).map(|_| ())
    }

    /// Sends what `send` has left to be sent later.
    fn send_now(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Runs a query and hands over each row.
    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// A question that changes what it locks; `locked` asks the same where it is locked already.
    fn lock(
        &mut self,
        sql: &str,
        _locked: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.query(sql, params, each)
    }

    /// Runs several statements without parameters (migrations).
    fn batch(&mut self, text: &str) -> Result<(), Error>;

    /// The transaction's statements may take longer than a call's.
    fn may_take_long(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The closure that runs says that from here on it cannot fail.
    fn be_sure(&mut self) {}

    /// Which engine it is.
    fn dialect(&self) -> Dialect;

    /// What follows a SELECT whose rows are to be locked until the end.
    fn for_update(&self) -> &'static str;

    /// As `for_update`, passing over rows that another transaction has locked.
    fn skip_locked(&self) -> &'static str;

    /// A question that `query` will put in this transaction, word for word.
    fn foresee(&mut self, _sql: &str, _params: &[&dyn Param]) {}

    /// Takes ids of several sequences that `reserve_ids` will ask for in this transaction.
    fn foresee_ids(&mut self, _wanted: &[(&'static str, usize)]) {}

    /// Takes `count` ids of a sequence, in ascending order.
    fn reserve_ids(&mut self, sequence: &'static str, count: usize) -> Result<Vec<i64>, Error>;

    /// No id that the sequence will give is below this. A server's loses one in saying so.
    fn next_id(&mut self, sequence: &'static str) -> Result<i64, Error>;

    /// The sequence gives no more ids below `next`. Nobody else takes any meanwhile.
    fn skip_ids(&mut self, sequence: &'static str, next: i64) -> Result<(), Error>;
}

/// A transaction: all of it is kept, or nothing.
pub struct Tx<'a> {
    sql: &'a mut dyn Sql,
    left: Left,
    counts: sandboxes::Changes,
}

/// Always the same number, so that the statement is compiled once.
const ROWS_A_STATEMENT: usize = 50;

/// Parts rows into so many a statement, and the rest into powers of two: few statements to
/// compile, and few to send.
pub fn in_statements<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let largest = 1 << rows.len().checked_ilog2()?;
        let (next, rest) =
            rows.split_at(if rows.len() < ROWS_A_STATEMENT { largest } else { ROWS_A_STATEMENT });
        rows = rest;
        Some(next)
    })
}

/// `($n, …)` for so many values after the first `before`.
pub fn marks(before: usize, count: usize) -> String {
    let numbers: Vec<String> = (before + 1..=before + count).map(|number| format!("${number}")).collect();
    format!("({})", numbers.join(", "))
}

thread_local! {
    /// Statements that insert so many rows, by what they begin with: to write one anew takes as long as
    /// its rows do. They are few, and nearly all differ in the number or the length.
    static INSERTS: RefCell<Vec<(usize, String, Rc<str>)>> = const { RefCell::new(Vec::new()) };
}

fn insert(head: &str, rows: &[Vec<ValueRef<'_>>], dialect: Dialect) -> Rc<str> {
    let columns = rows.first().map_or(0, Vec::len);
    let row = |row: usize| match dialect {
        Dialect::Postgres => marks(row * columns, columns),
        // Shorter, and nothing to translate.
        Dialect::Sqlite => format!("({})", vec!["?"; columns].join(",")),
    };
    let build = || {
        let rows: Vec<String> = (0..rows.len()).map(row).collect();
        format!("{head} VALUES {}", rows.join(",")).into()
    };
    INSERTS.with_borrow_mut(|all| {
        let known = all.iter().find(|(count, known, _)| *count == rows.len() && known == head);
        let statement = known.map(|(.., statement)| Rc::clone(statement));
        statement.unwrap_or_else(|| {
            let statement: Rc<str> = build();
            all.push((rows.len(), head.to_owned(), Rc::clone(&statement)));
            statement
        })
    })
}

impl<'a> Tx<'a> {
    /// Wraps an engine's transaction.
    pub fn new(sql: &'a mut dyn Sql) -> Self {
        Self { sql, left: Left::default(), counts: sandboxes::Changes::default() }
    }

    /// Runs a statement; the number of rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        self.sql.execute(sql, params)
    }

    /// Runs a statement that cannot be refused but by a fault of the program, and whose answer
    /// nobody needs: over a network it shares the journey of the next one. If it fails, that one
    /// or the commit does.
    pub fn send(&mut self, sql: &str, params: &[&dyn Param]) -> Result<(), Error> {
        self.sql.send(sql, params)
    }

    /// Every row, each read by `from_row`.
    pub fn query_all<T>(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        self.sql.query(sql, params, &mut |mut row| {
            all.push(from_row(&mut row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Every row that belongs to one of `ids`: over a network in few journeys. `sql` gets the list
    /// that follows `IN`; its other parameters come before. SQLite, which keeps no statistics, takes a
    /// list for so many rows that it would rather read all of the account; there each id is asked for.
    pub fn query_in<T>(
        &mut self,
        sql: impl Fn(&str) -> String,
        before: &[&dyn Param],
        ids: &[impl Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let chunks: Vec<_> = match self.dialect() {
            Dialect::Postgres => in_statements(ids).collect(),
            Dialect::Sqlite => ids.chunks(1).collect(),
        };
        let mut all = Vec::new();
        for chunk in chunks {
            let of_chunk = chunk.iter().map(|id| id as &dyn Param);
            let params: Vec<&dyn Param> = before.iter().copied().chain(of_chunk).collect();
            all.extend(self.query_all(&sql(&marks(before.len(), chunk.len())), &params, &from_row)?);
        }
        Ok(all)
    }

    /// The first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut first = None;
        self.sql.query(sql, params, &mut |mut row| {
            if first.is_none() {
                first = Some(from_row(&mut row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// A question that locks what it asks about by changing it; `locked` asks the same of what is locked
    /// already. The change may stay although the closure is taken back, and it may be made once for
    /// several closures that share a commit.
    pub fn lock<T>(
        &mut self,
        sql: &str,
        locked: &str,
        params: &[&dyn Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.sql.lock(sql, locked, params, &mut |mut row| {
            found = Some(from_row(&mut row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The one row that must be there, such as a count.
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.query_opt(sql, params, from_row)?.ok_or_else(|| Error::Engine(format!("no row for {sql}")))
    }

    /// Inserts rows, many a statement: over a network each statement is a journey. `head` ends
    /// before VALUES. Nothing may be in the way of a row; sent as `send` does.
    pub fn send_rows(&mut self, head: &str, rows: &[Vec<ValueRef<'_>>]) -> Result<(), Error> {
        in_statements(rows).try_for_each(|chunk| {
            let params: Vec<&dyn Param> = chunk.iter().flatten().map(|value| value as &dyn Param).collect();
            self.send(&insert(head, chunk, self.dialect()), &params)
        })
    }

    /// Sends what waits to be sent, so that what the database refuses of it is an error here, and of this
    /// closure alone.
    pub fn send_now(&mut self) -> Result<(), Error> {
        self.sql.send_now()
    }

    /// From here on the closure fails only by a fault of the program, or if the database does:
    /// everything that may refuse it has been asked. An engine that commits it together with others
    /// then need not be able to take it back alone, which saves time. To be said before the first
    /// write; later it changes nothing.
    pub fn be_sure(&mut self) {
        self.sql.be_sure();
    }

    /// Something is left for a loop to do, due at this time: it wakes for that after the commit.
    pub fn leave(&mut self, chore: Chore, due: Timestamp) {
        self.left.add(chore, due);
    }

    /// What is left so far.
    pub fn left(&self) -> Left {
        self.left
    }

    /// So many more jobs of the scope have the status: what a sandbox holds is written once, when the closure
    /// has ended (`Call`).
    pub fn count_job(&mut self, scope: Scope, status: Status, jobs: i64) {
        self.counts.add(scope, status, jobs);
    }

    /// What was counted since this was last asked.
    pub(crate) fn take_counts(&mut self) -> sandboxes::Changes {
        std::mem::take(&mut self.counts)
    }

    /// From here on a statement of this transaction may take as long as it must: a command's that
    /// reads everything. A call's is ended.
    pub fn may_take_long(&mut self) -> Result<(), Error> {
        self.sql.may_take_long()
    }

    /// Which engine it is.
    pub fn dialect(&self) -> Dialect {
        self.sql.dialect()
    }

    /// What follows a SELECT whose rows are to be locked until the end.
    pub fn for_update(&self) -> &'static str {
        self.sql.for_update()
    }

    /// As `for_update`, passing over rows that another transaction has locked.
    pub fn skip_locked(&self) -> &'static str {
        self.sql.skip_locked()
    }

    /// Whether to announce what will be asked: only over a network it is worth the trouble.
    pub fn foresees(&self) -> bool {
        self.dialect() == Dialect::Postgres
    }

    /// Announces a question that will be put, word for word: over a network it is asked together with
    /// the next statement, right after it, and that answer is used. So nothing that the answer depends on
    /// may be written in between.
    pub fn foresee(&mut self, sql: &str, params: &[&dyn Param]) {
        self.sql.foresee(sql, params);
    }

    /// Takes ids of several sequences that `reserve_ids` will ask for in this transaction: over a
    /// network together with the next statement. What is not asked for is lost.
    pub fn foresee_ids(&mut self, wanted: &[(&'static str, usize)]) {
        self.sql.foresee_ids(wanted);
    }

    /// Takes an id of a sequence.
    pub fn reserve_id(&mut self, sequence: &'static str) -> Result<i64, Error> {
        let ids = self.reserve_ids(sequence, 1)?;
        ids.first().copied().ok_or_else(|| Error::Engine(format!("no id of {sequence}")))
    }

    /// Takes `count` ids of a sequence, in ascending order. Others may take some in between.
    pub fn reserve_ids(&mut self, sequence: &'static str, count: usize) -> Result<Vec<i64>, Error> {
        self.sql.reserve_ids(sequence, count)
    }

    /// No id that the sequence will give is below this.
    pub fn next_id(&mut self, sequence: &'static str) -> Result<i64, Error> {
        self.sql.next_id(sequence)
    }

    /// The sequence gives no more ids below `next`. For a database that nobody else writes to.
    pub fn skip_ids(&mut self, sequence: &'static str, next: i64) -> Result<(), Error> {
        self.sql.skip_ids(sequence, next)
    }
}

#[cfg(test)]
mod tests {
    use super::in_statements;

    #[test]
    fn rows_go_in_few_statements_of_few_sizes() {
        let sizes = |rows: usize| in_statements(&vec![(); rows]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), []);
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(7), [4, 2, 1]);
        assert_eq!(sizes(49), [32, 16, 1]);
        assert_eq!(sizes(150), [50, 50, 50]);
        assert_eq!(sizes(103), [50, 50, 2, 1]);
    }
}

//! A running transaction, whatever the engine.

use super::{Error, Param, Row};

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

    /// Runs a query and hands over each row.
    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// Runs several statements without parameters (migrations).
    fn batch(&mut self, text: &str) -> Result<(), Error>;

    /// Which engine it is.
    fn dialect(&self) -> Dialect;

    /// What follows a SELECT whose rows are to be locked until the end.
    fn for_update(&self) -> &'static str;

    /// As `for_update`, passing over rows that another transaction has locked.
    fn skip_locked(&self) -> &'static str;

    /// Takes `count` successive ids of a sequence; the first of them.
    fn reserve_ids(&mut self, sequence: &'static str, count: i64) -> Result<i64, Error>;
}

/// A transaction: all of it is kept, or nothing.
pub struct Tx<'a> {
    sql: &'a mut dyn Sql,
}

impl<'a> Tx<'a> {
    /// Wraps an engine's transaction.
    pub fn new(sql: &'a mut dyn Sql) -> Self {
        Self { sql }
    }

    /// Runs a statement; the number of rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        self.sql.execute(sql, params)
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

    /// The first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        from_row: impl Fn(&mut Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.query_all(sql, params, from_row)?.into_iter().next())
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

    /// Takes `count` successive ids of a sequence; the first of them.
    pub fn reserve_ids(&mut self, sequence: &'static str, count: usize) -> Result<i64, Error> {
        let count = i64::try_from(count).map_err(|_| Error::Engine("too many ids".into()))?;
        self.sql.reserve_ids(sequence, count)
    }
}

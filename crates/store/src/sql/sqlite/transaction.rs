//! The engine's side of a running transaction.

use super::super::sequences::Sequences;
use super::super::undo::Undo;
use super::super::{Dialect, Error, Param, Row, Sql, Value, ValueRef};
use super::statements::Statements;
use rusqlite::{CachedStatement, Connection};

/// A connection inside a transaction.
pub struct Transaction<'c> {
    /// How to take the closure back.
    pub undo: Undo,
    /// It said that it cannot fail.
    pub is_sure: bool,
    /// The connection's statements.
    pub statements: Statements<'c>,
    /// The ids taken.
    pub sequences: Sequences,
}

impl<'c> Transaction<'c> {
    /// Of a connection that is in one, or will be.
    pub fn new(connection: &'c Connection) -> Self {
        Self {
            undo: Undo::Whole,
            is_sure: false,
            statements: Statements::new(connection),
            sequences: Sequences::default(),
        }
    }

    /// Begins one in which nobody else can write.
    pub fn begin_to_write(&mut self) -> Result<(), Error> {
        self.statements.say("BEGIN IMMEDIATE")?;
        self.sequences.begin_transaction(&mut self.statements)
    }

    /// Writes how far the sequences have come; before each commit.
    pub fn store_sequences(&mut self) -> Result<(), Error> {
        self.sequences.store(&mut self.statements)
    }

    fn bound(&mut self, sql: &str, params: &[&dyn Param]) -> Result<&mut CachedStatement<'c>, Error> {
        if matches!(self.undo, Undo::Nothing | Undo::Guarded) && !self.statements.get(sql)?.readonly() {
            self.statements.say("SAVEPOINT work")?;
            self.undo = Undo::Savepoint;
        }
        let statement = self.statements.get(sql)?;
        if statement.parameter_count() != params.len() {
            let (wanted, given) = (statement.parameter_count(), params.len());
            return Err(Error::Engine(format!("{given} values for {wanted} parameters in {sql}")));
        }
        for (index, param) in (1..).zip(params) {
            statement.raw_bind_parameter(index, Bound(param.value()))?;
        }
        Ok(statement)
    }
}

struct Bound<'a>(ValueRef<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput::Borrowed, ValueRef as Engine};
        Ok(Borrowed(match self.0 {
            ValueRef::Null => Engine::Null,
            ValueRef::Int(number) => Engine::Integer(number),
            ValueRef::Text(text) => Engine::Text(text.as_bytes()),
            ValueRef::Bytes(bytes) => Engine::Blob(bytes),
        }))
    }
}

impl Sql for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        let changed = self.bound(sql, params)?.raw_execute()?;
        u64::try_from(changed).map_err(|_| Error::Engine("too many rows".into()))
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.bound(sql, params)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for index in 0..columns {
                values.push(cell(row, index)?);
            }
            each(Row::new(values))?;
        }
        Ok(())
    }

    fn batch(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.statements.batch(text)?)
    }

    fn be_sure(&mut self) {
        self.is_sure = true;
        if self.undo == Undo::Nothing {
            self.undo = Undo::Whole;
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn for_update(&self) -> &'static str {
        // There is one writer.
        ""
    }

    fn skip_locked(&self) -> &'static str {
        ""
    }

    fn reserve_ids(&mut self, sequence: &'static str, count: usize) -> Result<Vec<i64>, Error> {
        let many = i64::try_from(count).map_err(|_| Error::Engine("too many ids".into()))?;
        let first = self.sequences.take(&mut self.statements, sequence, many)?;
        Ok((first..).take(count).collect())
    }

    fn next_id(&mut self, sequence: &'static str) -> Result<i64, Error> {
        self.sequences.take(&mut self.statements, sequence, 0)
    }

    fn skip_ids(&mut self, sequence: &'static str, next: i64) -> Result<(), Error> {
        let behind = next - self.next_id(sequence)?;
        self.sequences.take(&mut self.statements, sequence, behind.max(0)).map(|_| ())
    }
}

fn cell(row: &rusqlite::Row<'_>, index: usize) -> Result<Value, Error> {
    use rusqlite::types::ValueRef as Engine;
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| Error::Engine("a text is not UTF-8".into()))
    };
    Ok(match row.get_ref(index)? {
        Engine::Null => Value::Null,
        Engine::Integer(number) => Value::Int(number),
        Engine::Text(bytes) => Value::Text(text(bytes)?),
        Engine::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        Engine::Real(_) => return Err(Error::Engine("a floating-point column".into())),
    })
}

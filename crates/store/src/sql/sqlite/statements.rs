//! Compiled statements, found by their text.
//!
//! The engine's binding keeps compiled statements too, but looking one up there takes longer
//! than a small statement takes to run. What a thread has used stays out of that cache, in this
//! map, until the thread ends or there are too many.

use rusqlite::{CachedStatement, Connection};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Above this many all are given back: their texts are few but for the number of rows in them.
const MOST: usize = 256;

/// A connection's statements.
pub struct Statements<'c> {
    connection: &'c Connection,
    kept: HashMap<Box<str>, CachedStatement<'c>, BuildHasherDefault<Sample>>,
}

impl<'c> Statements<'c> {
    /// None yet.
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, kept: HashMap::default() }
    }

    /// The compiled statement. Its parameters are `$1`, `$2`, …
    pub fn get(&mut self, sql: &str) -> rusqlite::Result<&mut CachedStatement<'c>> {
        if !self.kept.contains_key(sql) {
            if self.kept.len() >= MOST {
                self.kept.clear();
            }
            // For SQLite `$1` is a name, which would have to be looked up; `?1` is a number.
            let text = if sql.contains('$') { Cow::Owned(sql.replace('$', "?")) } else { Cow::Borrowed(sql) };
            self.kept.insert(sql.into(), self.connection.prepare_cached(&text)?);
        }
        // It was inserted a moment ago.
        self.kept.get_mut(sql).ok_or(rusqlite::Error::InvalidQuery)
    }

    /// Runs a statement without parameters.
    pub fn say(&mut self, sql: &str) -> rusqlite::Result<()> {
        self.get(sql)?.raw_execute().map(|_| ())
    }

    /// Runs several statements without parameters, once.
    pub fn batch(&mut self, text: &str) -> rusqlite::Result<()> {
        self.connection.execute_batch(text)
    }
}

/// Looks at the length and at a few places of a text: ours differ there, and what finds the
/// statement is in any case the whole text.
#[derive(Default)]
struct Sample(u64);

impl Sample {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
}

impl Hasher for Sample {
    fn write(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        let last = bytes.len().saturating_sub(8);
        for at in [0, last / 3, last / 2, last * 3 / 4, last] {
            let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
            self.mix(word.map_or(0, u64::from_le_bytes));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stay_compiled_and_are_told_apart() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statements = Statements::new(&connection);
        for round in 0..2 {
            for number in 0..MOST + 10 {
                let statement = statements.get(&format!("SELECT {number:04}, $1")).unwrap();
                statement.raw_bind_parameter(1, round).unwrap();
                let mut rows = statement.raw_query();
                let row = rows.next().unwrap().unwrap();
                assert_eq!(row.get::<_, i64>(0).unwrap(), number as i64);
                assert_eq!(row.get::<_, i64>(1).unwrap(), round);
            }
        }
        assert!(statements.kept.len() <= MOST);
        assert!(statements.get("SELECT nonsense FROM nowhere").is_err());
        assert!(statements.say("BEGIN").and_then(|()| statements.say("COMMIT")).is_ok());
    }
}

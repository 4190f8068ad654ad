//! SQLite has no sequences. Their next numbers are rows, kept here as long as no other process has
//! written to the file, and written once a commit, whatever the number of closures that share it.

use super::Error;
use super::sqlite::Statements;
use super::tx::marks;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What is known of the sequences.
#[derive(Default)]
pub struct Sequences {
    known: HashMap<&'static str, Sequence>,
    /// What the present closure changed, so that it can be taken back.
    taken: Vec<(&'static str, i64)>,
    /// Changes when another connection has written to the file.
    version: i64,
}

struct Sequence {
    stored: i64,
    next: i64,
}

impl Sequences {
    /// A transaction begins, in which nobody else can write.
    pub fn begin_transaction(&mut self, statements: &mut Statements<'_>) -> Result<(), Error> {
        let version = statements.get("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version != self.version {
            *self = Self { version, ..Self::default() };
        }
        Ok(())
    }

    /// Takes `count` numbers; the first of them.
    pub fn take(
        &mut self,
        statements: &mut Statements<'_>,
        name: &'static str,
        count: i64,
    ) -> Result<i64, Error> {
        let sequence = match self.known.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let next = statements
                    .get("SELECT next FROM id_sequence WHERE name = $1")?
                    .query_row([name], |row| row.get(0))?;
                new.insert(Sequence { stored: next, next })
            }
        };
        let first = sequence.next;
        self.taken.push((name, first));
        sequence.next =
            first.checked_add(count).ok_or_else(|| Error::Engine(format!("{name} has no ids left")))?;
        Ok(first)
    }

    /// The next closure begins.
    pub fn begin(&mut self) {
        self.taken.clear();
    }

    /// The closure is rolled back: its numbers are free again.
    pub fn take_back(&mut self) {
        for (name, next) in self.taken.drain(..).rev() {
            if let Some(sequence) = self.known.get_mut(name) {
                sequence.next = next;
            }
        }
    }

    /// The transaction is rolled back: what is stored is to be looked at again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Writes what was used, before the commit.
    pub fn store(&mut self, statements: &mut Statements<'_>) -> Result<(), Error> {
        self.taken.clear();
        let used: Vec<_> =
            self.known.iter_mut().filter(|(_, sequence)| sequence.next != sequence.stored).collect();
        if used.is_empty() {
            return Ok(());
        }
        let rows: Vec<String> = (0..used.len()).map(|row| marks(row * 2, 2)).collect();
        let statement = statements.get(&format!(
            "INSERT INTO id_sequence (name, next) VALUES {} ON CONFLICT (name) DO UPDATE SET next = excluded.next",
            rows.join(", ")
        ))?;
        for (row, (name, sequence)) in used.into_iter().enumerate() {
            statement.raw_bind_parameter(row * 2 + 1, *name)?;
            statement.raw_bind_parameter(row * 2 + 2, sequence.next)?;
            sequence.stored = sequence.next;
        }
        statement.raw_execute()?;
        Ok(())
    }
}

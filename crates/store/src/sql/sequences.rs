//! SQLite has no sequences. Their next numbers are rows; inside one commit they are counted
//! here, read once and written once, whatever the number of closures that share it.

use super::Error;
use super::sqlite::Statements;
use std::collections::HashMap;

/// The sequences that the present commit has used.
#[derive(Default)]
pub struct Sequences {
    used: HashMap<&'static str, Sequence>,
    /// What the present closure changed, so that it can be taken back.
    taken: Vec<(&'static str, i64)>,
}

struct Sequence {
    stored: i64,
    next: i64,
}

impl Sequences {
    /// Takes `count` numbers; the first of them.
    pub fn take(
        &mut self,
        statements: &mut Statements<'_>,
        name: &'static str,
        count: i64,
    ) -> Result<i64, Error> {
        let sequence = match self.used.entry(name) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
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
            if let Some(sequence) = self.used.get_mut(name) {
                sequence.next = next;
            }
        }
    }

    /// Writes what was used and forgets it: another process may take numbers between commits.
    pub fn store(&mut self, statements: &mut Statements<'_>) -> Result<(), Error> {
        self.taken.clear();
        for (name, sequence) in self.used.drain().filter(|(_, sequence)| sequence.next != sequence.stored) {
            statements
                .get("UPDATE id_sequence SET next = $2 WHERE name = $1")?
                .execute((name, sequence.next))?;
        }
        Ok(())
    }
}

//! A connection with its transaction.
//!
//! Each answer that is waited for is a journey to the server. So statements whose answer nobody
//! needs wait here, and go with the next one that somebody does need, or with the commit: the
//! server works them off in the order sent. If one fails, the whole transaction does. Questions that
//! are foreseen go along too, right after it; their answers are kept until they are asked.

mod journey;

pub use self::journey::beside;
use self::journey::{Ahead, Landed, Last, Unsent, connected};
use super::value::cell;
use super::way::Way;
use crate::sql::undo::Undo;
use crate::sql::{Dialect, Error, Param, Row, Sql, Tx, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Statement};

/// Ends what a node that was cut off left open, within seconds if it is on a network, and
/// statements that would never end.
const SESSION: &str = "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; SET lock_timeout = '10s'; \
    SET statement_timeout = '60s'; SET client_min_messages = 'warning'";
const SAVEPOINT: &str = "SAVEPOINT work";
const BACK: &str = "ROLLBACK TO SAVEPOINT work";
const RELEASE: &str = "RELEASE SAVEPOINT work";
/// So many statements go together at most.
const TOGETHER: usize = 16;

/// A connection with its compiled statements.
pub struct Session {
    way: Way,
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
    /// To be sent before the next statement.
    unsent: Vec<Unsent>,
    /// How many of these the closure before has left.
    inherited: usize,
    /// Why that was not done.
    not_inherited: Option<Error>,
    /// How the closure can be taken back.
    undo: Undo,
    /// How the closure before can be, as long as what it left may fail.
    undo_before: Undo,
    /// What the present transaction has locked for good.
    locks: Vec<(String, Vec<Value>)>,
    /// To be asked right after the next statement.
    ahead: Vec<Ahead>,
    /// What was asked ahead: statement, values, answer.
    foreseen: Vec<(String, Vec<Value>, Vec<tokio_postgres::Row>)>,
    /// Nothing of the present transaction was answered yet.
    untouched: bool,
    /// There is no transaction but a single statement.
    alone: bool,
    /// Its transactions may not lock rows.
    reads_only: bool,
    /// Ids that the present transaction has taken and not used.
    ids: HashMap<&'static str, VecDeque<i64>>,
    /// How many calls may follow in the present transaction: ids are taken for them too.
    to_come: usize,
    /// A statement failed: the server takes no more until the transaction ends.
    pub broken: Option<Error>,
}

impl Session {
    /// Connects.
    pub fn connect(way: &Way, reads_only: bool) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let client = connected(way, &runtime)?;
        Ok(Self {
            way: way.clone(),
            runtime,
            client,
            statements: HashMap::new(),
            unsent: Vec::new(),
            inherited: 0,
            not_inherited: None,
            undo: Undo::Whole,
            undo_before: Undo::Whole,
            locks: Vec::new(),
            ahead: Vec::new(),
            foreseen: Vec::new(),
            untouched: true,
            alone: false,
            reads_only,
            ids: HashMap::new(),
            to_come: 0,
            broken: None,
        })
    }

    /// The connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Begins a transaction; the server hears of it with the first statement. Without a text
    /// there is none: a single statement may follow.
    pub fn begin(&mut self, text: Option<&'static str>) {
        self.forget_unsent();
        self.unsent.extend(text.map(Unsent::Text));
        self.next_closure();
        self.undo = Undo::Whole;
        self.locks.clear();
        self.ids.clear();
        self.to_come = 0;
        self.broken = None;
        self.alone = text.is_none();
        self.untouched = true;
    }

    /// So many calls wait to join the transaction. Whoever of them needs one id of a sequence, as small orders do of
    /// each, finds it there; what none of them needs is lost. Background work does not count: it orders nothing.
    pub fn expect(&mut self, calls: usize) {
        self.to_come = calls;
    }

    /// Begins one more closure in the transaction. What the last one has left to be sent shares the
    /// journey of the new one's first question.
    pub fn begin_beside(&mut self, undo: Undo) {
        if self.undo == Undo::Savepoint {
            self.unsent.push(Unsent::Text(RELEASE));
        }
        self.inherited = self.unsent.len();
        self.not_inherited = None;
        (self.undo_before, self.undo) = (self.undo, undo);
        if undo == Undo::Guarded {
            self.set_savepoint();
        }
    }

    /// Sends what the closure before has left, unless a question took it along. Why it was not done, if
    /// so; then nothing of the present closure is either.
    pub fn settle(&mut self) -> Option<Error> {
        self.send_inherited();
        self.not_inherited.take()
    }

    fn send_inherited(&mut self) {
        // Why it fails, if it does, is kept.
        let _ = self.send_first(self.inherited);
    }

    /// Sends so many of the statements that wait.
    fn send_first(&mut self, count: usize) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let others = self.unsent.split_off(count);
        let ahead = std::mem::take(&mut self.ahead);
        let sent = self.journey(&Last::Nothing);
        (self.unsent, self.ahead) = (others, ahead);
        sent.map(|_| ())
    }

    /// Something is about to be written, or could be refused.
    fn guard(&mut self) {
        if self.undo == Undo::Nothing && self.broken.is_none() {
            self.set_savepoint();
        }
    }

    fn set_savepoint(&mut self) {
        self.unsent.push(Unsent::Text(SAVEPOINT));
        self.undo = Undo::Savepoint;
    }

    /// Where the closure's savepoint waits to be sent.
    fn savepoint_waits(&self) -> Option<usize> {
        self.unsent.iter().position(|unsent| matches!(unsent, Unsent::Text(text) if *text == SAVEPOINT))
    }

    /// The closure has left something to be sent, and can be taken back if that is refused.
    pub fn may_fail_alone(&self) -> bool {
        self.undo == Undo::Savepoint && !self.unsent.is_empty()
    }

    /// Takes the closure back, once what the one before has left is sent. An error if that takes all of
    /// them: it was sure and failed, or was `refused` something before it wrote.
    pub fn take_back(&mut self, refused: bool) -> Result<(), Error> {
        match self.undo {
            Undo::Savepoint if self.savepoint_waits().is_none() => self.roll_back(BACK),
            Undo::Savepoint | Undo::Nothing if !refused => {
                // The server has heard nothing but questions.
                self.forget_unsent();
                self.undo = Undo::Nothing;
                Ok(())
            }
            _ => Err(beside()),
        }
    }

    /// Takes back the closure before, which has left what the server refused, and with it the present one,
    /// which came after. An error if that takes all of them.
    pub fn take_back_before(&mut self) -> Result<(), Error> {
        if self.undo_before != Undo::Savepoint {
            return Err(beside());
        }
        self.roll_back(BACK)?;
        self.undo = Undo::Savepoint;
        Ok(())
    }

    fn forget_unsent(&mut self) {
        self.unsent.clear();
        self.inherited = 0;
    }

    /// What the last closure foresaw is nothing to the next.
    pub fn next_closure(&mut self) {
        self.ahead.clear();
        self.foreseen.clear();
        self.broken = None;
    }

    /// Ends the transaction and keeps it.
    pub fn commit(&mut self) -> Result<(), Error> {
        if self.untouched && self.unsent.len() > 1 {
            // Not all in one journey: when that is lost, nobody knows what became of it.
            self.send_all()?;
        }
        if self.alone || self.untouched { Ok(()) } else { self.say("COMMIT") }
    }

    /// Ends the transaction, or what came after a savepoint, and keeps nothing of it.
    pub fn roll_back(&mut self, text: &str) -> Result<(), Error> {
        self.forget_unsent();
        self.ahead.clear();
        self.ids.clear();
        if self.alone || self.untouched { Ok(()) } else { self.say(text) }
    }

    /// Says something without parameters, after all that waits.
    pub fn say(&mut self, text: &str) -> Result<(), Error> {
        self.travel(&Last::Text(text)).map(|_| ())
    }

    /// Sends what waits.
    pub fn send_all(&mut self) -> Result<(), Error> {
        if self.unsent.is_empty() { Ok(()) } else { self.travel(&Last::Nothing).map(|_| ()) }
    }

    /// Puts a question, unless it was foreseen.
    fn ask_for(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_it = |asked: &str, values: &[Value]| {
            asked == sql
                && values.len() == params.len()
                && values.iter().zip(params).all(|(value, param)| *value == param.value().owned())
        };
        let rows = match self.foreseen.iter().position(|(asked, values, _)| is_it(asked, values)) {
            Some(at) => self.foreseen.swap_remove(at).2,
            None => match self.travel(&Last::Question(sql, params))? {
                Landed::Rows(rows) => rows,
                Landed::Done | Landed::Changed(_) => Vec::new(),
            },
        };
        for row in &rows {
            let values = (0..row.len()).map(|index| cell(row, index)).collect::<Result<_, Error>>()?;
            each(Row::new(values))?;
        }
        Ok(())
    }
}

impl Sql for Session {
    fn execute(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64, Error> {
        self.guard();
        match self.travel(&Last::Change(sql, params))? {
            Landed::Changed(rows) => Ok(rows),
            Landed::Done | Landed::Rows(_) => Ok(0),
        }
    }

    fn send(&mut self, sql: &str, params: &[&dyn Param]) -> Result<(), Error> {
        if self.alone {
            // No commit would take it along.
            return Err(Error::Engine(format!("nobody waits for it outside of a transaction: {sql}")));
        }
        self.guard();
        self.unsent.push(Unsent::Bound(sql.to_owned(), owned(params)));
        if self.unsent.len() < TOGETHER { Ok(()) } else { self.send_all() }
    }

    fn send_now(&mut self) -> Result<(), Error> {
        self.send_all()
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !sql.starts_with("SELECT") {
            self.guard();
        }
        self.ask_for(sql, params, each)
    }

    fn lock(
        &mut self,
        sql: &str,
        locked: &str,
        params: &[&dyn Param],
        each: &mut dyn FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let lock = (sql.to_owned(), owned(params));
        if self.locks.contains(&lock) {
            return self.ask_for(locked, params, each);
        }
        self.ask_for(sql, params, each)?;
        if self.undo != Undo::Savepoint {
            self.locks.push(lock);
        }
        Ok(())
    }

    fn batch(&mut self, text: &str) -> Result<(), Error> {
        self.guard();
        self.say(text)
    }

    fn be_sure(&mut self) {
        if self.undo == Undo::Nothing {
            self.undo = Undo::Whole;
        }
    }

    fn may_take_long(&mut self) -> Result<(), Error> {
        self.say("SET LOCAL statement_timeout = 0")
    }

    fn for_update(&self) -> &'static str {
        if self.reads_only { "" } else { "FOR UPDATE" }
    }

    fn skip_locked(&self) -> &'static str {
        "FOR UPDATE SKIP LOCKED"
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn foresee(&mut self, sql: &str, params: &[&dyn Param]) {
        self.ahead.push(Ahead { sql: sql.to_owned(), values: owned(params), ids: Vec::new() });
    }

    fn foresee_ids(&mut self, wanted: &[(&'static str, usize)]) {
        let comes = |name: &str, count: usize| {
            self.ahead
                .iter()
                .flat_map(|question| &question.ids)
                .any(|(known, many)| *known == name && *many >= count)
        };
        // Of as many each, a question: they stand beside each other in its rows.
        let mut by_count: BTreeMap<usize, Vec<(&'static str, usize)>> = BTreeMap::new();
        for (name, count) in wanted.iter().copied() {
            if count > self.ids.get(name).map_or(0, VecDeque::len) && !comes(name, count) {
                let count = if count == 1 { 1 + self.to_come } else { count };
                by_count.entry(count).or_default().push((name, count));
            }
        }
        for (count, ids) in by_count {
            let columns: Vec<_> = ids.iter().map(|(name, _)| format!("nextval('{name}_ids')")).collect();
            let columns = columns.join(", ");
            let (sql, values) = if count == 1 {
                // Planned once; a list's plan depends on how long it is.
                (format!("SELECT {columns}"), Vec::new())
            } else {
                let many = Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
                (format!("SELECT {columns} FROM generate_series(1, CAST($1 AS BIGINT))"), vec![many])
            };
            self.ahead.push(Ahead { sql, values, ids });
        }
    }

    fn reserve_ids(&mut self, sequence: &'static str, count: usize) -> Result<Vec<i64>, Error> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.ids.get(sequence).is_none_or(|ids| ids.len() < count) {
            self.foresee_ids(&[(sequence, count)]);
            self.travel(&Last::Nothing)?;
        }
        match self.ids.get_mut(sequence) {
            Some(ids) if ids.len() >= count => Ok(ids.drain(..count).collect()),
            _ => Err(Error::Engine(format!("too few ids of {sequence}"))),
        }
    }

    fn next_id(&mut self, sequence: &'static str) -> Result<i64, Error> {
        Tx::new(self).query_one(&format!("SELECT nextval('{sequence}_ids')"), &[], Row::take)
    }

    fn skip_ids(&mut self, sequence: &'static str, next: i64) -> Result<(), Error> {
        let set = format!("SELECT setval('{sequence}_ids', $1, false)");
        Tx::new(self).query_one::<i64>(&set, &[&next], Row::take).map(|_| ())
    }
}

fn owned(params: &[&dyn Param]) -> Vec<Value> {
    params.iter().map(|param| param.value().owned()).collect()
}

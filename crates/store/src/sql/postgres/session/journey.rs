//! Journeys to the server: what waits goes along, what is foreseen is asked right after.

use super::super::value::Bound;
use super::super::way::{Way, fault, unavailable};
use super::{SESSION, Session};
use crate::sql::{Error, Param, Value};
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join_all};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// A connection that is found to be gone within this time was so before.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A statement whose answer nobody needs.
pub enum Unsent {
    /// Text without parameters.
    Text(&'static str),
    /// A statement and its values.
    Bound(String, Vec<Value>),
}

/// A question whose answer is needed later.
pub struct Ahead {
    pub sql: String,
    pub values: Vec<Value>,
    /// It takes ids: so many of each sequence, which has a column of them.
    pub ids: Vec<(&'static str, usize)>,
}

/// A statement that ends a journey.
pub enum Last<'a> {
    Nothing,
    Text(&'a str),
    Change(&'a str, &'a [&'a dyn Param]),
    Question(&'a str, &'a [&'a dyn Param]),
}

/// What the server answered.
pub enum Landed {
    Done,
    Changed(u64),
    Rows(Vec<tokio_postgres::Row>),
}

type Answer = Result<Landed, tokio_postgres::Error>;

impl Session {
    /// As `journey`, in parts if the closure's own statements could fail before anything is sent: that
    /// is no fault of the one before, nor of itself only if it has a savepoint.
    pub(super) fn travel(&mut self, last: &Last<'_>) -> Result<Landed, Error> {
        if self.alone && !self.untouched {
            return Err(Error::Engine(format!(
                "a second statement outside of a transaction: {}",
                last.text()
            )));
        }
        if !self.is_ready(last) {
            self.guard();
            self.send_inherited();
            if self.not_inherited.is_some() {
                return Err(beside());
            }
            if let Some(at) = self.savepoint_waits() {
                self.send_first(at + 1)?;
            }
        }
        self.journey(last)
    }

    /// One journey: all that waits, and a last statement, whose answer is waited for. If the
    /// connection turns out to be gone before anything was answered, nothing was done: that is
    /// tried once more on a new one, unless it took so long that the caller has waited enough.
    pub(super) fn journey(&mut self, last: &Last<'_>) -> Result<Landed, Error> {
        let (began, inherited) = (Instant::now(), self.inherited);
        let mut landed = self.try_travel(last);
        let at_once = landed.is_err() && began.elapsed() < AT_ONCE;
        if at_once && self.untouched && self.client.is_closed() {
            self.inherited = inherited;
            landed = self.reconnect().and_then(|()| self.try_travel(last));
        }
        self.untouched = false;
        let inherits = self.inherited == 0;
        self.forget_unsent();
        self.ahead.clear();
        match landed {
            Err(error) if !inherits => {
                self.not_inherited = Some(error);
                Err(beside())
            }
            landed => landed,
        }
    }

    fn reconnect(&mut self) -> Result<(), Error> {
        self.client = connected(&self.way, &self.runtime)?;
        self.statements.clear();
        self.broken = None;
        Ok(())
    }

    fn try_travel(&mut self, last: &Last<'_>) -> Result<Landed, Error> {
        let (unsent, ahead) = (std::mem::take(&mut self.unsent), std::mem::take(&mut self.ahead));
        let prepared = self.prepare_all(&unsent, last, &ahead);
        let answers = prepared.map(|()| {
            let later = ahead.iter().map(|question| self.ask(&question.sql, bound(&question.values)));
            let journeys = unsent.iter().map(|unsent| self.start(unsent)).chain([self.finish(last)]);
            self.runtime.block_on(join_all(journeys.chain(later)))
        });
        let arrived = answers.and_then(|answers| self.unpack(answers, &unsent, last, &ahead));
        // They go once more if the connection was gone.
        (self.unsent, self.ahead) = (unsent, ahead);
        arrived
    }

    /// The answer of the last statement. What was asked ahead is kept.
    fn unpack(
        &mut self,
        answers: Vec<Answer>,
        unsent: &[Unsent],
        last: &Last<'_>,
        ahead: &[Ahead],
    ) -> Result<Landed, Error> {
        let mut answers = answers.into_iter();
        for (number, statement) in (1..).zip(unsent) {
            let answer = answers.next().unwrap_or(Ok(Landed::Done));
            answer.map_err(|error| self.failed(&error, statement.text()))?;
            if number == self.inherited {
                self.inherited = 0;
            }
        }
        let landed = answers.next().unwrap_or(Ok(Landed::Done));
        let landed = landed.map_err(|error| self.failed(&error, last.text()))?;
        for (question, answer) in ahead.iter().zip(answers) {
            let answer = answer.map_err(|error| self.failed(&error, &question.sql))?;
            let Landed::Rows(rows) = answer else { continue };
            if question.ids.is_empty() {
                self.foreseen.push((question.sql.clone(), question.values.clone(), rows));
                continue;
            }
            for row in &rows {
                for (column, (name, _)) in question.ids.iter().enumerate() {
                    let id = row.try_get(column).map_err(|error| self.failed(&error, &question.sql))?;
                    self.ids.entry(name).or_default().push_back(id);
                }
            }
        }
        Ok(landed)
    }

    /// The closure's own statements are all prepared.
    fn is_ready(&self, last: &Last<'_>) -> bool {
        let own = self.unsent.iter().skip(self.inherited).map(|unsent| match unsent {
            Unsent::Text(_) => true,
            Unsent::Bound(sql, values) => self.knows(sql, values.len()),
        });
        let last = match last {
            Last::Nothing | Last::Text(_) => true,
            Last::Change(sql, params) | Last::Question(sql, params) => self.knows(sql, params.len()),
        };
        let ahead = self.ahead.iter().map(|question| self.knows(&question.sql, question.values.len()));
        last && own.chain(ahead).all(|known| known)
    }

    fn knows(&self, sql: &str, given: usize) -> bool {
        self.statements.get(sql).is_some_and(|statement| statement.params().len() == given)
    }

    fn prepare_all(&mut self, unsent: &[Unsent], last: &Last<'_>, ahead: &[Ahead]) -> Result<(), Error> {
        for statement in unsent {
            if let Unsent::Bound(sql, values) = statement {
                self.prepare(sql, values.len())?;
            }
        }
        if let Last::Change(sql, params) | Last::Question(sql, params) = last {
            self.prepare(sql, params.len())?;
        }
        ahead.iter().try_for_each(|question| self.prepare(&question.sql, question.values.len()))
    }

    fn prepare(&mut self, sql: &str, given: usize) -> Result<(), Error> {
        if !self.statements.contains_key(sql) {
            let prepared = self.runtime.block_on(self.client.prepare(sql));
            let statement = prepared.map_err(|error| self.failed(&error, sql))?;
            self.statements.insert(sql.to_owned(), statement);
        }
        let wanted = self.statements.get(sql).map_or(0, |statement| statement.params().len());
        if wanted != given {
            return Err(Error::Engine(format!("{given} values for {wanted} parameters in {sql}")));
        }
        Ok(())
    }

    fn start<'s>(&'s self, unsent: &'s Unsent) -> LocalBoxFuture<'s, Answer> {
        match unsent {
            Unsent::Text(text) => self.tell(text),
            Unsent::Bound(sql, values) => self.change(sql, bound(values)),
        }
    }

    fn finish<'s>(&'s self, last: &'s Last<'_>) -> LocalBoxFuture<'s, Answer> {
        let bound = |params: &'s [&'s dyn Param]| params.iter().map(|param| Bound(param.value())).collect();
        match last {
            Last::Nothing => std::future::ready(Ok(Landed::Done)).boxed_local(),
            Last::Text(text) => self.tell(text),
            Last::Change(sql, params) => self.change(sql, bound(params)),
            Last::Question(sql, params) => self.ask(sql, bound(params)),
        }
    }

    fn tell<'s>(&'s self, text: &'s str) -> LocalBoxFuture<'s, Answer> {
        async move { self.client.batch_execute(text).await.map(|()| Landed::Done) }.boxed_local()
    }

    fn change<'s>(&'s self, sql: &'s str, bound: Vec<Bound<'s>>) -> LocalBoxFuture<'s, Answer> {
        async move {
            match self.statements.get(sql) {
                Some(known) => self.client.execute(known, &by_reference(&bound)).await.map(Landed::Changed),
                None => self.client.execute(sql, &by_reference(&bound)).await.map(Landed::Changed),
            }
        }
        .boxed_local()
    }

    fn ask<'s>(&'s self, sql: &'s str, bound: Vec<Bound<'s>>) -> LocalBoxFuture<'s, Answer> {
        async move {
            match self.statements.get(sql) {
                Some(known) => self.client.query(known, &by_reference(&bound)).await.map(Landed::Rows),
                None => self.client.query(sql, &by_reference(&bound)).await.map(Landed::Rows),
            }
        }
        .boxed_local()
    }

    fn failed(&mut self, error: &tokio_postgres::Error, sql: &str) -> Error {
        let fault = match fault(error) {
            Error::Engine(text) => Error::Engine(format!("{text} in {sql}")),
            other => other,
        };
        self.broken = Some(fault.passed_on());
        fault
    }
}

/// What a closure is told whose neighbour has failed.
pub fn beside() -> Error {
    Error::Unavailable("a call beside this one failed; nothing was done".into())
}

pub fn connected(way: &Way, runtime: &Runtime) -> Result<Client, Error> {
    let client = way.connect(runtime)?;
    runtime.block_on(client.batch_execute(SESSION)).map_err(|error| unavailable(&error))?;
    Ok(client)
}

fn bound(values: &[Value]) -> Vec<Bound<'_>> {
    values.iter().map(|value| Bound(value.value())).collect()
}

fn by_reference<'a>(bound: &'a [Bound<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bound.iter().map(|bound| bound as _).collect()
}

impl Unsent {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Bound(sql, _) => sql,
        }
    }
}

impl Last<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Nothing => "",
            Self::Text(sql) | Self::Change(sql, _) | Self::Question(sql, _) => sql,
        }
    }
}

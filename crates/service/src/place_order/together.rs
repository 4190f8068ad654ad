//! Orders that come at the same time are placed at the same time: what is asked for one is asked for
//! all, and their rows are written together. A statement for twenty orders costs a server little more than one
//! for two.
//!
//! Only what is plain takes part, and only if all of it is new and can be paid: then it does not matter who
//! came first, and nobody is refused. The rest is placed one by one.

use super::{
    Fate, Placed, SMALL_JOBS, answer, charge, foresee_ids, new_jobs, order, place_order, price, queue,
    room_in_sandbox, sum, text_keys, total,
};
use crate::context::Context;
use crate::draft::Request;
use crate::error::Error;
use crate::{announce, pay};
use domain::money::Currency;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use store::jobs::{self, Job};
use store::keys::Key;
use store::orders::{self, Order};
use store::sql::Tx;

/// What became of an order among others.
#[derive(Debug)]
pub enum Outcome {
    /// It is placed.
    Placed(Placed),
    /// It has to be placed by itself; nothing was done.
    Alone(Request),
}

/// Whether an order may be placed together with others of its key: if its texts are new and it can be
/// paid, nothing but new jobs comes of it.
pub fn is_plain(key: &Key, request: &Request) -> bool {
    key.spending_limit.is_none()
        && request.process
        && !request.dry_run
        && !request.as_group
        && request.comment.is_none()
        && request.attachments.is_none()
        && request.drafts.len() <= SMALL_JOBS
        && request.drafts.iter().all(|draft| !draft.force && draft.comment.is_none())
}

/// Places plain orders of one key, as `place_order` would one after the other. Answers in the order given.
/// One alone is placed, or refused, by itself.
pub fn place_together(
    tx: &mut Tx<'_>,
    ctx: &Context,
    key: &Key,
    requests: Vec<Request>,
) -> Result<Vec<Outcome>, Error> {
    match <[Request; 1]>::try_from(requests) {
        Ok([only]) => Ok(vec![Outcome::Placed(place_order(tx, ctx, Some(key), only)?)]),
        Err(several) => place_several(tx, ctx, key, several),
    }
}

fn place_several(
    tx: &mut Tx<'_>,
    ctx: &Context,
    key: &Key,
    requests: Vec<Request>,
) -> Result<Vec<Outcome>, Error> {
    let currency = ctx.account(tx)?.currency;
    let mut fitting = all_new(tx, ctx, &requests)?;
    if !can_be_paid(tx, ctx, &chosen(&requests, &fitting), currency)? {
        fitting.fill(false);
    }
    let jobs = chosen(&requests, &fitting).iter().map(|request| request.drafts.len()).sum();
    foresee_ids(tx, fitting.iter().filter(|fits| **fits).count(), jobs, true);
    let mut batch = Batch::default();
    let mut parts = Vec::with_capacity(requests.len());
    for (request, fits) in requests.into_iter().zip(fitting) {
        parts.push(if fits { Ok(batch.add(tx, ctx, key, request)?) } else { Err(request) });
    }
    batch.write(tx, ctx, key, currency)?;
    let outcome = |part| match part {
        Ok(part) => batch.answer(tx, ctx, part, currency).map(Outcome::Placed),
        Err(request) => Ok(Outcome::Alone(request)),
    };
    parts.into_iter().map(outcome).collect()
}

fn chosen<'r>(requests: &'r [Request], fitting: &[bool]) -> Vec<&'r Request> {
    requests.iter().zip(fitting).filter_map(|(request, fits)| fits.then_some(request)).collect()
}

/// Which of the requests have only texts that neither a live job nor a request before them has.
fn all_new(tx: &mut Tx<'_>, ctx: &Context, requests: &[Request]) -> Result<Vec<bool>, Error> {
    let keys = requests.iter().flat_map(|request| text_keys(&request.drafts));
    let keys: BTreeSet<&[u8]> = keys.map(|key| key.as_slice()).collect();
    let known = jobs::with_texts(tx, ctx.scope, &keys.into_iter().collect::<Vec<_>>())?;
    let mut seen: HashSet<&[u8]> = known.iter().map(|job| job.text_key.as_slice()).collect();
    Ok(requests
        .iter()
        .map(|request| request.drafts.iter().all(|draft| seen.insert(&draft.text_key)))
        .collect())
}

/// Whether there are credits, and room in a sandbox, for all of them.
fn can_be_paid(
    tx: &mut Tx<'_>,
    ctx: &Context,
    requests: &[&Request],
    currency: Currency,
) -> Result<bool, Error> {
    let drafts = || requests.iter().flat_map(|request| &request.drafts);
    let prices = drafts().map(|draft| Ok(price(draft, currency)?.1)).collect::<Result<Vec<_>, Error>>()?;
    let cost = sum(prices.into_iter(), currency)?;
    match pay::afford(tx, ctx, cost).and_then(|()| room_in_sandbox(ctx, drafts().count())) {
        Ok(()) => Ok(true),
        Err(Error::Fault(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is written together.
#[derive(Default)]
struct Batch {
    orders: Vec<Order>,
    jobs: Vec<Job>,
}

/// A request, and which order and which jobs of the batch came of it.
struct Part {
    request: Request,
    order: usize,
    jobs: Range<usize>,
}

impl Batch {
    fn add(
        &mut self,
        tx: &mut Tx<'_>,
        ctx: &Context,
        key: &Key,
        mut request: Request,
    ) -> Result<Part, Error> {
        let account = ctx.account(tx)?;
        let order = order(tx, ctx, Some(key), &account, &request, None)?;
        let all: Vec<usize> = (0..request.drafts.len()).collect();
        let new = new_jobs(tx, ctx, &account, &order, &mut request, &all)?;
        let part =
            Part { request, order: self.orders.len(), jobs: self.jobs.len()..self.jobs.len() + new.len() };
        self.orders.push(order);
        self.jobs.extend(new);
        Ok(part)
    }

    /// Stores and charges all of it.
    fn write(&self, tx: &mut Tx<'_>, ctx: &Context, key: &Key, currency: Currency) -> Result<(), Error> {
        if self.orders.is_empty() {
            return Ok(());
        }
        // What could refuse it was asked.
        tx.be_sure();
        pay::count_against(tx, Some(key), sum(self.jobs.iter().map(|job| job.price), currency)?)?;
        orders::insert_all(tx, &self.orders)?;
        jobs::insert_all(tx, &self.jobs)?;
        charge(tx, ctx, &self.jobs)?;
        announce::placed(tx, ctx, &self.orders)?;
        queue(tx, ctx, &self.orders.iter().map(|order| order.id.0).collect::<Vec<_>>())
    }

    fn answer(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Context,
        Part { request, order, jobs }: Part,
        currency: Currency,
    ) -> Result<Placed, Error> {
        let (order, new) = (&self.orders[order], &self.jobs[jobs]);
        let cost = total(&request, new, &[], currency)?;
        let fates = (0..new.len()).map(Fate::New).collect();
        answer(tx, ctx, &request, order, new, fates, cost)
    }
}

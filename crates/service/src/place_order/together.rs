//! Orders that come at the same time are placed at the same time: what is asked for one is asked for
//! all, and their rows are written together. A statement for twenty orders costs a server little more than one
//! for two.
//!
//! Only what is plain takes part, and only if nobody is refused and nobody needs what another one writes: then
//! it does not matter who came first. The rest is placed one by one.

use super::answer::{Found, Placed, Written};
use super::{
    Fate, Known, SMALL_JOBS, charge, foresee_ids, known, new_jobs, order, place_order, price, queue,
    room_in_sandbox, sort_out, sum, text_keys, total,
};
use crate::context::Context;
use crate::draft::{Draft, Request};
use crate::error::Error;
use crate::{announce, pay};
use domain::job::Status;
use domain::money::Currency;
use std::collections::HashSet;
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

/// Whether an order may be placed together with others of its key: nothing but new jobs, and jobs found,
/// can come of it.
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
    let sorted = choose(tx, ctx, &requests, currency)?;
    let (orders, jobs) =
        sorted.iter().flatten().fold((0, 0), |(orders, jobs), (_, fresh)| (orders + 1, jobs + fresh.len()));
    foresee_ids(tx, orders, jobs, true);
    let mut batch = Batch::default();
    let mut parts = Vec::with_capacity(requests.len());
    for (request, sorted) in requests.into_iter().zip(sorted) {
        parts.push(match sorted {
            Some(sorted) => Ok(batch.add(tx, ctx, key, request, sorted)?),
            None => Err(request),
        });
    }
    batch.write(tx, ctx, key, currency)?;
    let fates: Vec<_> =
        parts.iter().flatten().map(|part| (batch.orders[part.order].id, &*part.fates)).collect();
    let found = Found::remember(tx, ctx, &fates, &[])?;
    // What is refused after all is the fault of one of them: the caller has to know.
    tx.send_now()?;
    let outcome = |part| match part {
        Ok(part) => batch.written(&part, currency)?.answer(tx, ctx, &found).map(Outcome::Placed),
        Err(request) => Ok(Outcome::Alone(request)),
    };
    parts.into_iter().map(outcome).collect()
}

/// What became of an order's drafts, and which of them are new.
type Sorted = (Vec<Fate>, Vec<usize>);

/// None for an order that has to be placed by itself.
fn choose(
    tx: &mut Tx<'_>,
    ctx: &Context,
    requests: &[Request],
    currency: Currency,
) -> Result<Vec<Option<Sorted>>, Error> {
    let text_keys = requests.iter().flat_map(|request| text_keys(&request.drafts)).collect();
    let mut sorted = sort_out_all(requests, &known(tx, ctx, &text_keys)?);
    let new: Vec<&Draft> =
        requests.iter().zip(&sorted).flat_map(|(request, sorted)| new_drafts(request, sorted)).collect();
    if !can_be_paid(tx, ctx, &new, currency)? {
        let finds_all = |sorted: &Sorted| sorted.1.is_empty();
        sorted.iter_mut().for_each(|sorted| *sorted = sorted.take().filter(finds_all));
    }
    Ok(sorted)
}

/// None for an order that buys what was left unpaid, or has a new text that an order before it has: it needs
/// what that one writes.
fn sort_out_all(requests: &[Request], known: &Known) -> Vec<Option<Sorted>> {
    let mut taken = HashSet::new();
    let mut all = Vec::with_capacity(requests.len());
    for request in requests {
        let sorted = sort_out(&request.drafts, known);
        let is_unpaid = |fate: &Fate| matches!(fate, Fate::Old(jobs) if jobs.iter().any(|job| job.status == Status::Unpaid));
        let fits = !sorted.0.iter().any(is_unpaid);
        let sorted = Some(sorted).filter(|_| fits);
        let is_first = new_drafts(request, &sorted).all(|draft| taken.insert(&draft.text_key));
        all.push(sorted.filter(|_| is_first));
    }
    all
}

fn new_drafts<'r>(request: &'r Request, sorted: &Option<Sorted>) -> impl Iterator<Item = &'r Draft> {
    sorted.iter().flat_map(|(_, fresh)| fresh).filter_map(|index| request.drafts.get(*index))
}

/// Whether there are credits, and room in a sandbox, for all of them.
fn can_be_paid(tx: &mut Tx<'_>, ctx: &Context, new: &[&Draft], currency: Currency) -> Result<bool, Error> {
    let prices = new.iter().map(|draft| Ok(price(draft, currency)?.1)).collect::<Result<Vec<_>, Error>>()?;
    let cost = sum(prices.into_iter(), currency)?;
    match pay::afford(tx, ctx, cost).and_then(|()| room_in_sandbox(ctx, new.len())) {
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

/// A request, what became of it, and which order and which jobs of the batch it led to.
struct Part {
    request: Request,
    fates: Vec<Fate>,
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
        (fates, fresh): Sorted,
    ) -> Result<Part, Error> {
        let account = ctx.account(tx)?;
        let order = order(tx, ctx, Some(key), &account, &request, None)?;
        let first = self.jobs.len();
        self.jobs.extend(new_jobs(tx, ctx, &account, &order, &mut request, &fresh)?);
        self.orders.push(order);
        Ok(Part { request, fates, order: self.orders.len() - 1, jobs: first..self.jobs.len() })
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
        let mut with_jobs: Vec<i64> = self.jobs.iter().map(|job| job.order.0).collect();
        with_jobs.dedup();
        queue(tx, ctx, &with_jobs)
    }

    fn written<'w>(&'w self, part: &'w Part, currency: Currency) -> Result<Written<'w>, Error> {
        let Part { request, fates, order, jobs } = part;
        let (order, new) = (&self.orders[*order], &self.jobs[jobs.clone()]);
        Ok(Written { request, order, new, fates, cost: total(request, new, &[], currency)? })
    }
}

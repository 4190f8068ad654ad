//! What an order's call is answered.

use super::Fate;
use crate::context::Context;
use crate::draft::Request;
use crate::error::Error;
use crate::payload;
use domain::ids::{GroupId, JobId, OrderId};
use domain::money::Money;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::jobs::{self, Job};
use store::orders::{self, Order};
use store::sql::Tx;

/// What an order led to.
#[derive(Debug)]
pub struct Placed {
    /// The order; none for a dry run.
    pub order: Option<OrderId>,
    /// Jobs sent.
    pub job_count: usize,
    /// Charged now.
    pub credits_used: Money,
    /// The group of the new jobs.
    pub group: Option<GroupId>,
    /// Old and repeated texts: key as sent, and the payloads of the jobs that have it.
    pub known: Vec<(String, Vec<Value>)>,
    /// For every job sent, its id; none for a dry run's new ones.
    pub job_ids: Vec<(String, Option<JobId>)>,
    /// Nothing was stored.
    pub dry_run: bool,
}

/// The old jobs that orders found.
pub(super) struct Found {
    /// Those that the orders have changed, as they are now.
    changed: HashMap<JobId, Job>,
    beside: payload::Beside,
}

impl Found {
    /// Remembers which old jobs orders found, and reads what their payloads need. Some of them were changed since.
    pub fn remember(
        tx: &mut Tx<'_>,
        ctx: &Context,
        fates: &[(OrderId, &[Fate])],
        changed: &[JobId],
    ) -> Result<Self, Error> {
        let found: BTreeSet<(OrderId, JobId)> =
            fates.iter().flat_map(|(order, fates)| old(fates).map(|job| (*order, job.id))).collect();
        orders::remember_found(tx, ctx.scope.account, &found)?;
        let changed = jobs::with_ids(tx, ctx.scope, changed)?;
        let changed: HashMap<JobId, Job> = changed.into_iter().map(|job| (job.id, job)).collect();
        let all = fates.iter().flat_map(|(_, fates)| old(fates));
        let all: BTreeMap<JobId, &Job> =
            all.map(|job| (job.id, changed.get(&job.id).unwrap_or(job))).collect();
        let beside = payload::Beside::of(tx, ctx, all.into_values())?;
        Ok(Self { changed, beside })
    }
}

fn old(fates: &[Fate]) -> impl Iterator<Item = &Job> {
    fates.iter().filter_map(|fate| if let Fate::Old(known) = fate { Some(known) } else { None }).flatten()
}

/// An order that is written, and what it came from.
pub(super) struct Written<'w> {
    pub request: &'w Request,
    pub order: &'w Order,
    /// Its new jobs.
    pub new: &'w [Job],
    /// What became of each draft.
    pub fates: &'w [Fate],
    pub cost: Money,
}

impl Written<'_> {
    pub fn answer(&self, tx: &mut Tx<'_>, ctx: &Context, found: &Found) -> Result<Placed, Error> {
        let Self { request, order, new, fates, cost } = *self;
        let mut placed = Placed {
            order: (!request.dry_run).then_some(order.id),
            job_count: request.drafts.len(),
            credits_used: cost,
            group: order.group.filter(|_| !request.dry_run),
            known: Vec::new(),
            job_ids: Vec::new(),
            dry_run: request.dry_run,
        };
        let repeated = self.repeated();
        for (draft, fate) in request.drafts.iter().zip(fates) {
            let key = draft.key.clone();
            match fate {
                Fate::Old(known) => {
                    let present = known.iter().map(|job| found.changed.get(&job.id).unwrap_or(job));
                    let payloads = present.map(|job| found.beside.payload(tx, ctx, job));
                    let payloads = payloads.collect::<Result<_, _>>()?;
                    placed.job_ids.push((key.clone(), known.first().map(|job| job.id)));
                    placed.known.push((key, payloads));
                }
                Fate::New(index) | Fate::Repeat(index) => {
                    let Some(job) = new.get(*index) else { continue };
                    if repeated.contains(index) {
                        placed.known.push((key.clone(), vec![self.payload_of_new(tx, ctx, job)?]));
                    }
                    placed.job_ids.push((key, (!request.dry_run).then_some(job.id)));
                }
            }
        }
        Ok(placed)
    }

    /// The new jobs whose text came more than once.
    fn repeated(&self) -> BTreeSet<usize> {
        let first = |fate: &Fate| if let Fate::Repeat(first) = fate { Some(*first) } else { None };
        self.fates.iter().filter_map(first).collect()
    }

    /// A dry run's jobs have no ids.
    fn payload_of_new(&self, tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Value, Error> {
        let mut payload = payload::job(tx, ctx, job)?;
        if self.request.dry_run
            && let Some(members) = payload.as_object_mut()
        {
            for id in ["job_id", "order_id", "group_id"] {
                members.shift_remove(id);
            }
        }
        Ok(payload)
    }
}

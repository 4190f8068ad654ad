//! Places an order: tells new texts from known ones, charges the new, queues them. Order,
//! jobs, postings, events and the queue's task are one transaction.
//!
//! 1. Each text is new, old (a live job has it) or a repeat within the call. The unique
//!    index on text keys decides between simultaneous orders; its keys are taken in
//!    ascending order so that two batches cannot block each other.
//! 2. The new jobs are grouped if asked, the sum is checked against credits and limits.
//! 3. Everything is written, or nothing. Contract: api-v2 5.

mod answer;
mod together;

pub use self::answer::Placed;
use self::answer::{Found, Written};
pub use self::together::{Outcome, is_plain, place_together};
use crate::context::Context;
use crate::draft::{Draft, Request};
use crate::error::Error;
use crate::{announce, comment, pay, robots, timers, transition};
use domain::fault::Fault;
use domain::ids::{GroupId, JobId, OrderId, Scope};
use domain::job::{Event, Status};
use domain::money::{Currency, Money, UnitPrice};
use domain::tier::Tier;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::accounts::Account;
use store::jobs::{self, Job};
use store::keys::Key;
use store::orders::{self, Order};
use store::replays;
use store::sql::Tx;
use store::threads::Subject;

/// A forced order that equals one of the last five minutes is refused.
const IDENTICAL_MS: i64 = 300_000;
/// By which rule units are counted.
const COUNT_RULE: i64 = text::count::COUNT_RULE as i64;

/// What an order will ask of the database, said before its transaction has begun to: small orders
/// then wait for it once.
pub struct Foresight {
    text_keys: BTreeSet<[u8; 32]>,
    orders: usize,
    jobs: usize,
    process: bool,
}

/// An order of so many jobs at most is small. Larger ones take their time anyway, and would lose as many ids
/// if their texts are known.
const SMALL_JOBS: usize = 50;

impl Foresight {
    /// Of a request, if it is small.
    pub fn of(request: &Request) -> Option<Self> {
        (request.drafts.len() <= SMALL_JOBS).then(|| Self::of_all(std::slice::from_ref(request)))
    }

    /// Of small requests that are placed together.
    pub fn of_all(requests: &[Request]) -> Self {
        Self {
            text_keys: requests.iter().flat_map(|request| text_keys(&request.drafts)).copied().collect(),
            orders: requests.len(),
            jobs: requests.iter().map(|request| request.drafts.len()).sum(),
            process: requests.iter().all(|request| request.process),
        }
    }

    /// Tells the transaction, before its context is opened.
    pub fn tell(&self, tx: &mut Tx<'_>, scope: Scope) {
        if !tx.foresees() {
            return;
        }
        let keys: Vec<&[u8]> = self.text_keys.iter().map(|key| key.as_slice()).collect();
        jobs::foresee_texts(tx, scope, &keys);
        pay::foresee_balance(tx, scope);
        foresee_ids(tx, self.orders, self.jobs, self.process);
    }
}

fn foresee_ids(tx: &mut Tx<'_>, orders: usize, jobs: usize, process: bool) {
    let timers = if process { orders } else { jobs };
    tx.foresee_ids(&[
        ("order", orders),
        ("job", jobs),
        ("ledger", jobs),
        ("event", orders),
        ("task", timers),
    ]);
}

/// Texts that may be known, each once and in ascending order.
fn text_keys(drafts: &[Draft]) -> BTreeSet<&[u8; 32]> {
    drafts.iter().filter(|draft| !draft.force).map(|draft| &draft.text_key).collect()
}

/// What became of a draft.
enum Fate {
    New(usize),
    Old(Vec<Job>),
    Repeat(usize),
}

/// Places the order for a key. For a dry run the caller rolls the transaction back. Takes the
/// request: texts of a large order are moved into its jobs, not copied.
pub fn place_order(
    tx: &mut Tx<'_>,
    ctx: &Context,
    key: Option<&Key>,
    mut request: Request,
) -> Result<Placed, Error> {
    let account = ctx.account(tx)?;
    let (fates, fresh) = sort_out(&request.drafts, &known(tx, ctx, &text_keys(&request.drafts))?);
    foresee_ids(tx, 1, fresh.len(), request.process);
    let group = group(tx, &request, &fresh)?;
    let order = order(tx, ctx, key, &account, &request, group)?;
    guard_identical(tx, ctx, key, &request, &order)?;
    let mut new = new_jobs(tx, ctx, &account, &order, &mut request, &fresh)?;
    let bought = bought_old(tx, &request, &fates)?;
    let cost = total(&request, &new, &bought, account.currency)?;
    pay::afford(tx, ctx, cost)?;
    room_in_sandbox(ctx, new.len())?;
    if !request.dry_run && key.is_none_or(|key| key.spending_limit.is_none()) {
        // What could refuse the order was asked.
        tx.be_sure();
    }
    pay::count_against(tx, key, cost)?;
    orders::insert_all(tx, std::slice::from_ref(&order))?;
    write_new(tx, ctx, &request, &mut new, &fresh)?;
    let changed: Vec<JobId> = bought.iter().map(|job| job.id).collect();
    for mut job in bought {
        transition::move_job(tx, ctx, &mut job, Event::Purchase)?;
    }
    follow_up(tx, ctx, &request, &order, &new)?;
    let found = Found::remember(tx, ctx, &[(order.id, &fates)], &changed)?;
    let written = Written { request: &request, order: &order, new: &new, fates: &fates, cost };
    written.answer(tx, ctx, &found)
}

/// Live jobs by their text.
type Known = HashMap<Vec<u8>, Vec<Job>>;

/// The live jobs with any of these texts.
fn known(tx: &mut Tx<'_>, ctx: &Context, text_keys: &BTreeSet<&[u8; 32]>) -> Result<Known, Error> {
    let sorted: Vec<&[u8]> = text_keys.iter().map(|key| key.as_slice()).collect();
    let mut known = Known::new();
    for job in jobs::with_texts(tx, ctx.scope, &sorted)? {
        known.entry(job.text_key.clone()).or_default().push(job);
    }
    Ok(known)
}

/// Tells new from old from repeated. The second part lists the new drafts in the order sent.
fn sort_out(drafts: &[Draft], old: &Known) -> (Vec<Fate>, Vec<usize>) {
    let mut fresh = Vec::new();
    let mut seen: HashMap<&[u8; 32], usize> = HashMap::new();
    let mut fates = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let first = seen.get(&draft.text_key).copied().filter(|_| !draft.force);
        let known = old.get(draft.text_key.as_slice()).filter(|_| !draft.force);
        fates.push(match (first, known) {
            (Some(first), _) => Fate::Repeat(first),
            (None, Some(known)) => Fate::Old(known.clone()),
            (None, None) => {
                seen.insert(&draft.text_key, fresh.len());
                fresh.push(index);
                Fate::New(fresh.len() - 1)
            }
        });
    }
    (fates, fresh)
}

/// The group of the new jobs, if they are to be one: at least two of them, alike.
fn group(tx: &mut Tx<'_>, request: &Request, fresh: &[usize]) -> Result<Option<GroupId>, Error> {
    let drafts = fresh.iter().filter_map(|index| request.drafts.get(*index));
    let members: Vec<&Draft> = drafts.filter(|draft| draft.grouped).collect();
    if !request.as_group || request.drafts.len() < 2 || members.len() < 2 {
        return Ok(None);
    }
    let kind =
        |draft: &Draft| (draft.lc_src, draft.lc_tgt, crate::estimate::effective_tier(draft.tier, draft.edit));
    let first = kind(members[0]);
    if let Some(other) = members.iter().find(|draft| kind(draft) != first) {
        let text = format!(
            "job {:?} is {} to {}, {}; job {:?} is {} to {}, {}. Send jobs of one pair and tier, or as_group 0.",
            members[0].key,
            first.0,
            first.1,
            first.2.code(),
            other.key,
            other.lc_src,
            other.lc_tgt,
            other.tier.code()
        );
        return Err(Fault::new(1950, text).of("as_group").into());
    }
    if first.2 == Tier::Ultra {
        return Err(Fault::new(1952, "send as_group 0 for jobs with an edit step").of("as_group").into());
    }
    Ok(Some(GroupId(tx.reserve_id("group")?)))
}

fn order(
    tx: &mut Tx<'_>,
    ctx: &Context,
    key: Option<&Key>,
    account: &Account,
    request: &Request,
    group: Option<GroupId>,
) -> Result<Order, Error> {
    Ok(Order {
        id: OrderId(tx.reserve_id("order")?),
        scope: ctx.scope,
        key: key.map(|key| key.id),
        currency: account.currency,
        group,
        allow_fork: request.allow_fork,
        reference_id: request.reference_id.clone(),
        callback_url: request.callback_url.clone(),
        created_at: ctx.now,
    })
}

fn guard_identical(
    tx: &mut Tx<'_>,
    ctx: &Context,
    key: Option<&Key>,
    request: &Request,
    order: &Order,
) -> Result<(), Error> {
    let guarded = key.is_some_and(|key| key.guard_identical);
    let forced_and_paid =
        request.process && request.drafts.iter().any(|draft| draft.force && draft.tier != Tier::Machine);
    let Some(digest) = request.identical.filter(|_| guarded && forced_and_paid) else { return Ok(()) };
    let not_since = ctx.now.plus_ms(-IDENTICAL_MS);
    let Some(first) = replays::guard(tx, ctx.scope, &digest, order.id, ctx.now, not_since)? else {
        return Ok(());
    };
    let text = format!(
        "order {} of {} seconds ago was the same. To order it once more anyway, send an Idempotency-Key header.",
        first.order,
        ctx.now.since_ms(first.created_at) / 1000
    );
    Err(Fault::new(1754, text).into())
}

fn new_jobs(
    tx: &mut Tx<'_>,
    ctx: &Context,
    account: &Account,
    order: &Order,
    request: &mut Request,
    fresh: &[usize],
) -> Result<Vec<Job>, Error> {
    let ids = tx.reserve_ids("job", fresh.len())?;
    let mut new = Vec::with_capacity(fresh.len());
    let status = if request.process { Status::Queued } else { Status::Unpaid };
    for (id, index) in ids.into_iter().zip(fresh) {
        let Some(draft) = request.drafts.get_mut(*index) else { continue };
        let (unit_price, price) = price(draft, account.currency)?;
        new.push(Job {
            id: JobId(id),
            scope: ctx.scope,
            order: order.id,
            key: order.key,
            group: order.group.filter(|_| draft.grouped),
            position: draft.position,
            status,
            held_from: None,
            slug: draft.slug.clone().unwrap_or_else(|| draft.body_src.chars().take(30).collect()),
            body_src: std::mem::take(&mut draft.body_src),
            lc_src: draft.lc_src.to_owned(),
            lc_tgt: draft.lc_tgt.to_owned(),
            tier: draft.tier,
            edit: draft.edit,
            unit_count: i64::try_from(draft.units).map_err(|_| pay::overflow())?,
            count_rule: COUNT_RULE,
            unit_price,
            price,
            escrow: if status == Status::Queued { price } else { Money::zero(account.currency) },
            text_key: draft.text_key.to_vec(),
            lookup: !draft.force,
            auto_approve: draft.auto_approve.unwrap_or(account.auto_approve),
            use_preferred: draft.use_preferred,
            callback_url: draft.callback_url.clone(),
            custom_data: draft.custom_data.clone(),
            glossary: draft.glossary,
            purpose: draft.purpose.clone(),
            tone: draft.tone.clone(),
            max_chars: draft.max_chars,
            attachments: draft.attachments.clone(),
            instructions: robots::instruction_lines(
                ctx,
                request.comment.as_deref(),
                draft.comment.as_deref(),
            ),
            body_tgt: None,
            draft_tgt: None,
            edit_reached: false,
            submissions: 0,
            round: 0,
            version: 0,
            events: 0,
            forced: 0,
            deadline: None,
            review_until: None,
            archived: false,
            created_at: ctx.now,
            changed_at: ctx.now,
        });
    }
    Ok(new)
}

/// What a draft costs.
fn price(draft: &Draft, currency: Currency) -> Result<(UnitPrice, Money), Error> {
    pay::price(draft.lc_src, draft.lc_tgt, draft.tier, draft.edit, draft.units, currency)?
        .ok_or_else(|| Error::Broken(format!("{} to {} has no price", draft.lc_src, draft.lc_tgt)))
}

/// Old jobs that are unpaid and that this call buys.
fn bought_old(tx: &mut Tx<'_>, request: &Request, fates: &[Fate]) -> Result<Vec<Job>, Error> {
    let mut bought: BTreeMap<JobId, Job> = BTreeMap::new();
    if !request.process {
        return Ok(Vec::new());
    }
    for fate in fates {
        let Fate::Old(known) = fate else { continue };
        for job in known.iter().filter(|job| job.status == Status::Unpaid) {
            if !bought.contains_key(&job.id) {
                let mut job = job.clone();
                pay::reprice(tx, &mut job)?;
                bought.insert(job.id, job);
            }
        }
    }
    Ok(bought.into_values().collect())
}

fn total(request: &Request, new: &[Job], bought: &[Job], currency: Currency) -> Result<Money, Error> {
    let paid = if request.process { new } else { &[] };
    sum(paid.iter().chain(bought).map(|job| job.price), currency)
}

fn sum(mut prices: impl Iterator<Item = Money>, currency: Currency) -> Result<Money, Error> {
    prices.try_fold(Money::zero(currency), |sum, price| sum.checked_add(price)).ok_or_else(pay::overflow)
}

/// Refuses more jobs than a sandbox may hold.
fn room_in_sandbox(ctx: &Context, new: usize) -> Result<(), Error> {
    if !ctx.scope.is_sandbox() || new == 0 {
        return Ok(());
    }
    let (most, new) = (ctx.desk.sandbox_max_jobs, i64::try_from(new).map_err(|_| pay::overflow())?);
    if ctx.sandbox_jobs.checked_add(new).is_none_or(|jobs| jobs > most) {
        let text = format!("a sandbox holds at most {most} jobs; wipe it to go on");
        return Err(Fault::new(1352, text).of("jobs").into());
    }
    Ok(())
}

/// Stores the new jobs and charges them.
fn write_new(
    tx: &mut Tx<'_>,
    ctx: &Context,
    request: &Request,
    new: &mut [Job],
    fresh: &[usize],
) -> Result<(), Error> {
    // The writes of one environment come one after the other: no text was stored meanwhile.
    jobs::insert_all(tx, new)?;
    for (job, index) in new.iter_mut().zip(fresh) {
        if let Some(text) = request.drafts.get(*index).and_then(|draft| draft.comment.as_ref()) {
            comment::write(tx, ctx, Subject::Job(job.id), "customer", text, None)?;
        }
        if !request.process {
            timers::expire_unpaid(tx, ctx, job.id)?;
        }
    }
    if request.process { charge(tx, ctx, new) } else { Ok(()) }
}

/// Charges new jobs.
fn charge(tx: &mut Tx<'_>, ctx: &Context, new: &[Job]) -> Result<(), Error> {
    let paid: Vec<&Job> = new.iter().filter(|job| !job.price.is_zero()).collect();
    let charge = |job: &&Job| domain::ledger::charge(transition::life(job), job.scope.account, job.price);
    let charges = paid.iter().map(charge).collect::<Result<Vec<_>, _>>()?;
    let about: Vec<_> = paid.iter().map(|job| (job.order, job.id)).collect();
    let (book, account) = (ctx.book(), ctx.scope.account);
    Ok(store::ledger::charge_all(tx, book, account, &charges, &about, ctx.actor.code(), ctx.now)?)
}

fn follow_up(
    tx: &mut Tx<'_>,
    ctx: &Context,
    request: &Request,
    order: &Order,
    new: &[Job],
) -> Result<(), Error> {
    // Attachments without a comment are kept too.
    let unsaid = request.attachments.as_ref().map(|_| "Attachments");
    if let Some(text) = request.comment.as_deref().or(unsaid) {
        let attachments = request.attachments.clone();
        comment::write(tx, ctx, Subject::Order(order.id), "customer", text, attachments)?;
    }
    announce::placed(tx, ctx, std::slice::from_ref(order))?;
    if request.process && !new.is_empty() { queue(tx, ctx, &[order.id.0]) } else { Ok(()) }
}

/// The new jobs of these orders go on the board after a while.
fn queue(tx: &mut Tx<'_>, ctx: &Context, orders: &[i64]) -> Result<(), Error> {
    let due = ctx.now.plus_ms(robots::queue_delay_ms(ctx)?);
    timers::set_all(tx, ctx, timers::Kind::Queue, orders, due, &json!({}))
}

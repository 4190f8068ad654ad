//! Callbacks: from the outbox to the receiver and back into the log.
//!
//! `fan_out` makes deliveries of events; it runs apart from what caused them, so neither
//! the queue nor a customer's call ever waits for a receiver. The worker leases what is
//! due, `prepare` builds the request, `conclude` writes what came of it.
//! Contract: api-v2 8.

use crate::context::{Context, Desk};
use crate::error::Error;
use crate::{look, secrets};
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::*;
use outbound::body::{Encoding, encode};
use outbound::{Outcome, Standing, schedule};
use robot::instruction::CallbackTrick;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::deliveries::{self, Attempt, Delivery};
use store::destinations;
use store::events::{self, Event, Outgoing};
use store::sql::Tx;
use store::{jobs, keys};
use url::Url;

/// How late a callback is that a job asks to have late.
const LATE_TRICK_MS: i64 = 60_000;

/// What came of the next events in the outbox.
#[derive(Clone, Copy, Debug)]
pub struct Fanned {
    /// How many there were.
    pub seen: usize,
    /// The last of them; none if there were none.
    pub last: Option<EventId>,
    /// How many of them are left: another transaction has their destination.
    pub left: usize,
}

/// Makes deliveries of the first events in the outbox after one.
pub fn fan_out(
    tx: &mut Tx<'_>,
    desk: &Desk,
    real_now: Timestamp,
    after: EventId,
    limit: i64,
) -> Result<Fanned, Error> {
    let waiting = events::outbox(tx, after, limit)?;
    let addresses: Vec<Option<String>> = waiting.iter().map(|event| address(desk, event)).collect();
    // Locked until the deliveries are there to be seen by who ends a turn.
    let destinations =
        destinations::lock_or_make(tx, addresses.iter().flatten().map(String::as_str).collect())?;
    let (mut made, mut left) = (Vec::new(), 0);
    for (event, address) in waiting.iter().zip(&addresses) {
        if let Some(address) = address {
            let Some(destination) = destinations.get(address) else {
                left += 1;
                continue;
            };
            made.extend(deliveries_of(event, *destination, real_now));
        }
        events::leave_outbox(tx, event)?;
    }
    insert(tx, made, real_now)?;
    Ok(Fanned { seen: waiting.len(), last: waiting.last().map(|event| event.id), left })
}

/// The token in an address of one of this server's inboxes.
pub fn inbox_token<'u>(public_url: &str, url: &'u str) -> Option<&'u str> {
    let token = url.strip_prefix(public_url)?.strip_prefix("/inbox/")?.trim_end_matches('/');
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(token)
}

/// The token in an address of one of this server's inboxes, as it is now or was when it was stored.
pub fn stored_inbox_token<'u>(desk: &Desk, url: &'u str) -> Option<&'u str> {
    let base = url.strip_suffix(desk.own_path(url)?)?;
    inbox_token(base, url)
}

/// The destination that an event's callback goes to; none if there is no callback.
fn address(desk: &Desk, event: &Outgoing) -> Option<String> {
    let url = event
        .callback_url
        .as_ref()
        .filter(|_| event.key.is_some() && event.trick.as_deref() != Some("none"))?;
    // Inboxes share this server's address, but one that fails is nothing to the others.
    if let Some(token) = stored_inbox_token(desk, url) {
        return Some(format!("{}/inbox/{token}", desk.public_url));
    }
    // An address that cannot be read is refused by the first attempt, and logged there.
    Some(Url::parse(url).map(|url| outbound::destination(&url)).unwrap_or_else(|_| url.clone()))
}

/// The deliveries of an event, yet without ids.
fn deliveries_of(event: &Outgoing, destination: i64, real_now: Timestamp) -> Vec<Delivery> {
    let (Some(url), Some(key)) = (&event.callback_url, event.key) else { return Vec::new() };
    let (times, delay_ms) = match event.trick.as_deref() {
        Some("twice") => (2, 0),
        Some("late") => (1, LATE_TRICK_MS),
        _ => (1, 0),
    };
    let delivery = Delivery {
        id: DeliveryId(0),
        scope: event.scope,
        event: event.id,
        key,
        job: event.job,
        destination,
        url: url.clone(),
        trick: event.trick.clone(),
        state: "waiting".to_owned(),
        attempts: 0,
        run_at: real_now.plus_ms(delay_ms),
        created_at: event.created_at,
    };
    vec![delivery; times]
}

/// Writes new deliveries; their destinations expect the first of them.
fn insert(tx: &mut Tx<'_>, mut made: Vec<Delivery>, real_now: Timestamp) -> Result<(), Error> {
    if made.is_empty() {
        return Ok(());
    }
    let ids = tx.reserve_ids("delivery", made.len())?;
    let mut due = BTreeMap::<i64, Timestamp>::new();
    for (id, delivery) in ids.into_iter().zip(&mut made) {
        delivery.id = DeliveryId(id);
        due.entry(delivery.destination)
            .and_modify(|due| *due = (*due).min(delivery.run_at))
            .or_insert(delivery.run_at);
    }
    for (destination, due) in due {
        destinations::expect(tx, destination, due, real_now)?;
    }
    Ok(deliveries::insert_all(tx, &made)?)
}

/// A callback ready to be sent.
#[derive(Debug)]
pub struct Prepared {
    /// The delivery it belongs to.
    pub delivery: Delivery,
    /// The full address as given.
    pub url: String,
    /// Headers but the content type.
    pub headers: Vec<(String, String)>,
    /// The content type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// The event's type, for the inbox.
    pub event: String,
}

/// Builds the request of a delivery. `None`: the event or key is gone.
pub fn prepare(
    tx: &mut Tx<'_>,
    desk: &Desk,
    delivery: Delivery,
    real_now: Timestamp,
) -> Result<Option<Prepared>, Error> {
    let Some(event) = events::find(tx, delivery.scope, delivery.event)? else { return Ok(None) };
    // The event's own: whoever gets it a second time can tell.
    let message = format!("evt_{}", event.id);
    build(tx, desk, delivery, event, message, real_now)
}

/// The secret that a key's callbacks are signed with, as its receiver needs it: `whsec_…`. Contract: api-v2 8.
pub fn webhook_secret(desk: &Desk, key: &keys::Key) -> Result<String, Error> {
    secrets::unseal(&desk.secret, &key.webhook_secret)
}

fn build(
    tx: &mut Tx<'_>,
    desk: &Desk,
    delivery: Delivery,
    event: Event,
    message: String,
    real_now: Timestamp,
) -> Result<Option<Prepared>, Error> {
    let Some(key) = keys::current(tx, delivery.scope, delivery.key)? else { return Ok(None) };
    let encoding = match key.callback_encoding.as_str() {
        "multipart" => Encoding::Multipart,
        "json" => Encoding::Json,
        _ => Encoding::Form,
    };
    let payload = event.payload.as_deref().unwrap_or("{}");
    let (content_type, mut body) = encode(encoding, look::member_of(&event.kind), payload);
    if delivery.trick.as_deref() == Some(CallbackTrick::Garbled.code()) {
        body.truncate(body.len() / 2);
    }
    let retiring = keys::retiring_secrets(tx, &key, real_now)?;
    let retiring = retiring.iter().map(|sealed| secrets::unseal(&desk.secret, sealed));
    let valid = std::iter::once(webhook_secret(desk, &key)).chain(retiring).collect::<Result<Vec<_>, _>>()?;
    let timestamp = real_now.seconds();
    let signature = outbound::signature::sign_all(&valid, &message, timestamp, &body)
        .map_err(|error| Error::Broken(format!("webhook secret of key {}: {error}", key.id)))?;
    let headers = vec![
        ("webhook-id".to_owned(), message),
        ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ("webhook-signature".to_owned(), signature),
        ("Honyaku-Event".to_owned(), event.kind.clone()),
        ("Honyaku-Sequence".to_owned(), event.sequence.to_string()),
        ("Honyaku-Environment".to_owned(), event.scope.environment.code().to_owned()),
    ];
    Ok(Some(Prepared { url: delivery.url.clone(), delivery, headers, content_type, body, event: event.kind }))
}

/// A callback that the sandbox's controls ask for.
pub struct ByHand {
    /// About this job.
    pub job: JobId,
    /// `job`, as it is now, or `comment`.
    pub event: String,
    /// Which comment; none is the last.
    pub comment: Option<CommentId>,
    /// Where it goes; none is the job's or key's address.
    pub url: Option<String>,
    /// By whose rules.
    pub key: KeyId,
}

/// Builds a callback that is sent once, outside the schedule.
pub fn by_hand(
    tx: &mut Tx<'_>,
    ctx: &Context,
    desk: &Desk,
    asked: ByHand,
    real_now: Timestamp,
) -> Result<Prepared, Error> {
    let job = jobs::find(tx, ctx.scope, asked.job)?.ok_or_else(|| look::no_such_job(asked.job))?;
    let key = keys::current(tx, ctx.scope, job.key.unwrap_or(asked.key))?;
    let url = asked.url.or_else(|| job.callback_url.clone()).or_else(|| key.and_then(|key| key.callback_url));
    let url = url.ok_or_else(|| {
        Error::Fault(Fault::new(1601, "neither job nor key has an address for callbacks: send url").of("url"))
    })?;
    let (kind, payload) = if asked.event == "comment" {
        let thread = store::threads::of(tx, ctx.scope, store::threads::Subject::Job(job.id))?;
        let wanted = thread.iter().rev().find(|comment| asked.comment.is_none_or(|id| comment.id == id));
        let comment = wanted.ok_or_else(|| {
            let text = format!("job {} has no such comment", job.id);
            Error::Fault(Fault::new(1352, text).of("comment_id"))
        })?;
        ("comment.created", crate::payload::comment_for_callback(comment, job.custom_data.as_deref())?)
    } else {
        ("job.sent_by_hand", crate::payload::job_for_callback(tx, ctx, &job)?)
    };
    let event = Event {
        id: EventId(0),
        scope: ctx.scope,
        kind: kind.to_owned(),
        actor: ctx.actor.code().to_owned(),
        order: None,
        job: Some(job.id),
        comment: None,
        sequence: job.events,
        status_from: None,
        status_to: None,
        payload: Some(payload.to_string()),
        outbox: false,
        key: job.key,
        callback_url: Some(url.clone()),
        trick: None,
        created_at: ctx.now,
    };
    let delivery = Delivery {
        id: DeliveryId(0),
        scope: ctx.scope,
        event: event.id,
        key: job.key.unwrap_or(asked.key),
        job: Some(job.id),
        destination: 0,
        url,
        trick: None,
        state: "waiting".to_owned(),
        attempts: 0,
        run_at: real_now,
        created_at: ctx.now,
    };
    // Each one sent by hand is a message of its own.
    let message = format!("evt_{}", secrets::letters(24)?);
    build(tx, desk, delivery, event, message, real_now)?
        .ok_or_else(|| Error::Broken("the calling key is gone".into()))
}

/// Whose lock is taken to write what came of an attempt. A sandbox's clock may be moved meanwhile; a
/// live environment has no such clock, and its orders need not wait for callbacks.
pub fn lock_of(delivery: &Delivery) -> Option<Scope> {
    Some(delivery.scope).filter(|scope| scope.is_sandbox())
}

fn context(
    tx: &mut Tx<'_>,
    desk: &Arc<Desk>,
    delivery: &Delivery,
    real_now: Timestamp,
) -> Result<Context, Error> {
    let desk = Arc::clone(desk);
    match lock_of(delivery) {
        Some(scope) => Context::open(tx, desk, scope, Actor::System, real_now),
        None => Ok(Context::live(desk, delivery.scope.account, Actor::System, real_now)),
    }
}

/// A delivery whose event is gone is not sent. Locks as `conclude` does.
pub fn drop_delivery(
    tx: &mut Tx<'_>,
    desk: &Arc<Desk>,
    delivery: &Delivery,
    last: bool,
    real_now: Timestamp,
) -> Result<(), Error> {
    let ctx = context(tx, desk, delivery, real_now)?;
    if last {
        destinations::failures_locked(tx, delivery.destination)?;
    }
    let attempt = Attempt {
        started_at: ctx.now,
        took_ms: 0,
        status: None,
        error: Some("the event or its key is gone".into()),
        answer: None,
    };
    deliveries::record_attempt(tx, delivery, &attempt, "dead", real_now)?;
    Ok(())
}

/// Writes what came of an attempt: delivered, to be tried again, or given up. If it was the `last` of a turn, which
/// this transaction will end, the destination is locked.
pub fn conclude(
    tx: &mut Tx<'_>,
    desk: &Arc<Desk>,
    delivery: &Delivery,
    outcome: &Outcome,
    random: f64,
    last: bool,
    real_now: Timestamp,
) -> Result<(), Error> {
    let ctx = context(tx, desk, delivery, real_now)?;
    let made = u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX);
    let next = schedule::next(made, random).map(|ms| ctx.real(delivery.created_at.plus_ms(ms)));
    // After an outage many attempts may be overdue at once: keep the shortest gap between them.
    let next = next.map(|at| at.max(real_now.plus_ms(schedule::SHORTEST_GAP_MS / 2)));
    let (state, run_at) = match next {
        _ if outcome.delivered() => ("delivered", real_now),
        Some(at) if !outcome.gone() => ("waiting", at),
        _ => ("dead", real_now),
    };
    // The destination before the delivery, as everywhere, so that nobody waits for each other.
    if last {
        destinations::failures_locked(tx, delivery.destination)?;
    }
    let standing = Standing::after(outcome);
    if outcome.delivered() {
        destinations::works(tx, delivery.destination, standing.code())?;
    } else {
        count_failure(tx, &ctx, delivery.destination, standing)?;
    }
    deliveries::record_attempt(tx, delivery, &attempt_of(&ctx, outcome), state, run_at)?;
    Ok(())
}

/// The destination failed once more. After days of failures it is paused, and its owner told.
fn count_failure(tx: &mut Tx<'_>, ctx: &Context, destination: i64, standing: Standing) -> Result<(), Error> {
    let (failures, since) = destinations::failed(tx, destination, standing.code(), ctx.real_now)?;
    let failures = u32::try_from(failures).unwrap_or(u32::MAX);
    if schedule::is_dead(failures, since.0, ctx.real_now.0) && destinations::pause(tx, destination)? {
        crate::mail::destination_paused(tx, ctx, destination)?;
        tracing::warn!(destination, account = ctx.scope.account.0, "paused after days of failures");
    }
    Ok(())
}

/// A destination whose turn begins, and what it gets in it.
#[derive(Debug)]
pub struct Begun {
    /// Its id.
    pub destination: i64,
    /// On lease.
    pub deliveries: Vec<Delivery>,
}

/// Destinations of a standing that are due have their turn, at most `limit` of them. Until the lease ends they and
/// their deliveries are nobody else's.
pub fn begin_turns(
    tx: &mut Tx<'_>,
    standing: Standing,
    real_now: Timestamp,
    lease_ms: i64,
    limit: usize,
) -> Result<Vec<Begun>, Error> {
    let until = real_now.plus_ms(lease_ms);
    let mut begun = Vec::new();
    for destination in destinations::take(tx, standing.code(), real_now, until, limit as i64)? {
        let deliveries = deliveries::lease(tx, destination, real_now, lease_ms, standing.width() as i64)?;
        if deliveries.is_empty() {
            end_turn(tx, destination, real_now)?;
        } else {
            begun.push(Begun { destination, deliveries });
        }
    }
    Ok(begun)
}

/// After a destination's turn: when it is due again.
pub fn end_turn(tx: &mut Tx<'_>, destination: i64, real_now: Timestamp) -> Result<(), Error> {
    // Locked first: a delivery that is being made for it is waited for, and then seen.
    let failures = destinations::failures_locked(tx, destination)?;
    let pause_ms = schedule::pause_ms(u32::try_from(failures).unwrap_or(u32::MAX));
    Ok(destinations::end_turn(tx, destination, real_now.plus_ms(pause_ms))?)
}

/// After a delivery that was sent apart from a turn, as the test clock does: a turn that is under way will see
/// what is left.
pub fn sent_apart(tx: &mut Tx<'_>, destination: i64, real_now: Timestamp) -> Result<(), Error> {
    if destinations::is_in_turn(tx, destination, real_now)? {
        return Ok(());
    }
    end_turn(tx, destination, real_now)
}

/// Resumes the paused destinations that the account's callbacks wait for, or the one that is
/// named, and sends what was held back. The destinations that were resumed. Contract: api-v2 8.
pub fn resume(tx: &mut Tx<'_>, ctx: &Context, destination: Option<&str>) -> Result<Vec<String>, Error> {
    let mut paused = destinations::paused(tx, ctx.scope)?;
    if let Some(wanted) = destination {
        paused.retain(|paused| paused.address == wanted);
        if paused.is_empty() {
            let text = "no callbacks of this account wait for a paused destination of this name; \
                GET account/callbacks lists them under paused";
            return Err(Fault::new(1352, text).of("destination").into());
        }
    }
    for paused in &paused {
        destinations::resume(tx, ctx.scope, paused, ctx.real_now)?;
    }
    Ok(paused.into_iter().map(|paused| paused.address).collect())
}

/// Sends the scope's callbacks from one id to another again: the first `most` of them, so that a
/// long range is many transactions. Those that are sent again, the lowest first.
pub fn resend(
    tx: &mut Tx<'_>,
    ctx: &Context,
    first: DeliveryId,
    last: DeliveryId,
    most: i64,
) -> Result<Vec<DeliveryId>, Error> {
    let ids = deliveries::ids_between(tx, ctx.scope, first, last, most)?;
    for id in &ids {
        deliveries::resend(tx, ctx.scope, *id, ctx.real_now)?;
    }
    Ok(ids)
}

fn attempt_of(ctx: &Context, outcome: &Outcome) -> Attempt {
    let (status, error) = match &outcome.result {
        outbound::Ending::Answered { status } => (Some(i64::from(*status)), None),
        outbound::Ending::Failed { kind, text } => (None, Some(format!("{}: {text}", kind.code()))),
    };
    Attempt {
        started_at: ctx.now,
        took_ms: i64::try_from(outcome.took_ms).unwrap_or(i64::MAX),
        status,
        error,
        answer: (!outcome.answer.is_empty())
            .then(|| String::from_utf8_lossy(&outcome.answer).replace('\0', "\u{fffd}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_inboxes_are_handed_over() {
        let own = "http://127.0.0.1:8080";
        assert_eq!(inbox_token(own, "http://127.0.0.1:8080/inbox/abcDEF23"), Some("abcDEF23"));
        for other in [
            "http://127.0.0.1:8081/inbox/abc",
            "http://127.0.0.1:8080/inbox/",
            "http://127.0.0.1:8080/inbox/a/b",
            "http://127.0.0.1:8080.example.com/inbox/abc",
            "http://127.0.0.1:8080/other/abc",
        ] {
            assert_eq!(inbox_token(own, other), None, "{other}");
        }
    }
}

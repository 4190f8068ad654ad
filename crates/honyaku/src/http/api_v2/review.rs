//! The customer's actions on jobs: reading them, and running one on many jobs, all or none.
//! Contract: api-v2 6.2 and 6.3.

use super::fields::{self, fault};
use crate::http::call::Call;
use crate::http::failure::Failure;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::JobId;
use domain::job::Status;
use domain::language;
use domain::review::{FollowUp, Reason};
use domain::same_text;
use domain::tier::Tier;
use serde_json::{Value, json};
use service::reject::{self, Outcome};
use service::{Context, Error, captcha, review};
use std::collections::HashSet;
use std::sync::Mutex;
use store::jobs::{find, newest_with_text};
use store::reviews::Feedback;
use store::sql::Tx;
use wire::field::{entries, given};
use wire::json::{Json, Object, shown};
use wire::params::DataOutcome;

/// The limit of comments also holds for what reviews say.
const COMMENT_CHARS: usize = domain::limits::COMMENT_CHARS;
const ACTIONS: &str = "approve, revise, reject, archive, purchase";

/// An action with its fields.
#[derive(Clone, Debug)]
pub enum Action {
    /// Accept.
    Approve(Feedback),
    /// Ask for corrections.
    Revise(String),
    /// Refuse.
    Reject(reject::Request),
    /// Hide.
    Archive,
    /// Buy.
    Purchase,
}

impl Action {
    /// The statuses from which the action is possible, to find a job by its text.
    fn possible_from(name: &str) -> &'static [Status] {
        match name {
            "archive" => &[Status::Approved, Status::Rejected, Status::Canceled],
            "purchase" => &[Status::Unpaid],
            _ => &[Status::Reviewable],
        }
    }

    /// Reads the fields of an action; the outer comment serves items without one.
    pub fn read(name: &str, own: &Object, outer: &Object) -> Result<Self, Fault> {
        let layers = fields::Layers { own, order: outer };
        match name {
            "approve" => feedback(own).map(Self::Approve),
            "revise" => required_comment(layers.get("comment")).map(Self::Revise),
            "reject" => rejection(own, &layers).map(Self::Reject),
            "archive" => Ok(Self::Archive),
            "purchase" => Ok(Self::Purchase),
            _ => Err(unknown_action(Some(&Json::String(name.to_owned())))),
        }
    }

    /// Does it. A wrong captcha is noted for the caller, who replaces it.
    pub fn run(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Context,
        id: JobId,
        wrong_captcha: &Mutex<Option<JobId>>,
    ) -> Result<(), Error> {
        match self {
            Self::Approve(feedback) => review::approve(tx, ctx, id, feedback),
            Self::Revise(comment) => review::revise(tx, ctx, id, comment),
            Self::Archive => review::archive(tx, ctx, id),
            Self::Purchase => review::purchase(tx, ctx, id),
            Self::Reject(request) => match reject::reject(tx, ctx, id, request)? {
                Outcome::Rejected => Ok(()),
                Outcome::WrongCaptcha => {
                    if let Ok(mut noted) = wrong_captcha.lock() {
                        noted.get_or_insert(id);
                    }
                    Err(Error::fault(2401, "the text does not match the picture"))
                }
            },
        }
    }
}

/// The name of the action; `reason` without one is a rejection.
pub fn name_of(data: &Object) -> Result<String, Fault> {
    match given(data.get("action")) {
        Some(Json::String(name)) if ACTIONS.split(", ").any(|known| known == name) => Ok(name.clone()),
        None if given(data.get("reason")).is_some() => Ok("reject".to_owned()),
        other => Err(unknown_action(other)),
    }
}

fn unknown_action(value: Option<&Json>) -> Fault {
    let what = value.map_or("is missing".to_owned(), |value| format!("{} is unknown", shown(value)));
    fault(1352, "action", format!("{what}: send one of {ACTIONS}"))
}

fn required_comment(value: Option<&Json>) -> Result<String, Fault> {
    let comment = fields::text(value, "comment", 1351, COMMENT_CHARS)?;
    match comment {
        Some(comment) if !comment.trim().is_empty() => Ok(comment),
        _ => Err(Fault::new(2300, "say what is to be changed or what is wrong").of("comment")),
    }
}

fn rejection(own: &Object, layers: &fields::Layers<'_>) -> Result<reject::Request, Fault> {
    let reasons = "send one of quality, incomplete, other";
    let reason = match given(layers.get("reason")) {
        None => Err(Fault::new(2350, reasons).of("reason")),
        Some(Json::String(text)) => Reason::parse(text).ok_or_else(|| {
            fault(2350, "reason", format!("{} is unknown: {reasons}", wire::json::shown_text(text)))
        }),
        Some(other) => Err(fault(2350, "reason", format!("{} is unknown: {reasons}", shown(other)))),
    }?;
    let comment = required_comment(layers.get("comment"))?;
    let captcha = fields::text(own.get("captcha"), "captcha", 2401, 100)?;
    let follow_up = match given(layers.get("follow_up")) {
        None => FollowUp::Requeue,
        Some(value) => {
            let parsed = match value {
                Json::String(text) => FollowUp::parse(text),
                _ => None,
            };
            parsed.ok_or_else(|| {
                fault(2450, "follow_up", format!("{} is unknown: send requeue or cancel", shown(value)))
            })?
        }
    };
    Ok(reject::Request { reason, comment, captcha, follow_up, captcha_required: false })
}

fn feedback(own: &Object) -> Result<Feedback, Fault> {
    let [time, quality, response] =
        ["rating_time", "rating_quality", "rating_response"].map(|name| rating(own, name));
    let (time, quality, response) = (time?, quality?, response?);
    let parts: Vec<i64> = [time, quality, response].into_iter().flatten().collect();
    let mean = (!parts.is_empty()).then(|| {
        let (sum, count) = (parts.iter().sum::<i64>(), parts.len() as i64);
        (2 * sum + count) / (2 * count)
    });
    let rating = rating(own, "rating")?.or(mean);
    let note =
        |name: &str| fields::text(own.get(name), name, 1351, COMMENT_CHARS).map(Option::unwrap_or_default);
    Ok(Feedback {
        rating,
        rating_time: time,
        rating_quality: quality,
        rating_response: response,
        for_translator: note("for_translator")?,
        for_staff: note("for_mygengo")?,
        is_public: fields::boolean(own.get("public"), "public", 2503)?.unwrap_or(false),
    })
}

/// 1 to 5; 0 is not given. Decimals as some clients send them (`4.0`) are accepted.
fn rating(own: &Object, name: &str) -> Result<Option<i64>, Fault> {
    let text = wire::field::decimal_text(own.get(name))
        .map_err(|found| fault(2501, name, format!("{}: send a number from 1 to 5", found.shown)))?;
    let Some(text) = text else { return Ok(None) };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = match whole.parse() {
        Ok(number) if decimals.bytes().all(|digit| digit == b'0') => number,
        _ => -1,
    };
    match number {
        0 => Ok(None),
        1..=5 => Ok(Some(number)),
        _ => Err(fault(
            2502,
            name,
            format!("{} is outside: send 1, 2, 3, 4 or 5", wire::json::shown_text(text)),
        )),
    }
}

/// One of the jobs of a bulk action.
#[derive(Clone, Debug)]
pub enum Item {
    /// By its id; what came is kept for messages.
    Id(String, Option<JobId>),
    /// By its text: the newest job with it that allows the action.
    Text {
        /// What lazy loading would look for. A `pro` job may have been edited too, which its
        /// answers do not say in `tier`.
        text_keys: Vec<[u8; 32]>,
        /// What its answer says.
        tier: Tier,
        /// The beginning of the text.
        shown: String,
    },
}

/// The items in `job_ids`, each with its own members.
pub fn items(data: &DataOutcome, most: usize) -> Result<Vec<(Item, Object)>, Fault> {
    let name = "job_ids";
    let mut items = Vec::new();
    for value in data.all(name) {
        match value {
            Json::String(text) => {
                items.extend(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(by_id));
            }
            Json::List(_) | Json::Object(_) => {
                let all = entries(Some(value)).map_err(|found| fault(2050, name, found))?.unwrap_or_default();
                for (_, element) in all {
                    items.push(item(element)?);
                }
            }
            Json::Null => {}
            other => items.push(item(other)?),
        }
    }
    // A job that is named twice is meant once.
    let mut named = HashSet::new();
    items.retain(|(item, _)| !matches!(item, Item::Id(_, Some(id)) if !named.insert(*id)));
    if items.is_empty() {
        return Err(Fault::new(2050, "send job_ids: a list of ids").of(name));
    }
    if items.len() > most {
        return Err(fault(
            1352,
            name,
            format!("has {} elements; at most {most} are accepted a call", items.len()),
        ));
    }
    Ok(items)
}

fn by_id(text: &str) -> (Item, Object) {
    let id = crate::http::call::id(text).map(JobId);
    let shown = if id.is_some() { text.to_owned() } else { wire::json::shown_text(text) };
    (Item::Id(shown, id), Object::default())
}

fn item(value: &Json) -> Result<(Item, Object), Fault> {
    match value {
        Json::String(text) | Json::Number(text) => Ok(by_id(text)),
        Json::Object(own) => match given(own.get("job_id")) {
            Some(Json::String(text) | Json::Number(text)) => Ok((by_id(text).0, own.clone())),
            _ => Ok((by_text(own)?, own.clone())),
        },
        other => Err(fault(2050, "job_ids", format!("{} is no job: send an id", shown(other)))),
    }
}

fn by_text(own: &Object) -> Result<Item, Fault> {
    let member = |name: &str| match given(own.get(name)) {
        Some(Json::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let found = (|| {
        let source = language::find(member("lc_src")?)?;
        let target = language::find(member("lc_tgt")?)?;
        let tier = Tier::parse(member("tier")?)?;
        let text = member("body_src")?;
        let edited = (tier == Tier::Pro).then_some(Tier::Ultra);
        let key = |tier| same_text::key(source.code, target.code, tier, text);
        let text_keys = [Some(tier), edited].into_iter().flatten().map(key).collect();
        Some(Item::Text { text_keys, tier, shown: wire::json::shown_text(text) })
    })();
    found.ok_or_else(|| {
        Fault::new(2050, "an element has neither job_id nor body_src, lc_src, lc_tgt and tier").of("job_ids")
    })
}

/// Runs a step on every item. One that fails makes all of them undone: the first in the
/// order sent speaks for the call, and each is listed with what is wrong with it.
pub fn all_or_none(
    tx: &mut Tx<'_>,
    ctx: &Context,
    items: &[(Item, Object)],
    possible_from: &[Status],
    mut step: impl FnMut(&mut Tx<'_>, &Context, &Object, JobId) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut failed: Vec<(String, Vec<Fault>)> = Vec::new();
    for (item, own) in items {
        let (shown, found) = match item {
            Item::Id(text, id) => (text.clone(), *id),
            Item::Text { text_keys, tier, shown } => {
                let mut newest = None;
                for key in text_keys {
                    newest = newest.max(newest_with_text(tx, ctx.scope, key, *tier, possible_from)?);
                }
                (shown.clone(), newest)
            }
        };
        // The id is checked before the action's fields.
        let found = match found {
            Some(id) => find(tx, ctx.scope, id)?.map(|job| job.id),
            None => None,
        };
        let result = match found {
            Some(id) => step(tx, ctx, own, id),
            None => Err(service::look::no_such_job(&shown)),
        };
        match result {
            Ok(()) => {}
            Err(Error::Fault(fault)) => failed.push((shown, vec![fault])),
            Err(other) => return Err(other),
        }
    }
    match failed.first().and_then(|(_, faults)| faults.first()).cloned() {
        None => Ok(()),
        Some(first) => Err(Error::Bulk { first, jobs: failed }),
    }
}

/// An action on many jobs.
pub struct Bulk {
    name: String,
    outer: Object,
    items: Vec<(Item, Object)>,
}

impl Bulk {
    /// Reads `PUT translate/jobs`.
    pub fn read(data: &DataOutcome, most: usize) -> Result<Self, Fault> {
        let name = name_of(&data.object)?;
        let items = items(data, most)?;
        let mut outer = data.object.clone();
        outer.remove("job_ids");
        Ok(Self { name, outer, items })
    }

    /// Does it, all or nothing.
    pub fn run(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Context,
        wrong_captcha: &Mutex<Option<JobId>>,
    ) -> Result<Value, Error> {
        let from = Action::possible_from(&self.name);
        all_or_none(tx, ctx, &self.items, from, |tx, ctx, own, id| {
            let own = if own.is_empty() { &self.outer } else { own };
            Action::read(&self.name, own, &self.outer)?.run(tx, ctx, id, wrong_captcha)
        })?;
        Ok(json!({}))
    }
}

/// Replaces the captcha of a job after a wrong answer; the refusal with the new picture.
pub async fn replace_captcha(call: &Call, job: JobId) -> Failure {
    let replaced = call.run(Actor::CustomerApi, move |tx, ctx| captcha::replace(tx, ctx, job)).await;
    match replaced {
        Ok(error) => Failure::from_service(error, call.origin()),
        Err(failure) => failure,
    }
}

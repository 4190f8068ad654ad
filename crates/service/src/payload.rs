//! What a job, a comment or an order looks like to a client.
//!
//! The service writes it because an event freezes it in the transaction of the change;
//! answers use the same. Contract: api-v2 4.2 and 8.

use crate::context::{Context, Desk};
use crate::error::Error;
use crate::{captcha, estimate};
use domain::ids::JobId;
use domain::job::Status;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use store::jobs::Job;
use store::reviews;
use store::sql::Tx;
use store::threads::{Comment, Subject};

/// A job's payload, its members in the contract's order.
pub fn job(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Value, Error> {
    let beside = Beside::of(tx, ctx, [job])?;
    beside.payload(tx, ctx, job)
}

/// The payloads of several jobs.
pub fn jobs(tx: &mut Tx<'_>, ctx: &Context, jobs: &[Job]) -> Result<Vec<Value>, Error> {
    let beside = Beside::of(tx, ctx, jobs)?;
    jobs.iter().map(|job| beside.payload(tx, ctx, job)).collect()
}

/// What belongs to jobs and lies in other tables.
pub struct Beside {
    captcha_urls: HashMap<JobId, String>,
    /// Job and round of rejections found unfair.
    unfair: HashSet<(JobId, i64)>,
}

impl Beside {
    /// Reads it, in few questions to the database.
    pub fn of<'j>(
        tx: &mut Tx<'_>,
        ctx: &Context,
        jobs: impl IntoIterator<Item = &'j Job>,
    ) -> Result<Self, Error> {
        let jobs: Vec<&Job> = jobs.into_iter().collect();
        let ids = |wanted: fn(&Job) -> bool| -> Vec<JobId> {
            jobs.iter().filter(|job| wanted(job)).map(|job| job.id).collect()
        };
        let reviewable = ids(|job| job.status == Status::Reviewable);
        let rejected = ids(|job| shown_status(job) == Status::Rejected);
        Ok(Self {
            captcha_urls: captcha::current_urls(tx, ctx, &reviewable)?,
            unfair: reviews::unfair(tx, ctx.scope, &rejected)?,
        })
    }

    /// The payload of one of the jobs.
    pub fn payload(&self, tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Value, Error> {
        let eta = estimate::eta_s(tx, ctx, job)?;
        let mut payload = required(job, eta);
        self.add_optional(ctx, job, &mut payload)?;
        Ok(Value::Object(payload))
    }

    fn add_optional(&self, ctx: &Context, job: &Job, payload: &mut Map<String, Value>) -> Result<(), Error> {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                payload.insert(name.to_owned(), value);
            }
        };
        put("body_tgt", self.visible_translation(job).map(Value::from));
        put("callback_url", job.callback_url.clone().map(Value::from));
        put("custom_data", job.custom_data.clone().map(Value::from));
        put("captcha_url", self.captcha_urls.get(&job.id).cloned().map(Value::from));
        if matches!(job.status, Status::Reviewable | Status::Approved) {
            put("preview_url", Some(json!(captcha::preview_url(ctx, job.id))));
        }
        put("glossary_id", job.glossary.map(|id| json!(id.0)));
        put("position", job.position.filter(|_| job.group.is_some()).map(Value::from));
        put("group_id", job.group.map(|id| json!(id.to_string())));
        put("purpose", job.purpose.clone().map(Value::from));
        put("tone", job.tone.clone().map(Value::from));
        put("max_chars", job.max_chars.map(Value::from));
        put("services", job.edit.then(|| json!(["translation", "edit"])));
        put("attachments", attachments(job.attachments.as_deref())?);
        Ok(())
    }

    /// The translation, if the customer may see it in this status.
    fn visible_translation(&self, job: &Job) -> Option<String> {
        let visible = match shown_status(job) {
            Status::Reviewable | Status::Revising | Status::Approved => true,
            Status::Rejected => self.unfair.contains(&(job.id, job.round)),
            _ => false,
        };
        job.body_tgt.clone().filter(|_| visible)
    }
}

/// A held job's is where it stood before.
fn shown_status(job: &Job) -> Status {
    job.held_from.unwrap_or(job.status)
}

/// A job's payload as a callback says it: with its unit type.
pub fn job_for_callback(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Value, Error> {
    let mut payload = self::job(tx, ctx, job)?;
    payload["unit_type"] = json!(estimate::unit_type(&job.lc_src).code());
    Ok(payload)
}

/// The most members that a job has.
const MEMBERS: usize = 28;

fn required(job: &Job, eta: i64) -> Map<String, Value> {
    let mut members = Map::with_capacity(MEMBERS);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("job_id", job.id.to_string().into());
    put("order_id", job.order.to_string().into());
    put("slug", job.slug.clone().into());
    put("body_src", job.body_src.clone().into());
    put("lc_src", job.lc_src.clone().into());
    put("lc_tgt", job.lc_tgt.clone().into());
    put("unit_count", job.unit_count.to_string().into());
    put("tier", job.tier.code().into());
    put("credits", job.price.to_string().into());
    put("currency", job.price.currency().code().into());
    put("status", job.status.code().into());
    put("eta", eta.into());
    put("ctime", job.created_at.seconds().into());
    put("auto_approve", if job.auto_approve { "1" } else { "0" }.into());
    members
}

fn attachments(text: Option<&str>) -> Result<Option<Value>, Error> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|error| Error::Broken(format!("stored attachments: {error}")))
}

/// Files are where the server is now.
fn moved(mut attachments: Value, desk: &Desk) -> Value {
    for attachment in attachments.as_array_mut().into_iter().flatten() {
        if let Some(url) = attachment.get("url").and_then(Value::as_str) {
            attachment["url"] = json!(desk.as_now(url));
        }
    }
    attachments
}

/// A comment in a thread.
pub fn comment(desk: &Desk, comment: &Comment) -> Result<Value, Error> {
    let mut payload = json!({
        "body": comment.body,
        "author": comment.author,
        "ctime": comment.created_at.seconds(),
    });
    if let Some(attachments) = attachments(comment.attachments.as_deref())? {
        payload["attachments"] = moved(attachments, desk);
    }
    Ok(payload)
}

/// A comment as a callback says it: `ctime` is a string there, as recorded.
pub fn comment_for_callback(comment: &Comment, custom_data: Option<&str>) -> Result<Value, Error> {
    let mut payload = match comment.subject {
        Subject::Job(id) => json!({ "job_id": id.to_string() }),
        Subject::Order(id) => json!({ "order_id": id.to_string() }),
    };
    payload["body"] = json!(comment.body);
    payload["author"] = json!(comment.author);
    payload["ctime"] = json!(comment.created_at.seconds().to_string());
    if let Some(custom_data) = custom_data {
        payload["custom_data"] = json!(custom_data);
    }
    if let Some(attachments) = attachments(comment.attachments.as_deref())? {
        payload["attachments"] = attachments;
    }
    Ok(payload)
}

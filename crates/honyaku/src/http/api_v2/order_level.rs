//! The members of an order beside its jobs, and the jobs themselves: `data` of
//! `POST translate/jobs`. Clients leave order-level members beside `jobs` or inside it.

use super::fields::{self, fault};
use super::submission::{self, Rules};
use domain::fault::Fault;
use service::Error;
use service::draft::Request;
use wire::field::given;
use wire::json::{Json, Object, shown};

/// Members that belong to the order, wherever they stand.
const ORDER_LEVEL: &[&str] = &[
    "as_group",
    "allow_fork",
    "process",
    "comment",
    "attachments",
    "url_attachments",
    "reference_id",
    "tone",
    "purpose",
    "glossary_id",
    "callback_url",
    "auto_approve",
    "use_preferred",
    "dry_run",
];

/// The jobs of a call with their keys, and the order-level members.
pub struct Sent {
    /// Jobs in the order sent. What is neither a job nor an order-level member is a fault under
    /// its key.
    pub jobs: Vec<(String, Result<Object, Fault>)>,
    /// Order-level members from both places; beside `jobs` wins.
    pub order: Object,
}

/// Tells jobs from order-level members. Takes the data: a large order is not held twice.
pub fn sort(mut data: Object, most: usize) -> Result<Sent, Fault> {
    let name = "jobs";
    let missing = || Fault::new(1800, "send jobs: an object or array of job objects").of(name);
    let jobs = data.remove(name);
    given(jobs.as_ref()).ok_or_else(missing)?;
    let all: Vec<(String, Json)> = match jobs {
        Some(Json::Object(members)) => members.into_iter().collect(),
        Some(Json::List(elements)) => {
            elements.into_iter().enumerate().map(|(index, job)| (index.to_string(), job)).collect()
        }
        Some(other) => {
            return Err(fault(
                1800,
                name,
                format!("{} is neither an object nor an array of jobs", shown(&other)),
            ));
        }
        None => Vec::new(),
    };
    let mut sent = Sent { jobs: Vec::new(), order: Object::default() };
    let mut inside = Vec::new();
    for (key, value) in all {
        match value {
            Json::Object(job) => sent.jobs.push((key, Ok(job))),
            other if ORDER_LEVEL.contains(&key.as_str()) => inside.push((key, other)),
            other => {
                let text = format!(
                    "{} is no job: send an object with body_src, lc_src, lc_tgt, tier",
                    shown(&other)
                );
                sent.jobs.push((key, Err(Fault::new(1800, text))));
            }
        }
    }
    if sent.jobs.is_empty() {
        return Err(missing());
    }
    if sent.jobs.len() > most {
        let text = format!(
            "has {} jobs; at most {most} are accepted a call: send the rest in another call",
            sent.jobs.len()
        );
        return Err(fault(1800, name, text));
    }
    let beside: Object = data.into_iter().filter(|(name, _)| ORDER_LEVEL.contains(&name.as_str())).collect();
    sent.order = beside.or(inside.into_iter().collect());
    Ok(sent)
}

/// Reads the whole order. Order-level faults answer alone; then all faults of all jobs.
pub fn read(data: Object, rules: &Rules<'_>) -> Result<Request, Error> {
    let sent = sort(data, rules.limits.jobs_per_order)?;
    let mut request = order_level(&sent.order, rules)?;
    request.drafts = jobs(sent, rules)?;
    Ok(request)
}

/// Reads the jobs with the order-level members as their defaults.
pub fn jobs(sent: Sent, rules: &Rules<'_>) -> Result<Vec<service::draft::Draft>, Error> {
    let mut faults = Vec::new();
    let mut drafts = Vec::with_capacity(sent.jobs.len());
    for (key, job) in sent.jobs {
        let read = |job: Object| submission::read(key.clone(), job, &sent.order, rules);
        match job.map_err(|fault| vec![fault]).and_then(read) {
            Ok(draft) => drafts.push(draft),
            Err(found) => faults.push((key, found)),
        }
    }
    if faults.is_empty() { Ok(drafts) } else { Err(Error::Jobs(faults)) }
}

fn order_level(order: &Object, rules: &Rules<'_>) -> Result<Request, Fault> {
    let limits = rules.limits;
    let switch = |name: &str, code: u16| fields::boolean(order.get(name), name, code);
    let request = Request {
        drafts: Vec::new(),
        as_group: switch("as_group", 1851)?.unwrap_or(false),
        allow_fork: switch("allow_fork", 1852)?.unwrap_or(true),
        process: switch("process", 1901)?.unwrap_or(true),
        comment: fields::text(order.get("comment"), "comment", 1351, limits.comment_chars)?,
        attachments: fields::attachments(order, limits.attachments)?,
        reference_id: fields::text_or_number(
            order.get("reference_id"),
            "reference_id",
            1352,
            limits.reference_id_chars,
        )?,
        callback_url: fields::callback_url(order.get("callback_url"), "callback_url", rules.reach)?,
        dry_run: switch("dry_run", 1352)?.unwrap_or(false),
        identical: None,
    };
    switch("auto_approve", 1651)?;
    switch("use_preferred", 1701)?;
    fields::text(order.get("tone"), "tone", 2752, limits.tone_chars)?;
    fields::text(order.get("purpose"), "purpose", 2753, limits.purpose_chars)?;
    fields::integer(order.get("glossary_id"), "glossary_id", 1352)?;
    Ok(request)
}

//! Refusals on their way out: one place where an error becomes a code, a status and an
//! envelope. Contract: api-v2 3 and 7.

use super::answer::Answer;
use domain::error_code;
use domain::fault::Fault;
use serde_json::{Map, Value, json};
use service::Error;

/// An answer that says no.
#[derive(Debug)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// The member `err`.
    pub err: Value,
    /// Methods that the path allows, for 405.
    pub allow: Option<String>,
    /// The request's body was not read: nothing can follow on its connection.
    pub closes: bool,
    /// Seconds until it is worth trying again.
    pub retry_after_s: Option<u64>,
    /// What the log is to say; never shown.
    pub internal: Option<String>,
    /// Not a refusal at all: the answer that was given before.
    replay: Option<Box<store::replays::Stored>>,
}

impl Failure {
    fn plain(status: u16, err: Value) -> Self {
        Self { status, err, allow: None, closes: false, retry_after_s: None, internal: None, replay: None }
    }

    /// A refusal with one fault.
    pub fn of(fault: &Fault, origin: &str) -> Self {
        Self::plain(status_of(fault.code), single(fault, origin))
    }

    /// A refusal with a code and what exactly was wrong.
    pub fn new(code: u16, detail: impl Into<String>, origin: &str) -> Self {
        Self::of(&Fault::new(code, detail), origin)
    }

    /// An answer of the API's like any other, not one about the path.
    pub fn within_the_api(mut self) -> Self {
        self.status = 200;
        self
    }

    /// Too many requests.
    pub fn too_many(detail: &str, retry_after_s: u64, origin: &str) -> Self {
        let mut failure = Self::new(2800, detail, origin);
        failure.status = 429;
        failure.retry_after_s = Some(retry_after_s);
        failure
    }

    /// What a use case refused.
    pub fn from_service(error: Error, origin: &str) -> Self {
        match error {
            Error::Fault(fault) => Self::of(&fault, origin),
            Error::Jobs(jobs) => {
                let mut err = Map::new();
                for (key, faults) in jobs {
                    err.insert(key, faults.iter().map(entry).collect());
                }
                Self::plain(200, Value::Object(err))
            }
            Error::Bulk { first, jobs } => {
                let mut err = single(&first, origin);
                let by_id: Map<String, Value> =
                    jobs.into_iter().map(|(id, faults)| (id, faults.iter().map(entry).collect())).collect();
                err["jobs"] = Value::Object(by_id);
                Self::plain(200, err)
            }
            Error::Captcha { fault, captcha_url } => {
                let mut err = single(&fault, origin);
                err["captcha_url"] = json!(captcha_url);
                Self::plain(200, err)
            }
            Error::Replay(stored) => {
                let mut failure = Self::plain(200, json!({}));
                failure.replay = Some(Box::new(stored));
                failure
            }
            Error::Sql(error) if error.is_unavailable() => {
                let mut failure = Self::new(2800, "the database does not answer; try again shortly", origin);
                failure.retry_after_s = Some(5);
                failure.internal = Some(error.to_string());
                failure
            }
            error => Self::broken(error.to_string(), origin),
        }
    }

    /// Files cannot be kept or had now.
    pub fn without_files(error: &crate::contents::Unkept, origin: &str) -> Self {
        if let crate::contents::Unkept::Nowhere = error {
            return Self::of(&Fault::new(2010, error.to_string()).of("file_attachments"), origin);
        }
        let mut failure = Self::new(2800, "files cannot be kept or given out now; try again shortly", origin);
        failure.retry_after_s = Some(5);
        failure.internal = Some(error.to_string());
        failure
    }

    /// The answer that was given before, if this is one.
    pub fn replay(mut self) -> Result<Answer, Box<Self>> {
        match self.replay.take() {
            Some(stored) => Ok(Answer::Replayed { content_type: stored.content_type, bytes: stored.answer }),
            None => Err(Box::new(self)),
        }
    }

    /// A fault of the program. The details go to the log only.
    pub fn broken(internal: String, origin: &str) -> Self {
        let mut failure =
            Self::new(2800, "an internal fault; the request id is in Honyaku-Request-Id", origin);
        failure.status = 500;
        failure.internal = Some(internal);
        failure
    }
}

fn status_of(code: u16) -> u16 {
    error_code::find(code).map_or(200, |code| code.http_status)
}

/// `msg`: the code's own words, then what exactly was wrong.
pub fn message(fault: &Fault) -> String {
    match error_code::find(fault.code) {
        Some(code) if fault.detail.is_empty() => code.words.to_owned(),
        Some(code) => format!("{}: {}", code.words, fault.detail),
        None => fault.detail.clone(),
    }
}

fn entry(fault: &Fault) -> Value {
    let mut entry = json!({ "code": fault.code, "msg": message(fault) });
    if let Some(field) = &fault.field {
        entry["field"] = json!(field);
    }
    entry
}

fn single(fault: &Fault, origin: &str) -> Value {
    let mut err = entry(fault);
    err["help"] = json!(format!("{origin}/docs/en/errors#{}", fault.code));
    err
}

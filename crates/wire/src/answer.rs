//! Answers: the envelope, its two formats, and the shapes that old clients expect
//! (api-v2 3).

mod format;
mod map_rule;
mod numbers;
mod xml;

pub use format::Format;
pub use map_rule::keyed_as_sent;
pub use numbers::numbers_current;

use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
struct Success<'v> {
    opstat: &'static str,
    response: &'v Value,
}

#[derive(Serialize)]
struct Failure<'v> {
    opstat: &'static str,
    err: &'v Value,
}

/// The answer to a call that worked; `response` is `{}` when there is nothing to say.
pub fn encode_ok(response: &Value, format: Format) -> Vec<u8> {
    match format {
        Format::Json => json(&Success { opstat: "ok", response }),
        Format::Xml => xml::document("ok", "response", response),
    }
}

/// The answer to a call that failed; `err` is always an object.
pub fn encode_error(err: &Value, format: Format) -> Vec<u8> {
    match format {
        Format::Json => json(&Failure { opstat: "error", err }),
        Format::Xml => xml::document("error", "err", err),
    }
}

fn json(envelope: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(envelope).expect("values with text keys always serialise")
}

//! The key setting `numbers: current`: fields that were strings in 2012 as JSON numbers,
//! as in today's documents.

use serde_json::{Number, Value};
use std::str::FromStr as _;

/// The fields of api-v2 3 with a †, each a string with a number in it.
const NUMERIC: &[&str] =
    &["job_id", "order_id", "group_id", "rev_id", "unit_count", "credits", "auto_approve", "total_jobs"];

/// Lists, or maps keyed as sent, of ids.
const ID_LISTS: &[&str] = &[
    "job_ids",
    "jobs_available",
    "jobs_pending",
    "jobs_reviewable",
    "jobs_revising",
    "jobs_approved",
    "jobs_rejected",
    "jobs_cancelled",
    "jobs_held",
    "jobs_unpaid",
];

/// Digits up to which a decimal number comes out of the serialiser as it went in.
const EXACT_DIGITS: usize = 15;

/// Turns the † fields into JSON numbers, everywhere in an answer. A field that holds no
/// number stays as it is.
pub fn numbers_current(answer: &mut Value) {
    match answer {
        Value::Array(elements) => elements.iter_mut().for_each(numbers_current),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if NUMERIC.contains(&name.as_str()) {
                    to_number(member);
                } else if ID_LISTS.contains(&name.as_str()) {
                    ids_to_numbers(member);
                }
                numbers_current(member);
            }
        }
        _ => {}
    }
}

fn ids_to_numbers(ids: &mut Value) {
    match ids {
        Value::Array(elements) => elements.iter_mut().for_each(to_number),
        Value::Object(members) => members.values_mut().for_each(to_number),
        _ => {}
    }
}

fn to_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(number_of) {
        *value = Value::Number(number);
    }
}

/// The number of this text, if it can be written without a change of value.
fn number_of(text: &str) -> Option<Number> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Number::from(integer));
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    (plain && digits <= EXACT_DIGITS).then(|| Number::from_str(text).ok()).flatten()
}

//! Lenient readers for one field of a request (api-v2 1.2).
//!
//! Each takes the member as found and answers its value, `None` when it was not
//! given (absent, `null` or `""`), or a fault that shows what came. The caller adds
//! the field's name and its error code.

mod ids;
mod url;

pub use ids::{IDS_MAX, ids};
pub use url::{CALLBACK_PLACEHOLDER, url};

use crate::json::{Json, Object, shown};
use std::borrow::Cow;
use thiserror::Error;

/// Why a field's value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{shown} is {why}")]
pub struct FieldFault {
    /// The value, quoted and cut.
    pub shown: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a field's value, and what to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Why {
    /// Neither 1 nor 0 in any of their forms.
    #[error("no boolean: send 1 or 0")]
    NotBoolean,
    /// No integer.
    #[error("no integer: send digits only")]
    NotInteger,
    /// An integer that does not fit into 64 bits.
    #[error("too large")]
    TooLarge,
    /// No decimal number.
    #[error("no decimal number: send digits, with a point before the decimals")]
    NotDecimal,
    /// No string.
    #[error("no text: send a string")]
    NotText,
    /// No list.
    #[error("no list: send a JSON array")]
    NotList,
    /// Neither list nor object.
    #[error("neither list nor object: send a JSON object or array")]
    NotEntries,
    /// No object.
    #[error("no object: send a JSON object")]
    NotObject,
    /// No id, or a list with something else in it.
    #[error("no id: send ids separated by commas")]
    NotId,
    /// More ids than a call takes.
    #[error("one id too many")]
    TooManyIds,
    /// No absolute http or https URL.
    #[error("no valid URL: send an absolute one that begins with http:// or https://")]
    NotUrl,
    /// A URL with a user name or password in it.
    #[error("a URL with a user name in it: send it without")]
    UserInUrl,
}

impl FieldFault {
    /// A fault of this value.
    pub fn new(value: &Json, why: Why) -> FieldFault {
        FieldFault { shown: shown(value), why }
    }
}

/// Keys and values in the order sent.
pub type Entries<'v> = Vec<(Cow<'v, str>, &'v Json)>;

/// The value if it was given: not absent, not `null`, not `""`.
pub fn given(value: Option<&Json>) -> Option<&Json> {
    value.filter(|value| {
        !matches!(value, Json::Null) && !matches!(value, Json::String(text) if text.is_empty())
    })
}

fn read<'v, T>(
    value: Option<&'v Json>,
    reader: impl FnOnce(&'v Json) -> Result<T, Why>,
) -> Result<Option<T>, FieldFault> {
    given(value).map(|value| reader(value).map_err(|why| FieldFault::new(value, why))).transpose()
}

/// `1 0 "1" "0" true false "true" "false"`.
pub fn boolean(value: Option<&Json>) -> Result<Option<bool>, FieldFault> {
    read(value, |value| match value {
        Json::Bool(truth) => Ok(*truth),
        Json::Number(text) if text == "1" => Ok(true),
        Json::Number(text) if text == "0" => Ok(false),
        Json::String(text) if text == "1" || text == "true" => Ok(true),
        Json::String(text) if text == "0" || text == "false" => Ok(false),
        _ => Err(Why::NotBoolean),
    })
}

/// An integer as a JSON number or a numeric string.
pub fn integer(value: Option<&Json>) -> Result<Option<i64>, FieldFault> {
    read(value, |value| integer_text(digits_of(value).ok_or(Why::NotInteger)?))
}

/// The text of a decimal number, sent as a JSON number or a numeric string. Without
/// exponent, so that money can be made of it by moving the point.
pub fn decimal_text(value: Option<&Json>) -> Result<Option<&str>, FieldFault> {
    read(value, |value| {
        let text = digits_of(value).ok_or(Why::NotDecimal)?;
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let whole = whole.strip_prefix('-').unwrap_or(whole);
        if all_digits(whole) && all_digits(decimals) { Ok(text) } else { Err(Why::NotDecimal) }
    })
}

/// A string.
pub fn text(value: Option<&Json>) -> Result<Option<&str>, FieldFault> {
    read(value, |value| match value {
        Json::String(text) => Ok(text.as_str()),
        _ => Err(Why::NotText),
    })
}

/// A string, or a number as its text: names that people choose, such as `file_key`.
pub fn text_or_number(value: Option<&Json>) -> Result<Option<&str>, FieldFault> {
    read(value, |value| digits_of(value).ok_or(Why::NotText))
}

/// A list.
pub fn list(value: Option<&Json>) -> Result<Option<&[Json]>, FieldFault> {
    read(value, |value| match value {
        Json::List(elements) => Ok(elements.as_slice()),
        _ => Err(Why::NotList),
    })
}

/// An object.
pub fn object(value: Option<&Json>) -> Result<Option<&Object>, FieldFault> {
    read(value, |value| match value {
        Json::Object(members) => Ok(members),
        _ => Err(Why::NotObject),
    })
}

/// The entries of an object under their keys, or of a list under `0`, `1`, …, in the
/// order sent: the other direction of [`keyed_as_sent`](crate::answer::keyed_as_sent).
pub fn entries(value: Option<&Json>) -> Result<Option<Entries<'_>>, FieldFault> {
    read(value, |value| match value {
        Json::Object(members) => Ok(members.iter().map(|(key, member)| (Cow::from(key), member)).collect()),
        Json::List(elements) => {
            let keys = (0..).map(|index: usize| Cow::from(index.to_string()));
            Ok(keys.zip(elements).collect())
        }
        _ => Err(Why::NotEntries),
    })
}

/// The text of a number or string.
fn digits_of(value: &Json) -> Option<&str> {
    match value {
        Json::Number(text) | Json::String(text) => Some(text),
        _ => None,
    }
}

fn integer_text(text: &str) -> Result<i64, Why> {
    if !all_digits(text.strip_prefix('-').unwrap_or(text)) {
        return Err(Why::NotInteger);
    }
    text.parse().map_err(|_| Why::TooLarge)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

//! A list of ids: separated by commas, as a JSON list, or as a repeated parameter.

use super::{FieldFault, Why, digits_of, given, integer_text};
use crate::json::Json;

/// Most ids in one bulk call.
pub const IDS_MAX: usize = 10_000;

/// The ids in these values of one field, in the order sent, repeated ones as often as
/// they came. `None` if there is none. Empty places (`1,,2`) count as nothing.
pub fn ids<'v>(values: impl IntoIterator<Item = &'v Json>) -> Result<Option<Vec<i64>>, FieldFault> {
    let mut found = Vec::new();
    for value in values {
        match value {
            Json::List(elements) => {
                for element in elements {
                    add(element, &mut found)?;
                }
            }
            other => add(other, &mut found)?,
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn add(value: &Json, found: &mut Vec<i64>) -> Result<(), FieldFault> {
    let Some(value) = given(Some(value)) else { return Ok(()) };
    let text = digits_of(value).ok_or_else(|| FieldFault::new(value, Why::NotId))?;
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let fault = |why| FieldFault::new(&Json::String(part.to_owned()), why);
        let id = integer_text(part).ok().filter(|id| *id > 0).ok_or_else(|| fault(Why::NotId))?;
        if found.len() == IDS_MAX {
            return Err(fault(Why::TooManyIds));
        }
        found.push(id);
    }
    Ok(())
}

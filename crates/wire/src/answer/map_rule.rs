//! *Keyed as sent*: the original wrote its maps the PHP way, and clients that send an
//! array of jobs expect an array back.

use serde_json::Value;

/// A map whose keys in order are exactly `0,1,2,…` as an array of its values, any other
/// as an object.
pub fn keyed_as_sent(entries: Vec<(String, Value)>) -> Value {
    let is_array = entries.iter().enumerate().all(|(index, (key, _))| *key == index.to_string());
    if is_array {
        Value::Array(entries.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(entries.into_iter().collect())
    }
}

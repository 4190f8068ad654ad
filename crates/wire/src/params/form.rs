//! Query strings and urlencoded bodies.

use super::{Params, ParamsFault};
use percent_encoding::percent_decode;

/// Adds the pairs of an encoded form. Empty pairs (`&a=1`, `a=1&&b=2`) count as nothing.
pub(super) fn read(params: &mut Params, form: &[u8]) -> Result<(), ParamsFault> {
    for pair in form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|&byte| byte == b'=');
        let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        let name = match String::from_utf8(decoded(name)) {
            Ok(name) => name,
            Err(error) => return Err(not_utf8(String::from_utf8_lossy(error.as_bytes()).into_owned())),
        };
        match String::from_utf8(decoded(value)) {
            Ok(value) => params.accept(name, value)?,
            Err(_) => return Err(not_utf8(name)),
        }
    }
    Ok(())
}

fn not_utf8(field: String) -> ParamsFault {
    ParamsFault::NotUtf8 { field }
}

/// Without `+` and `%XX`, decoded once. A `%` that begins no pair of hex digits stays.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (index, words) in text.split(|&byte| byte == b'+').enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(percent_decode(words));
    }
    out
}

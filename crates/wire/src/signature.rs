//! The signature of a call: HMAC-SHA1 over the text of `ts` (api-v2 2).

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// The signature that belongs to the key and the text of `ts` as sent: lower-case hex.
pub fn sign(private_key: &str, ts: &str) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(private_key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(ts.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Whether the signature is the right one, in any case of hex. Takes the same time
/// wherever the first difference is.
pub fn matches(private_key: &str, ts: &str, given: &str) -> bool {
    let right = sign(private_key, ts);
    right.as_bytes().ct_eq(given.to_ascii_lowercase().as_bytes()).into()
}

/// `ts` is no decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("ts must be a decimal number: the seconds since 1970")]
pub struct TsFault;

/// The whole seconds that `ts` says. Some clients send decimals, they are cut off.
/// A number beyond 64 bits is a number too: the largest, which no window holds.
pub fn parse_ts(ts: &str) -> Result<i64, TsFault> {
    let (seconds, decimals) = ts.split_once('.').unwrap_or((ts, "0"));
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(seconds) || !numeric(decimals) {
        return Err(TsFault);
    }
    Ok(seconds.parse().unwrap_or(i64::MAX))
}

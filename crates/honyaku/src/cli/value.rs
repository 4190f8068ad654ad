//! Values of flags that are more than a text. They are read before a command does anything; what
//! does not fit is refused with the flag's name. Each comes out as it is stored.

use crate::http::{Inboxes, Reach, callback_url};
use domain::limits::Limits;
use domain::money::{Currency, Money};
use outbound::address::Policy;
use service::accounts::VERSIONS;
use std::net::IpAddr;
use wire::json::Json;

/// Which addresses callbacks may reach is a setting of the server, not of the command beside it:
/// it refuses them when it connects. Refused here is what no setting allows.
const ANY_SERVER: Policy = Policy { allow_loopback: true, allow_private: true, allow_low_ports: true };

/// Where callbacks go, by the API's rule. Empty: nowhere.
pub fn address_for_callbacks(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let json = Json::String(text.to_owned());
    let reach =
        Reach { policy: &ANY_SERVER, inboxes: Inboxes::Unknown, chars: Limits::default().callback_url_chars };
    match callback_url(Some(&json), "callback_url", reach) {
        Ok(Some(url)) => Ok(url),
        Ok(None) => Err("write an absolute http or https address, or nothing".to_owned()),
        Err(fault) => Err(fault.detail),
    }
}

/// Addresses that a key may be used from, as connections show them. Empty: any.
pub fn addresses(text: &str) -> Result<String, String> {
    let read = |part: &str| match part.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical().to_string()),
        Err(_) => Err(format!("{part:?} is no address: write such as 192.0.2.1,2001:db8::1")),
    };
    list(text, read)
}

/// API versions that a key may be used with. Empty: all.
pub fn versions(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(VERSIONS.join(","));
    }
    let read = |part: &str| match VERSIONS.iter().find(|known| **known == part) {
        Some(known) => Ok((*known).to_owned()),
        None => Err(format!("{part:?} is no version: write some of {}", VERSIONS.join(","))),
    };
    list(text, read)
}

/// The most that a key may spend. Empty: no limit. How many decimals it may have depends on the
/// account's currency; no currency has more than this.
pub fn limit(text: &str) -> Result<String, String> {
    if !text.is_empty() {
        let amount = Money::parse(text, Currency::Usd).map_err(|fault| fault.to_string())?;
        if amount.is_negative() {
            return Err("a limit is 0 or more: write such as 100.00, or nothing for no limit".to_owned());
        }
    }
    Ok(text.to_owned())
}

/// Reads each of the parts between commas.
fn list(text: &str, read: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let parts = text.split(',').map(|part| read(part.trim()));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join(","))
}

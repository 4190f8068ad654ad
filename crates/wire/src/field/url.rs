//! URLs that customers give us to call or to fetch.

use super::{FieldFault, Why, read};
use crate::json::Json;
use url::Url;

/// What the original's samples had where a callback URL goes. People left it there,
/// so it passes; nothing can be delivered to it.
pub const CALLBACK_PLACEHOLDER: &str = "http://...";

/// An absolute http or https URL without a user name, as sent. Whether its host may
/// be called is not decided here.
pub fn url(value: Option<&Json>) -> Result<Option<&str>, FieldFault> {
    read(value, |value| match value {
        Json::String(text) if text == CALLBACK_PLACEHOLDER => Ok(text.as_str()),
        Json::String(text) => check(text).map(|()| text.as_str()),
        _ => Err(Why::NotUrl),
    })
}

fn check(text: &str) -> Result<(), Why> {
    // A browser would forgive `http:host` and blanks around; a callback sender must not guess.
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let web = matches!(scheme.as_deref(), Some("http" | "https"));
    if !web || text.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(Why::NotUrl);
    }
    let url = Url::parse(text).map_err(|_| Why::NotUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Why::UserInUrl);
    }
    if url.has_host() { Ok(()) } else { Err(Why::NotUrl) }
}

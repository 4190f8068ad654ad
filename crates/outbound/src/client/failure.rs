//! From the HTTP library's error to a kind and a text that a customer understands.
//!
//! The library wraps the cause several times; what matters is what lies inside,
//! so the whole chain is searched, the most telling causes first.

use std::error::Error;
use std::io;

use crate::address::Refused;
use crate::outcome::{FailureKind, Outcome};
use crate::resolver::LookupFailed;

use super::Limits;

/// What an attempt that got no answer is to be called.
pub(super) fn explain(error: &reqwest::Error, limits: &Limits) -> Outcome {
    if let Some(refused) = find::<Refused>(error) {
        return Outcome::failed(FailureKind::Refused, refused.to_string());
    }
    if let Some(failed) = find::<LookupFailed>(error) {
        return Outcome::failed(FailureKind::Resolve, failed.to_string());
    }
    if let Some(cause) = find::<rustls::Error>(error) {
        return Outcome::failed(FailureKind::Tls, format!("TLS failed: {cause}"));
    }
    if error.is_timeout() {
        let text = format!("no connection within {} ms", limits.connect_ms);
        return Outcome::failed(FailureKind::Timeout, text);
    }
    let cause = innermost(error);
    if !error.is_connect() {
        return Outcome::failed(FailureKind::Io, format!("no answer: {cause}"));
    }
    // TCP itself never ends early while connecting, so this was the handshake.
    if chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_early_end) {
        return Outcome::failed(FailureKind::Tls, "TLS failed: the receiver hung up during the handshake");
    }
    Outcome::failed(FailureKind::Connect, format!("no connection: {cause}"))
}

fn is_early_end(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::UnexpectedEof
}

/// The first cause of type `Wanted` in the chain.
fn find<'a, Wanted: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a Wanted> {
    chain(error).find_map(|cause| cause.downcast_ref::<Wanted>())
}

fn innermost(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The error and all its causes. An `io::Error` hides the error that it carries
/// from `source`, so it is opened by hand.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let carried = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match carried {
            Some(carried) => Some(carried as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}

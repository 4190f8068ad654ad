//! Which targets a callback may never reach.
//!
//! Two questions, both pure: is this IP address special ([`is_forbidden`]), and
//! may this URL be called as far as its text tells ([`check_literal_host`])?
//! An operator's [`Policy`] opens a few ranges for machines of their own; all
//! others stay closed. Names are judged when they are resolved, by
//! [`crate::resolver`] with the same policy.

mod policy;
mod special;
#[cfg(test)]
mod tests;

pub use policy::{Policy, Refused, check_literal_host};
pub use special::is_forbidden;

//! Outbound HTTP: one client that signs, bounds and refuses forbidden addresses.
//!
//! Customers choose where callbacks go, so each target is taken for hostile: it
//! may point into our own network, never answer, or answer for ever. This crate
//! knows how to send one callback safely and what its end means. It has no
//! queue and no database; the worker that leases deliveries calls it.
//!
//! In the order of a delivery:
//!
//! 1. [`destination`] names the receiver for isolation; [`schedule`] says when
//!    the next attempt is due and how long a failing destination rests,
//!    [`Standing`] how many callbacks it may get at once.
//! 2. [`body`] encodes the frozen payload, [`signature`] signs it.
//! 3. [`address`] refuses targets that nobody outside may reach, first by the
//!    URL's text, then ([`resolver`]) by every address its name resolves to.
//! 4. [`Client::post`] sends it within fixed limits and tells the [`Outcome`].
//!
//! Contract: api-v2 section 8.
#![forbid(unsafe_code)]

pub mod address;
pub mod body;
mod client;
mod destination;
mod outcome;
pub mod resolver;
pub mod schedule;
pub mod signature;
mod standing;
pub mod trust;

pub use client::{Client, Limits, Request, StartError, USER_AGENT};
pub use destination::destination;
pub use outcome::{Ending, FailureKind, Outcome};
pub use standing::Standing;

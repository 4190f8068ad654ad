//! The place where files' bytes are kept: a directory, or an S3-compatible store.
//!
//! What is kept is named by its content ([`Name`]: SHA-256 and a generation), so nothing is ever changed, only put and
//! deleted, and whatever is read is held against its name. This crate knows bytes and names; who refers to them, and when
//! they may go, is decided elsewhere.
//!
//! On the way of a file:
//!
//! 1. [`Files::put`] refuses content that is not what its name says, and seals it if there is a secret (`seal`).
//! 2. `directory` or `bucket` keeps it under the name's text; both answer only when it is durable.
//! 3. [`Files::get`] takes what hashes to its name for plain, opens what is sealed, and refuses the rest.
//!
//! What sealing does not hide: how many files there are, how long each is, and, since names are digests of the plain
//! content, whether a content that somebody knows already is among them.
#![forbid(unsafe_code)]

mod bucket;
mod connection;
mod directory;
mod error;
mod files;
mod name;
mod place;
mod seal;
mod settings;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use files::Files;
pub use name::{Digest, Name, NotAName};
pub use settings::{Location, S3, Settings};

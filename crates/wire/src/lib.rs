//! The API's wire forms: request decoding and answer encoding, without a server.
//!
//! Bytes come in and typed parameters go out ([`params`], [`json`], [`field`],
//! [`signature`]); values come in and bytes go out ([`answer`], [`route`]).
//! Everything here is a plain function: no server, no clock, no runtime. What a
//! parameter means is the business of the layers above. Contract: api-v2 1 to 3.

pub mod answer;
pub mod field;
pub mod json;
pub mod params;
pub mod route;
pub mod signature;

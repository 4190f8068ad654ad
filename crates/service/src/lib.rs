//! What the product does: one use case a file. A use case loads, lets the domain decide,
//! and writes everything that follows in one transaction. The API, the sandbox's robot,
//! the timers and the command line all call the same ones.
#![forbid(unsafe_code)]

pub mod accounts;
mod announce;
pub mod callbacks;
pub mod cancel;
pub mod captcha;
pub mod claim;
pub mod clock;
pub mod comment;
mod context;
pub mod credits;
pub mod draft;
mod error;
pub mod estimate;
pub mod glossary;
pub mod look;
pub mod machine;
mod mail;
pub mod pay;
pub mod payload;
pub mod place_order;
mod queue;
pub mod reject;
pub mod review;
pub mod robots;
pub mod sandbox;
pub mod secrets;
pub mod submit;
pub mod timers;
mod transition;
pub mod verify;

pub use context::{Context, Desk};
pub use error::Error;

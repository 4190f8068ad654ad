//! The sandbox's robot translators: what a job tells them, when they act, what they write.
//! Pure: no clock, no random, no database. Source: sandbox 3.
#![forbid(unsafe_code)]

pub mod instruction;
mod sample;
pub mod settings;
pub mod style;
mod terms;

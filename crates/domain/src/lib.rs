//! What is true: states, money, units, languages, prices, error codes. Pure: no clock,
//! no random, no database, no HTTP; times and ids come in as arguments.
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod error_code;
pub mod estimate;
pub mod event;
pub mod fault;
pub mod ids;
pub mod job;
pub mod language;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod review;
pub mod same_text;
pub mod tier;

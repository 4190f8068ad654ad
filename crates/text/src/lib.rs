//! Text engines: counting, protected spans, length, language detection. Text in, facts out:
//! no clock, no network, no database. Linear time everywhere.
#![forbid(unsafe_code)]

pub mod count;
pub mod detect;
pub mod length;
pub mod protected;

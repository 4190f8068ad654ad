//! The database: SQL and nothing else.
#![forbid(unsafe_code)]

//! The database: SQL and nothing else. One file per aggregate over the thin `sql` layer;
//! every function that touches a customer's data takes the scope (account and environment).
#![forbid(unsafe_code)]

pub mod accounts;
pub mod belonging;
pub mod claims;
pub mod copy;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod files;
pub mod glossaries;
pub mod happenings;
pub mod inboxes;
pub mod installation;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod mails;
pub mod orders;
pub mod rates;
pub mod replays;
pub mod reviews;
pub mod sandboxes;
pub mod sql;
pub mod statistics;
pub mod tasks;
pub mod threads;
pub mod uploads;

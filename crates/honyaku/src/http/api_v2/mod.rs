//! The API, version 2: one file a resource. Contract: api-v2 6.

pub mod account;
pub mod feed;
pub mod fields;
pub mod glossary;
pub mod job;
pub mod jobs;
pub mod order;
mod order_level;
pub mod placing;
pub mod quote;
mod review;
pub mod service;
mod submission;

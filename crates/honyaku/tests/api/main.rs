//! The API through HTTP: each test starts the built server on a fresh database and speaks the
//! language of the product (`Shop`).
#![allow(clippy::unwrap_used)]

mod addresses;
mod answers;
mod authentication;
mod bodies;
mod callback_forms;
mod callbacks;
mod captchas;
mod codes;
mod codes_table;
mod commands;
mod connection;
mod copying;
mod database;
mod files;
mod formats;
mod golden;
mod golden_changes;
mod golden_sandbox;
mod house;
mod island;
mod isolation;
mod leniency;
mod lenient_fields;
mod limits;
mod listing;
mod mailing;
mod moving;
mod nodes;
mod order_level;
mod ordering;
mod partitions;
mod plans;
mod quoting;
mod races;
mod repeating;
mod replicas;
mod reviewing;
mod rotating;
mod sandbox;
mod sandbox_settings;
mod serving;
mod shop;
mod state_model;
mod transport;

//! The API through HTTP: each test starts the built server on a fresh database and speaks the
//! language of the product (`Shop`).
#![allow(clippy::unwrap_used)]

mod bodies;
mod callbacks;
mod codes;
mod codes_table;
mod commands;
mod connection;
mod controls;
mod database;
mod files;
mod forcing;
mod golden;
mod house;
mod inbox;
mod instructions;
mod island;
mod isolation;
mod leniency;
mod live;
mod logs;
mod mailing;
mod moving;
mod nodes;
mod ordering;
mod partitions;
mod plans;
mod races;
mod replicas;
mod reviewing;
mod robot;
mod sandbox;
mod sandbox_offers;
mod sandbox_settings;
mod serving;
mod shop;
mod state_model;
mod styles;
mod wiping;

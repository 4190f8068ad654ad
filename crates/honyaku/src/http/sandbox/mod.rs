//! The sandbox's control API: for tests and for people who try things out. Source: sandbox 7.

pub mod clock;
pub mod controls;
pub mod inbox;
pub mod settings;

//! The edge: parse, one use case, answer. Only this folder knows HTTP, forms and envelopes.

mod answer;
mod api_v2;
mod arrival;
mod auth;
mod body;
mod call;
mod dispatch;
mod failure;
mod fingerprint;
mod lookups;
mod pages;
mod routes;
mod sandbox;
mod server;
mod throttle;
mod to_its_end;
mod together;

pub use api_v2::fields::{Inboxes, Reach, callback_url};
pub use api_v2::placing::{Placing, placing};
pub use arrival::request_id;
pub use lookups::{Lookups, lookups};
pub use server::{Listeners, serve};
pub use throttle::{Rates, Throttle};

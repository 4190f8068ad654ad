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
mod pages;
mod routes;
mod sandbox;
mod server;
mod throttle;
mod to_its_end;

pub use api_v2::fields::{Inboxes, Reach, callback_url};
pub use api_v2::waiting_orders::WaitingOrders;
pub use arrival::request_id;
pub use server::{Listeners, serve};
pub use throttle::{Rates, Throttle};

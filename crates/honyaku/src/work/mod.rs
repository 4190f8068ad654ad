//! Work that nobody waits for: tasks and timers, callbacks, cleaning up.

pub mod callbacks;
mod cleanup;
mod contents;
pub mod inbox;
mod lease;
mod mails;
mod measures;
mod pace;
mod rates;
mod statistics;
pub mod tasks;
mod turn;
mod turns;

use crate::app::{App, Role};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A name for this node that no other has.
fn node_name() -> String {
    crate::http::request_id()
}

/// Starts the workers. They end when `stop` turns true.
pub fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(cleanup::run(Arc::clone(app), stop.clone()));
    workers.spawn(measures::run(Arc::clone(app), stop.clone()));
    if app.throttle.is_shared() {
        workers.spawn(rates::run(Arc::clone(app), node_name(), stop.clone()));
    }
    if app.edge.role == Role::Api {
        return workers;
    }
    if app.db.is_server() {
        workers.spawn(statistics::run(Arc::clone(app), stop.clone()));
    }
    workers.spawn(tasks::run(Arc::clone(app), stop.clone()));
    workers.spawn(contents::run(Arc::clone(app), stop.clone()));
    workers.spawn(mails::run(Arc::clone(app), stop.clone()));
    workers.spawn(turns::run(Arc::clone(app), stop.clone()));
    workers.spawn(callbacks::run_fan_out(Arc::clone(app), stop.clone()));
    workers
}

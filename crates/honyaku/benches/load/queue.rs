//! From the order to the board.

use super::server::{Server, jobs};
use std::time::Instant;

/// How long 10,000 jobs take from the order to the board, in seconds; `callback` is the first of
/// 10,000 ports where nobody listens.
pub fn drain(server: &Server, callback: Option<u16>) -> f64 {
    if callback.is_none() {
        server.without_callbacks();
    }
    server.connect().post("/v2/translate/jobs", &server.form(&jobs(10_000, "drain", callback)));
    let began = Instant::now();
    server.until_on_board();
    began.elapsed().as_secs_f64()
}

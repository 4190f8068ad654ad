//! A thousand translators after half as many jobs: two of them want the same one at the same time.

use super::server::{Server, jobs};
use serde_json::json;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const CLAIMERS: usize = 1_000;
/// So long apart, two pairs of claimers begin.
const APART: Duration = Duration::from_millis(10);

/// Prints how many won and how long a claim took, won or lost.
pub fn claims(name: &str, server: &Server) {
    server.without_callbacks();
    server.connect().post("/v2/translate/jobs", &server.form(&jobs(CLAIMERS / 2, "claims", None)));
    server.until_on_board();
    let outcomes = Mutex::new(Vec::new());
    let form = server.form(&json!({}));
    let began = Instant::now() + Duration::from_millis(500);
    std::thread::scope(|scope| {
        for number in 0..CLAIMERS {
            let (outcomes, form) = (&outcomes, &form);
            scope.spawn(move || {
                let mut client = server.connect();
                let turn = APART * u32::try_from(number / 2).unwrap();
                std::thread::sleep((began + turn).saturating_duration_since(Instant::now()));
                let started = Instant::now();
                let answer = client.post(&format!("/v2/sandbox/job/{}/take", number / 2 + 1), form);
                let won = answer.starts_with(b"{\"opstat\":\"ok\"");
                outcomes.lock().unwrap().push((started.elapsed(), won));
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_unstable();
    let won = outcomes.iter().filter(|(_, won)| *won).count();
    let at = |part: usize| outcomes[CLAIMERS * part / 100].0.as_secs_f64() * 1_000.0;
    println!(
        "claims on {name}: {CLAIMERS} claimers of {} jobs, {won} won; a claim took {:.1} ms (median), {:.1} ms (p99)",
        CLAIMERS / 2,
        at(50),
        at(99)
    );
}

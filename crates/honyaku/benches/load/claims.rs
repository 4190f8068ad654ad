//! A thousand translators after half as many jobs: two of them want the same one at the same time.

use super::server::{Server, jobs};
use serde_json::{Value, json};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

const CLAIMERS: usize = 1_000;
/// Of one job.
const RIVALS: usize = 2;
/// So long apart, two pairs of claimers begin.
const APART: Duration = Duration::from_millis(10);

/// What became of a claim.
struct Outcome {
    job: String,
    won: bool,
    took: Duration,
}

/// Prints how long a claim took, won or lost, through these servers in turn. Each job has exactly one winner.
pub fn claims(name: &str, servers: &[Server]) {
    let server = &servers[0];
    server.without_callbacks();
    let order = server.form(&jobs(CLAIMERS / RIVALS, "claims", None));
    let placed: Value = serde_json::from_slice(&server.connect().post("/v2/translate/jobs", &order)).unwrap();
    server.until_on_board();
    let mut outcomes = compete(servers, placed["response"]["job_ids"].as_array().unwrap());
    for rivals in outcomes.chunk_by(|one, next| one.job == next.job) {
        let won = rivals.iter().filter(|outcome| outcome.won).count();
        assert_eq!((won, rivals.len()), (1, RIVALS), "winners and claimers of job {}", rivals[0].job);
    }
    assert_eq!(outcomes.len(), CLAIMERS);
    outcomes.sort_unstable_by_key(|outcome| outcome.took);
    let at = |part: usize| outcomes[CLAIMERS * part / 100].took.as_secs_f64() * 1_000.0;
    println!(
        "claims on {name}: {CLAIMERS} claimers of {} jobs, each won by one; a claim took {:.1} ms (median), {:.1} ms (p99)",
        CLAIMERS / RIVALS,
        at(50),
        at(99)
    );
}

/// What came of it, job by job.
fn compete(servers: &[Server], ids: &[Value]) -> Vec<Outcome> {
    let outcomes = Mutex::new(Vec::new());
    let form = servers[0].form(&json!({}));
    let starts: Vec<Barrier> = ids.iter().map(|_| Barrier::new(RIVALS)).collect();
    let began = Instant::now() + Duration::from_millis(500);
    std::thread::scope(|scope| {
        for number in 0..CLAIMERS {
            let turn = number / RIVALS;
            let (outcomes, form, start) = (&outcomes, &form, &starts[turn]);
            // Rivals call different servers.
            let server = &servers[number % servers.len()];
            let job = ids[turn].as_str().unwrap().to_owned();
            scope.spawn(move || {
                let mut client = server.connect();
                let path = format!("/v2/sandbox/job/{job}/take");
                let due = began + APART * u32::try_from(turn).unwrap();
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                // Whoever was late is waited for: only who starts together competes.
                start.wait();
                let started = Instant::now();
                let answer = client.post(&path, form);
                let took = started.elapsed();
                let answer = String::from_utf8(answer).unwrap();
                let won = answer.starts_with("{\"opstat\":\"ok\"");
                assert!(won || answer.contains("\"code\":2650"), "{answer}");
                outcomes.lock().unwrap().push(Outcome { job, won, took });
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_unstable_by(|one, other| one.job.cmp(&other.job));
    outcomes
}

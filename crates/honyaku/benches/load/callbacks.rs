//! From a change of a job to the call at a receiver that answers at once: alone, and beside a thousand others
//! that refuse, hang up late or never answer.

use super::server::Server;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Calls of a round, each about a job of its own.
const CALLS: usize = 1_000;
/// Time between two calls.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers at once below `/prompt`, and never below `/silent`; says when a call came, and about which job.
fn receiver() -> (u16, Receiver<(String, Instant)>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, calls) = channel();
    std::thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || while take(&caller, &told).is_some() {});
        }
    });
    (port, calls)
}

fn take(caller: &TcpStream, told: &Sender<(String, Instant)>) -> Option<()> {
    let mut reader = BufReader::new(caller);
    let (mut head, mut length, mut line) = (String::new(), 0, String::new());
    while reader.read_line(&mut line).ok()? > 0 && line != "\r\n" {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
        line.clear();
    }
    let came = Instant::now();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if head.starts_with("POST /silent") {
        // Until the caller gives up.
        let _ = reader.read(&mut [0]);
        return None;
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let job = body.split("%22job_id%22%3A%22").nth(1).and_then(|rest| rest.split("%22").next());
    told.send((job.unwrap_or_default().to_owned(), came)).ok()?;
    let mut answer = caller;
    answer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()
}

fn jobs(count: usize, text: &str, url: impl Fn(usize) -> String) -> Value {
    let job = |number: usize| json!({ "body_src": format!("{text} {number}"), "lc_src": "en", "lc_tgt": "ja", "tier": "standard", "callback_url": url(number) });
    json!({ "jobs": (0..count).map(job).collect::<Vec<_>>() })
}

/// Milliseconds from the answer to the change until the call, sorted.
fn delays(server: &Server, calls: &Receiver<(String, Instant)>, ids: &[String]) -> Vec<f64> {
    let mut connection = server.connect();
    let mut delays = Vec::new();
    for id in ids {
        connection.post(&format!("/v2/sandbox/job/{id}/take"), &server.form(&json!({})));
        let changed = Instant::now();
        let came = loop {
            match calls.recv_timeout(Duration::from_secs(60)) {
                Ok((job, came)) if job == *id => break came,
                Ok(_) => {}
                Err(_) => panic!("job {id} was never called back"),
            }
        };
        delays.push(came.saturating_duration_since(changed).as_secs_f64() * 1_000.0);
        std::thread::sleep(PAUSE);
    }
    delays.sort_by(f64::total_cmp);
    delays
}

fn ordered(server: &Server, jobs: &Value) -> Vec<String> {
    let answer = server.connect().post("/v2/translate/jobs", &server.form(jobs));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let ids = answer["response"]["job_ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Prints how long a prompt receiver waits.
pub fn isolation(engine: &str, server: &Server) {
    let (port, calls) = receiver();
    let refusing = super::queue::nobody();
    let prompt = |_| format!("http://127.0.0.1:{port}/prompt");
    let alone = ordered(server, &jobs(CALLS, "alone", prompt));
    let beside = ordered(server, &jobs(CALLS, "beside", prompt));
    server.until_on_board();
    // Those that say that the jobs are on the board.
    while calls.recv_timeout(Duration::from_secs(1)).is_ok() {}
    let alone = delays(server, &calls, &alone);
    let bad = jobs(1_000, "bad", |number| {
        let (port, path) = if number % 2 == 0 { (port, "silent") } else { (refusing, "refused") };
        format!("http://127.2.{}.{}:{port}/{path}", number / 250, number % 250 + 1)
    });
    ordered(server, &bad);
    server.until_on_board();
    let beside = delays(server, &calls, &beside);
    let at = |delays: &[f64], part: f64| delays[(delays.len() as f64 * part) as usize];
    println!(
        "{engine}: a callback to a prompt receiver after {:.1} ms (p99 {:.1}); beside a thousand that refuse or never answer {:.1} ms (p99 {:.1}), ratio of medians {:.2}, of p99 {:.2}",
        at(&alone, 0.5),
        at(&alone, 0.99),
        at(&beside, 0.5),
        at(&beside, 0.99),
        at(&beside, 0.5) / at(&alone, 0.5),
        at(&beside, 0.99) / at(&alone, 0.99),
    );
}

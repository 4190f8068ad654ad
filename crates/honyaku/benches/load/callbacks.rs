//! From a change of a job to the call at a receiver that answers at once: alone, and beside a thousand others
//! that refuse, hang up late or never answer.

use super::server::{Keys, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Alone and beside others, alive and not, by turns: the machine is not the same for minutes.
const ROUNDS: usize = 3;
/// Calls of a third of a round, each about a job of its own; they take longer than who never answers is waited for.
const CALLS: usize = 500;
/// For so long one that never answers is waited for, and a little more.
const PATIENCE: Duration = Duration::from_secs(17);
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

/// Milliseconds from the answer to the change until the call.
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
    delays
}

fn ordered(server: &Server, keys: &Keys, jobs: &Value) -> Vec<String> {
    let answer = server.connect().post("/v2/translate/jobs", &keys.form(jobs));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let ids = answer["response"]["job_ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// What of the delays is longer than this part of them.
fn at(delays: &mut [f64], part: f64) -> f64 {
    delays.sort_by(f64::total_cmp);
    delays[(delays.len() as f64 * part) as usize]
}

/// Jobs with a callback each to a thousand receivers that nothing was sent to yet.
fn others(network: usize, url: impl Fn(usize) -> String) -> Value {
    jobs(1_000, "others", |number| {
        let host = format!("127.{network}.{}.{}", number / 250, number % 250 + 1);
        url(number).replace("HOST", &host)
    })
}

/// Prints how long a prompt receiver waits.
pub fn isolation(engine: &str, server: &Server) {
    let (port, calls) = receiver();
    let refusing = super::queue::nobody();
    let prompt = format!("http://127.0.0.1:{port}/prompt");
    let mut ids = ordered(server, &server.keys, &jobs(3 * ROUNDS * CALLS, "prompt", |_| prompt.clone()));
    // That the jobs are on the board.
    let came = |_: &String| calls.recv_timeout(Duration::from_secs(60)).unwrap().1;
    let came: Vec<Instant> = ids.iter().map(came).collect();
    let took = came.iter().max().unwrap().duration_since(*came.iter().min().unwrap()).as_secs_f64();
    println!(
        "{engine}: {} callbacks to one receiver within {took:.1} s, {:.0}/s",
        ids.len(),
        ids.len() as f64 / took
    );
    let account = server.account("others");
    let good = |network| others(network, |_| format!("http://HOST:{port}/prompt"));
    let bad = |network| {
        others(network, |number| match number % 2 {
            0 => format!("http://HOST:{port}/silent"),
            _ => format!("http://HOST:{refusing}/refused"),
        })
    };
    let mut measured = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (way, delayed) in measured.iter_mut().enumerate() {
            let network = 2 + 2 * round + way;
            if way > 0 {
                ordered(server, &account, &if way == 1 { good(network) } else { bad(network) });
                server.until_on_board_of(&account);
            }
            delayed.extend(delays(server, &calls, &ids.split_off(ids.len() - CALLS)));
            let wipe = account.form(&json!({ "confirm": "others", "keep": ["keys"] }));
            server.connect().post("/v2/sandbox/wipe", &wipe);
        }
        std::thread::sleep(PATIENCE);
    }
    let [alone, alive, dead] = measured.map(|mut delays| [0.5, 0.99].map(|part| at(&mut delays, part)));
    let say = |of: [f64; 2]| format!("{:.1} ms (p99 {:.1})", of[0], of[1]);
    println!(
        "{engine}: a callback to a prompt receiver after {}; beside a thousand others that answer {}, that refuse or never do {}: ratio of medians {:.2}, of p99 {:.2}",
        say(alone),
        say(alive),
        say(dead),
        dead[0] / alive[0],
        dead[1] / alive[1],
    );
}

//! What grows with the data: every call of one account with 1,000 jobs, against a small database
//! and a big one, in turn, so that what the machine does besides is the same for both.
//!
//! A block is so many calls of one kind; each number printed is the median over the rounds of a
//! block's median or p99.

use super::fill::{BASE, OWN_JOBS, Size, fill};
use super::server::{Client, Cluster, Keys, Server, jobs};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub const SMALL: Size = Size { jobs: 100_000, accounts: 100 };
const ROUNDS: usize = 9;
/// Calls a block; the p99 of a block is its slowest but one.
const BLOCK: usize = 100;
/// Jobs of the order whose way to the board is timed.
const QUEUED: usize = 1_000;

/// A block of one kind of calls: how long each took.
type Block = fn(&mut Side) -> Vec<Duration>;

/// In an order in which the later find what the earlier made.
const BLOCKS: &[(&str, Block)] = &[
    ("POST jobs, 1 job", |side| {
        side.jobs.clear();
        side.times(BLOCK, |side, _| {
            let (answer, took) = side.write("POST", "translate/jobs", &side.new_jobs(1));
            side.jobs.extend(ids(&answer));
            took
        })
    }),
    ("POST jobs, 50 jobs", |side| {
        side.spare.clear();
        side.times(BLOCK / 5, |side, _| {
            let (answer, took) = side.write("POST", "translate/jobs", &side.new_jobs(50));
            side.spare.extend(ids(&answer));
            took
        })
    }),
    ("POST jobs, a known text", |side| {
        side.times(BLOCK, |side, number| {
            let unique = format!("known {}", number % 10);
            side.write("POST", "translate/jobs", &jobs(1, &unique, None)).1
        })
    }),
    ("queue, 1,000 jobs to the board", |side| {
        side.server.until_on_board();
        let order = side.new_jobs(QUEUED);
        side.write("POST", "translate/jobs", &order);
        let began = Instant::now();
        side.server.until_on_board();
        vec![began.elapsed()]
    }),
    ("POST sandbox take (claim)", |side| side.on_jobs("POST", "sandbox/job/{}/take", |_| json!({}))),
    ("POST sandbox submit", |side| {
        side.on_jobs("POST", "sandbox/job/{}/submit", |_| json!({ "body_tgt": "訳文" }))
    }),
    ("POST job comment", |side| {
        side.on_jobs("POST", "translate/job/{}/comment", |_| json!({ "body": "Thank you" }))
    }),
    ("PUT job approve, revise or reject", |side| {
        side.on_jobs("PUT", "translate/job/{}", |number| match number % 3 {
            0 => json!({ "action": "approve", "rating": 4 }),
            1 => json!({ "action": "revise", "comment": "More polite" }),
            _ => json!({ "action": "reject", "reason": "other", "comment": "No", "follow_up": "cancel" }),
        })
    }),
    ("DELETE job", |side| {
        side.times(BLOCK, |side, number| {
            let path = format!("translate/job/{}", side.spare[number]);
            side.ask("DELETE", &path, "").1
        })
    }),
    ("GET job", |side| side.reads("translate/job/{}", "")),
    ("GET job comments", |side| side.reads("translate/job/{}/comments", "")),
    ("GET job revisions", |side| side.reads("translate/job/{}/revisions", "")),
    ("GET job feedback", |side| side.reads("translate/job/{}/feedback", "")),
    ("GET jobs/{50 ids}", |side| {
        side.times(BLOCK, |side, number| {
            let ids: Vec<String> =
                (0..50).map(|other| side.own_job(50 * number + other).to_string()).collect();
            side.ask("GET", &format!("translate/jobs/{}", ids.join(",")), "").1
        })
    }),
    ("GET jobs", |side| side.reads("translate/jobs", "")),
    ("GET jobs?count=200", |side| side.reads("translate/jobs", "&count=200")),
    ("GET jobs?status=approved", |side| side.reads("translate/jobs", "&status=approved&count=200")),
    ("GET jobs?timestamp_after", |side| side.reads("translate/jobs", "&timestamp_after=1000000000")),
    ("GET order", |side| {
        side.times(BLOCK, |side, number| {
            let order = side.own_job(7 * number).div_ceil(10);
            side.ask("GET", &format!("translate/order/{order}"), "").1
        })
    }),
    ("GET account/balance", |side| side.reads("account/balance", "")),
    ("GET account/stats", |side| side.reads("account/stats", "")),
    ("GET account/me", |side| side.reads("account/me", "")),
    ("GET account/preferred_translators", |side| side.reads("account/preferred_translators", "")),
    ("GET account/events, from the start", |side| side.reads("account/events", "&after=0&limit=100")),
    ("GET account/events, from the middle", |side| {
        let after = BASE + 4 * side.own_job(980);
        side.reads("account/events", &format!("&after={after}&limit=100"))
    }),
    ("GET account/callbacks", |side| side.reads("account/callbacks", "")),
    ("GET glossary", |side| side.reads("translate/glossary", "")),
    ("GET glossary, one", |side| side.reads(&format!("translate/glossary/{}", BASE + 1), "")),
    ("GET sandbox", |side| side.reads("sandbox", "")),
    ("GET language pairs", |side| side.reads("translate/service/language_pairs", "&lc_src=en")),
    ("POST quote, 10 jobs", |side| {
        side.times(BLOCK, |side, _| side.write("POST", "translate/service/quote", &side.new_jobs(10)).1)
    }),
    ("GET jobs?count=200, of 1 % of all", |side| side.reads_of_big("translate/jobs", "&count=200")),
    ("GET jobs?status=approved, of 1 % of all", |side| {
        side.reads_of_big("translate/jobs", "&status=approved&count=200")
    }),
    ("GET account/stats, of 1 % of all", |side| side.reads_of_big("account/stats", "")),
    ("GET account/events, of 1 % of all", |side| side.reads_of_big("account/events", "&after=0&limit=100")),
    ("GET sandbox, of 1 % of all", |side| side.reads_of_big("sandbox", "")),
];

/// A database of one size, its server and a connection to it.
struct Side {
    server: Server,
    client: Client,
    big: Keys,
    size: Size,
    /// The account's newest jobs, to be worked on.
    jobs: Vec<String>,
    /// Jobs to be canceled.
    spare: Vec<String>,
    /// Counts what is made, so that no text comes twice.
    made: usize,
}

impl Side {
    fn new(mut server: Server, size: Size) -> Self {
        server.without_callbacks();
        server.while_stopped(|server| fill(server, size));
        let (client, big) = (server.connect(), server.key_of("account-2"));
        Self { server, client, big, size, jobs: Vec::new(), spare: Vec::new(), made: 0 }
    }

    fn times(&mut self, count: usize, mut call: impl FnMut(&mut Self, usize) -> Duration) -> Vec<Duration> {
        (0..count).map(|number| call(self, number)).collect()
    }

    /// Jobs that nobody ordered before.
    fn new_jobs(&self, count: usize) -> Value {
        jobs(count, &format!("scale {}", self.made), None)
    }

    /// A job from before the measurement, another one for each number.
    fn own_job(&self, number: usize) -> u64 {
        self.size.own_job((number * 37 % OWN_JOBS as usize) as u64)
    }

    fn ask(&mut self, method: &str, path: &str, query: &str) -> (Value, Duration) {
        let target = format!("/v2/{path}?{}{query}", self.server.credentials());
        let client = &mut self.client;
        timed(path, || client.send(&format!("{method} {target} HTTP/1.1\r\nhost: x\r\n\r\n"), b""))
    }

    fn write(&mut self, method: &str, path: &str, data: &Value) -> (Value, Duration) {
        self.made += 1;
        let form = self.server.form(data);
        let client = &mut self.client;
        timed(path, || client.with_form(method, &format!("/v2/{path}"), &form))
    }

    /// A block of reads; `{}` in the path is one of the account's old jobs.
    fn reads(&mut self, path: &str, query: &str) -> Vec<Duration> {
        self.times(BLOCK, |side, number| {
            let path = path.replace("{}", &side.own_job(number).to_string());
            side.ask("GET", &path, query).1
        })
    }

    /// As `reads`, for the account that has a hundredth of all jobs.
    fn reads_of_big(&mut self, path: &str, query: &str) -> Vec<Duration> {
        std::mem::swap(&mut self.server.keys, &mut self.big);
        let took = self.reads(path, query);
        std::mem::swap(&mut self.server.keys, &mut self.big);
        took
    }

    /// A block of writes, one to each of the newest jobs.
    fn on_jobs(&mut self, method: &str, path: &str, data: fn(usize) -> Value) -> Vec<Duration> {
        self.times(BLOCK, |side, number| {
            let path = path.replace("{}", &side.jobs[number]);
            side.write(method, &path, &data(number)).1
        })
    }
}

fn timed(path: &str, call: impl FnOnce() -> Vec<u8>) -> (Value, Duration) {
    let began = Instant::now();
    let answer = call();
    let took = began.elapsed();
    let mut value: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(value["opstat"], "ok", "{path}: {value}");
    (value["response"].take(), took)
}

/// The ids of the jobs that an order made.
fn ids(answer: &Value) -> Vec<String> {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    match &answer["job_ids"] {
        Value::Array(all) => all.iter().filter_map(texts).collect(),
        Value::Object(all) => all.values().filter_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Fills one small and one big database and prints how they differ.
pub fn scale(name: &str, start: impl Fn() -> Server, big: Size) {
    let mut sides = [SMALL, big].map(|size| Side::new(start(), size));
    let mut measured: BTreeMap<usize, [Vec<[f64; 2]>; 2]> = BTreeMap::new();
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (kind, (_, block)) in BLOCKS.iter().enumerate() {
            for turn in 0..2 {
                let which = (round + turn) % 2;
                let mut took = block(&mut sides[which]);
                if round > 0 {
                    took.sort_unstable();
                    measured.entry(kind).or_default()[which].push([at(&took, 50), at(&took, 99)]);
                }
            }
        }
    }
    println!("{name}: {} and {} jobs, ms", SMALL.jobs, big.jobs);
    println!("{:<42} {:>8} {:>8} {:>8} {:>8} {:>6}", "call", "median", "", "p99", "", "ratio");
    for (kind, [small, big]) in &measured {
        let [small, big] = [small, big].map(|rounds| [0, 1].map(|which| middle(rounds, which)));
        println!(
            "{:<42} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>6.2}",
            BLOCKS[*kind].0,
            small[0],
            big[0],
            small[1],
            big[1],
            big[1] / small[1]
        );
    }
}

/// So many of a hundred took no longer, in milliseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).saturating_sub(1)].as_secs_f64() * 1_000.0
}

fn middle(rounds: &[[f64; 2]], which: usize) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(|round| round[which]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Both databases; the words are jobs, accounts and one database's name.
pub fn both(words: &[String]) {
    let number = |at: usize, default: u64| words.get(at).map_or(default, |word| word.parse().unwrap());
    let jobs = number(0, 10_000_000);
    let big = Size { jobs, accounts: number(1, jobs / 1_000) };
    let only = words.get(2).map(String::as_str);
    if only != Some("postgres") {
        scale("SQLite", Server::start, big);
    }
    if only != Some("sqlite") {
        let cluster = Cluster::start();
        let number = std::cell::Cell::new(0);
        scale(
            "PostgreSQL",
            || {
                number.set(number.get() + 1);
                cluster.server(&format!("scale{}", number.get()))
            },
            big,
        );
    }
}

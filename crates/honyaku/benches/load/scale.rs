//! What grows with the data: every call of one account with 1,000 jobs, against a small database
//! and a big one, or against a big one and one whose tables are parted. The calls go to both in turn,
//! one by one, so that whatever else the machine does hits both alike, in rounds, with new connections
//! each: one may lie better than another for as long as it lasts. On SQLite each round begins with reading both files
//! from one end to the other: what is compared is two databases in memory, not memory and a disk. Printed are the median and the p99 of
//! all calls of a kind, and the ratio of the two p99. What two databases of one size differ by, say
//! `scale 100000 100`; one kind alone, say `scale 1000000 1000 postgres '50 jobs'`. What an order leaves the queue
//! to do is waited for before the next call: else it would be the other side's call that is slower for it.

use super::fill::{BASE, OWN_JOBS, Size, fill};
use super::server::{Client, Cluster, Keys, Server, jobs};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

pub const SMALL: Size = Size { jobs: 100_000, accounts: 100 };
const ROUNDS: usize = 31;
/// Calls of a kind in a round.
const MOST: usize = 100;
/// Jobs of the order whose way to the board is timed.
const QUEUED: usize = 1_000;

/// One kind of calls.
struct Kind {
    name: &'static str,
    /// How many in a round.
    count: usize,
    /// A call leaves the queue something to do. That is waited for: it would be in the next call's way, which is
    /// the other side's.
    queues: bool,
    call: fn(&mut Side, usize) -> Duration,
}

const fn kind(name: &'static str, call: fn(&mut Side, usize) -> Duration) -> Kind {
    Kind { name, count: MOST, queues: false, call }
}

const fn order(name: &'static str, count: usize, call: fn(&mut Side, usize) -> Duration) -> Kind {
    Kind { name, count, queues: true, call }
}

/// In an order in which the later find what the earlier made.
const KINDS: &[Kind] = &[
    order("POST jobs, 1 job", MOST, |side, number| {
        if number == 0 {
            side.jobs.clear();
        }
        let (answer, took) = side.write("POST", "translate/jobs", &side.new_jobs(1));
        side.jobs.extend(ids(&answer));
        took
    }),
    order("POST jobs, 50 jobs", 20, |side, number| {
        if number == 0 {
            side.spare.clear();
        }
        let (answer, took) = side.write("POST", "translate/jobs", &side.new_jobs(50));
        side.spare.extend(ids(&answer));
        took
    }),
    order("POST jobs, a known text", MOST, |side, number| {
        let unique = format!("known {}", number % 10);
        side.write("POST", "translate/jobs", &jobs(1, &unique, None)).1
    }),
    order("queue, 1,000 jobs to the board", 3, |side, _| {
        let order = side.new_jobs(QUEUED);
        side.write("POST", "translate/jobs", &order);
        let began = Instant::now();
        side.server.until_on_board();
        began.elapsed()
    }),
    kind("POST sandbox take (claim)", |side, number| {
        side.on_job("POST", "sandbox/job/{}/take", number, &json!({}))
    }),
    kind("POST sandbox submit", |side, number| {
        side.on_job("POST", "sandbox/job/{}/submit", number, &json!({ "body_tgt": "訳文" }))
    }),
    kind("POST job comment", |side, number| {
        side.on_job("POST", "translate/job/{}/comment", number, &json!({ "body": "Thank you" }))
    }),
    kind("PUT job approve, revise or reject", |side, number| {
        let action = match number % 3 {
            0 => json!({ "action": "approve", "rating": 4 }),
            1 => json!({ "action": "revise", "comment": "More polite" }),
            _ => json!({ "action": "reject", "reason": "other", "comment": "No", "follow_up": "cancel" }),
        };
        side.on_job("PUT", "translate/job/{}", number, &action)
    }),
    kind("DELETE job", |side, number| {
        let path = format!("translate/job/{}", side.spare[number]);
        side.ask("DELETE", &path, "").1
    }),
    kind("GET job", |side, number| side.read("translate/job/{}", "", number)),
    kind("GET job comments", |side, number| side.read("translate/job/{}/comments", "", number)),
    kind("GET job revisions", |side, number| side.read("translate/job/{}/revisions", "", number)),
    kind("GET job feedback", |side, number| side.read("translate/job/{}/feedback", "", number)),
    kind("GET jobs/{50 ids}", |side, number| {
        let ids: Vec<String> = (0..50).map(|other| side.own_job(50 * number + other).to_string()).collect();
        side.ask("GET", &format!("translate/jobs/{}", ids.join(",")), "").1
    }),
    kind("GET jobs", |side, number| side.read("translate/jobs", "", number)),
    kind("GET jobs?count=200", |side, number| side.read("translate/jobs", "&count=200", number)),
    kind("GET jobs?status=approved", |side, number| {
        side.read("translate/jobs", "&status=approved&count=200", number)
    }),
    kind("GET jobs?timestamp_after", |side, number| {
        side.read("translate/jobs", "&timestamp_after=1000000000", number)
    }),
    kind("GET order", |side, number| {
        let order = side.own_job(7 * number).div_ceil(10);
        side.ask("GET", &format!("translate/order/{order}"), "").1
    }),
    kind("GET account/balance", |side, number| side.read("account/balance", "", number)),
    kind("GET account/stats", |side, number| side.read("account/stats", "", number)),
    kind("GET account/me", |side, number| side.read("account/me", "", number)),
    kind("GET account/preferred_translators", |side, number| {
        side.read("account/preferred_translators", "", number)
    }),
    kind("GET account/events, the oldest", |side, number| {
        side.read("account/events", "&after=0&limit=100", number)
    }),
    kind("GET account/events, later ones", |side, number| {
        let after = BASE + 4 * side.size.own_job(OWN_JOBS - 20);
        side.read("account/events", &format!("&after={after}&limit=100"), number)
    }),
    kind("GET account/callbacks", |side, number| side.read("account/callbacks", "", number)),
    kind("GET glossary", |side, number| side.read("translate/glossary", "", number)),
    kind("GET glossary, one", |side, number| {
        side.read(&format!("translate/glossary/{}", BASE + 1), "", number)
    }),
    kind("GET sandbox", |side, number| side.read("sandbox", "", number)),
    kind("GET language pairs", |side, number| {
        side.read("translate/service/language_pairs", "&lc_src=en", number)
    }),
    kind("POST quote, 10 jobs", |side, _| {
        side.write("POST", "translate/service/quote", &side.new_jobs(10)).1
    }),
    kind("1 %: GET jobs?count=200", |side, number| side.read_big("translate/jobs", "&count=200", number)),
    kind("1 %: GET jobs?status=approved", |side, number| {
        side.read_big("translate/jobs", "&status=approved&count=200", number)
    }),
    kind("1 %: GET account/stats", |side, number| side.read_big("account/stats", "", number)),
    kind("1 %: GET account/events", |side, number| {
        side.read_big("account/events", "&after=0&limit=100", number)
    }),
    kind("1 %: GET sandbox", |side, number| side.read_big("sandbox", "", number)),
];

/// A database of one size, its server and a connection to it.
struct Side {
    name: String,
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
        let name = format!("{} jobs", size.jobs);
        Self { name, server, client, big, size, jobs: Vec::new(), spare: Vec::new(), made: 0 }
    }

    /// Parts the tables, as `docs/operate/scale.md` tells.
    fn part(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/postgres/partitions.sql");
        let began = Instant::now();
        self.server.while_stopped(|server| {
            let mut psql = Command::new("psql");
            assert!(psql.args(["--quiet", "--file", script, &server.postgres]).status().unwrap().success());
        });
        println!("{}: parted in {:.0} s", self.name, began.elapsed().as_secs_f64());
        self.name.push_str(", parted");
        self.client = self.server.connect();
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

    /// A read; `{}` in the path is one of the account's old jobs.
    fn read(&mut self, path: &str, query: &str, number: usize) -> Duration {
        let path = path.replace("{}", &self.own_job(number).to_string());
        self.ask("GET", &path, query).1
    }

    /// As `read`, by the account that has a hundredth of all jobs.
    fn read_big(&mut self, path: &str, query: &str, number: usize) -> Duration {
        std::mem::swap(&mut self.server.keys, &mut self.big);
        let took = self.read(path, query, number);
        std::mem::swap(&mut self.server.keys, &mut self.big);
        took
    }

    /// A write to one of the newest jobs.
    fn on_job(&mut self, method: &str, path: &str, number: usize, data: &Value) -> Duration {
        let path = path.replace("{}", &self.jobs[number]);
        self.write(method, &path, data).1
    }

    fn file(&self) -> PathBuf {
        self.server.directory.path().join("honyaku.sqlite")
    }

    /// What the database takes, in bytes.
    fn disk(&self) -> u64 {
        if self.server.postgres.is_empty() {
            return std::fs::metadata(self.file()).unwrap().len();
        }
        let mut client = postgres::Client::connect(&self.server.postgres, postgres::NoTls).unwrap();
        let size: i64 = client.query_one("SELECT pg_database_size(current_database())", &[]).unwrap().get(0);
        size.unsigned_abs()
    }

    /// Reads the embedded database's file into memory: some machines take it from files that nobody reads for a minute.
    fn warm(&self) {
        if self.server.postgres.is_empty() {
            let mut file = std::fs::File::open(self.file()).unwrap();
            std::io::copy(&mut file, &mut std::io::sink()).unwrap();
        }
    }

    /// How long it takes from the start until calls are answered.
    fn restart(&mut self) -> Duration {
        let mut began = Instant::now();
        self.server.while_stopped(|_| began = Instant::now());
        let took = began.elapsed();
        self.client = self.server.connect();
        took
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

/// Prints how two databases differ, in the kinds of calls that have these words in their names.
fn compare(engine: &str, mut sides: [Side; 2], words: &str) {
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| kind.name.contains(words)).collect();
    println!("{engine}: {} and {}, ms", sides[0].name, sides[1].name);
    for side in &sides {
        let disk = side.disk();
        println!("{}: {:.2} GB, {} bytes a job", side.name, disk as f64 / 1e9, disk / side.size.jobs);
    }
    // The first round warms up.
    let mut measured: Vec<[Vec<Duration>; 2]> = kinds.iter().map(|_| Default::default()).collect();
    for round in 0..=ROUNDS {
        sides.iter().for_each(Side::warm);
        for side in &mut sides {
            side.client = side.server.connect();
        }
        for (kind, [small, big]) in kinds.iter().zip(&mut measured) {
            let [of_small, of_big] = in_turn(kind, &mut sides);
            if round > 0 {
                small.extend(of_small);
                big.extend(of_big);
            }
        }
    }
    println!("{:<36} {:>17} {:>17} {:>6}", "", "median", "p99", "ratio");
    for (kind, mut took) in kinds.iter().zip(measured) {
        took.iter_mut().for_each(|took| took.sort_unstable());
        let [small, big] = took.map(|took| [at(&took, 50), at(&took, 99)]);
        println!(
            "{:<36} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>6.2}",
            kind.name,
            small[0],
            big[0],
            small[1],
            big[1],
            big[1] / small[1]
        );
    }
    for side in &mut sides {
        let start = side.restart();
        let wipe = side.write("POST", "sandbox/wipe", &json!({ "confirm": "demo" })).1;
        println!(
            "{}: ready {:.2} s after the start; wiping the account's jobs takes {:.2} s",
            side.name,
            start.as_secs_f64(),
            wipe.as_secs_f64()
        );
    }
}

/// Calls of a kind, to each side in turn; how long they took.
fn in_turn(kind: &Kind, sides: &mut [Side; 2]) -> [Vec<Duration>; 2] {
    let settle = |sides: &[Side; 2]| sides.iter().for_each(|side| side.server.until_on_board());
    // What the calls before have left to do is not theirs.
    settle(sides);
    let mut took = [Vec::new(), Vec::new()];
    for number in 0..kind.count {
        for turn in 0..2 {
            let which = (number + turn) % 2;
            if kind.queues {
                settle(sides);
            }
            took[which].push((kind.call)(&mut sides[which], number));
        }
    }
    took
}

/// So many of a hundred took no longer, in milliseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).saturating_sub(1)].as_secs_f64() * 1_000.0
}

/// Both engines; the words are jobs, accounts, one engine's name or `parted`, and what the calls' names are to hold.
pub fn both(words: &[String]) {
    let number = |at: usize, default: u64| words.get(at).map_or(default, |word| word.parse().unwrap());
    let jobs = number(0, 10_000_000);
    let big = Size { jobs, accounts: number(1, jobs / 1_000) };
    let only = words.get(2).map(String::as_str);
    let kinds = words.get(3).map_or("", String::as_str);
    if only.is_none_or(|only| only == "sqlite") {
        compare("SQLite", [SMALL, big].map(|size| Side::new(Server::start(), size)), kinds);
    }
    if only == Some("sqlite") {
        return;
    }
    let cluster = Cluster::start();
    let filled = |name: &str, size| Side::new(cluster.server(name), size);
    if only.is_none_or(|only| only == "postgres") {
        compare("PostgreSQL", [filled("small", SMALL), filled("big", big)], kinds);
    }
    if only == Some("parted") {
        let (whole, mut parted) = (filled("whole", big), filled("parted", big));
        parted.part();
        compare("PostgreSQL", [whole, parted], kinds);
    }
}

//! How fast the server is, as ratios against the bare parts in the same run: orders against raw
//! inserts of the same rows, GET job against a bare handler that reads one row, the queue with
//! dead callback addresses against none; how long claims take that many want at once, and how late callbacks
//! are beside receivers that are dead. Nothing
//! here fails; the figures are read by people.
//!
//! `cargo bench -p honyaku --bench load`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod callbacks;
mod claims;
mod fill;
mod orders;
mod queue;
mod reading;
mod scale;
mod server;
mod sizing;

use self::server::{Cluster, Server};
use std::time::Duration;

/// So long each row is measured.
const FOR: Duration = Duration::from_millis(2_500);

fn main() {
    // `cargo bench … -- orders` runs one part, `-- orders 50 16` one row of it.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.first().is_none_or(|part| part == name);
    let row = |at: usize, all: &[usize]| match words.get(at) {
        Some(only) => vec![only.parse().unwrap()],
        None => all.to_vec(),
    };
    if wanted("orders") {
        for jobs_each in row(1, &[1, 50, 1_000]) {
            for connections in row(2, &[1, 16, 64]) {
                orders::embedded(jobs_each, connections);
            }
        }
    }
    if wanted("postgres") {
        let cluster = Cluster::start();
        for jobs_each in row(1, &[1, 50, 1_000]) {
            let connections: &[usize] = match jobs_each {
                1 => &[16, 64],
                1_000 => &[4],
                _ => &[16],
            };
            for connections in row(2, connections) {
                for accounts in row(3, &[1, connections]) {
                    for nodes in [1, 3] {
                        orders::on_postgres(&cluster, nodes, accounts, jobs_each, connections);
                    }
                }
            }
        }
    }
    if wanted("busy") {
        for connections in row(1, &[1, 16]) {
            orders::with_queue("SQLite", &Server::start(), connections);
            let cluster = Cluster::start();
            orders::with_queue("PostgreSQL", &cluster.server("busy"), connections);
        }
    }
    if wanted("reading") {
        for connections in row(1, &[1, 4, 16]) {
            reading::reading(connections);
        }
    }
    if wanted("queue") {
        let drain = |callback| queue::drain(&Server::start(), callback);
        for _ in 0..3 {
            let (without, alive, dead) =
                (drain(None), drain(Some(queue::receiver())), drain(Some(queue::nobody())));
            println!(
                "queue of 10,000 jobs: {without:.2} s without callbacks; with one each to 10,000 addresses that answer \
                 {alive:.2} s, that are dead {dead:.2} s, ratio {:.2}",
                dead / alive
            );
        }
        let cluster = Cluster::start();
        let took = queue::drain(&cluster.server("drain"), None);
        println!("queue of 10,000 jobs on PostgreSQL: {took:.2} s, {:.0} jobs/s", 10_000.0 / took);
    }
    if wanted("callbacks") {
        for _ in 0..row(1, &[1])[0] {
            let only = words.get(2).map(String::as_str);
            if only != Some("postgres") {
                callbacks::isolation("SQLite", &Server::start());
            }
            if only != Some("sqlite") {
                let cluster = Cluster::start();
                callbacks::isolation("PostgreSQL", &cluster.server("callbacks"));
            }
        }
    }
    // Takes half an hour and 40 GB: only if asked for.
    if words.first().is_some_and(|part| part == "scale") {
        scale::both(&words[1..]);
    }
    if wanted("sizing") {
        sizing::sizing();
    }
    if wanted("claims") {
        claims::claims("SQLite", &[Server::start()]);
        let cluster = Cluster::start();
        for nodes in [1, 3] {
            let database = cluster.database(&format!("claims{nodes}"));
            claims::claims(&format!("PostgreSQL, {nodes} nodes"), &Server::nodes(&database, nodes));
        }
    }
}

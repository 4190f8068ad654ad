//! What a steady load takes of the machine: 300 orders a minute of ten jobs each, which robots
//! take, translate and hand in, and which approve themselves.

use super::server::{Cluster, Server, cpu, jobs};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ORDERS: u32 = 300;
const JOBS_EACH: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

pub fn sizing() {
    load("SQLite", &Server::start(), None);
    let cluster = Cluster::start();
    load("PostgreSQL", &cluster.server("sizing"), Some(cluster.process()));
}

/// Runs the load for a minute and prints what it took.
fn load(name: &str, server: &Server, database: Option<u32>) {
    let mut client = server.connect();
    client.post(
        "/v2/sandbox/robot",
        &server.form(&json!({ "mode": "automatic", "queue": 0, "take": 0, "submit": 0 })),
    );
    let idle = memory(server.process());
    let before = (cpu(server.process()), database.map(cpu_of_children));
    let began = Instant::now();
    for number in 0..ORDERS {
        std::thread::sleep((MINUTE / ORDERS * number).saturating_sub(began.elapsed()));
        let mut order = jobs(JOBS_EACH, &format!("sizing {number}"), None);
        order["jobs"].as_array_mut().unwrap().iter_mut().for_each(|job| job["auto_approve"] = json!(1));
        let answer = client.post("/v2/translate/jobs", &server.form(&order));
        assert!(answer.starts_with(b"{\"opstat\":\"ok\""), "{}", String::from_utf8_lossy(&answer));
    }
    let ordered = began.elapsed();
    while approved(server) < ORDERS as usize * JOBS_EACH {
        std::thread::sleep(Duration::from_millis(50));
    }
    let all = began.elapsed();
    print!(
        "{name}: {ORDERS} orders of {JOBS_EACH} jobs in {:.0} s, the last job approved {:.1} s later; CPU {:.1} s of the server",
        ordered.as_secs_f64(),
        (all - ordered).as_secs_f64(),
        cpu(server.process()) - before.0
    );
    if let (Some(process), Some(before)) = (database, before.1) {
        print!(", {:.1} s of the database", cpu_of_children(process) - before);
    }
    println!("; memory {idle} MB at the start, {} MB at the end", memory(server.process()));
}

fn approved(server: &Server) -> usize {
    let answer = server.connect().get(&format!("/v2/sandbox?{}", server.credentials()));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["response"]["jobs"]["approved"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap()
}

/// As `cpu`, of all processes that a process started and that still run.
fn cpu_of_children(parent: u32) -> f64 {
    let children =
        std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).map(cpu).sum()
}

/// What a process has in memory, in MB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

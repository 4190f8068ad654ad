//! Fills a stopped server's database with what a busy sandbox would have written: see `fill.sql`.
//! Indexes are dropped before and made anew after, which is many times faster.

use super::server::Server;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How much there is to be.
#[derive(Clone, Copy)]
pub struct Size {
    pub jobs: u64,
    pub accounts: u64,
}

/// Jobs of account 1, in every size.
pub const OWN_JOBS: u64 = 1_000;
const JOBS_AN_ORDER: u64 = 10;
const DAYS: u64 = 400;
const EVENT_DAYS: u64 = 30;
const DAY_MS: u64 = 86_400_000;
/// Ids below are the server's own.
pub const BASE: u64 = 1_000;
const MONEY_BASE: u64 = 1_000_000;
/// Ids above all that are filled in.
const PART_OF_IDS: u64 = 5;

impl Size {
    fn orders(self) -> u64 {
        self.jobs / JOBS_AN_ORDER
    }

    /// The ids of account 1's jobs.
    pub fn own_job(self, number: u64) -> u64 {
        let stride = self.jobs / OWN_JOBS;
        let order = number / JOBS_AN_ORDER * stride + 1;
        (order - 1) * JOBS_AN_ORDER + number % JOBS_AN_ORDER + 1
    }

    /// The script with this size's numbers.
    fn script(self, text: &str, series: impl Fn(u64) -> String, random_key: &str) -> String {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let numbers = [
            ("{jobs}", self.jobs),
            ("{accounts}", self.accounts),
            ("{stride}", self.jobs / OWN_JOBS),
            ("{open from}", self.orders() - self.orders() / 100),
            ("{events from}", self.orders() - self.orders() * EVENT_DAYS / DAYS),
            ("{began}", now - DAYS * DAY_MS),
            ("{apart}", DAYS * DAY_MS / self.orders() * 999 / 1_000),
            ("{now}", now),
            ("{base}", BASE),
            ("{money}", MONEY_BASE),
        ];
        let mut script = text.replace("{random key}", random_key);
        for (name, number) in numbers {
            script = script.replace(name, &number.to_string());
        }
        for (name, to) in [("accounts", self.accounts), ("orders", self.orders()), ("jobs", self.jobs)] {
            script = script.replace(&format!("{{series {name}}}"), &series(to));
        }
        script
    }
}

/// Fills the database of a server that is stopped.
pub fn fill(server: &Server, size: Size) {
    let began = Instant::now();
    if server.postgres.is_empty() {
        fill_sqlite(server, size);
    } else {
        fill_postgres(&server.postgres, size);
    }
    eprintln!("filled {} jobs in {:.0} s", size.jobs, began.elapsed().as_secs_f64());
}

fn fill_sqlite(server: &Server, size: Size) {
    let series = |to| {
        format!(
            "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {to}) SELECT i FROM n) AS n"
        )
    };
    let database = server.database();
    database
        .execute_batch(
            "PRAGMA foreign_keys=OFF; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; \
             PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-1000000; PRAGMA threads=2;",
        )
        .unwrap();
    let indexes: Vec<(String, String)> = database
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut run = |sql: &str| timed(sql, |sql| database.execute_batch(sql).unwrap());
    for (name, _) in &indexes {
        run(&format!("DROP INDEX {name}"));
    }
    size.script(include_str!("fill.sql"), series, "randomblob(32)").split(";\n\n").for_each(&mut run);
    for (_, sql) in &indexes {
        run(sql);
    }
    run(include_str!("balance.sql"));
    run(&format!("UPDATE id_sequence SET next = {}", MONEY_BASE + PART_OF_IDS * size.jobs));
    run("PRAGMA journal_mode=WAL");
}

fn fill_postgres(url: &str, size: Size) {
    let series = |to| format!("generate_series(1::bigint, {to}) AS n (i)");
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    // Fewer checkpoints: what is written is written once.
    client.batch_execute("ALTER SYSTEM SET max_wal_size = '6GB'").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    // Nothing of this is in the server's own sessions.
    let bulk = "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; \
        SET work_mem = '256MB'; SET max_parallel_maintenance_workers = 2";
    client.batch_execute(bulk).unwrap();
    let secondary = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' \
        AND indexname NOT IN (SELECT conname FROM pg_constraint)";
    let indexes: Vec<(String, String)> =
        client.query(secondary, &[]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let sequences: Vec<String> = client
        .query("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut run = |sql: &str| timed(sql, |sql| client.batch_execute(sql).unwrap());
    for (name, _) in &indexes {
        run(&format!("DROP INDEX {name}"));
    }
    size.script(include_str!("fill.sql"), series, "sha256(('key ' || i)::bytea)")
        .split(";\n\n")
        .for_each(&mut run);
    for (_, sql) in &indexes {
        run(sql);
    }
    run(include_str!("balance.sql"));
    for name in sequences {
        run(&format!("SELECT setval('{name}', {})", MONEY_BASE + PART_OF_IDS * size.jobs));
    }
    run("VACUUM ANALYZE");
}

/// Runs a statement; says on stderr what took long.
fn timed(sql: &str, run: impl FnOnce(&str)) {
    let began = Instant::now();
    run(sql);
    let seconds = began.elapsed().as_secs_f64();
    if seconds > 5.0 {
        let line = sql.lines().find(|line| !line.starts_with("--") && !line.is_empty()).unwrap_or_default();
        eprintln!("{seconds:>6.0} s  {}", line.get(..90).unwrap_or(line));
    }
}

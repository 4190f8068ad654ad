//! Orders accepted, against raw inserts of the same rows into the same database.

use super::FOR;
use super::server::{Cluster, Server, flood, jobs, request};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use std::time::Instant;

const MOST_JOBS: usize = 300_000;
const MOST_REQUESTS: usize = 60_000;
const ROUNDS: u32 = 5;

/// Orders made before the clock starts, so that the generator takes little of the machine:
/// for each connection its requests, ready to be sent.
fn prepared(server: &Server, jobs_each: usize, connections: usize, round: u32) -> Vec<Vec<Vec<u8>>> {
    let requests = (MOST_JOBS / jobs_each).min(MOST_REQUESTS) / ROUNDS as usize / connections + 1;
    let of = |connection: usize| {
        (0..requests).map(move |number| {
            let form = server.form(&jobs(jobs_each, &format!("{connection}-{round}-{number}"), None));
            request("/v2/translate/jobs", &form)
        })
    };
    (0..connections).map(|connection| of(connection).collect()).collect()
}

/// Jobs accepted a second, through the servers in turn.
fn accepted(servers: &[&Server], jobs_each: usize, connections: usize) -> f64 {
    flood(servers, &prepared(servers[0], jobs_each, connections, 0), FOR) * jobs_each as f64
}

/// Single orders while the queue puts them on the board, and how long it has to work on afterwards.
pub fn with_queue(name: &str, server: &Server, connections: usize) {
    server.without_callbacks();
    let accepted = accepted(&[server], 1, connections);
    let began = Instant::now();
    server.until_on_board();
    println!(
        "{name}: {connections:>2} connections order {accepted:.0} single jobs/s while the queue works; it is done {:.2} s later",
        began.elapsed().as_secs_f64()
    );
}

/// In rounds, because the machine is faster at one moment than at another: a moment's orders, then
/// the same rows raw.
pub fn embedded(jobs_each: usize, connections: usize) {
    let server = Server::start();
    // Accepting alone: the queue's own work is measured below.
    let later = json!({ "mode": "automatic", "queue": 86_400, "take": "never" });
    server.connect().post("/v2/sandbox/robot", &server.form(&later));
    let mut raw = Raw::of(&server);
    let (mut accepted, mut inserted) = (0.0, 0.0);
    for round in 0..ROUNDS {
        let requests = prepared(&server, jobs_each, connections, round);
        accepted += flood(&[&server], &requests, FOR / ROUNDS) * jobs_each as f64;
        inserted += raw.catch_up(connections);
    }
    println!(
        "orders  {jobs_each:>5} jobs x {connections:>2} connections  {:>9.0} jobs/s   raw inserts {:>9.0} jobs/s   ratio {:.2}",
        accepted / f64::from(ROUNDS),
        inserted / f64::from(ROUNDS),
        accepted / inserted
    );
}

/// What orders refer to.
const PARENTS: [(&str, &str); 2] = [("account", "0"), ("api_key", "0")];

/// What ordering writes. Parents first: foreign keys are checked. Beside each table, the order
/// that a row belongs to.
const ORDERED: [(&str, &str); 6] = [
    ("\"order\"", "id"),
    ("job", "order_id"),
    ("ledger_transaction", "COALESCE(order_id, 0)"),
    (
        "ledger_entry",
        "COALESCE((SELECT t.order_id FROM ledger_transaction t \
          WHERE t.account_id = ledger_entry.account_id AND t.id = ledger_entry.transaction_id), 0)",
    ),
    ("event", "COALESCE(order_id, 0)"),
    ("task", "CASE kind WHEN 'queue' THEN subject_id ELSE 0 END"),
];

/// The rows that ordering wrote, inserted again into an empty copy with the same tables, indexes,
/// constraints and durability, one transaction for as many orders as there were connections.
struct Raw {
    source: Connection,
    target: Connection,
    /// The last order that is there.
    order: i64,
}

impl Raw {
    fn of(server: &Server) -> Self {
        let source = server.database();
        let target = empty_copy(server, &source);
        for (table, _) in PARENTS {
            for row in rows(&source, &format!("SELECT 0, * FROM {table}")) {
                target.execute(&insert(table, row.1.len()), params_from_iter(&row.1)).unwrap();
            }
        }
        Self { source, target, order: 0 }
    }

    /// Inserts the orders that came since. Jobs a second.
    fn catch_up(&mut self, connections: usize) -> f64 {
        let mut batches: Vec<Vec<(String, Vec<Cell>)>> = Vec::new();
        let mut jobs = 0;
        for (table, of_order) in ORDERED {
            let sql = format!(
                "SELECT {of_order} AS of_order, * FROM {table} WHERE of_order > {} ORDER BY 1, 2",
                self.order
            );
            for (order, row) in rows(&self.source, &sql) {
                let batch = usize::try_from(order - self.order - 1).unwrap() / connections;
                if batches.len() <= batch {
                    batches.resize_with(batch + 1, Vec::new);
                }
                batches[batch].push((insert(table, row.len()), row));
                jobs += usize::from(table == "job");
            }
        }
        self.order = self.source.query_row("SELECT MAX(id) FROM \"order\"", [], |row| row.get(0)).unwrap();
        let began = Instant::now();
        for batch in &batches {
            self.target.execute_batch("BEGIN IMMEDIATE").unwrap();
            for (sql, row) in batch {
                self.target.prepare_cached(sql).unwrap().execute(params_from_iter(row)).unwrap();
            }
            self.target.execute_batch("COMMIT").unwrap();
        }
        jobs as f64 / began.elapsed().as_secs_f64()
    }
}

fn insert(table: &str, columns: usize) -> String {
    format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(","))
}

/// Rows, and the order that each belongs to.
fn rows(source: &Connection, sql: &str) -> Vec<(i64, Vec<Cell>)> {
    let mut select = source.prepare(sql).unwrap();
    let columns = select.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, (1..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?))
    };
    select.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// A database with our tables, indexes and triggers, and without rows.
fn empty_copy(server: &Server, source: &Connection) -> Connection {
    let target = Connection::open(server.directory.path().join("copy.sqlite")).unwrap();
    target
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-24000; PRAGMA wal_autocheckpoint=4000;")
        .unwrap();
    let schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
        ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END";
    let mut schema = source.prepare(schema).unwrap();
    for sql in schema.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        target.execute_batch(&sql.unwrap()).unwrap();
    }
    target
}

/// Orders on PostgreSQL, by one account, through so many nodes in turn.
pub fn on_postgres(cluster: &Cluster, nodes: usize, jobs_each: usize, connections: usize) {
    let name = format!("n{nodes}_{jobs_each}_{connections}");
    let url = cluster.database(&name);
    let first = Server::start_on(tempfile::tempdir().unwrap(), &url);
    let later = json!({ "mode": "automatic", "queue": 86_400, "take": "never" });
    first.connect().post("/v2/sandbox/robot", &first.form(&later));
    let mut servers = vec![first];
    for _ in 1..nodes {
        // The same keys and the same secret.
        let directory = tempfile::tempdir().unwrap();
        for file in ["demo.json", "secret.key"] {
            std::fs::copy(servers[0].directory.path().join(file), directory.path().join(file)).unwrap();
        }
        servers.push(Server::start_on(directory, &url));
    }
    let accepted = accepted(&servers.iter().collect::<Vec<_>>(), jobs_each, connections);
    drop(servers);
    let raw = raw_inserts_on_postgres(&url, &cluster.database(&format!("{name}_raw")), connections);
    println!(
        "postgres {nodes} nodes {jobs_each:>5} jobs x {connections:>2} connections  {accepted:>9.0} jobs/s   raw inserts {raw:>9.0} jobs/s   ratio {:.2}",
        accepted / raw
    );
}

/// As `Raw`, all at once: the same rows into the same tables, as many orders a transaction as there
/// were connections.
fn raw_inserts_on_postgres(from: &str, to: &str, connections: usize) -> f64 {
    use store::sql::{Db, Error, Options, Param, PostgresOptions, Value as Row};
    let open = |url: &str| {
        let options =
            PostgresOptions { url: url.to_owned(), connections: 2, authorities: None, replica: None };
        Db::open(&Options::Postgres(options), 0).unwrap()
    };
    let (source, target) = (open(from), open(to));
    let mut batches: Vec<Vec<(usize, Vec<Row>)>> = Vec::new();
    let tables: Vec<_> = PARENTS.into_iter().chain(ORDERED).collect();
    for (index, (table, of_order)) in tables.iter().enumerate() {
        let sql = format!("SELECT CAST({of_order} AS BIGINT) AS of_order, * FROM {table} ORDER BY 1, 2");
        let rows = source
            .write_blocking(move |tx| tx.query_all(&sql, &[], |row| Ok::<_, Error>(row.take_all())))
            .unwrap();
        for mut row in rows {
            let cells = row.split_off(1);
            let Row::Int(order) = row[0] else { panic!("no order") };
            let batch = usize::try_from(order).unwrap().div_ceil(connections);
            if batches.len() <= batch {
                batches.resize_with(batch + 1, Vec::new);
            }
            batches[batch].push((index, cells));
        }
    }
    let count = batches.iter().flatten().filter(|(table, _)| tables[*table].0 == "job").count();
    let began = Instant::now();
    for batch in batches {
        let tables = tables.clone();
        target
            .write_blocking(move |tx| {
                for (table, row) in &batch {
                    let marks: Vec<String> = (1..=row.len()).map(|number| format!("${number}")).collect();
                    let sql = format!("INSERT INTO {} VALUES ({})", tables[*table].0, marks.join(","));
                    let cells: Vec<&dyn Param> = row.iter().map(|cell| cell as &dyn Param).collect();
                    tx.execute(&sql, &cells)?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

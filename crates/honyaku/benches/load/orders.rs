//! Orders accepted, against raw inserts of the same rows into the same database.

use super::FOR;
use super::server::{Cluster, Server, jobs, rate};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use std::time::Instant;

const MOST_JOBS: usize = 300_000;
const MOST_REQUESTS: usize = 60_000;

/// Orders made before the clock starts, so that the generator takes little of the machine:
/// for each connection its requests, ready to be sent.
fn prepared(server: &Server, jobs_each: usize, connections: usize) -> Vec<Vec<String>> {
    let requests = (MOST_JOBS / jobs_each).min(MOST_REQUESTS) / connections + 1;
    let of = |connection: usize| {
        (0..requests)
            .map(move |request| server.form(&jobs(jobs_each, &format!("{connection}-{request}"), None)))
    };
    (0..connections).map(|connection| of(connection).collect()).collect()
}

/// Jobs accepted a second, through the servers in turn.
fn accepted(servers: &[&Server], jobs_each: usize, connections: usize) -> f64 {
    let forms = prepared(servers[0], jobs_each, connections);
    let requests = rate(connections, |number, own| {
        let mut client = servers[number % servers.len()].connect();
        let end = Instant::now() + FOR;
        for form in forms[number].iter().take_while(|_| Instant::now() < end) {
            let answer = client.post("/v2/translate/jobs", form);
            assert!(answer.starts_with(b"{\"opstat\":\"ok\""), "{}", String::from_utf8_lossy(&answer));
            *own += 1;
        }
    });
    requests * jobs_each as f64
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

pub fn embedded(jobs_each: usize, connections: usize) {
    let server = Server::start();
    // Accepting alone: the queue's own work is measured below.
    let later = json!({ "mode": "automatic", "queue": 86_400, "take": "never" });
    server.connect().post("/v2/sandbox/robot", &server.form(&later));
    let accepted = accepted(&[&server], jobs_each, connections);
    let raw = raw_inserts(&server, connections);
    println!(
        "orders  {jobs_each:>5} jobs x {connections:>2} connections  {accepted:>9.0} jobs/s   raw inserts {raw:>9.0} jobs/s   ratio {:.2}",
        accepted / raw
    );
}

/// What ordering writes. Parents first: foreign keys are checked. Beside each table, the order
/// that a row belongs to.
const ORDERED: [(&str, &str); 8] = [
    ("account", "0"),
    ("api_key", "0"),
    ("\"order\"", "id"),
    ("job", "order_id"),
    ("ledger_transaction", "COALESCE(order_id, 0)"),
    ("ledger_entry", "COALESCE((SELECT order_id FROM ledger_transaction WHERE id = transaction_id), 0)"),
    ("event", "COALESCE(order_id, 0)"),
    ("task", "CASE kind WHEN 'queue' THEN subject_id ELSE 0 END"),
];

/// The rows that ordering wrote, inserted again into an empty copy with the same tables, indexes,
/// constraints and durability, one transaction for as many orders as there were connections.
fn raw_inserts(server: &Server, connections: usize) -> f64 {
    let source = server.database();
    let target = empty_copy(server, &source);
    let orders: i64 = source.query_row("SELECT MAX(id) FROM \"order\"", [], |row| row.get(0)).unwrap();
    let orders = usize::try_from(orders).unwrap();
    let mut batches: Vec<Vec<(usize, Vec<Cell>)>> = vec![Vec::new(); orders.div_ceil(connections) + 1];
    let mut inserts = Vec::new();
    for (index, (table, of_order)) in ORDERED.iter().enumerate() {
        let sql = format!("SELECT {of_order} AS of_order, * FROM {table} ORDER BY 1, 2");
        let mut select = source.prepare(&sql).unwrap();
        let columns = select.column_count() - 1;
        inserts.push(format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(",")));
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let order = usize::try_from(row.get::<_, i64>(0).unwrap()).unwrap();
            let cells = (1..=columns).map(|column| row.get(column).unwrap()).collect();
            batches[order.div_ceil(connections)].push((index, cells));
        }
    }
    let jobs =
        |batch: &[(usize, Vec<Cell>)]| batch.iter().filter(|(table, _)| ORDERED[*table].0 == "job").count();
    let count: usize = batches.iter().map(|batch| jobs(batch)).sum();
    let began = Instant::now();
    for batch in &batches {
        target.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (table, row) in batch {
            target.prepare_cached(&inserts[*table]).unwrap().execute(params_from_iter(row)).unwrap();
        }
        target.execute_batch("COMMIT").unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
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

/// As `raw_inserts`: the same rows into the same tables, as many orders a transaction as there
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
    for (index, (table, of_order)) in ORDERED.iter().enumerate() {
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
    let count = batches.iter().flatten().filter(|(table, _)| ORDERED[*table].0 == "job").count();
    let began = Instant::now();
    for batch in batches {
        target
            .write_blocking(move |tx| {
                for (table, row) in &batch {
                    let marks: Vec<String> = (1..=row.len()).map(|number| format!("${number}")).collect();
                    let sql = format!("INSERT INTO {} VALUES ({})", ORDERED[*table].0, marks.join(","));
                    let cells: Vec<&dyn Param> = row.iter().map(|cell| cell as &dyn Param).collect();
                    tx.execute(&sql, &cells)?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

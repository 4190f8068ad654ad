//! Orders accepted, against raw inserts of the same rows into the same database.

use super::FOR;
use super::server::{Cluster, Keys, Server, flood, jobs, request};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use std::time::Instant;
use store::sql::{Db, Error, Options, Param, PostgresOptions, Value as Row};

const MOST_JOBS: usize = 300_000;
const MOST_REQUESTS: usize = 60_000;
const ROUNDS: u32 = 5;

/// Orders made before the clock starts, so that the generator takes little of the machine:
/// for each connection its requests, ready to be sent, by one key after the other.
fn prepared(keys: &[&Keys], jobs_each: usize, connections: usize, round: u32) -> Vec<Vec<Vec<u8>>> {
    let requests = (MOST_JOBS / jobs_each).min(MOST_REQUESTS) / ROUNDS as usize / connections + 1;
    let of = |connection: usize| {
        (0..requests).map(move |number| {
            let key = keys[connection % keys.len()];
            let form = key.form(&jobs(jobs_each, &format!("{connection}-{round}-{number}"), None));
            request("/v2/translate/jobs", &form)
        })
    };
    (0..connections).map(|connection| of(connection).collect()).collect()
}

/// Jobs accepted a second, through the servers in turn.
fn accepted(servers: &[&Server], jobs_each: usize, connections: usize) -> f64 {
    flood(servers, &prepared(&[&servers[0].keys], jobs_each, connections, 0), FOR) * jobs_each as f64
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
    let keys = [&server.keys];
    let compared = in_rounds(&[&server], &keys, jobs_each, connections, || raw.catch_up(connections));
    println!("orders  {jobs_each:>5} jobs x {connections:>2} connections  {compared}");
}

/// Jobs accepted a second, beside raw inserts of the same rows, in turn.
fn in_rounds(
    servers: &[&Server],
    keys: &[&Keys],
    jobs_each: usize,
    connections: usize,
    mut catch_up: impl FnMut() -> f64,
) -> String {
    let (mut accepted, mut inserted) = (0.0, 0.0);
    for round in 0..ROUNDS {
        let requests = prepared(keys, jobs_each, connections, round);
        accepted += flood(servers, &requests, FOR / ROUNDS) * jobs_each as f64;
        inserted += catch_up();
    }
    let of_rounds = f64::from(ROUNDS);
    format!(
        "{:>9.0} jobs/s   raw inserts {:>9.0} jobs/s   ratio {:.2}",
        accepted / of_rounds,
        inserted / of_rounds,
        accepted / inserted
    )
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

/// The rows of the orders after this one, each with its order first.
fn rows_after(table: &str, of_order: &str, after: i64) -> String {
    format!("SELECT CAST({of_order} AS BIGINT), * FROM {table} WHERE {of_order} > {after} ORDER BY 1, 2")
}

/// Rows to insert, in transactions of so many orders each.
struct Batches<T> {
    /// The order before the first.
    after: i64,
    orders_each: usize,
    all: Vec<Vec<T>>,
}

impl<T> Batches<T> {
    fn new(after: i64, orders_each: usize) -> Self {
        Self { after, orders_each, all: Vec::new() }
    }

    fn put(&mut self, order: i64, row: T) {
        let batch = usize::try_from(order - self.after - 1).unwrap() / self.orders_each;
        if self.all.len() <= batch {
            self.all.resize_with(batch + 1, Vec::new);
        }
        self.all[batch].push(row);
    }
}

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
            for row in rows(&source, &rows_after(table, "0", -1)) {
                target.execute(&insert(table, row.1.len()), params_from_iter(&row.1)).unwrap();
            }
        }
        Self { source, target, order: 0 }
    }

    /// Inserts the orders that came since. Jobs a second.
    fn catch_up(&mut self, connections: usize) -> f64 {
        let mut batches = Batches::new(self.order, connections);
        let mut jobs = 0;
        for (table, of_order) in ORDERED {
            for (order, row) in rows(&self.source, &rows_after(table, of_order, self.order)) {
                batches.put(order, (insert(table, row.len()), row));
                jobs += usize::from(table == "job");
            }
        }
        self.order = self.source.query_row("SELECT MAX(id) FROM \"order\"", [], |row| row.get(0)).unwrap();
        let began = Instant::now();
        for batch in &batches.all {
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

/// Orders on PostgreSQL, by so many accounts, through so many nodes in turn.
pub fn on_postgres(cluster: &Cluster, nodes: usize, accounts: usize, jobs_each: usize, connections: usize) {
    let name = format!("n{nodes}_{accounts}_{jobs_each}_{connections}");
    let url = cluster.database(&name);
    let servers = Server::nodes(&url, nodes);
    let later = json!({ "mode": "automatic", "queue": 86_400, "take": "never" });
    let others: Vec<Keys> = (1..accounts).map(|number| servers[0].account(&format!("a{number}"))).collect();
    let keys: Vec<&Keys> = std::iter::once(&servers[0].keys).chain(&others).collect();
    for key in &keys {
        servers[0].connect().post("/v2/sandbox/robot", &key.form(&later));
    }
    let mut raw = RawOnServer::of(&url, &cluster.database(&format!("{name}_raw")));
    let all: Vec<&Server> = servers.iter().collect();
    let compared = in_rounds(&all, &keys, jobs_each, connections, || raw.catch_up(connections));
    println!(
        "postgres {nodes} nodes {accounts:>2} accounts {jobs_each:>5} jobs x {connections:>2} connections  {compared}"
    );
}

/// As `Raw`, on a server: all rows of an order that a table gets are one statement, and no answer is waited for but the
/// commit's.
struct RawOnServer {
    source: Db,
    target: Db,
    order: i64,
}

impl RawOnServer {
    fn of(from: &str, to: &str) -> Self {
        let open = |url: &str| {
            let options =
                PostgresOptions { url: url.to_owned(), connections: 2, authorities: None, replica: None };
            Db::open(&Options::Postgres(options), 0).unwrap()
        };
        let raw = Self { source: open(from), target: open(to), order: 0 };
        for (table, _) in PARENTS {
            raw.insert(raw.rows(table, "0", -1).into_iter().map(|(_, row)| (0, table, row)).collect());
        }
        raw
    }

    /// Inserts the orders that came since. Jobs a second.
    fn catch_up(&mut self, connections: usize) -> f64 {
        let mut batches = Batches::new(self.order, connections);
        let (mut jobs, mut last) = (0, self.order);
        for (table, of_order) in ORDERED {
            for (order, row) in self.rows(table, of_order, self.order) {
                batches.put(order, (order, table, row));
                jobs += usize::from(table == "job");
                last = last.max(order);
            }
        }
        self.order = last;
        let began = Instant::now();
        for mut batch in batches.all {
            // Order by order; the tables stay as they are.
            batch.sort_by_key(|(order, _, _)| *order);
            self.insert(batch);
        }
        jobs as f64 / began.elapsed().as_secs_f64()
    }

    fn rows(&self, table: &str, of_order: &str, after: i64) -> Vec<(i64, Vec<Row>)> {
        let sql = rows_after(table, of_order, after);
        let row = |row: &mut store::sql::Row| Ok((row.take()?, row.take_all().split_off(1)));
        self.source.write_blocking(move |tx| tx.query_all::<(i64, _)>(&sql, &[], row)).unwrap()
    }

    /// Each with its order and its table: what has both alike stands together.
    fn insert(&self, rows: Vec<(i64, &'static str, Vec<Row>)>) {
        self.target
            .write_blocking(move |tx| {
                for of_table in rows.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
                    let all: Vec<Vec<_>> =
                        of_table.iter().map(|(_, _, row)| row.iter().map(Param::value).collect()).collect();
                    tx.send_rows(&format!("INSERT INTO {}", of_table[0].1), &all)?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    }
}

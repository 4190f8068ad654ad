//! How fast the server is, as ratios against the bare parts in the same run: orders against raw
//! inserts of the same rows, GET job against a bare handler that reads one row, the queue with
//! dead callback addresses against none. Nothing here fails; the figures are read by people.
//!
//! `cargo bench -p honyaku --bench load`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_millis(2_500);
const MOST_JOBS: usize = 300_000;
const MOST_REQUESTS: usize = 60_000;

/// A PostgreSQL of the benchmark's own, as durable as it comes.
struct Cluster {
    directory: tempfile::TempDir,
    address: String,
}

impl Cluster {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres/cluster");

    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let started = Command::new(Self::SCRIPT)
            .arg("start")
            .arg(directory.path().join("server"))
            .env("CLUSTER_DURABLE", "1")
            .output()
            .unwrap();
        assert!(started.status.success());
        let address = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        Self { directory, address }
    }

    fn database(&self, name: &str) -> String {
        let mut client =
            postgres::Client::connect(&format!("{}postgres", self.address), postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        format!("{}{name}", self.address)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(Self::SCRIPT).arg("stop").arg(self.directory.path().join("server")).output();
    }
}

struct Server {
    process: Child,
    address: String,
    public_key: String,
    private_key: String,
    directory: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        Self::start_on(tempfile::tempdir().unwrap(), "")
    }

    fn start_on(directory: tempfile::TempDir, database: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args([
                "demo",
                "--listen",
                "127.0.0.1:0",
                "--log-level",
                "error",
                "--sandbox-max-jobs",
                "100000000",
                "--sandbox-max-credits",
                "100000000000.00",
                "--database",
                database,
                "--data-dir",
            ])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let address = text("api_base").replace("http://", "").replace("/v2/", "");
        let server = Self {
            process,
            address,
            public_key: text("public_key"),
            private_key: text("private_key"),
            directory,
        };
        server.connect().post("/v2/sandbox/credits", &server.form(&json!({ "set": "90000000000.00" })));
        server
    }

    fn credentials(&self) -> String {
        let ts =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        format!(
            "api_key={}&ts={ts}&api_sig={}",
            self.public_key,
            wire::signature::sign(&self.private_key, &ts)
        )
    }

    fn form(&self, data: &Value) -> String {
        let mut form = self.credentials();
        form.push_str("&data=");
        for byte in data.to_string().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => form.push(char::from(byte)),
                b' ' => form.push('+'),
                _ => form.push_str(&format!("%{byte:02X}")),
            }
        }
        form
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { reader: BufReader::new(stream) }
    }

    fn database(&self) -> Connection {
        Connection::open(self.directory.path().join("honyaku.sqlite")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connection that is kept.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn send(&mut self, head: &str, body: &[u8]) -> Vec<u8> {
        let stream = self.reader.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        body
    }

    fn post(&mut self, path: &str, form: &str) -> Vec<u8> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            form.len()
        );
        self.send(&head, form.as_bytes())
    }

    fn get(&mut self, path: &str) -> Vec<u8> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"")
    }
}

/// Runs on so many threads for a while; how often it ran a second.
fn rate(connections: usize, run: impl Fn(usize, &mut u64) + Sync) -> f64 {
    let done = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..connections {
            let (run, done) = (&run, &done);
            scope.spawn(move || {
                let mut own = 0;
                run(number, &mut own);
                done.fetch_add(own, Ordering::Relaxed);
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

fn jobs(count: usize, unique: &str, callback: Option<u16>) -> Value {
    let job = |number: usize| {
        let mut job = json!({ "body_src": format!("A text of nine words for {unique} {number} here"), "lc_src": "en", "lc_tgt": "ja", "tier": "standard" });
        if let Some(port) = callback {
            job["callback_url"] =
                json!(format!("http://127.0.0.1:{}/x", usize::from(port) + number % 10_000));
        }
        job
    };
    json!({ "jobs": (0..count).map(job).collect::<Vec<_>>() })
}

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

fn ordering(jobs_each: usize, connections: usize) {
    let server = Server::start();
    // Accepting alone: the queue's own work is measured below.
    let later = json!({ "mode": "automatic", "queue": 86_400, "take": "never" });
    server.connect().post("/v2/sandbox/robot", &server.form(&later));
    let forms = prepared(&server, jobs_each, connections);
    let requests = rate(connections, |number, own| {
        let mut client = server.connect();
        let end = Instant::now() + FOR;
        for form in forms[number].iter().take_while(|_| Instant::now() < end) {
            let answer = client.post("/v2/translate/jobs", form);
            assert!(answer.starts_with(b"{\"opstat\":\"ok\""), "{}", String::from_utf8_lossy(&answer));
            *own += 1;
        }
    });
    let accepted = requests * jobs_each as f64;
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
fn ordering_on_postgres(cluster: &Cluster, nodes: usize, jobs_each: usize, connections: usize) {
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
    let forms = prepared(&servers[0], jobs_each, connections);
    let requests = rate(connections, |number, own| {
        let mut client = servers[number % nodes].connect();
        let end = Instant::now() + FOR;
        for form in forms[number].iter().take_while(|_| Instant::now() < end) {
            let answer = client.post("/v2/translate/jobs", form);
            assert!(answer.starts_with(b"{\"opstat\":\"ok\""), "{}", String::from_utf8_lossy(&answer));
            *own += 1;
        }
    });
    drop(servers);
    let accepted = requests * jobs_each as f64;
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
        let options = PostgresOptions { url: url.to_owned(), connections: 2, authorities: None };
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

fn reading(connections: usize) {
    let server = Server::start();
    server.connect().post("/v2/translate/jobs", &server.form(&jobs(200, "read", None)));
    let query = server.credentials();
    let ours = rate(connections, |number, own| {
        let mut client = server.connect();
        let end = Instant::now() + FOR;
        while Instant::now() < end {
            let id = (number as u64 * 7 + *own) % 200 + 1;
            client.get(&format!("/v2/translate/job/{id}?{query}"));
            *own += 1;
        }
    });
    let bare = bare_handler(&server.directory.path().join("honyaku.sqlite"), connections);
    println!(
        "GET job {connections:>2} connections  {ours:>9.0}/s   bare axum handler {bare:>9.0}/s   ratio {:.2}",
        ours / bare
    );
}

/// A bare axum handler that reads one row, in a process-wide runtime of its own.
fn bare_handler(database: &Path, connections: usize) -> f64 {
    let database = database.to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let pool = std::sync::Arc::new(std::sync::Mutex::new(
            (0..64).map(|_| Connection::open(&database).unwrap()).collect::<Vec<_>>(),
        ));
        let handler = move |axum::extract::RawQuery(query): axum::extract::RawQuery| {
            let pool = std::sync::Arc::clone(&pool);
            async move {
                let id: i64 = query.and_then(|query| query.parse().ok()).unwrap_or(1);
                tokio::task::spawn_blocking(move || {
                    let connection = pool.lock().unwrap().pop();
                    let connection = connection.unwrap_or_else(|| panic!("no connection"));
                    let body: String = connection
                        .prepare_cached("SELECT body_src FROM job WHERE id = ?1")
                        .unwrap()
                        .query_row([id], |row| row.get(0))
                        .unwrap();
                    pool.lock().unwrap().push(connection);
                    body
                })
                .await
                .unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = axum::Router::new().route("/", axum::routing::get(handler));
        tokio::spawn(async move { hyper_loop(listener, router).await });
        address
    });
    rate(connections, |number, own| {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Client { reader: BufReader::new(stream) };
        let end = Instant::now() + FOR;
        while Instant::now() < end {
            client.get(&format!("/?{}", (number as u64 * 7 + *own) % 200 + 1));
            *own += 1;
        }
    })
}

async fn hyper_loop(listener: tokio::net::TcpListener, router: axum::Router) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// How long 10,000 jobs take from the order to the board.
fn drain(callback: Option<u16>) -> f64 {
    let server = Server::start();
    if callback.is_none() {
        server.database().execute("UPDATE api_key SET callback_url = NULL", []).unwrap();
    }
    let mut client = server.connect();
    client.post("/v2/translate/jobs", &server.form(&jobs(10_000, "drain", callback)));
    let began = Instant::now();
    let database = server.database();
    loop {
        let left: i64 = database
            .query_row("SELECT COUNT(*) FROM job WHERE status = 'queued'", [], |row| row.get(0))
            .unwrap();
        if left == 0 {
            return began.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

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
                ordering(jobs_each, connections);
            }
        }
    }
    if wanted("postgres") {
        let cluster = Cluster::start();
        for (jobs_each, connections) in [(1, 16), (50, 16), (1_000, 4)] {
            for nodes in [1, 3] {
                ordering_on_postgres(&cluster, nodes, jobs_each, connections);
            }
        }
    }
    if wanted("reading") {
        for connections in [1, 4, 16] {
            reading(connections);
        }
    }
    if wanted("queue") {
        let (without, with) = (drain(None), drain(Some(20_000)));
        println!(
            "queue of 10,000 jobs: {without:.2} s without callbacks, {with:.2} s with 10,000 dead addresses, ratio {:.2}",
            with / without
        );
    }
}

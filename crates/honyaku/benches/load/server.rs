//! Servers to be measured, and the clients that call them.

use rusqlite::Connection;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A PostgreSQL of the benchmark's own, as durable as it comes.
pub struct Cluster {
    directory: tempfile::TempDir,
    address: String,
}

impl Cluster {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres/cluster");

    pub fn start() -> Self {
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

    pub fn database(&self, name: &str) -> String {
        let mut client =
            postgres::Client::connect(&format!("{}postgres", self.address), postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        format!("{}{name}", self.address)
    }

    /// Its first process, which started all others.
    pub fn process(&self) -> u32 {
        let file = self.directory.path().join("server/data/postmaster.pid");
        std::fs::read_to_string(file).unwrap().lines().next().unwrap().parse().unwrap()
    }

    /// A server on a database of its own.
    pub fn server(&self, name: &str) -> Server {
        Server::start_on(tempfile::tempdir().unwrap(), &self.database(name))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(Self::SCRIPT).arg("stop").arg(self.directory.path().join("server")).output();
    }
}

/// What signs calls.
pub struct Keys {
    public: String,
    private: String,
}

impl Keys {
    pub fn credentials(&self) -> String {
        let ts =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        format!("api_key={}&ts={ts}&api_sig={}", self.public, wire::signature::sign(&self.private, &ts))
    }

    pub fn form(&self, data: &Value) -> String {
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
}

pub struct Server {
    process: Child,
    pub address: String,
    /// Of the demo's account.
    pub keys: Keys,
    pub directory: tempfile::TempDir,
    /// Its PostgreSQL; the embedded database if empty.
    pub postgres: String,
}

/// A running demo, and the line that it says when it is ready.
fn launch(directory: &tempfile::TempDir, database: &str) -> (Child, Value) {
    // Another version's program, to compare it with.
    let program = std::env::var("HONYAKU").unwrap_or_else(|_| env!("CARGO_BIN_EXE_honyaku").to_owned());
    let mut process = Command::new(program)
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
            "--sandbox-retention-days",
            "0",
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
    (process, serde_json::from_str(&line).unwrap())
}

fn address(ready: &Value) -> String {
    ready["api_base"].as_str().unwrap().replace("http://", "").replace("/v2/", "")
}

impl Server {
    pub fn start() -> Self {
        Self::start_on(tempfile::tempdir().unwrap(), "")
    }

    pub fn start_on(directory: tempfile::TempDir, database: &str) -> Self {
        let (process, ready) = launch(&directory, database);
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let server = Self {
            process,
            address: address(&ready),
            keys: Keys { public: text("public_key"), private: text("private_key") },
            directory,
            postgres: database.to_owned(),
        };
        server.connect().post("/v2/sandbox/credits", &server.form(&json!({ "set": "90000000000.00" })));
        server
    }

    /// So many servers that share a database.
    pub fn nodes(url: &str, count: usize) -> Vec<Self> {
        let mut servers = vec![Self::start_on(tempfile::tempdir().unwrap(), url)];
        for _ in 1..count {
            // The same keys and the same secret.
            let directory = tempfile::tempdir().unwrap();
            for file in ["demo.json", "secret.key"] {
                std::fs::copy(servers[0].directory.path().join(file), directory.path().join(file)).unwrap();
            }
            servers.push(Self::start_on(directory, url));
        }
        servers
    }

    /// Does something while the server is stopped, and starts it again on the same data.
    pub fn while_stopped(&mut self, work: impl FnOnce(&Self)) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        work(self);
        let (process, ready) = launch(&self.directory, &self.postgres);
        self.process = process;
        self.address = address(&ready);
    }

    /// One more key, of another account's sandbox.
    pub fn key_of(&self, account: &str) -> Keys {
        let pair = self.command(&["key", "add", "--sandbox", "--name", "more", "--account", account]);
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        Keys { public: text("public_key"), private: text("private_key") }
    }

    /// A key of a new account's sandbox.
    pub fn account(&self, name: &str) -> Keys {
        let email = format!("{name}@example.com");
        self.command(&["account", "add", "--name", name, "--email", &email]);
        let keys = self.key_of(name);
        self.connect().post("/v2/sandbox/credits", &keys.form(&json!({ "set": "90000000000.00" })));
        keys
    }

    fn command(&self, words: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(words)
            .args(["--database", &self.postgres, "--data-dir"])
            .arg(self.directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The server's process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    pub fn credentials(&self) -> String {
        self.keys.credentials()
    }

    pub fn form(&self, data: &Value) -> String {
        self.keys.form(data)
    }

    /// No callbacks by default.
    pub fn without_callbacks(&self) {
        let forget = "UPDATE api_key SET callback_url = NULL";
        if self.postgres.is_empty() {
            self.database().execute(forget, []).unwrap();
        } else {
            postgres::Client::connect(&self.postgres, postgres::NoTls)
                .unwrap()
                .batch_execute(forget)
                .unwrap();
        }
    }

    /// Returns when no job waits for the queue any more.
    pub fn until_on_board(&self) {
        self.until_on_board_of(&self.keys);
    }

    /// The same for another account's jobs.
    pub fn until_on_board_of(&self, keys: &Keys) {
        let path = format!("/v2/translate/jobs?status=queued&count=1&{}", keys.credentials());
        let mut client = self.connect();
        while !client.get(&path).ends_with(b"\"response\":[]}") {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { reader: BufReader::new(stream) }
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.directory.path().join("honyaku.sqlite")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ticks a second in /proc, on every Linux.
const TICKS: f64 = 100.0;

/// What a process used of the CPU since its start, in seconds.
pub fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name, which may have blanks: user and system time are the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// A connection that is kept.
pub struct Client {
    pub reader: BufReader<TcpStream>,
}

impl Client {
    pub fn send(&mut self, head: &str, body: &[u8]) -> Vec<u8> {
        let stream = self.reader.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the connection ended");
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

    pub fn post(&mut self, path: &str, form: &str) -> Vec<u8> {
        self.with_form("POST", path, form)
    }

    pub fn with_form(&mut self, method: &str, path: &str, form: &str) -> Vec<u8> {
        self.send(&head(method, path, form.len()), form.as_bytes())
    }

    pub fn get(&mut self, path: &str) -> Vec<u8> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"")
    }
}

/// Sends each connection's requests, one after the other, for a while; how many were answered a
/// second. All from one thread, to take little of the machine that the server runs on.
pub fn flood(servers: &[&Server], requests: &[Vec<Vec<u8>>], time: Duration) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let began = Instant::now();
    let answered: u64 = runtime.block_on(async {
        let connections = requests.iter().enumerate().map(|(number, own)| {
            let address = &servers[number % servers.len()].address;
            async move {
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answered = 0;
                for request in own.iter().take_while(|_| began.elapsed() < time) {
                    stream.write_all(request).await.unwrap();
                    let answer = read_answer(&mut stream).await;
                    assert!(answer.starts_with("{\"opstat\":\"ok\""), "{answer}");
                    answered += 1;
                }
                answered
            }
        });
        futures_util::future::join_all(connections).await.into_iter().sum()
    });
    answered as f64 / began.elapsed().as_secs_f64()
}

async fn read_answer(stream: &mut tokio::net::TcpStream) -> String {
    let mut answer = Vec::with_capacity(2_048);
    loop {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection ended");
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]);
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map(|length| length.parse().unwrap())
            .unwrap();
        if answer.len() == end + 4 + length {
            return String::from_utf8(answer.split_off(end + 4)).unwrap();
        }
    }
}

/// The bytes of a POST.
pub fn request(path: &str, form: &str) -> Vec<u8> {
    format!("{}{form}", head("POST", path, form.len())).into_bytes()
}

fn head(method: &str, path: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Runs on so many threads for a while; how often it ran a second.
pub fn rate(connections: usize, run: impl Fn(usize, &mut u64) + Sync) -> f64 {
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

/// Orders of so many jobs; each job's callback goes to an address of its own on this machine, at
/// this port.
pub fn jobs(count: usize, unique: &str, callback: Option<u16>) -> Value {
    let job = |number: usize| {
        let mut job = json!({ "body_src": format!("A text of nine words for {unique} {number} here"), "lc_src": "en", "lc_tgt": "ja", "tier": "standard" });
        if let Some(port) = callback {
            job["callback_url"] =
                json!(format!("http://127.1.{}.{}:{port}/x", number / 250, number % 250 + 1));
        }
        job
    };
    json!({ "jobs": (0..count).map(job).collect::<Vec<_>>() })
}

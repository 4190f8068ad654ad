//! A database of its own for each test: an embedded file, or, if `HONYAKU_TEST_POSTGRES` has the
//! address of a server, a database there. Every test runs on both.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A data directory, and what the server is told to use.
#[derive(Clone)]
pub struct Database {
    directory: Arc<tempfile::TempDir>,
    server: Option<Arc<Server>>,
    /// The network namespace that commands run in.
    namespace: Option<String>,
    /// Commands are told where files are kept.
    pub keeps_files: bool,
}

struct Server {
    address: String,
    name: String,
    /// Parameters of the address.
    more: String,
    /// Whoever drops the database in the end.
    _first: Option<Arc<Server>>,
}

/// A server of a test's own, which it may crash.
pub struct Cluster {
    directory: tempfile::TempDir,
    address: String,
    replica: bool,
}

/// Names of the directories of a server and of its replica.
const SERVER: &str = "server";
const REPLICA: &str = "replica";

impl Cluster {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // It runs as somebody else.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let address = cluster(&["start"], &directory.path().join(SERVER), &[]);
        Self { address: address.trim().to_owned(), directory, replica: false }
    }

    /// One that writes the plan of every statement into its log, and reads a whole table only where no
    /// index can serve.
    pub fn explaining() -> Self {
        let cluster = Self::start();
        let mut client = connect(&format!("{}postgres", cluster.address));
        for statement in [
            "LOAD 'auto_explain'",
            "ALTER SYSTEM SET session_preload_libraries = 'auto_explain'",
            "ALTER SYSTEM SET auto_explain.log_min_duration = 0",
            "ALTER SYSTEM SET enable_seqscan = off",
            "SELECT pg_reload_conf()",
        ] {
            client.batch_execute(statement).unwrap();
        }
        cluster
    }

    /// What the server has written.
    pub fn log(&self) -> String {
        let log = self.directory.path().join(SERVER).join("server.log");
        String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned()
    }

    /// One with a replica that follows it as fast as it can.
    pub fn followed() -> Self {
        let mut primary = Self::start();
        let server = primary.directory.path().join(SERVER);
        cluster(&["follow"], &primary.directory.path().join(REPLICA), &[server.to_str().unwrap()]);
        primary.replica = true;
        primary
    }

    /// The replica's address of a database.
    pub fn replica_of(&self, database: &Database) -> String {
        let host = self.directory.path().join(REPLICA).to_str().unwrap().replace('/', "%2F");
        format!("postgres://honyaku@{host}/{}", database.server.as_ref().unwrap().name)
    }

    /// The replica stays at what it has, or goes on.
    pub fn hold_replica(&self, database: &Database, hold: bool) {
        let verb = if hold { "pause" } else { "resume" };
        connect(&self.replica_of(database)).batch_execute(&format!("SELECT pg_wal_replay_{verb}()")).unwrap();
    }

    /// The replica is gone.
    pub fn lose_replica(&self) {
        cluster(&["stop"], &self.directory.path().join(REPLICA), &[]);
    }

    /// One with a replica that has every commit before it is answered. The address names both:
    /// whichever takes writes is used.
    pub fn replicated() -> Self {
        let mut primary = Self::followed();
        let (server, replica) =
            (primary.directory.path().join(SERVER), primary.directory.path().join(REPLICA));
        let mut client = connect(&format!("{}postgres", primary.address));
        client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").unwrap();
        client.batch_execute("SELECT pg_reload_conf()").unwrap();
        let host = |path: &Path| path.to_str().unwrap().replace('/', "%2F");
        primary.address = format!("postgres://honyaku@{},{}/", host(&server), host(&replica));
        primary
    }

    /// The server is gone for good.
    pub fn lose_primary(&self) {
        cluster(&["stop"], &self.directory.path().join(SERVER), &[]);
    }

    /// The replica takes its place.
    pub fn promote_replica(&self) {
        cluster(&["promote"], &self.directory.path().join(REPLICA), &[]);
    }

    /// One that listens on a network, at `host`.
    pub fn on_network(host: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        cluster(&["start"], &directory.path().join(SERVER), &["5432", host]);
        Self { address: format!("postgres://honyaku@{host}:5432/"), directory, replica: false }
    }

    /// One that listens on the network too, encrypted if asked. Beside it the port, and the file of
    /// the authority that vouches for it.
    pub fn encrypted() -> (Self, String, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let free =
            std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let server = directory.path().join(SERVER);
        let address = cluster(&["start"], &server, &[&free]);
        (
            Self { address: address.trim().to_owned(), directory, replica: false },
            free,
            server.join("server.crt"),
        )
    }

    /// A role that may come over the network with this password only.
    pub fn ask_for_a_password(&self, port: &str, role: &str, password: &str) {
        let file = self.directory.path().join(SERVER).join("data/pg_hba.conf");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("host all {role} all scram-sha-256\n{before}")).unwrap();
        let mut client = connect(&format!("postgres://honyaku@127.0.0.1:{port}/postgres"));
        let set = "SET password_encryption = 'scram-sha-256'";
        client.batch_execute(&format!("{set}; CREATE ROLE {role} LOGIN PASSWORD '{password}'")).unwrap();
        client.batch_execute("SELECT pg_reload_conf()").unwrap();
    }

    pub fn database(&self) -> Database {
        Database::on(Server::create(self.address.clone(), "template1"))
    }

    /// Ends it without warning, and starts it again.
    pub fn crash(&self) {
        cluster(&["crash"], &self.directory.path().join(SERVER), &[]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        cluster(&["stop"], &self.directory.path().join(SERVER), &[]);
        if self.replica {
            cluster(&["stop"], &self.directory.path().join(REPLICA), &[]);
        }
    }
}

fn cluster(action: &[&str], directory: &Path, more: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres/cluster");
    let done = Command::new(script)
        .args(action)
        .arg(directory)
        .args(more)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(done.status.success(), "cluster {action:?}");
    String::from_utf8(done.stdout).unwrap()
}

impl Database {
    pub fn new() -> Self {
        Self::made_of("template1")
    }

    /// One without any tables: `./test` lets others begin with tables that are parted already.
    pub fn bare() -> Self {
        Self::made_of("template0")
    }

    fn made_of(template: &str) -> Self {
        let address = std::env::var("HONYAKU_TEST_POSTGRES").ok().filter(|address| !address.is_empty());
        match address {
            Some(address) => Self::on(Server::create(address, template)),
            None => Self::nowhere(),
        }
    }

    fn on(server: Server) -> Self {
        Self { server: Some(Arc::new(server)), ..Self::nowhere() }
    }

    /// The same database for one more server.
    pub fn shared(&self) -> Self {
        self.clone()
    }

    /// A data directory alone.
    pub fn nowhere() -> Self {
        Self {
            directory: Arc::new(tempfile::tempdir().unwrap()),
            server: None,
            namespace: None,
            keeps_files: true,
        }
    }

    /// The address of the database on a server.
    pub fn url(&self) -> String {
        self.server.as_ref().unwrap().url()
    }

    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The flags that make a command use this database.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--data-dir".to_owned(), self.directory().display().to_string()];
        if let Some(server) = &self.server {
            flags.extend(["--database".to_owned(), server.url()]);
            if self.keeps_files {
                let files = self.directory().join("files").display().to_string();
                flags.extend(["--files-directory".to_owned(), files]);
            }
        }
        flags
    }

    /// One number that the database answers.
    pub fn ask(&self, sql: &str) -> i64 {
        match &self.server {
            Some(server) => connect(&server.url()).query_one(sql, &[]).unwrap().get(0),
            None => self.file().query_row(sql, [], |row| row.get(0)).unwrap(),
        }
    }

    /// One text that the database answers.
    pub fn told(&self, sql: &str) -> String {
        let text: Option<String> = match &self.server {
            Some(server) => connect(&server.url()).query_one(sql, &[]).unwrap().get(0),
            None => self.file().query_row(sql, [], |row| row.get(0)).unwrap(),
        };
        text.unwrap_or_default()
    }

    /// The same with more in the server's address.
    pub fn with(self, more: &str) -> Self {
        let address = self.server.as_ref().unwrap().address.clone();
        self.reached(address, more)
    }

    /// The same by another socket, in this directory.
    pub fn at(self, directory: &Path) -> Self {
        let host = directory.to_str().unwrap().replace('/', "%2F");
        self.reached(format!("postgres://honyaku@{host}/"), "")
    }

    fn reached(mut self, address: String, more: &str) -> Self {
        let server = self.server.take().unwrap();
        let (name, more) = (server.name.clone(), more.to_owned());
        self.server = Some(Arc::new(Server { address, name, more, _first: Some(server) }));
        self
    }

    /// Where its server's socket is.
    pub fn socket_directory(&self) -> PathBuf {
        let address = &self.server.as_ref().unwrap().address;
        let host = address.split(['@', '/']).nth(3).unwrap();
        PathBuf::from(host.replace("%2F", "/"))
    }

    /// Changes rows behind the server's back.
    pub fn change(&self, sql: &str) {
        match &self.server {
            Some(server) => connect(&server.url()).batch_execute(sql).unwrap(),
            None => self.file().execute_batch(sql).unwrap(),
        }
    }

    /// What PostgreSQL says to a change that it refuses.
    pub fn refuses(&self, sql: &str) -> String {
        let error = connect(&self.url()).batch_execute(sql).unwrap_err();
        error.as_db_error().unwrap().message().to_owned()
    }

    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory().join("honyaku.sqlite")).unwrap()
    }

    /// A command on this database.
    pub fn command(&self, words: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_honyaku");
        let mut command = match &self.namespace {
            None => Command::new(binary),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, binary]);
                command
            }
        };
        command.args(words).args(self.flags());
        command
    }

    /// The same for commands inside a network namespace.
    pub fn inside(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }
}

impl Server {
    fn create(address: String, template: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        connect(&format!("{address}postgres")).batch_execute(&create).unwrap();
        Self { address, name, more: String::new(), _first: None }
    }

    fn url(&self) -> String {
        format!("{}{}{}", self.address, self.name, self.more)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self._first.is_some() {
            return;
        }
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A test that failed already must not fail once more here.
        if let Ok(mut client) =
            postgres::Client::connect(&format!("{}postgres", self.address), postgres::NoTls)
        {
            let _ = client.batch_execute(&drop);
        }
    }
}

pub fn connect(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).unwrap()
}

/// A program of PostgreSQL's, the newest that is installed.
pub fn postgres_program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path());
    let newest =
        versions.max_by_key(|path| path.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap());
    Command::new(newest.unwrap().join("bin").join(name))
}

/// A command's lines; it must succeed.
pub fn lines(command: &mut Command) -> Vec<String> {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect()
}

/// What a command that must fail says.
pub fn refusal(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(!done.status.success());
    String::from_utf8_lossy(&done.stderr).into_owned()
}

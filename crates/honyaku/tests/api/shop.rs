//! A shop of its own for each test: server, database, account, keys.

use crate::database::Database;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use ureq::Agent;

/// A running server with one customer.
pub struct Shop {
    server: Child,
    /// Where it keeps its data.
    pub database: Database,
    /// `http://127.0.0.1:PORT/v2/`
    pub base: String,
    /// The customer's keys.
    pub public_key: String,
    /// As above.
    pub private_key: String,
    agent: Agent,
}

/// Whose calls these are: a key pair, and the address that it is used at.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub public_key: String,
    pub private_key: String,
}

/// Which of an account's two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Live,
    Sandbox,
}

/// A refusal, as clients see it.
#[derive(Debug)]
pub struct Refused {
    /// The member `err`, whole.
    pub err: Value,
}

impl Refused {
    pub fn code(&self) -> i64 {
        self.err["code"].as_i64().unwrap_or(0)
    }

    pub fn msg(&self) -> &str {
        self.err["msg"].as_str().unwrap_or("")
    }
}

/// Status, headers and body of a raw answer.
pub struct Raw {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Shop {
    pub fn open() -> Self {
        Self::open_with(&[])
    }

    /// Starts `honyaku demo` with more flags.
    pub fn open_with(flags: &[&str]) -> Self {
        Self::start(Database::new(), flags)
    }

    pub fn start(database: Database, flags: &[&str]) -> Self {
        let mut server = database
            .command(&["demo"])
            .args(if flags.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            server,
            database,
            base: text("api_base"),
            public_key: text("public_key"),
            private_key: text("private_key"),
            agent: agent(),
        }
    }

    /// An installation as operators run it. Its customer is the account `acme`, in live, with the
    /// credits that a sandbox starts with.
    pub fn live() -> Self {
        Self::live_with(&[])
    }

    /// Starts `honyaku serve` with more flags.
    pub fn live_with(flags: &[&str]) -> Self {
        let database = Database::new();
        let made = database.command(&["account", "add", "--name", "Acme"]).args(flags).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::live_on(database, flags)
    }

    /// The same on a database that has the account.
    pub fn live_on(database: Database, flags: &[&str]) -> Self {
        let unlimited = ["--rate-limit-per-address", "0", "--rate-limit-per-key", "0"];
        let log = std::fs::File::create(log_of(&database)).unwrap();
        let server = database
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .args(unlimited.iter().filter(|_| !flags.iter().any(|flag| flag.contains("rate-limit"))))
            .args(flags)
            .stderr(log)
            .spawn()
            .unwrap();
        let (base, public_key, private_key) = Default::default();
        let mut shop = Self { server, database, base, public_key, private_key, agent: agent() };
        let listening = || shop.log().lines().find(|line| line.contains("\"listening\"")).map(str::to_owned);
        shop.until("it listens", || listening().is_some());
        let line: Value = serde_json::from_str(&listening().unwrap()).unwrap();
        shop.base = format!("http://{}/v2/", line["address"].as_str().unwrap());
        shop.command(&["credit", "add", "--account", "acme", "--amount", "1000.00"]);
        shop.becomes(&shop.key("acme", Environment::Live));
        shop
    }

    /// What a server that `live` started has written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_of(&self.database)).unwrap()
    }

    /// A new key of an account.
    pub fn key(&self, account: &str, environment: Environment) -> Caller {
        let (origin, sandbox) = (self.origin().to_owned(), environment == Environment::Sandbox);
        let mut words = vec!["key", "add", "--account", account, "--public-url", &origin];
        words.extend(sandbox.then_some("--sandbox"));
        let pair = self.command(&words);
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        let base = format!("{origin}/{}v2/", if sandbox { "sandbox/" } else { "" });
        Caller { base, public_key: text("public_key"), private_key: text("private_key") }
    }

    /// From now on calls are this caller's.
    pub fn becomes(&mut self, caller: &Caller) {
        self.base.clone_from(&caller.base);
        self.public_key.clone_from(&caller.public_key);
        self.private_key.clone_from(&caller.private_key);
    }

    /// Stops the server as an operator would, and starts it again on the same data.
    pub fn restart(self) -> Self {
        Self::start(self.stop(), &[])
    }

    /// Stops the server as an operator would; what it leaves.
    pub fn stop(mut self) -> Database {
        Command::new("kill").arg(self.server.id().to_string()).status().unwrap();
        self.server.wait().unwrap();
        std::mem::replace(&mut self.database, Database::nowhere())
    }

    /// Sends the server a signal.
    pub fn tell(&self, signal: &str) {
        Command::new("kill").args(["-s", signal]).arg(self.server.id().to_string()).status().unwrap();
    }

    pub fn origin(&self) -> &str {
        let origin = self.base.strip_suffix("/v2/").unwrap();
        origin.strip_suffix("/sandbox").unwrap_or(origin)
    }

    pub fn credentials(&self) -> String {
        signed(&self.public_key, &self.private_key)
    }

    /// Somebody else's POST.
    pub fn post_as(&self, caller: &Caller, path: &str, data: &Value) -> Result<Value, Refused> {
        let form = format!(
            "{}&data={}",
            signed(&caller.public_key, &caller.private_key),
            encoded(&data.to_string())
        );
        let of_form = [("content-type", "application/x-www-form-urlencoded")];
        Self::outcome(&self.raw("POST", &format!("{}{path}", caller.base), &of_form, Some(form.as_bytes())))
    }

    /// Somebody else's GET.
    pub fn get_as(&self, caller: &Caller, path: &str) -> Result<Value, Refused> {
        let url =
            format!("{}{path}?{}", caller.base, signed(&encoded(&caller.public_key), &caller.private_key));
        Self::outcome(&self.raw("GET", &url, &[], None))
    }

    /// A request as it is, without anything added.
    pub fn raw(&self, method: &str, url: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Raw {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()))
            .collect();
        let status = answer.status().as_u16();
        Raw { status, headers, body: answer.body_mut().with_config().limit(u64::MAX).read_to_vec().unwrap() }
    }

    /// A signed call with headers; parameters are `name=value`, encoded already.
    pub fn call(&self, method: &str, path: &str, parameters: &str, headers: &[(&str, &str)]) -> Raw {
        let all = if parameters.is_empty() {
            self.credentials()
        } else {
            format!("{}&{parameters}", self.credentials())
        };
        let url = format!("{}{path}", self.base);
        if matches!(method, "GET" | "DELETE") {
            return self.raw(method, &format!("{url}?{all}"), headers, None);
        }
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.raw(method, &url, &headers, Some(all.as_bytes()))
    }

    fn outcome(raw: &Raw) -> Result<Value, Refused> {
        let mut answer = raw.json();
        match answer["opstat"].as_str() {
            Some("ok") => Ok(answer["response"].take()),
            _ => Err(Refused { err: answer["err"].take() }),
        }
    }

    pub fn get(&self, path: &str, parameters: &str) -> Result<Value, Refused> {
        Self::outcome(&self.call("GET", path, parameters, &[]))
    }

    pub fn delete(&self, path: &str) -> Result<Value, Refused> {
        Self::outcome(&self.call("DELETE", path, "", &[]))
    }

    pub fn post(&self, path: &str, data: &Value) -> Result<Value, Refused> {
        Self::outcome(&self.call("POST", path, &format!("data={}", encoded(&data.to_string())), &[]))
    }

    pub fn put(&self, path: &str, data: &Value) -> Result<Value, Refused> {
        Self::outcome(&self.call("PUT", path, &format!("data={}", encoded(&data.to_string())), &[]))
    }

    pub fn orders(&self, jobs: &Value) -> Result<Value, Refused> {
        self.post("translate/jobs", &json!({ "jobs": jobs }))
    }

    /// Orders one text; the id of its job, once it is on the board.
    pub fn orders_text(&self, text: &str) -> String {
        let answer = self.orders(&json!({ "job_1": job(text) })).unwrap();
        let id = answer["job_ids"]["job_1"].as_str().unwrap().to_owned();
        self.wait_for(&id, "available");
        id
    }

    pub fn job(&self, id: &str) -> Value {
        self.get(&format!("translate/job/{id}"), "").unwrap()["job"].clone()
    }

    pub fn wait_for(&self, id: &str, status: &str) {
        self.until(&format!("job {id} is {status}"), || self.job(id)["status"] == status);
    }

    pub fn until(&self, what: &str, done: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !done() {
            assert!(Instant::now() < end, "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn balance(&self) -> String {
        self.get("account/balance", "").unwrap()["credits"].as_str().unwrap().to_owned()
    }

    /// The token of the sandbox's first inbox.
    pub fn inbox(&self) -> String {
        let overview = self.get("sandbox", "").unwrap();
        overview["inboxes"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// A step of the sandbox's controls.
    pub fn control(&self, id: &str, step: &str, data: &Value) -> Result<Value, Refused> {
        self.post(&format!("sandbox/job/{id}/{step}"), data)
    }

    /// A translator takes the job and hands in a text.
    pub fn delivers(&self, id: &str, text: &str) {
        self.control(id, "take", &json!({})).unwrap();
        self.control(id, "submit", &json!({ "body_tgt": text })).unwrap();
    }

    /// The books and every invariant are right.
    pub fn verify(&self) {
        let done = self.database.command(&["verify"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }

    /// A command on the shop's data; its first line as JSON.
    pub fn command(&self, words: &[&str]) -> Value {
        let done = self.database.command(words).output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        serde_json::from_str(text.lines().next().unwrap_or("null")).unwrap_or(Value::String(text))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn signed(public_key: &str, private_key: &str) -> String {
    let ts =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    format!("api_key={public_key}&ts={ts}&api_sig={}", wire::signature::sign(private_key, &ts))
}

fn log_of(database: &Database) -> PathBuf {
    database.directory().join("server.log")
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// A job from English to Japanese.
pub fn job(text: &str) -> Value {
    json!({ "type": "text", "body_src": text, "lc_src": "en", "lc_tgt": "ja", "tier": "standard" })
}

/// Percent-encoded for a form.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

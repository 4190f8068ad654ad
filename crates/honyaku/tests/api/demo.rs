//! What `honyaku demo` promises to whoever starts it.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

struct Demo {
    process: Child,
    out: BufReader<std::process::ChildStdout>,
    ready: Value,
}

impl Demo {
    /// Its temporary directories are made in `temporary`.
    fn start(temporary: &Path, flags: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(flags)
            .env("TMPDIR", temporary)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { process, out, ready }
    }

    fn balance(&self) -> Value {
        let ts = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().to_string();
        let text = |name: &str| self.ready[name].as_str().unwrap();
        let (base, key) = (text("api_base"), text("public_key"));
        let signature = wire::signature::sign(text("private_key"), &ts);
        let url = format!("{base}account/balance?api_key={key}&ts={ts}&api_sig={signature}");
        let answer = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Stops it as Ctrl-C does; what else it has printed.
    fn stop(mut self) -> String {
        Command::new("kill").args(["-s", "INT", &self.process.id().to_string()]).status().unwrap();
        assert!(self.process.wait().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_demo_prints_one_line_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    let demo = Demo::start(temporary.path(), &[]);
    let members: Vec<&String> = demo.ready.as_object().unwrap().keys().collect();
    assert_eq!(members, ["api_base", "public_key", "private_key", "customer", "translator", "operator"]);
    for person in ["customer", "translator", "operator"] {
        let person = demo.ready[person].as_object().unwrap();
        assert_eq!(person.keys().collect::<Vec<_>>(), ["email", "password"]);
        assert!(person.values().all(|value| value.as_str().is_some_and(|text| text.len() > 6)), "{person:?}");
    }
    assert_eq!(demo.balance()["response"], json!({ "credits": "1000.00", "currency": "USD" }));
    assert_eq!(left(), 1);
    assert_eq!(demo.stop(), "", "one line and no more");
    assert_eq!(left(), 0);
}

#[test]
fn a_demo_with_a_directory_goes_on_with_the_same_keys_and_people() {
    let (temporary, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = ["--data-dir", directory.path().to_str().unwrap()];
    let steady = |demo: &Demo| {
        let mut ready = demo.ready.clone();
        ready.as_object_mut().unwrap().remove("api_base");
        ready
    };
    let first = Demo::start(temporary.path(), &kept);
    let (before, old_place) = (steady(&first), first.ready["api_base"].clone());
    first.stop();
    let second = Demo::start(temporary.path(), &kept);
    assert_eq!(steady(&second), before);
    assert_ne!(second.ready["api_base"], old_place, "port 0 is any port");
    assert_eq!(second.balance()["response"]["credits"], "1000.00", "credits are given once");
    second.stop();
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

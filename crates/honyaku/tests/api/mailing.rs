//! Mail: who is told what, once, and what happens when the mail server does not take it.

use crate::shop::Shop;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Instead of a reply: the server says nothing more.
const SILENCE: &str = "";

/// A mail server that answers each mail with the next of its replies, and the last one for ever.
struct MailServer {
    url: String,
    received: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    fn answering(replies: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || speak(&stream.unwrap(), replies, &kept));
            }
        });
        Self { url, received }
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

/// One connection, as far as mail clients speak.
fn speak(mut stream: &TcpStream, replies: &[&str], received: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes());
    let _ = say("220 mail.example");
    while let Some(line) = lines.next() {
        let said = match line.split(' ').next().unwrap() {
            "EHLO" => say("250-mail.example\r\n250 8BITMIME"),
            "DATA" => {
                let _ = say("354 go on");
                let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                let mut received = received.lock().unwrap();
                let reply = replies[received.len().min(replies.len() - 1)];
                received.push(mail.join("\n"));
                drop(received);
                if reply == SILENCE {
                    while lines.next().is_some() {}
                    return;
                }
                say(reply)
            }
            "QUIT" => return,
            _ => say("250 ok"),
        };
        if said.is_err() {
            return;
        }
    }
}

fn flags(server: &MailServer) -> [&str; 4] {
    ["--mail-smtp", &server.url, "--mail-from", "Acme <desk@acme.example>"]
}

fn open(server: &MailServer, more: &[&str]) -> Shop {
    Shop::open_with(&[&flags(server)[..], more].concat())
}

/// Lets a destination of the shop fail for five days.
fn pauses(shop: &Shop) -> Value {
    let token = shop.inbox();
    shop.put(&format!("sandbox/inbox/{token}"), &json!({ "answer": 500 })).unwrap();
    shop.orders(&json!([crate::shop::job("one"), crate::shop::job("two")])).unwrap();
    let callbacks = || shop.get("account/callbacks", "").unwrap();
    shop.until("both have failed", || {
        let log = callbacks();
        let failed = |callback: &Value| callback["attempts"].as_array().is_some_and(|all| !all.is_empty());
        log["callbacks"].as_array().is_some_and(|all| all.len() == 2 && all.iter().all(failed))
    });
    crate::callbacks::pauses(shop)
}

/// The outbox, as the operator sees it.
fn mails(shop: &Shop) -> Vec<Value> {
    let listed = shop.database.command(&["mail", "list"]).output().unwrap();
    let lines = String::from_utf8(listed.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn states(shop: &Shop) -> Vec<String> {
    mails(shop).iter().map(|mail| mail["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_owner_of_a_paused_destination_gets_one_mail_in_their_language() {
    for (language, words) in [("en", "Callbacks paused"), ("ja", "=?utf-8?b?")] {
        let server = MailServer::answering(&["250 taken"]);
        let shop = open(&server, &["--sandbox-mail", "1"]);
        shop.database.change(&format!("UPDATE person SET language_code = '{language}'"));
        let paused = pauses(&shop);
        shop.until("it is sent", || states(&shop) == ["sent"]);
        let received = server.received();
        assert_eq!(received.len(), 1, "{received:?}");
        let mail = &received[0];
        for header in [
            "From: Acme <desk@acme.example>",
            "To: customer@demo.invalid",
            "Auto-Submitted: auto-generated",
            "Message-ID: <honyaku.1.",
            "Subject: [Sandbox] ",
        ] {
            assert!(
                mail.contains(header) || (language == "ja" && header.starts_with("Subject")),
                "{header}: {mail}"
            );
        }
        assert!(mail.contains(words), "{mail}");
        assert_eq!(paused["waiting"], 2);
        let listed = &mails(&shop)[0];
        assert_eq!(listed["kind"], "destination paused");
        assert_eq!(listed["to"], "customer@demo.invalid");
    }
}

#[test]
fn a_mail_that_is_not_taken_now_is_tried_again_and_one_that_never_will_be_is_given_up() {
    let server = MailServer::answering(&["451 later", "550 nobody here"]);
    let shop = open(&server, &["--sandbox-mail", "1"]);
    pauses(&shop);
    let refused = |words: &str| mails(&shop)[0]["error"].as_str().is_some_and(|error| error.contains(words));
    shop.until("it was tried", || refused("later"));
    assert_eq!(states(&shop), ["waiting"]);
    shop.database.change("UPDATE mail SET run_at = 1");
    shop.until("it is given up", || states(&shop) == ["failed"]);
    assert!(refused("nobody here"));
    assert_eq!(mails(&shop)[0]["attempts"], 2);
    let ids: Vec<String> = server.received().iter().map(|mail| header(mail, "Message-ID")).collect();
    assert_eq!(ids[0], ids[1], "a try is no second mail");
}

#[test]
fn what_a_killed_server_was_sending_another_sends_soon_and_none_before() {
    let server = MailServer::answering(&[SILENCE, "250 taken"]);
    let shop = open(&server, &["--sandbox-mail", "1"]);
    pauses(&shop);
    shop.until("it is being sent", || server.received().len() == 1);
    let start = |database| Shop::start(database, &flags(&server));
    let other = shop.database.is_postgres().then(|| start(shop.database.shared()));
    // Longer than a lease that nobody prolongs.
    std::thread::sleep(Duration::from_millis(4_500));
    assert_eq!(server.received().len(), 1, "nobody else sends what is being sent");
    shop.tell("KILL");
    let killed = Instant::now();
    let database = shop.stop();
    let heir = other.unwrap_or_else(|| start(database));
    heir.until("it is sent", || states(&heir) == ["sent"]);
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    assert_eq!(server.received().len(), 2);
}

fn header(mail: &str, name: &str) -> String {
    mail.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
}

#[test]
fn sandboxes_send_no_mail_unless_they_may() {
    let server = MailServer::answering(&["250 taken"]);
    let shop = open(&server, &[]);
    pauses(&shop);
    assert!(mails(&shop).is_empty());
}

#[test]
fn without_a_mail_server_mails_wait() {
    let shop = Shop::open_with(&["--sandbox-mail", "1"]);
    pauses(&shop);
    assert_eq!(states(&shop), ["waiting"]);
    let test = shop.database.command(&["mail", "test", "--to", "a@b.example"]).output().unwrap();
    assert!(String::from_utf8_lossy(&test.stderr).contains("mail.smtp is not set"));
}

#[test]
fn a_test_mail_is_sent_and_wrong_settings_are_named() {
    let server = MailServer::answering(&["250 taken"]);
    let directory = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_honyaku"))
            .args(words)
            .env("HONYAKU_DATA_DIR", directory.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let to = ["mail", "test", "--to", "a@b.example", "--mail-smtp"];
    let from = ["--mail-from", "desk@acme.example"];
    assert_eq!(run(&[&to[..], &[&server.url], &from].concat()), (true, String::new()));
    assert_eq!(server.received().len(), 1);
    let (sent, said) = run(&[&to[..], &["http://mail.example"], &from].concat());
    assert!(!sent && said.contains("mail.smtp"), "{said}");
    let (sent, said) = run(&[&to[..], &[&server.url]].concat());
    assert!(!sent && said.contains("mail.from"), "{said}");
    let (sent, said) = run(&[&to[..], &["smtp://127.0.0.1:9"], &from].concat());
    assert!(!sent && said.contains("refused"), "{said}");
}

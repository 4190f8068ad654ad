//! Names and literals that lead where no callback may go.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::receiver::Receiver;
use super::{LOOPBACK, PATIENT, failure, job_for};
use crate::address::Policy;
use crate::client::{Client, Limits};
use crate::outcome::{FailureKind, Outcome};
use crate::resolver::{Lookup, Resolver};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Gives the first answer once and the last one from then on, as a rebinding name does.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    fn resolving_to(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |addresses: &&[&str]| addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Names { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Resolver for Names {
    fn lookup(&self, _name: &str) -> Lookup {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[turn].clone();
        Box::pin(async move { Ok(answer) })
    }
}

async fn post_to_name(policy: Policy, names: Arc<Names>, port: u16) -> Outcome {
    let client = Client::with_resolver(policy, PATIENT, names).unwrap();
    client.post(job_for(&format!("http://hook.example:{port}/"))).await
}

#[tokio::test]
async fn a_name_for_loopback_is_refused() {
    let receiver = Receiver::answering(OK).await;
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"] {
        let names = Names::resolving_to(&[&[address]]);
        let outcome = post_to_name(Policy::default(), names, receiver.port()).await;
        let (kind, text) = failure(&outcome);
        assert_eq!(kind, FailureKind::Refused, "{address}: {text}");
        assert!(text.starts_with("hook.example is not a public address ("), "{text}");
        assert!(!text.contains(address), "the text gives the address away: {text}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn one_forbidden_address_refuses_the_whole_name() {
    let receiver = Receiver::answering(OK).await;
    for addresses in [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "fe80::1"]] {
        let names = Names::resolving_to(&[&addresses]);
        let outcome = post_to_name(LOOPBACK, names, receiver.port()).await;
        assert_eq!(failure(&outcome).0, FailureKind::Refused, "{addresses:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_checked_address_is_the_one_connected_to() {
    let receiver = Receiver::answering(OK).await;
    let names = Names::resolving_to(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let outcome = post_to_name(LOOPBACK, Arc::clone(&names), receiver.port()).await;
    assert!(outcome.delivered(), "{outcome:?}");
    assert_eq!((names.asked.load(Ordering::SeqCst), receiver.connections()), (1, 1));
}

#[tokio::test]
async fn a_name_that_turns_bad_is_refused_at_the_next_connection() {
    let receiver = Receiver::answering(OK).await;
    let names = Names::resolving_to(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let client = Client::with_resolver(LOOPBACK, PATIENT, names).unwrap();
    let url = format!("http://hook.example:{}/", receiver.port());
    assert!(client.post(job_for(&url)).await.delivered());
    receiver.finished().await;
    // Another port: no open connection can be used again.
    let other = Receiver::answering(OK).await;
    let outcome = client.post(job_for(&format!("http://hook.example:{}/", other.port()))).await;
    assert_eq!(failure(&outcome).0, FailureKind::Refused, "{outcome:?}");
}

#[tokio::test]
async fn literals_are_refused_though_no_resolver_is_asked() {
    let receiver = Receiver::answering(OK).await;
    let names = Names::resolving_to(&[&["8.8.8.8"]]);
    let client = Client::with_resolver(Policy::default(), PATIENT, Arc::clone(&names) as _).unwrap();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "localhost"] {
        let outcome = client.post(job_for(&format!("http://{host}:{}/", receiver.port()))).await;
        assert_eq!(failure(&outcome).0, FailureKind::Refused, "{host}");
    }
    assert_eq!((names.asked.load(Ordering::SeqCst), receiver.connections()), (0, 0));
}

#[tokio::test]
async fn a_name_without_address_cannot_be_resolved() {
    let outcome = post_to_name(LOOPBACK, Names::resolving_to(&[&[]]), 8080).await;
    assert_eq!(failure(&outcome), (FailureKind::Resolve, "hook.example has no address"));

    let client = Client::with_resolver(LOOPBACK, PATIENT, Arc::new(NoSuchName)).unwrap();
    let outcome = client.post(job_for("https://hook.example/")).await;
    assert_eq!(failure(&outcome), (FailureKind::Resolve, "hook.example cannot be resolved: no such name"));
}

struct NoSuchName;

impl Resolver for NoSuchName {
    fn lookup(&self, _name: &str) -> Lookup {
        Box::pin(async { Err(std::io::Error::other("no such name")) })
    }
}

#[tokio::test]
async fn a_lookup_that_hangs_ends_with_the_connect_timeout() {
    struct Silence;
    impl Resolver for Silence {
        fn lookup(&self, _name: &str) -> Lookup {
            Box::pin(std::future::pending())
        }
    }
    let limits = Limits { connect_ms: 100, ..PATIENT };
    let client = Client::with_resolver(LOOPBACK, limits, Arc::new(Silence)).unwrap();
    let outcome = client.post(job_for("http://hook.example/")).await;
    assert_eq!(failure(&outcome), (FailureKind::Timeout, "no connection within 100 ms"));
    assert!((100..5_000).contains(&outcome.took_ms), "{}", outcome.took_ms);
}

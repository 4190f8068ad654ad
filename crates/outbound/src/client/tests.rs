//! The client against real sockets: every way in which a receiver can behave.

mod receiver;
mod refusals;
mod tls;

use std::time::Duration;

use tokio::net::TcpStream;
use url::Url;

use self::receiver::{Receiver, read_request, say};
use super::{Client, Limits, Request};
use crate::address::Policy;
use crate::outcome::{Ending, FailureKind, Outcome};

/// Tests live on loopback; everything else stays forbidden.
const LOOPBACK: Policy = Policy { allow_loopback: true, allow_private: false, allow_low_ports: false };

/// Long enough for a busy machine, except where a test waits for the end of it.
const PATIENT: Limits =
    Limits { connect_ms: 5_000, total_ms: 10_000, read_bytes: 64 * 1024, kept_bytes: 4 * 1024 };
const HASTY: Limits = Limits { total_ms: 500, ..PATIENT };

fn client(limits: Limits) -> Client {
    Client::new(LOOPBACK, limits).unwrap()
}

fn job_for(url: &str) -> Request {
    Request {
        url: Url::parse(url).unwrap(),
        headers: vec![("webhook-id".into(), "evt_1".into()), ("Honyaku-Event".into(), "job.approved".into())],
        content_type: "application/x-www-form-urlencoded".into(),
        body: b"job=%7B%7D".to_vec(),
    }
}

async fn post(limits: Limits, receiver: &Receiver) -> Outcome {
    client(limits).post(job_for(&receiver.url("/hook"))).await
}

#[track_caller]
fn failure(outcome: &Outcome) -> (FailureKind, &str) {
    match &outcome.result {
        Ending::Failed { kind, text } => (*kind, text),
        Ending::Answered { status } => panic!("answered with {status}"),
    }
}

#[tokio::test]
async fn a_200_is_delivered_and_its_answer_kept() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\nX-Node: 7\r\nContent-Length: 4\r\n\r\nfine").await;
    let outcome = post(PATIENT, &receiver).await;
    assert_eq!(outcome.result, Ending::Answered { status: 200 });
    assert!(outcome.delivered());
    assert_eq!(outcome.answer, b"fine");
    assert!(outcome.answer_headers.contains(&("x-node".into(), "7".into())), "{outcome:?}");
}

#[tokio::test]
async fn the_request_is_what_was_asked_for() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut request = job_for(&receiver.url("/hook?key=1#part"));
    request.headers.push(("webhook-signature".into(), "v1,abc= v1,def=".into()));
    assert!(client(PATIENT).post(request).await.delivered());

    let seen = receiver.requests().remove(0).to_lowercase();
    assert!(seen.starts_with("post /hook?key=1 http/1.1\r\n"), "{seen}");
    for line in [
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-length: 10\r\n",
        "webhook-id: evt_1\r\n",
        "webhook-signature: v1,abc= v1,def=\r\n",
        "honyaku-event: job.approved\r\n",
        concat!("user-agent: honyaku/", env!("CARGO_PKG_VERSION"), "\r\n"),
    ] {
        assert!(seen.contains(line), "no {line:?} in {seen}");
    }
    assert!(!seen.contains("accept-encoding") && !seen.contains("cookie"), "{seen}");
    assert!(seen.ends_with("\r\n\r\njob=%7b%7d"), "{seen}");
}

#[tokio::test]
async fn an_error_status_is_an_answer_but_no_delivery() {
    for (status, gone) in [(500, false), (404, false), (410, true)] {
        let receiver =
            Receiver::answering(&format!("HTTP/1.1 {status} No\r\nContent-Length: 5\r\n\r\nsorry")).await;
        let outcome = post(PATIENT, &receiver).await;
        assert_eq!(outcome.result, Ending::Answered { status });
        assert!(!outcome.delivered());
        assert_eq!(outcome.gone(), gone, "{status}");
        assert_eq!(outcome.answer, b"sorry");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_its_target_is_never_contacted() {
    let private = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", private.url("/"));
        let outcome = post(PATIENT, &Receiver::answering(&head).await).await;
        assert_eq!(outcome.result, Ending::Answered { status });
        assert!(!outcome.delivered());
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    async fn pour(mut stream: TcpStream) {
        read_request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        while say(&mut stream, &"x".repeat(8 * 1024)).await {}
    }
    let receiver = Receiver::doing(pour).await;
    let outcome = post(PATIENT, &receiver).await;
    assert_eq!(outcome.result, Ending::Answered { status: 200 });
    assert_eq!(outcome.answer, "x".repeat(4 * 1024).as_bytes());
    // The receiver's writing fails once we have hung up; otherwise this waits for ever.
    receiver.finished().await;
}

#[tokio::test]
async fn exactly_64_kb_are_waited_for() {
    let cases = [(64 * 1024 - 1, false), (64 * 1024, true)];
    for (sent_bytes, enough) in cases {
        let receiver = Receiver::doing(move |mut stream| async move {
            read_request(&mut stream).await;
            say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
            say(&mut stream, &"x".repeat(sent_bytes)).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
        .await;
        let outcome = post(HASTY, &receiver).await;
        assert_eq!(outcome.delivered(), enough, "{sent_bytes} bytes: {:?}", outcome.result);
    }
}

#[tokio::test]
async fn localhost_is_called_where_loopback_is_allowed() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let url = format!("http://localhost:{}/", receiver.port());
    let outcome = client(PATIENT).post(job_for(&url)).await;
    assert!(outcome.delivered(), "{outcome:?}");
}

#[tokio::test]
async fn one_open_connection_serves_the_next_callback() {
    let receiver = Receiver::doing(|mut stream| async move {
        while !read_request(&mut stream).await.is_empty() {
            say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let client = client(PATIENT);
    for _ in 0..3 {
        assert!(client.post(job_for(&receiver.url("/"))).await.delivered());
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_packed_answer_is_kept_as_it_came() {
    let receiver = Receiver::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nContent-Length: 3\r\n\r\nraw",
    )
    .await;
    let outcome = post(PATIENT, &receiver).await;
    assert_eq!((outcome.delivered(), outcome.answer.as_slice()), (true, b"raw".as_slice()));
}

#[tokio::test]
async fn headers_beyond_the_limit_are_not_kept() {
    let long = "y".repeat(5_000);
    let receiver =
        Receiver::answering(&format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: {long}\r\n\r\n")).await;
    let outcome = post(PATIENT, &receiver).await;
    assert!(outcome.delivered());
    assert_eq!(outcome.answer_headers, [("content-length".to_owned(), "0".to_owned())]);
}

#[tokio::test]
async fn a_receiver_that_never_answers_times_out() {
    async fn listen_only(mut stream: TcpStream) {
        read_request(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let outcome = post(HASTY, &Receiver::doing(listen_only).await).await;
    assert_eq!(failure(&outcome), (FailureKind::Timeout, "no answer within 500 ms"));
    assert!((500..5_000).contains(&outcome.took_ms), "{}", outcome.took_ms);
}

#[tokio::test]
async fn a_dripping_answer_is_too_slow_and_what_came_is_kept() {
    async fn drip(mut stream: TcpStream) {
        read_request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        while say(&mut stream, ".").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let outcome = post(HASTY, &Receiver::doing(drip).await).await;
    let expected = (FailureKind::TooSlow, "the answer began with 200 but did not end within 500 ms");
    assert_eq!(failure(&outcome), expected);
    assert!(outcome.answer.starts_with(b"."));
    assert!(!outcome.delivered());
}

#[tokio::test]
async fn a_dripping_head_times_out() {
    async fn drip(mut stream: TcpStream) {
        read_request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\n").await;
        while say(&mut stream, "X-Drip: 1\r\n").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let outcome = post(HASTY, &Receiver::doing(drip).await).await;
    assert_eq!(failure(&outcome).0, FailureKind::Timeout);
}

#[tokio::test]
async fn a_receiver_that_hangs_up_at_once_fails() {
    async fn hang_up(mut stream: TcpStream) {
        read_request(&mut stream).await;
    }
    let outcome = post(PATIENT, &Receiver::doing(hang_up).await).await;
    assert_eq!(failure(&outcome).0, FailureKind::Io, "{outcome:?}");
}

#[tokio::test]
async fn what_is_not_http_fails() {
    let outcome = post(PATIENT, &Receiver::answering("220 mail.example ESMTP\r\n").await).await;
    assert_eq!(failure(&outcome).0, FailureKind::Io, "{outcome:?}");
}

#[tokio::test]
async fn a_status_counts_even_if_the_body_breaks_off() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    let outcome = post(PATIENT, &receiver).await;
    assert!(outcome.delivered(), "{outcome:?}");
    assert_eq!(outcome.answer, b"half");
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let receiver = Receiver::answering("").await;
    let url = receiver.url("/");
    receiver.close().await;
    let outcome = client(PATIENT).post(job_for(&url)).await;
    let (kind, text) = failure(&outcome);
    assert_eq!(kind, FailureKind::Connect, "{text}");
    assert!(text.starts_with("no connection: ") && !text.contains("http://"), "{text}");
}

#[tokio::test]
async fn a_header_that_http_cannot_carry_is_refused() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let mut request = job_for(&receiver.url("/"));
    request.headers.push(("Honyaku-Event".into(), "a\r\nHost: b".into()));
    let outcome = client(PATIENT).post(request).await;
    assert_eq!(failure(&outcome).0, FailureKind::Refused);
    assert_eq!(receiver.connections(), 0);
}

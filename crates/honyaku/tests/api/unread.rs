//! What happens on a connection whose request was answered before its body came.

use crate::shop::Shop;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The head and the body of the next answer.
fn answer(stream: &mut TcpStream) -> (String, String) {
    let (mut all, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return (head, body.to_owned());
        }
    }
}

/// A client that keeps connections would send its next call into one that ends.
#[test]
fn who_is_answered_before_the_body_came_is_told_that_the_connection_ends() {
    let shop = Shop::open();
    let address = shop.origin().strip_prefix("http://").unwrap();
    let rows = [
        ("POST /v2/translate/jbos", 5, "404"),
        ("PUT /v2/sandbx", 5, "404"),
        ("POST /v1.1/translate/jobs", 5, "404"),
        ("POST /v2/translate/jobs", 104_857_601, "413"),
    ];
    for (line, length, status) in rows {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").unwrap();
        let (head, _) = answer(&mut stream);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{line}: {head}");
        assert!(head.contains("\r\nconnection: close"), "{line}: {head}");
    }
    // Where the body was read, or there is none, the next call may follow.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for (line, body) in [
        ("POST /v2/account/balance", "a=1"),
        ("GET /v2/translate/jbos", ""),
        ("POST /v2/translate/jobs", "a=1"),
    ] {
        write!(stream, "{line} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let (head, _) = answer(&mut stream);
        assert!(!head.contains("connection: close"), "{line}: {head}");
    }
}

/// Room for large bodies is not for those who only announce them.
#[test]
fn who_announces_much_and_sends_nothing_keeps_nobody_out() {
    let shop = Shop::open();
    let address = shop.origin().strip_prefix("http://").unwrap();
    let connect = || {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let head = "POST /v2/translate/jobs HTTP/1.1\r\nhost: x\r\n";
    let idle = [(); 3].map(|()| {
        let mut stream = connect();
        write!(stream, "{head}content-length: 104000000\r\n\r\ndata=").unwrap();
        stream
    });
    let mut of_unknown_length = connect();
    write!(of_unknown_length, "{head}transfer-encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n").unwrap();
    let (_, body) = answer(&mut of_unknown_length);
    assert!(body.contains("\"code\":1150"), "{body}");
    let mut large = connect();
    write!(large, "{head}content-length: 2000000\r\n\r\na=1{}", " ".repeat(1_999_997)).unwrap();
    let (_, body) = answer(&mut large);
    assert!(body.contains("\"code\":1150"), "{body}");
    drop(idle);
}

//! From the order to the board.

use super::server::{Server, jobs};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// How long 10,000 jobs take from the order to the board, in seconds. Each has a callback address
/// of its own at the port, if one is given.
pub fn drain(server: &Server, callback: Option<u16>) -> f64 {
    if callback.is_none() {
        server.without_callbacks();
    }
    server.connect().post("/v2/translate/jobs", &server.form(&jobs(10_000, "drain", callback)));
    let began = Instant::now();
    server.until_on_board();
    began.elapsed().as_secs_f64()
}

/// A port where every callback is answered with 200, on all of this machine's addresses.
pub fn receiver() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                while matches!(stream.read(&mut [0; 16_384]), Ok(read) if read > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                }
            });
        }
    });
    port
}

/// A port where nobody listens.
pub fn nobody() -> u16 {
    TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

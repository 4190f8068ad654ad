//! A receiver of callbacks on a real socket, as well or badly behaved as a test needs.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

#[derive(Default)]
struct Record {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
    finished: Notify,
}

pub(super) struct Receiver {
    address: SocketAddr,
    record: Arc<Record>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Reads each request and gives this answer, then hangs up.
    pub(super) async fn answering(answer: &str) -> Self {
        let answer = answer.to_owned();
        let record = Arc::<Record>::default();
        let for_requests = Arc::clone(&record);
        Self::recording(record, move |mut stream| {
            let (answer, record) = (answer.clone(), Arc::clone(&for_requests));
            async move {
                let request = read_request(&mut stream).await;
                record.requests.lock().unwrap().push(request);
                say(&mut stream, &answer).await;
            }
        })
        .await
    }

    /// Does this with each connection.
    pub(super) async fn doing<Deed, Done>(deed: Deed) -> Self
    where
        Deed: Fn(TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        Self::recording(Arc::default(), deed).await
    }

    async fn recording<Deed, Done>(record: Arc<Record>, deed: Deed) -> Self
    where
        Deed: Fn(TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counted = Arc::clone(&record);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let done = deed(stream);
                let record = Arc::clone(&counted);
                tokio::spawn(async move {
                    done.await;
                    record.finished.notify_one();
                });
            }
        });
        Receiver { address, record, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn connections(&self) -> usize {
        self.record.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.record.requests.lock().unwrap().clone()
    }

    /// Waits until one connection has been dealt with.
    pub(super) async fn finished(&self) {
        self.record.finished.notified().await;
    }

    /// Stops listening.
    pub(super) async fn close(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Reads one request with a body of known length.
pub(super) async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if count == 0 || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Writes; tells whether anybody still listens.
pub(super) async fn say(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).await.is_ok()
}

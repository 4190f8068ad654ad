//! GET job, against a bare handler that reads one row.

use super::FOR;
use super::server::{Client, Server, cpu, jobs, rate};
use rusqlite::Connection;
use std::io::BufReader;
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

pub fn reading(connections: usize) {
    let server = Server::start();
    server.connect().post("/v2/translate/jobs", &server.form(&jobs(200, "read", None)));
    let query = server.credentials();
    let before = cpu(server.process());
    let ours = rate(connections, |number, own| {
        let mut client = server.connect();
        let end = Instant::now() + FOR;
        while Instant::now() < end {
            let id = (number as u64 * 7 + *own) % 200 + 1;
            client.get(&format!("/v2/translate/job/{id}?{query}"));
            *own += 1;
        }
    });
    let cpu_us = (cpu(server.process()) - before) * 1e6 / (ours * FOR.as_secs_f64());
    let bare = bare_handler(&server.directory.path().join("honyaku.sqlite"), connections);
    println!(
        "GET job {connections:>2} connections  {ours:>9.0}/s   bare axum handler {bare:>9.0}/s   ratio {:.2}, CPU {cpu_us:.0} us a call",
        ours / bare
    );
}

/// A bare axum handler that reads one row, in a process-wide runtime of its own.
fn bare_handler(database: &Path, connections: usize) -> f64 {
    let database = database.to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let pool = std::sync::Arc::new(std::sync::Mutex::new(
            (0..64).map(|_| Connection::open(&database).unwrap()).collect::<Vec<_>>(),
        ));
        let handler = move |axum::extract::RawQuery(query): axum::extract::RawQuery| {
            let pool = std::sync::Arc::clone(&pool);
            async move {
                let id: i64 = query.and_then(|query| query.parse().ok()).unwrap_or(1);
                tokio::task::spawn_blocking(move || {
                    let connection = pool.lock().unwrap().pop();
                    let connection = connection.unwrap_or_else(|| panic!("no connection"));
                    let body: String = connection
                        .prepare_cached("SELECT body_src FROM job WHERE id = ?1")
                        .unwrap()
                        .query_row([id], |row| row.get(0))
                        .unwrap();
                    pool.lock().unwrap().push(connection);
                    body
                })
                .await
                .unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = axum::Router::new().route("/", axum::routing::get(handler));
        tokio::spawn(async move { hyper_loop(listener, router).await });
        address
    });
    rate(connections, |number, own| {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Client { reader: BufReader::new(stream) };
        let end = Instant::now() + FOR;
        while Instant::now() < end {
            client.get(&format!("/?{}", (number as u64 * 7 + *own) % 200 + 1));
            *own += 1;
        }
    })
}

async fn hyper_loop(listener: tokio::net::TcpListener, router: axum::Router) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

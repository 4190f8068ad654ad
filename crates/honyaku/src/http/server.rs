//! Listens, accepts, serves, and stops without dropping what is being answered.

use super::arrival::{self, Peer};
use super::{dispatch, pages};
use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Requests being answered get this long when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A client that sends its headers slower than this is let go.
const HEADERS: Duration = Duration::from_secs(30);
/// How every HTTP/2 connection begins (RFC 9113, 3.4).
const HTTP2_BEGINS: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Until the rest of that is looked for.
const REST_OF_IT: Duration = Duration::from_millis(50);

/// Where the server listens.
pub struct Listeners {
    /// Plain HTTP.
    pub plain: TcpListener,
    /// HTTPS, if it is set up.
    pub tls: Option<(TcpListener, TlsAcceptor)>,
}

/// Serves until `stop` turns true, then lets requests in flight end.
pub async fn serve(app: Arc<App>, listeners: Listeners, mut stop: watch::Receiver<bool>) {
    let pages = pages::routes().fallback(async || pages::not_found()).with_state(Arc::clone(&app));
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listeners.plain.accept() => {
                if let Some((stream, address)) = usable(accepted).await {
                    let door = Door::new(&app, &pages, Peer { address, tls: false });
                    answer(&graceful, door, stream);
                }
            }
            accepted = accept_tls(&listeners) => {
                if let Some((stream, address)) = usable(accepted).await {
                    let door = Door::new(&app, &pages, Peer { address, tls: true });
                    handshake(&graceful, &listeners, door, stream);
                }
            }
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    drop(listeners);
    if tokio::time::timeout(LAST_CALLS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running after {} s", LAST_CALLS.as_secs());
    }
}

/// Out of file handles, say: wait a moment instead of spinning.
async fn usable(accepted: std::io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok((stream, address)) => {
            // Small answers go out at once.
            let _ = stream.set_nodelay(true);
            Some((stream, address))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn accept_tls(listeners: &Listeners) -> std::io::Result<(TcpStream, SocketAddr)> {
    match &listeners.tls {
        Some((listener, _)) => listener.accept().await,
        None => std::future::pending().await,
    }
}

fn handshake(graceful: &GracefulShutdown, listeners: &Listeners, door: Door, stream: TcpStream) {
    let Some((_, acceptor)) = &listeners.tls else { return };
    let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
    tokio::spawn(async move {
        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            // A broken connection is the client's business.
            let _ = watcher.watch(protocol.builder().serve_connection(TokioIo::new(stream), door)).await;
        }
    });
}

/// Where a connection's requests come in: calls go straight to the API, all else to the pages.
struct Door {
    app: Arc<App>,
    pages: TowerToHyperService<Router>,
    peer: Peer,
}

impl Door {
    fn new(app: &Arc<App>, pages: &Router, peer: Peer) -> Self {
        Self { app: Arc::clone(app), pages: TowerToHyperService::new(pages.clone()), peer }
    }
}

impl Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if !arrival::is_call(request.uri().path()) {
            request.extensions_mut().insert(self.peer);
            return Box::pin(self.pages.call(request));
        }
        let (app, peer) = (Arc::clone(&self.app), self.peer);
        Box::pin(async move { Ok(dispatch::dispatch(app, peer, request.map(Body::new)).await) })
    }
}

/// What a connection speaks. Known before it is served: the library waits for it as long as one likes.
#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    fn builder(self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADERS).keep_alive_timeout(HANDSHAKE);
        match self {
            Self::Http1 => builder.http1_only(),
            Self::Http2 => builder.http2_only(),
        }
    }

    /// By the first bytes, which stay to be read. `None`: they did not come in time.
    async fn of(stream: &TcpStream) -> Option<Self> {
        let mut first = [0; HTTP2_BEGINS.len()];
        let told = async {
            loop {
                let count = stream.peek(&mut first).await.ok().filter(|count| *count > 0)?;
                if !HTTP2_BEGINS.starts_with(first.get(..count)?) {
                    return Some(Self::Http1);
                }
                if count == HTTP2_BEGINS.len() {
                    return Some(Self::Http2);
                }
                // The stream is readable all the time.
                tokio::time::sleep(REST_OF_IT).await;
            }
        };
        tokio::time::timeout(HEADERS, told).await.ok()?
    }
}

fn answer(graceful: &GracefulShutdown, door: Door, stream: TcpStream) {
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let Some(protocol) = Protocol::of(&stream).await else { return };
        let _ = watcher.watch(protocol.builder().serve_connection(TokioIo::new(stream), door)).await;
    });
}

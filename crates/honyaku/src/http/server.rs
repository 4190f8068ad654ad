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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Requests being answered get this long when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A client that sends its headers slower than this is let go.
const HEADERS: Duration = Duration::from_secs(30);

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
            let connection = builder();
            // A broken connection is the client's business.
            let _ = watcher.watch(connection.serve_connection(TokioIo::new(stream), door)).await;
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

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new());
    builder
}

fn answer<S>(graceful: &GracefulShutdown, door: Door, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let connection = builder();
        let _ = watcher.watch(connection.serve_connection(TokioIo::new(stream), door)).await;
    });
}

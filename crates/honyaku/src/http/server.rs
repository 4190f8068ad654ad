//! Listens, accepts, serves, and stops without dropping what is being answered.

use super::arrival::Peer;
use super::{dispatch, pages};
use crate::app::App;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
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
    let router = pages::routes().fallback(dispatch::dispatch).with_state(app);
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listeners.plain.accept() => {
                if let Some((stream, address)) = usable(accepted).await {
                    answer(&graceful, &router, stream, Peer { address, tls: false });
                }
            }
            accepted = accept_tls(&listeners) => {
                if let Some((stream, address)) = usable(accepted).await {
                    handshake(&graceful, &listeners, &router, stream, address);
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

fn handshake(
    graceful: &GracefulShutdown,
    listeners: &Listeners,
    router: &Router,
    stream: TcpStream,
    address: SocketAddr,
) {
    let Some((_, acceptor)) = &listeners.tls else { return };
    let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), graceful.watcher());
    tokio::spawn(async move {
        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            let service = TowerToHyperService::new(router.layer(Extension(Peer { address, tls: true })));
            let connection = builder();
            // A broken connection is the client's business.
            let _ = watcher.watch(connection.serve_connection(TokioIo::new(stream), service)).await;
        }
    });
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new());
    builder
}

fn answer<S>(graceful: &GracefulShutdown, router: &Router, stream: S, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router.clone().layer(Extension(peer)));
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let connection = builder();
        let _ = watcher.watch(connection.serve_connection(TokioIo::new(stream), service)).await;
    });
}

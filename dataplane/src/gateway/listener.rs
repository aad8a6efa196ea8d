//! Sockets in, requests out: accepts connections and speaks HTTP/1.1 and HTTP/2 on one port.
//!
//! Owns how many connections there may be and how long a silent one lives. On the plain port the first bytes decide
//! (HTTP/2 with prior knowledge or HTTP/1.1; AWS's SDKs never use Upgrade), on the TLS port ALPN does. Knows nothing
//! of Kinesis: what answers requests is handed to it. Invariant: never more than `connections_max` open connections; a further one waits in the backlog.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::idle_timeout::IdleTimeout;
use super::reloaded::Reloaded;
use super::tls::TlsFiles;

/// How long a client may take to finish a TLS handshake.
const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// HTTP/2 streams a connection may have open at once; the Java SDK asks for as many as its `maxConcurrency` (50 by
/// default), KCL for one a shard.
const HTTP2_STREAMS_MAX: u32 = 1024;

/// HTTP/2 flow-control window, in bytes, that a client gets to send a body: a whole `PutRecords` without a stall.
const HTTP2_WINDOW_BYTES: u32 = 2 * 1024 * 1024;

/// After an `accept` that failed for want of file descriptors, trying again at once would spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From a connection's first byte, or from the last answer on HTTP/1.1, to a whole request head.
    pub request_head_max: Duration,
    /// Without a byte in either direction.
    pub idle_max: Duration,
}

/// What answers the requests of a connection.
pub trait Answering:
    Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<T> Answering for T where
    T: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// What every listener of the gateway shares.
#[derive(Debug, Clone)]
pub struct Connections {
    pace: Pace,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Connections {
    /// At most `connections_max` connections at a time; they finish what they have begun when `stop` is cancelled.
    pub fn new(connections_max: usize, pace: Pace, stop: CancellationToken) -> Self {
        Self {
            pace,
            slots: Arc::new(Semaphore::new(connections_max)),
            tasks: TaskTracker::new(),
            stop,
        }
    }

    /// Has `answering` answer what comes in on `listener`, until stopped.
    pub async fn serve(
        self,
        listener: TcpListener,
        answering: impl Answering,
        tls: Option<Arc<Reloaded<TlsFiles>>>,
    ) {
        while let Some(socket) = self.accept(&listener).await {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                return;
            };
            let (answering, tls, stop) = (answering.clone(), tls.clone(), self.stop.clone());
            let pace = self.pace;
            self.tasks.spawn(async move {
                let _slot = slot;
                match tls {
                    None => serve_connection(socket, answering, pace, stop).await,
                    Some(tls) => serve_tls(socket, answering, pace, &tls, stop).await,
                }
            });
        }
    }

    /// Waits until every connection has ended, `grace` at most.
    pub async fn drain(&self, grace: Duration) {
        self.tasks.close();
        if timeout(grace, self.tasks.wait()).await.is_err() {
            warn!(
                open = self.tasks.len(),
                "connections still open at the end of the grace period"
            );
        }
    }

    async fn accept(&self, listener: &TcpListener) -> Option<TcpStream> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            accepted = accept(listener) => Some(accepted),
        }
    }
}

/// The next connection. Given up half-way, none is lost.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await;
        match accepted.and_then(|(socket, _)| socket.set_nodelay(true).map(|()| socket)) {
            Ok(socket) => return socket,
            Err(failed) if is_of_one_connection(&failed) => {}
            Err(failed) => {
                warn!(%failed, "cannot accept connections");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Errors that say something of the one connection and nothing of the listener.
fn is_of_one_connection(failed: &io::Error) -> bool {
    matches!(
        failed.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::InvalidInput
    )
}

async fn serve_tls(
    socket: TcpStream,
    answering: impl Answering,
    pace: Pace,
    tls: &Reloaded<TlsFiles>,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls.current());
    match timeout(TLS_HANDSHAKE_MAX, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => serve_connection(stream, answering, pace, stop).await,
        Ok(Err(failed)) => debug!(%failed, "TLS handshake failed"),
        Err(_) => debug!("TLS handshake timed out"),
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answering: impl Answering,
    pace: Pace,
    stop: CancellationToken,
) {
    let io = TokioIo::new(IdleTimeout::new(stream, pace.idle_max));
    let builder = connection_builder(pace);
    let connection = builder.serve_connection(io, answering);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(failed) = ended {
        debug!(failed, "connection ended");
    }
}

fn connection_builder(pace: Pace) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(pace.request_head_max)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(4 * HTTP2_WINDOW_BYTES)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

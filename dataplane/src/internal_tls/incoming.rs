//! The side that is dialled: connections whose other end has proven itself, one after the other.
//!
//! Handshakes go on side by side, so that one who is slow holds nobody up, and are bounded in number and time.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::Stream;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::warn;

use super::certificates::has_name;
use super::{InternalTls, InternalTlsMode, Io};
use crate::gateway::listener::accept;
use crate::metrics::ConnectionMetrics;

/// How long another pod may take to prove itself.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Handshakes at a time; a further connection waits in the backlog. Every gateway and pod of a large cluster at once.
const HANDSHAKES_MAX: usize = 512;
/// One who is refused comes again ten times a second: refusals are told this often.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The first byte of a TLS handshake; HTTP/2 in plain text begins with a `P`.
const TLS_HANDSHAKE: u8 = 22;

/// What became of a connection.
type Greeted = io::Result<(Box<dyn Io>, Kind)>;

/// How a connection is spoken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Tls,
}

/// Connections to serve: of those that proved themselves, where there is TLS, else of everybody.
pub fn incoming(
    listener: TcpListener,
    tls: Option<InternalTls>,
    metrics: ConnectionMetrics,
) -> impl Stream<Item = io::Result<Box<dyn Io>>> + Send {
    let door = Door {
        listener,
        tls,
        metrics,
        greeting: JoinSet::new(),
        told: None,
        untold: 0,
    };
    futures_util::stream::unfold(door, |mut door| async move {
        let connection = door.next().await;
        Some((Ok(connection), door))
    })
}

struct Door {
    listener: TcpListener,
    tls: Option<InternalTls>,
    metrics: ConnectionMetrics,
    greeting: JoinSet<(Option<SocketAddr>, Greeted)>,
    /// When a refusal was told last.
    told: Option<Instant>,
    /// Refusals since then.
    untold: u64,
}

impl Door {
    async fn next(&mut self) -> Box<dyn Io> {
        loop {
            tokio::select! {
                Some(greeted) = self.greeting.join_next() => {
                    // One that panicked was no connection.
                    let Ok((from, greeted)) = greeted else { continue };
                    match greeted {
                        Ok((connection, kind)) => {
                            self.count(kind);
                            return connection;
                        }
                        Err(failed) => self.refuse(from, &failed),
                    }
                }
                socket = accept(&self.listener), if self.greeting.len() < HANDSHAKES_MAX => {
                    let Some(tls) = self.tls.clone() else {
                        self.count(Kind::Plain);
                        return Box::new(socket);
                    };
                    let from = socket.peer_addr().ok();
                    self.greeting.spawn(async move { (from, tls.greet_in_time(socket).await) });
                }
            }
        }
    }

    fn count(&self, kind: Kind) {
        match kind {
            Kind::Plain => self.metrics.plain.inc(),
            Kind::Tls => self.metrics.tls.inc(),
        }
    }

    fn refuse(&mut self, from: Option<SocketAddr>, failed: &io::Error) {
        self.metrics.refused.inc();
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            self.untold += 1;
            return;
        }
        let from = from.map(|from| from.ip()).map(tracing::field::display);
        warn!(from, %failed, refused_before = self.untold, "connection refused: TLS between pods");
        (self.told, self.untold) = (Some(Instant::now()), 0);
    }
}

impl InternalTls {
    async fn greet_in_time(self, socket: TcpStream) -> Greeted {
        let greeted = timeout(HANDSHAKE_MAX, self.greet(socket)).await;
        greeted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn greet(&self, socket: TcpStream) -> Greeted {
        if self.mode == InternalTlsMode::Permissive {
            let mut first = [0];
            if socket.peek(&mut first).await? == 1 && first[0] != TLS_HANDSHAKE {
                return Ok((Box::new(socket), Kind::Plain));
            }
        }
        let acceptor = TlsAcceptor::from(self.certificates.current().server.clone());
        let stream = acceptor.accept(socket).await?;
        has_name(stream.get_ref().1.peer_certificates(), &self.name).map_err(io::Error::other)?;
        Ok((Box::new(stream), Kind::Tls))
    }
}

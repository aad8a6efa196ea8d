//! Connections to one endpoint, kept and used again: many for HTTP/1.1, one shared by all calls for HTTP/2.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Endpoint, Scheme};

/// Idle HTTP/1.1 connections that are kept; more are closed after their answer.
const IDLE_MAX: usize = 64;

/// The HTTP/2 window of one stream and of one connection: an answer of `GetRecords` comes without waiting for updates.
const HTTP2_WINDOW_BYTES: u32 = 16 << 20;

/// How requests are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    /// With prior knowledge on plain text, by ALPN on TLS.
    Http2,
}

/// The connections of one client.
#[derive(Debug)]
pub(super) struct Connections {
    endpoint: Endpoint,
    tls: Option<Arc<rustls::ClientConfig>>,
    protocol: Protocol,
    idle: Mutex<Vec<Sender>>,
}

/// One connection, ready for a request.
#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// Why a request could not be sent or answered.
#[derive(Debug)]
pub(super) enum SendError {
    Connect(String),
    Broken(hyper::Error),
}

impl Connections {
    pub(super) fn new(
        endpoint: Endpoint,
        tls: Option<Arc<rustls::ClientConfig>>,
        protocol: Protocol,
    ) -> Self {
        Self {
            endpoint,
            tls,
            protocol,
            idle: Mutex::default(),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Sends one request. The connection comes back with the answer: give it to [`Connections::keep`] once the body is
    /// read, or drop it.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Sender), SendError> {
        while let Some(mut sender) = self.take_idle() {
            match sender.send(request).await {
                Ok(response) => return Ok((response, sender)),
                // The server closed it while it was idle: the request never left, and comes back.
                Err((_, Some(unsent))) => request = unsent,
                Err((error, None)) => return Err(SendError::Broken(error)),
            }
        }
        let mut sender = self.connect().await?;
        match sender.send(request).await {
            Ok(response) => Ok((response, sender)),
            Err((error, _)) => Err(SendError::Broken(error)),
        }
    }

    /// Keeps a connection whose answer has been read for the next request.
    pub(super) fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // An HTTP/2 connection stays in the list while it is in use: every call shares it.
        if matches!(sender, Sender::Http1(_)) && idle.len() < IDLE_MAX {
            idle.push(sender);
        }
    }

    fn take_idle(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match idle.last()? {
                Sender::Http1(sender) if sender.is_closed() => drop(idle.pop()),
                Sender::Http2(sender) if sender.is_closed() => drop(idle.pop()),
                Sender::Http1(_) => return idle.pop(),
                Sender::Http2(sender) => return Some(Sender::Http2(sender.clone())),
            }
        }
    }

    async fn connect(&self) -> Result<Sender, SendError> {
        let refused = |error: std::io::Error| SendError::Connect(error.to_string());
        let stream = TcpStream::connect((self.endpoint.host(), self.endpoint.port()))
            .await
            .map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        match (&self.tls, self.endpoint.scheme()) {
            (Some(config), Scheme::Https) => {
                let name = ServerName::try_from(self.endpoint.host().to_owned())
                    .map_err(|error| SendError::Connect(error.to_string()))?;
                let stream = TlsConnector::from(self.alpn(config))
                    .connect(name, stream)
                    .await
                    .map_err(refused)?;
                self.handshake(stream).await
            }
            _ => self.handshake(stream).await,
        }
    }

    fn alpn(&self, config: &Arc<rustls::ClientConfig>) -> Arc<rustls::ClientConfig> {
        let mut config = rustls::ClientConfig::clone(config);
        config.alpn_protocols = match self.protocol {
            Protocol::Http1 => vec![b"http/1.1".to_vec()],
            Protocol::Http2 => vec![b"h2".to_vec()],
        };
        Arc::new(config)
    }

    async fn handshake<S>(&self, stream: S) -> Result<Sender, SendError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        match self.protocol {
            Protocol::Http1 => {
                let (sender, connection) =
                    http1::handshake(stream).await.map_err(SendError::Broken)?;
                // Its errors reach the request that waits on it.
                tokio::spawn(connection);
                Ok(Sender::Http1(sender))
            }
            Protocol::Http2 => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                builder.initial_stream_window_size(HTTP2_WINDOW_BYTES);
                builder.initial_connection_window_size(HTTP2_WINDOW_BYTES);
                let (sender, connection) =
                    builder.handshake(stream).await.map_err(SendError::Broken)?;
                tokio::spawn(connection);
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push(Sender::Http2(sender.clone()));
                Ok(Sender::Http2(sender))
            }
        }
    }
}

impl Sender {
    /// Sends; on failure gives the request back if it never left.
    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Request<Full<Bytes>>>)> {
        let answer = match self {
            Self::Http1(sender) => match sender.ready().await {
                Ok(()) => sender.try_send_request(request).await,
                Err(error) => return Err((error, Some(request))),
            },
            Self::Http2(sender) => match sender.ready().await {
                Ok(()) => sender.try_send_request(request).await,
                Err(error) => return Err((error, Some(request))),
            },
        };
        answer.map_err(|mut error| {
            let unsent = error.take_message();
            (error.into_error(), unsent)
        })
    }
}

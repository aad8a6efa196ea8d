//! The side that dials: it proves itself, and asks the same of who answers.

use std::io;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tracing::info;

use super::{InternalTls, InternalTlsMode, Io};
use crate::dial::Dial;

impl Dial for InternalTls {
    fn dial(&self, endpoint: Endpoint) -> Channel {
        let this = self.clone();
        // The endpoint's own bound on connecting holds for the handshake too.
        endpoint.connect_with_connector_lazy(tower::service_fn(move |to: Uri| {
            let this = this.clone();
            async move { this.connect(&to).await.map(TokioIo::new) }
        }))
    }
}

impl InternalTls {
    async fn connect(&self, to: &Uri) -> io::Result<Box<dyn Io>> {
        let no_address = || io::Error::from(io::ErrorKind::InvalidInput);
        let address = to.authority().ok_or_else(no_address)?.as_str();
        let connector = TlsConnector::from(self.certificates.current().client.clone());
        let socket = open(address).await?;
        match connector.connect(self.name.clone(), socket).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(failed) if self.mode == InternalTlsMode::Permissive && knows_no_tls(&failed) => {
                info!(address, "plain text: who answers there knows no TLS yet");
                Ok(Box::new(open(address).await?))
            }
            Err(failed) => Err(failed),
        }
    }
}

async fn open(address: &str) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// What a server of HTTP/2 in plain text makes of a TLS client's first message: it answers with frames of its own, or ends the
/// connection. A certificate that is refused is something else.
fn knows_no_tls(failed: &io::Error) -> bool {
    let of_tls = failed
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(error) => matches!(error, rustls::Error::InvalidMessage(_)),
        None => matches!(
            failed.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        ),
    }
}

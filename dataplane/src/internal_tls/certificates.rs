//! The files of a certificate, its key and the authority, and what rustls makes of them at both ends of a connection.
//!
//! **Invariant:** what is taken here, others take: a certificate is put to the test that they will put it to (signed by the
//! authority, in force, for the name, for both ends) before it is shown to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::gateway::reloaded::Source;
use crate::gateway::tls::{TlsError, TlsFiles, certificates_in};

/// gRPC is nothing else.
const ALPN: &[u8] = b"h2";

/// Why a process cannot prove itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificatesError {
    /// A file does not hold what it must.
    #[error(transparent)]
    File(#[from] TlsError),
    /// No authority.
    #[error("{} has no certificate; it must hold that of the authority which signs the pods' (PEM), and while one takes over from another, both", .0.display())]
    NoAuthority(PathBuf),
    /// An authority that is none.
    #[error("use the authority in {}: {reason}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Others would not take it.
    #[error(
        "other pods would refuse the certificate in {}: {source}; it must be signed by an authority in {}, be in force, have the DNS \
         name {name}, and be for servers and clients (where it has extended key usages, serverAuth and clientAuth)",
        certificate.display(), authority.display()
    )]
    Refused {
        /// The certificate's file.
        certificate: PathBuf,
        /// The authority's.
        authority: PathBuf,
        /// The name it must have.
        name: String,
        /// What rustls says.
        source: Box<rustls::Error>,
    },
}

/// Both ends of connections with one proof.
pub(super) struct Certificates {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

/// The files.
pub(super) struct CertificateFiles {
    own: TlsFiles,
    authority: PathBuf,
    key: PathBuf,
    name: ServerName<'static>,
}

impl CertificateFiles {
    /// Named as in a Secret of type `kubernetes.io/tls`.
    pub(super) fn new(directory: &Path, name: ServerName<'static>) -> Self {
        let (certificate, key) = (directory.join("tls.crt"), directory.join("tls.key"));
        Self {
            own: TlsFiles::new(certificate, &key),
            authority: directory.join("ca.crt"),
            key,
            name,
        }
    }

    fn authorities(&self) -> Result<Arc<RootCertStore>, CertificatesError> {
        let mut authorities = RootCertStore::empty();
        for authority in certificates_in(&self.authority)? {
            let added = authorities.add(authority);
            added.map_err(|error| self.no_authority(&error))?;
        }
        if authorities.is_empty() {
            return Err(CertificatesError::NoAuthority(self.authority.clone()));
        }
        Ok(Arc::new(authorities))
    }

    fn no_authority(&self, error: &impl ToString) -> CertificatesError {
        CertificatesError::Authority {
            path: self.authority.clone(),
            reason: error.to_string(),
        }
    }

    fn refused(&self, source: rustls::Error) -> CertificatesError {
        CertificatesError::Refused {
            certificate: self.own.certificate().to_owned(),
            authority: self.authority.clone(),
            name: self.name.to_str().into_owned(),
            source: Box::new(source),
        }
    }
}

impl Source for CertificateFiles {
    type Value = Certificates;
    type Error = CertificatesError;

    fn files(&self) -> Vec<&Path> {
        vec![self.own.certificate(), &self.key, &self.authority]
    }

    fn load(&self) -> Result<Certificates, CertificatesError> {
        let (authorities, chain) = (self.authorities()?, self.own.certificates()?);
        let key = self.own.private_key()?;
        let provider = Arc::new(ring::default_provider());
        let of_servers = WebPkiServerVerifier::builder_with_provider(
            Arc::clone(&authorities),
            Arc::clone(&provider),
        )
        .build()
        .map_err(|error| self.no_authority(&error))?;
        let of_clients =
            WebPkiClientVerifier::builder_with_provider(authorities, Arc::clone(&provider))
                .build()
                .map_err(|error| self.no_authority(&error))?;

        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| self.own.pair(error))?
            .with_webpki_verifier(Arc::clone(&of_servers))
            .with_client_auth_cert(chain.clone(), key.clone_key());
        let mut client = client.map_err(|error| self.own.pair(error))?;
        client.alpn_protocols = vec![ALPN.to_vec()];
        // A connection is made once and kept: nothing is gained by one that takes an earlier one's word.
        client.resumption = Resumption::disabled();

        let now = client.time_provider.current_time();
        let now = now.ok_or_else(|| self.refused(rustls::Error::FailedToGetCurrentTime))?;
        use_as_server(&*of_servers, &chain, &self.name, now)
            .and_then(|()| use_as_client(&*of_clients, &chain, now))
            .map_err(|error| self.refused(error))?;

        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| self.own.pair(error))?
            .with_client_cert_verifier(of_clients)
            .with_single_cert(chain, key);
        let mut server = server.map_err(|error| self.own.pair(error))?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Certificates {
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }
}

fn use_as_server(
    verifier: &dyn rustls::client::danger::ServerCertVerifier,
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    now: rustls::pki_types::UnixTime,
) -> Result<(), rustls::Error> {
    let (own, others) = split(chain)?;
    let judged = verifier.verify_server_cert(own, others, name, &[], now);
    judged.map(drop)
}

fn use_as_client(
    verifier: &dyn rustls::server::danger::ClientCertVerifier,
    chain: &[CertificateDer<'_>],
    now: rustls::pki_types::UnixTime,
) -> Result<(), rustls::Error> {
    let (own, others) = split(chain)?;
    verifier.verify_client_cert(own, others, now).map(drop)
}

fn split<'a, 'b>(
    chain: &'a [CertificateDer<'b>],
) -> Result<(&'a CertificateDer<'b>, &'a [CertificateDer<'b>]), rustls::Error> {
    chain
        .split_first()
        .ok_or(rustls::Error::NoCertificatesPresented)
}

/// Whether a client that the authority vouches for is one of the cluster's: an authority may sign more than that.
pub(super) fn has_name(
    chain: Option<&[CertificateDer<'_>]>,
    name: &ServerName<'_>,
) -> Result<(), rustls::Error> {
    let (own, _) = split(chain.unwrap_or_default())?;
    rustls::client::verify_server_name(&ParsedCertificate::try_from(own)?, name)
}

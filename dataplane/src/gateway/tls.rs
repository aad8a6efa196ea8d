//! TLS from a certificate and a key in PEM files: rustls, ring, HTTP/2 and HTTP/1.1 by ALPN.
//!
//! Owns how the files become a server configuration. A new certificate serves connections made from then on; those that are
//! open keep theirs. Invariant: a certificate is never served with a key that is not its own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::reloaded::Source;

/// A file longer than this is neither a certificate chain nor a key.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is offered to clients, the preferred first. gRPC-like streams (`SubscribeToShard`) of several SDKs need `h2`.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("read the TLS file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{} is not valid PEM: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The certificate file has none.
    #[error("{} has no certificate; it must hold the chain in PEM ('-----BEGIN CERTIFICATE-----'), the server's own first", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key file has none.
    #[error("{} has no private key; it must hold one in PEM ('-----BEGIN PRIVATE KEY-----')", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key file is protected by a passphrase.
    #[error("the private key in {0} is encrypted; write it without a passphrase: openssl pkey -in {0} -out NEW_FILE", path.display())]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not fit each other, or rustls cannot use them.
    #[error("use the certificate in {} with the key in {}: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

/// The files of a certificate chain and of its private key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
}

impl TlsFiles {
    /// Names the files.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
        }
    }

    /// The certificate's file.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The chain.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let certificates = certificates_in(&self.certificate)?;
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate {
                path: self.certificate.clone(),
            });
        }
        Ok(certificates)
    }

    /// What rustls says of the two files together.
    pub(crate) fn pair(&self, source: rustls::Error) -> TlsError {
        TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        }
    }

    /// The key.
    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let path = || self.key.clone();
        let pem = read(&self.key)?;
        match PrivateKeyDer::from_pem_slice(&pem) {
            Ok(key) => Ok(key),
            Err(pem::Error::NoItemsFound) if is_encrypted(&pem) => {
                Err(TlsError::EncryptedKey { path: path() })
            }
            Err(pem::Error::NoItemsFound) => Err(TlsError::NoKey { path: path() }),
            Err(error) => Err(malformed(&self.key, &error)),
        }
    }
}

impl Source for TlsFiles {
    type Value = ServerConfig;
    type Error = TlsError;

    fn files(&self) -> Vec<&Path> {
        vec![&self.certificate, &self.key]
    }

    fn load(&self) -> Result<ServerConfig, TlsError> {
        let (certificates, key) = (self.certificates()?, self.private_key()?);
        let pair = |source| self.pair(source);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(pair)?;
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

/// All certificates in a PEM file, maybe none.
pub(crate) fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(path, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|source| TlsError::Io {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}

fn malformed(path: &Path, error: &pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn is_encrypted(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("ENCRYPTED")
}

#[cfg(test)]
mod tls_test;

//! Mutual TLS between the processes of a cluster: gateways, shard pods and the operator.
//!
//! Owns who counts as one of them: whoever holds a certificate that the cluster's own authority signed for one name, the same
//! for all. Pods are dialled by addresses that come and go, so no certificate names a pod, and one Secret serves everybody.
//! Knows nothing of what is said over a connection. **Invariants:** both ends prove themselves, anew at every connection; without
//! `Permissive` no byte goes over one that has not; a new certificate serves connections made from then on.

mod args;
mod certificates;
mod connect;
mod incoming;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::transport::server::Connected;

use crate::dial::{Dial, Tcp};
use crate::gateway::reloaded::Reloaded;
use crate::standalone::serve::RELOAD_EVERY;

pub use args::InternalTlsArgs;
pub use incoming::incoming;

use certificates::CertificateFiles;

/// Who may speak to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum InternalTlsMode {
    /// Only those that prove who they are.
    Strict,
    /// While a cluster changes over: also those that do not speak TLS at all, in both directions. A certificate that is not good
    /// is refused all the same.
    Permissive,
}

impl fmt::Display for InternalTlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Permissive => "permissive",
        })
    }
}

/// What a process is to prove itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalTlsOptions {
    /// Holds `tls.crt`, `tls.key` and `ca.crt`.
    pub directory: PathBuf,
    /// Who may speak to whom.
    pub mode: InternalTlsMode,
    /// The name that every certificate must have.
    pub name: ServerName<'static>,
}

/// One process's proof and its judgement of others'.
#[derive(Clone)]
pub struct InternalTls {
    certificates: Arc<Reloaded<CertificateFiles>>,
    mode: InternalTlsMode,
    name: ServerName<'static>,
}

impl InternalTls {
    /// Reads the files, and refuses what other processes would refuse.
    pub fn open(options: &InternalTlsOptions) -> anyhow::Result<Self> {
        let files = CertificateFiles::new(&options.directory, options.name.clone());
        let certificates = Reloaded::open(files).with_context(|| {
            let directory = options.directory.display();
            format!("TLS between pods: {directory} must hold tls.crt, tls.key and ca.crt")
        })?;
        Ok(Self {
            certificates: Arc::new(certificates),
            mode: options.mode,
            name: options.name.clone(),
        })
    }

    /// The same, where it was chosen.
    pub fn open_if_said(options: Option<&InternalTlsOptions>) -> anyhow::Result<Option<Self>> {
        options.map(Self::open).transpose()
    }

    /// Reads the files again when they change, for ever.
    pub fn follow(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.certificates).follow(RELOAD_EVERY)
    }
}

/// How other processes are dialled: over TLS if there is one, else in plain text.
pub fn network(tls: Option<&InternalTls>) -> Arc<dyn Dial> {
    match tls {
        Some(tls) => Arc::new(tls.clone()),
        None => Arc::new(Tcp),
    }
}

/// A connection, with TLS or without.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connected for Box<dyn Io> {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

#[cfg(test)]
mod internal_tls_test;

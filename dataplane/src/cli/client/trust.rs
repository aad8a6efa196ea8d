//! Whose TLS certificates the client believes: the file the user names, else the system's.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Where systems keep the bundle of authorities: Debian, Fedora, openSUSE, Alpine and macOS.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A TLS set-up that believes the authorities in `bundle`, or in the system's bundle.
pub(super) fn tls_config(bundle: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let path = match bundle {
        Some(path) => path.to_owned(),
        None => system_bundle()
            .ok_or("no bundle of certificate authorities found: name one with --ca-cert FILE")?,
    };
    let said = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let mut roots = RootCertStore::empty();
    let mut reader = BufReader::new(File::open(&path).map_err(|error| said(&error))?);
    for certificate in rustls_pemfile::certs(&mut reader) {
        let certificate = certificate.map_err(|error| said(&error))?;
        // A system's bundle may hold a few that are too old to be used; what matters is that some are there.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        return Err(said(&"holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| said(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn system_bundle() -> Option<PathBuf> {
    SYSTEM_BUNDLES
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

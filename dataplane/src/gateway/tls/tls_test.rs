//! Real handshakes over a pipe in memory, and what the owner of the files is told when they do not do.

use std::fs;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::super::reloaded::Reloaded;
use super::*;

const ONE: (&str, &str) = (
    include_str!("testdata/one.crt.pem"),
    include_str!("testdata/one.key.pem"),
);
const TWO: (&str, &str) = (
    include_str!("testdata/two.crt.pem"),
    include_str!("testdata/two.key.pem"),
);
const ENCRYPTED: &str = include_str!("testdata/encrypted.key.pem");

struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn of((certificate, key): (&str, &str)) -> Self {
        let files = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        files.write((certificate, key));
        files
    }

    fn write(&self, (certificate, key): (&str, &str)) {
        fs::write(self.directory.path().join("tls.crt"), certificate).expect("written");
        fs::write(self.directory.path().join("tls.key"), key).expect("written");
    }

    fn source(&self) -> TlsFiles {
        TlsFiles::new(
            self.directory.path().join("tls.crt"),
            self.directory.path().join("tls.key"),
        )
    }

    /// The refusal, with the directory of this run taken out.
    fn refusal(&self) -> String {
        let refusal = self
            .source()
            .load()
            .expect_err("must be refused")
            .to_string();
        refusal.replace(&self.directory.path().display().to_string(), "DIR")
    }
}

/// The protocol that a client which trusts this certificate and offers these protocols agrees on with the server.
async fn shake_hands(
    server: Arc<ServerConfig>,
    trusted: &str,
    offers: &[&[u8]],
) -> io::Result<Option<Vec<u8>>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(trusted.as_bytes()).expect("PEM");
    roots.add(certificate).expect("a certificate");
    let mut client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = offers.iter().map(|offer| offer.to_vec()).collect();

    let (near, far) = tokio::io::duplex(16 * 1024);
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(client));
    let acceptor = TlsAcceptor::from(server);
    let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    client?;
    Ok(server?.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
}

#[tokio::test]
async fn clients_get_http2_if_they_can_and_http1_if_not() {
    let server = Arc::new(Files::of(ONE).source().load().expect("valid"));
    for (offers, expected) in [
        (&[b"http/1.1".as_slice(), b"h2"][..], Some(b"h2".to_vec())),
        (&[b"http/1.1".as_slice()][..], Some(b"http/1.1".to_vec())),
        (&[], None),
    ] {
        let agreed = shake_hands(Arc::clone(&server), ONE.0, offers)
            .await
            .expect("a connection");
        assert_eq!(agreed, expected);
    }
    shake_hands(server, TWO.0, &[])
        .await
        .expect_err("another certificate is not trusted");
}

#[tokio::test]
async fn a_new_certificate_serves_new_connections_and_a_mismatched_one_never_does() {
    let files = Files::of(ONE);
    let server = Reloaded::open(files.source()).expect("valid");
    // As when the certificate was replaced and its key not yet.
    files.write((TWO.0, ONE.1));
    assert!(matches!(server.refresh(), Err(TlsError::Pair { .. })));
    shake_hands(server.current(), ONE.0, &[])
        .await
        .expect("the last good one serves");

    files.write(TWO);
    assert!(server.refresh().expect("valid"));
    shake_hands(server.current(), TWO.0, &[])
        .await
        .expect("the new one serves");
}

#[test]
fn files_that_do_not_do_are_named_with_what_they_must_hold() {
    let begins = |files: (&str, &str), expected: &str| {
        let refusal = Files::of(files).refusal();
        assert!(refusal.starts_with(expected), "{refusal}");
    };
    begins(
        ("", ONE.1),
        "DIR/tls.crt has no certificate; it must hold the chain in PEM",
    );
    begins((ONE.1, ONE.1), "DIR/tls.crt has no certificate");
    begins(
        (ONE.0, ""),
        "DIR/tls.key has no private key; it must hold one in PEM",
    );
    begins(
        (ONE.0, ENCRYPTED),
        "the private key in DIR/tls.key is encrypted; write it without a passphrase: openssl pkey",
    );
    begins(
        ("-----BEGIN CERTIFICATE-----\nab", ONE.1),
        "DIR/tls.crt is not valid PEM: ",
    );
    begins(
        (ONE.0, TWO.1),
        "use the certificate in DIR/tls.crt with the key in DIR/tls.key: ",
    );
}

#[test]
fn a_missing_file_is_named() {
    let files = Files::of(ONE);
    fs::remove_file(files.directory.path().join("tls.key")).expect("removed");
    assert_eq!(files.refusal(), "read the TLS file DIR/tls.key");
}

//! Real sockets, real gRPC, and an authority that is made here: who reaches whom.

use std::fs;
use std::net::SocketAddr;

use anabranch_proto::shard::TipRequest;
use anabranch_proto::shard::shard_service_client::ShardServiceClient;
use prometheus::Registry;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::Code;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};

use super::*;
use crate::metrics::ConnectionMetrics;

const NAME: &str = "shard.anabranch";

/// Who signs certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// A certificate for a name, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        self.sign_as(name, |_| {})
    }

    fn sign_as(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        (signed.pem(), key.serialize_pem())
    }
}

/// One process's mounted Secret.
struct Secret(tempfile::TempDir);

impl Secret {
    fn of(authorities: &str, pair: &(String, String)) -> Self {
        let secret = Self(tempfile::tempdir().expect("a directory"));
        secret.write(authorities, pair);
        secret
    }

    /// As pods of this authority have it.
    fn by(authority: &Authority) -> Self {
        Self::of(&authority.pem, &authority.sign(NAME))
    }

    fn write(&self, authorities: &str, (certificate, key): &(String, String)) {
        for (name, content) in [
            ("ca.crt", authorities),
            ("tls.crt", certificate),
            ("tls.key", key),
        ] {
            fs::write(self.0.path().join(name), content).expect("written");
        }
    }

    fn open_as(&self, mode: InternalTlsMode) -> anyhow::Result<InternalTls> {
        InternalTls::open(&InternalTlsOptions {
            directory: self.0.path().to_owned(),
            mode,
            name: ServerName::try_from(NAME).expect("a name"),
        })
    }

    fn strict(&self) -> InternalTls {
        self.open_as(InternalTlsMode::Strict).expect("valid")
    }

    fn permissive(&self) -> InternalTls {
        self.open_as(InternalTlsMode::Permissive).expect("valid")
    }

    /// Why it is refused, with this run's directory taken out.
    fn refusal(&self) -> String {
        let refusal = self.open_as(InternalTlsMode::Strict).err();
        let refusal = format!("{:#}", refusal.expect("must be refused"));
        refusal.replace(&self.0.path().display().to_string(), "DIR")
    }
}

/// A process that serves gRPC, as a shard pod does.
struct Served {
    address: SocketAddr,
    metrics: ConnectionMetrics,
}

async fn serve(tls: Option<InternalTls>) -> Served {
    let metrics = ConnectionMetrics::register(&Registry::new()).expect("registered");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("bound");
    let connections = incoming(listener, tls, metrics.clone());
    let server = Server::builder().add_routes(Routes::default());
    tokio::spawn(server.serve_with_incoming(connections));
    Served { address, metrics }
}

/// Asks over gRPC; an answer, whatever it is, proves that the other end was reached.
async fn reaches(dial: &dyn Dial, address: SocketAddr) -> Result<(), String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("a URL");
    let mut client = ShardServiceClient::new(dial.dial(endpoint));
    let status = client.tip(TipRequest::default()).await;
    let status = status.expect_err("nothing is served there");
    if status.code() == Code::Unimplemented {
        return Ok(());
    }
    let mut text = status.to_string();
    let mut source = std::error::Error::source(&status);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    Err(text)
}

/// Whether a client of somebody else's making is served: it hears HTTP/2.
async fn is_served(
    address: SocketAddr,
    trusts: &Authority,
    proof: Option<(String, String)>,
) -> bool {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(trusts.pem.as_bytes()).expect("PEM");
    roots.add(authority).expect("a certificate");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots);
    let config = match proof {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM"),
            )
            .expect("a pair"),
    };
    let socket = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::try_from(NAME).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let mut stream = stream.await.expect("the server is who it says");
    // Who is refused hears so now: in TLS 1.3 a client is done before the server has judged it.
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    stream.read_u8().await.is_ok()
}

#[tokio::test]
async fn pods_of_one_authority_reach_each_other_and_nobody_else_does() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (pod, gateway) = (Secret::by(&ours), Secret::by(&ours));
    let served = serve(Some(pod.strict())).await;
    let at = served.address;
    assert_eq!(reaches(&gateway.strict(), at).await, Ok(()));
    assert_eq!(reaches(&gateway.permissive(), at).await, Ok(()));
    assert!(is_served(at, &ours, Some(ours.sign(NAME))).await);
    assert_eq!(
        (served.metrics.tls.get(), served.metrics.refused.get()),
        (3, 0)
    );

    reaches(&Tcp, at).await.expect_err("plain text is refused");
    let refusal = reaches(&Secret::by(&theirs).strict(), at).await;
    let refusal = refusal.expect_err("the pod is not theirs");
    assert!(refusal.contains("invalid peer certificate"), "{refusal}");
    assert!(!is_served(at, &ours, None).await, "without a certificate");
    assert!(
        !is_served(at, &ours, Some(theirs.sign(NAME))).await,
        "of another authority"
    );
    let other = ours.sign("web.shop");
    assert!(!is_served(at, &ours, Some(other)).await, "of another name");
    assert_eq!(
        (served.metrics.tls.get(), served.metrics.plain.get()),
        (3, 0)
    );

    let impostor = serve(Some(Secret::by(&theirs).strict())).await.address;
    for gateway in [gateway.strict(), gateway.permissive()] {
        let refusal = reaches(&gateway, impostor).await;
        let refusal = refusal.expect_err("it is not ours");
        assert!(refusal.contains("invalid peer certificate"), "{refusal}");
    }
}

#[tokio::test]
async fn an_authority_is_replaced_step_by_step_without_a_restart_or_a_refusal() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem, new.pem);
    let (of_pod, of_gateway) = (Secret::by(&old), Secret::by(&old));
    let (pod, gateway) = (of_pod.strict(), of_gateway.strict());
    let at = serve(Some(pod.clone())).await.address;
    let other = serve(Some(gateway.clone())).await.address;
    let (signed_by_old, signed_by_new) = (old.sign(NAME), new.sign(NAME));
    // The first is always further than the second, as when the kubelet of one node is slower.
    for (authorities, pair) in [
        (&both, &signed_by_old),
        (&both, &signed_by_new),
        (&new.pem, &signed_by_new),
    ] {
        for (secret, process) in [(&of_pod, &pod), (&of_gateway, &gateway)] {
            secret.write(authorities, pair);
            assert!(process.certificates.refresh().expect("valid"));
            assert_eq!(reaches(&gateway, at).await, Ok(()));
            assert_eq!(reaches(&pod, other).await, Ok(()));
        }
    }
    assert!(
        !is_served(at, &new, Some(old.sign(NAME))).await,
        "the old one counts no more"
    );
}

#[tokio::test]
async fn what_others_would_refuse_is_not_taken_and_the_last_good_stays() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let secret = Secret::by(&ours);
    let pod = secret.strict();
    let at = serve(Some(pod.clone())).await.address;
    for (authorities, pair) in [
        (&ours.pem, theirs.sign(NAME)),
        (&ours.pem, ours.sign("web.shop")),
        (&ours.pem, (ours.sign(NAME).0, ours.sign(NAME).1)),
        (&String::new(), ours.sign(NAME)),
    ] {
        secret.write(authorities, &pair);
        assert!(pod.certificates.refresh().is_err());
        assert_eq!(reaches(&Secret::by(&ours).strict(), at).await, Ok(()));
    }
}

#[tokio::test]
async fn a_cluster_changes_over_while_everybody_reaches_everybody() {
    let ours = Authority::new("ours");
    let secret = Secret::by(&ours);
    // As it was before there was TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let off = listener.local_addr().expect("bound");
    let server = Server::builder().add_routes(Routes::default());
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let permissive = serve(Some(secret.permissive())).await;
    let strict = serve(Some(secret.strict())).await;

    for at in [off, permissive.address, strict.address] {
        assert_eq!(reaches(&secret.permissive(), at).await, Ok(()));
    }
    assert_eq!(permissive.metrics.tls.get(), 1, "TLS where both know it");
    assert_eq!(reaches(&Tcp, permissive.address).await, Ok(()));
    assert_eq!(permissive.metrics.plain.get(), 1);
    assert_eq!(reaches(&secret.strict(), permissive.address).await, Ok(()));
    reaches(&secret.strict(), off)
        .await
        .expect_err("not in plain text");
    reaches(&Tcp, strict.address)
        .await
        .expect_err("not in plain text");
}

#[tokio::test]
async fn one_who_says_nothing_holds_nobody_up() {
    let secret = Secret::by(&Authority::new("ours"));
    for tls in [secret.strict(), secret.permissive()] {
        let at = serve(Some(tls)).await.address;
        let silent = TcpStream::connect(at).await.expect("connected");
        assert_eq!(reaches(&secret.strict(), at).await, Ok(()));
        drop(silent);
    }
}

#[test]
fn files_that_do_not_do_are_told_with_what_they_must_be() {
    let ours = Authority::new("ours");
    let contains = |secret: Secret, expected: &[&str]| {
        let refusal = secret.refusal();
        for expected in expected {
            assert!(refusal.contains(expected), "{expected} in: {refusal}");
        }
    };
    let must = "DIR must hold tls.crt, tls.key and ca.crt";
    let missing = Secret::by(&ours);
    fs::remove_file(missing.0.path().join("ca.crt")).expect("removed");
    contains(
        missing,
        &[must, "read the TLS file DIR/ca.crt", "No such file"],
    );
    contains(
        Secret::of("", &ours.sign(NAME)),
        &["DIR/ca.crt has no certificate; it must hold that of the authority"],
    );

    let refused = "other pods would refuse the certificate in DIR/tls.crt: ";
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let for_servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    for (pair, why) in [
        (Authority::new("theirs").sign(NAME), "UnknownIssuer"),
        (ours.sign("shard.shop"), "shard.shop"),
        (ours.sign_as(NAME, expired), "expired"),
        (ours.sign_as(NAME, for_servers), "client"),
    ] {
        let must = "have the DNS name shard.anabranch";
        contains(Secret::of(&ours.pem, &pair), &[refused, why, must]);
    }
    let mixed = (ours.sign(NAME).0, ours.sign(NAME).1);
    contains(
        Secret::of(&ours.pem, &mixed),
        &["use the certificate in DIR/tls.crt with the key in DIR/tls.key"],
    );
}

//! Who makes this request? The signature says, or nobody is asked.
//!
//! Owns the step from a request's head and body to a [`Caller`]; what the caller may do is decided later, when the resource
//! is known. Invariant: with access keys there is no way to a `Caller` but through a verified signature.

use std::time::Duration;

use anabranch_domain::access::Caller;
use anabranch_domain::{AccountId, Timestamp};
use anabranch_wire::ApiError;
use anabranch_wire::sigv4::{self, AmzDate, RequestHead, Scope, SignatureError, Verifier};
use http::request::Parts;
use tracing::debug;

use super::credentials::KeySource;

/// Finds out who makes a request.
pub struct Authenticator(Mode);

enum Mode {
    /// Everybody is the account itself.
    Anonymous(Caller),
    /// Everybody shows a signature.
    Keys { verifier: Verifier, keys: KeySource },
}

impl Authenticator {
    /// Lets anybody in who shows credentials of any kind, as the root of this account. A request that shows none, or only
    /// parts of a signature, is refused as AWS refuses it: clients are tested against that.
    pub fn anonymous(account: AccountId) -> Self {
        Self(Mode::Anonymous(Caller::root(account)))
    }

    /// Lets in who holds one of the access keys and signs for this region, at most `clock_skew_max` from now.
    pub fn with_keys(keys: KeySource, region: &str, clock_skew_max: Duration) -> Self {
        let verifier = Verifier::new(Scope::kinesis(region), clock_skew_max);
        Self(Mode::Keys { verifier, keys })
    }

    /// Who makes this request. The body is hashed here: once, and for large ones that is most of the cost.
    pub fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Caller, ApiError> {
        let head = RequestHead::from(parts);
        self.identify(&head, body, now).map_err(|error| {
            debug!(%error, "refused a request's signature");
            error.into()
        })
    }

    fn identify(
        &self,
        head: &RequestHead<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Caller, SignatureError> {
        let authorization = sigv4::parse(head)?;
        let (verifier, keys) = match &self.0 {
            Mode::Anonymous(caller) => return Ok(caller.clone()),
            Mode::Keys { verifier, keys } => (verifier, keys.current()),
        };
        let claim = verifier.check(
            &authorization,
            head,
            AmzDate::from_epoch_secs(now.as_secs()),
        )?;
        let key = keys
            .get(claim.access_key_id())
            .ok_or(SignatureError::UnknownAccessKey)?;
        verifier.verify(&claim, head, body, &key.secret)?;
        Ok(key.caller.clone())
    }
}

#[cfg(test)]
mod tests {
    use anabranch_wire::ErrorKind;
    use anabranch_wire::sigv4::{SecretKey, Signer, SigningCredentials};
    use http::{HeaderValue, Request};

    use std::sync::Arc;

    use super::*;
    use crate::gateway::credentials::CredentialsFile;
    use crate::gateway::reloaded::Reloaded;

    const NOW_SECS: u64 = 1_440_938_160;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW_SECS * 1000 + 999)
    }

    fn request(authorization: Option<&str>) -> Parts {
        let mut request = Request::post("/")
            .header("host", "localhost:4567")
            .header("x-amz-date", "a");
        request = request.header("x-amz-target", "Kinesis_20131202.ListStreams");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn signed(access_key_id: &str, secret: &str, body: &[u8]) -> Parts {
        let credentials = SigningCredentials {
            access_key_id: access_key_id.to_owned(),
            secret: SecretKey::new(secret),
            session_token: None,
        };
        let mut parts = request(None);
        Signer::new(credentials, Scope::kinesis("us-east-1"))
            .sign(
                &parts.method,
                &parts.uri,
                &mut parts.headers,
                body,
                AmzDate::from_epoch_secs(NOW_SECS),
            )
            .expect("plain texts");
        parts
    }

    struct Keys {
        directory: tempfile::TempDir,
        file: Arc<Reloaded<CredentialsFile>>,
        authenticator: Authenticator,
    }

    impl Keys {
        fn new(secret: &str) -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            Self::write(&directory, secret);
            let path = directory.path().join("keys.yaml");
            let source = CredentialsFile::new(path, "000000000000".parse().expect("an account"));
            let file = Arc::new(Reloaded::open(source).expect("valid"));
            let authenticator = Authenticator::with_keys(
                KeySource::File(Arc::clone(&file)),
                "us-east-1",
                Verifier::CLOCK_SKEW,
            );
            Self {
                directory,
                file,
                authenticator,
            }
        }

        fn write(directory: &tempfile::TempDir, secret: &str) {
            let text =
                format!("- accessKeyId: AKID\n  secretAccessKey: {secret}\n  userName: alice\n");
            std::fs::write(directory.path().join("keys.yaml"), text).expect("written");
        }

        fn identify(&self, parts: &Parts, body: &[u8]) -> Result<String, ErrorKind> {
            let caller = self
                .authenticator
                .authenticate(parts, body, now())
                .map_err(|error| error.kind)?;
            Ok(caller.user_arn().to_string())
        }
    }

    #[test]
    fn any_complete_credentials_do_where_nobody_is_asked() {
        let anonymous = Authenticator::anonymous("000000000000".parse().expect("an account"));
        let caller = |parts: &Parts| anonymous.authenticate(parts, b"", now());
        let complete = request(Some(
            "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=y, Signature=z",
        ));
        assert_eq!(
            caller(&complete).expect("let in").user_arn().as_str(),
            "arn:aws:iam::000000000000:root"
        );
        assert_eq!(
            caller(&request(None)).expect_err("no token").kind,
            ErrorKind::MissingAuthenticationTokenException
        );
        assert_eq!(
            caller(&request(Some("X")))
                .expect_err("no parts")
                .message
                .as_deref(),
            Some(
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                 parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=X"
            )
        );
    }

    #[test]
    fn with_keys_the_signature_decides() {
        let keys = Keys::new("right-secret");
        let body = b"{}";
        assert_eq!(
            keys.identify(&signed("AKID", "right-secret", body), body),
            Ok("arn:aws:iam::000000000000:user/alice".to_owned())
        );
        assert_eq!(
            keys.identify(&signed("AKID", "wrong-secret", body), body),
            Err(ErrorKind::InvalidSignatureException)
        );
        assert_eq!(
            keys.identify(&signed("AKID", "right-secret", body), b"[]"),
            Err(ErrorKind::InvalidSignatureException)
        );
        assert_eq!(
            keys.identify(&signed("OTHER", "right-secret", body), body),
            Err(ErrorKind::UnrecognizedClientException)
        );
        assert_eq!(
            keys.identify(&request(None), body),
            Err(ErrorKind::MissingAuthenticationTokenException)
        );
        let mut tampered = signed("AKID", "right-secret", body);
        tampered.headers.insert(
            "x-amz-target",
            HeaderValue::from_static("Kinesis_20131202.DeleteStream"),
        );
        assert_eq!(
            keys.identify(&tampered, body),
            Err(ErrorKind::InvalidSignatureException)
        );
    }

    #[test]
    fn a_changed_secret_counts_at_once_after_the_file_was_read_again() {
        let keys = Keys::new("first-secret");
        let old = signed("AKID", "first-secret", b"");
        keys.identify(&old, b"").expect("let in");
        Keys::write(&keys.directory, "another-secret");
        assert!(keys.file.refresh().expect("valid"));
        assert_eq!(
            keys.identify(&old, b""),
            Err(ErrorKind::InvalidSignatureException)
        );
        keys.identify(&signed("AKID", "another-secret", b""), b"")
            .expect("let in");
    }
}

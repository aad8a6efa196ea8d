//! Signing a request, for our own client.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use ring::hmac;

use super::canonical_request::canonical_request;
use super::credential::Credential;
use super::payload_hash::PayloadHash;
use super::signed_headers::SignedHeaders;
use super::string_to_sign::string_to_sign;
use super::{ALGORITHM, AmzDate, RequestHead, Scope, SecretKey, SigningKeys};

/// An access key, to sign with.
#[derive(Clone)]
pub struct SigningCredentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret: SecretKey,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for SigningCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A text of the credentials cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} has characters that no access key has")]
pub struct SigningError(&'static str);

/// Signs requests with one access key, for one region.
#[derive(Debug)]
pub struct Signer {
    credentials: SigningCredentials,
    scope: Scope,
    keys: SigningKeys,
}

impl Signer {
    /// A signer of requests for this scope.
    pub fn new(credentials: SigningCredentials, scope: Scope) -> Self {
        // Today's key, and tomorrow's around midnight.
        Self {
            credentials,
            scope,
            keys: SigningKeys::new(2),
        }
    }

    /// Adds `x-amz-date`, `x-amz-security-token` where there is a session token, and `authorization` to the headers. The
    /// signature covers the host, the content type and every `x-amz-` header; the host is taken from the `Host` header or
    /// else from the URI.
    pub fn sign(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &mut HeaderMap,
        body: &[u8],
        now: AmzDate,
    ) -> Result<(), SigningError> {
        insert(
            headers,
            HeaderName::from_static("x-amz-date"),
            &now.to_string(),
            "date",
        )?;
        if let Some(token) = &self.credentials.session_token {
            insert(
                headers,
                HeaderName::from_static("x-amz-security-token"),
                token,
                "session token",
            )?;
        }
        let names = names_to_sign(headers);
        let head = RequestHead {
            method,
            uri,
            headers,
        };
        let canonical_request =
            canonical_request(&head, SignedHeaders(&names), &PayloadHash::of(body));
        let credential = self.scope.credential(&self.credentials.access_key_id, now);
        let parsed = Credential::parse(&credential).map_err(|_| SigningError("access key id"))?;
        let string_to_sign = string_to_sign(now, parsed.scope(), &canonical_request);
        let key = self.keys.get(&self.credentials.secret, &parsed);
        let signature = hex::encode(hmac::sign(&key, string_to_sign.as_bytes()));
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        );
        insert(headers, AUTHORIZATION, &authorization, "access key id")
    }
}

fn insert(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: &str,
    what: &'static str,
) -> Result<(), SigningError> {
    let value = HeaderValue::from_str(value).map_err(|_| SigningError(what))?;
    headers.insert(name, value);
    Ok(())
}

fn names_to_sign(headers: &HeaderMap) -> String {
    let is_signed = |name: &&str| *name == "content-type" || name.starts_with("x-amz-");
    let mut names: Vec<&str> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(is_signed)
        .chain(["host"])
        .collect();
    names.sort_unstable();
    names.join(";")
}

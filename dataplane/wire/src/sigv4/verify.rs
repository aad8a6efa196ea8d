//! Whether a signature is of now, for here, over what matters, and true. The order of the checks is AWS's.

use std::time::Duration;

use ring::hmac;

use super::authorization::{Authorization, Place};
use super::canonical_request::canonical_request;
use super::credential::Credential;
use super::payload_hash::PayloadHash;
use super::signed_headers::SignedHeaders;
use super::string_to_sign::string_to_sign;
use super::{ALGORITHM, AmzDate, RequestHead, Scope, SecretKey, SignatureError, SigningKeys};

/// The longest life of a presigned request: a week.
const EXPIRES_SECS_MAX: u64 = 7 * 24 * 60 * 60;
/// Access keys times two days, around midnight: a thousand keys in use at once fit.
const SIGNING_KEYS_MAX: usize = 2048;

/// Checks signatures made for one region.
#[derive(Debug)]
pub struct Verifier {
    scope: Scope,
    clock_skew_secs: u64,
    keys: SigningKeys,
}

/// A signature that is complete, of now and for here. Who it claims to be is still to be shown.
#[derive(Debug)]
#[must_use = "a claim is not verified until `Verifier::verify` has said so"]
pub struct Claim<'a> {
    credential: Credential<'a>,
    signed_headers: SignedHeaders<'a>,
    signature: &'a str,
    signed_at: AmzDate,
}

impl Claim<'_> {
    /// The access key whose secret the signature must have been made with.
    pub fn access_key_id(&self) -> &str {
        self.credential.access_key_id
    }
}

impl Verifier {
    /// How far AWS lets the clocks of client and server differ.
    pub const CLOCK_SKEW: Duration = Duration::from_mins(15);

    /// A verifier of signatures for this scope, made at most `clock_skew_max` from now.
    pub fn new(scope: Scope, clock_skew_max: Duration) -> Self {
        Self {
            scope,
            clock_skew_secs: clock_skew_max.as_secs(),
            keys: SigningKeys::new(SIGNING_KEYS_MAX),
        }
    }

    /// Checks everything that needs no secret.
    pub fn check<'a>(
        &self,
        authorization: &'a Authorization<'a>,
        head: &RequestHead<'_>,
        now: AmzDate,
    ) -> Result<Claim<'a>, SignatureError> {
        let signed_at =
            AmzDate::parse(&authorization.date).ok_or_else(|| SignatureError::DateFormat {
                found: authorization.date.to_string(),
            })?;
        check_time(&authorization.place, signed_at, now, self.clock_skew_secs)?;
        let signed_headers = SignedHeaders(&authorization.signed_headers);
        check_coverage(signed_headers, &authorization.place, head)?;
        if authorization.algorithm != ALGORITHM {
            return Err(SignatureError::Algorithm {
                found: authorization.algorithm.to_string(),
            });
        }
        let credential = Credential::parse(&authorization.credential)?;
        credential.check(&self.scope, signed_at)?;
        Ok(Claim {
            credential,
            signed_headers,
            signature: &authorization.signature,
            signed_at,
        })
    }

    /// Checks that the claim was signed with this secret, over this request. Compares in constant time.
    pub fn verify(
        &self,
        claim: &Claim<'_>,
        head: &RequestHead<'_>,
        body: &[u8],
        secret: &SecretKey,
    ) -> Result<(), SignatureError> {
        let payload = PayloadHash::declared(head, body)?;
        let canonical_request = canonical_request(head, claim.signed_headers, &payload);
        let string_to_sign = string_to_sign(
            claim.signed_at,
            claim.credential.scope(),
            &canonical_request,
        );
        let mut signature = [0; 32];
        hex::decode_to_slice(claim.signature, &mut signature)
            .map_err(|_| SignatureError::Mismatch)?;
        let key = self.keys.get(secret, &claim.credential);
        hmac::verify(&key, string_to_sign.as_bytes(), &signature)
            .map_err(|_| SignatureError::Mismatch)
    }
}

fn check_time(
    place: &Place<'_>,
    signed_at: AmzDate,
    now: AmzDate,
    skew_secs: u64,
) -> Result<(), SignatureError> {
    let lifetime_secs = match place {
        Place::Query {
            expires: Some(expires),
        } => parse_expires(expires)?,
        Place::Query { expires: None } | Place::Header { .. } => skew_secs,
    };
    if signed_at.plus_secs(lifetime_secs) < now {
        return Err(SignatureError::Expired {
            signed_at,
            now,
            lifetime_secs,
        });
    }
    if signed_at > now.plus_secs(skew_secs) {
        return Err(SignatureError::NotYetCurrent {
            signed_at,
            now,
            skew_secs,
        });
    }
    Ok(())
}

fn parse_expires(text: &str) -> Result<u64, SignatureError> {
    text.parse()
        .ok()
        .filter(|secs| (1..=EXPIRES_SECS_MAX).contains(secs))
        .ok_or_else(|| SignatureError::Expires {
            found: text.to_owned(),
        })
}

/// The headers that decide what the request means must be covered, or a recorded signature could be put before another
/// operation, another host or another day.
fn check_coverage(
    signed: SignedHeaders<'_>,
    place: &Place<'_>,
    head: &RequestHead<'_>,
) -> Result<(), SignatureError> {
    if !signed.contains("host") && !signed.contains(":authority") {
        return Err(SignatureError::HeaderNotSigned {
            header: "'Host' or ':authority'",
        });
    }
    if head.headers.contains_key("x-amz-target") && !signed.contains("x-amz-target") {
        return Err(SignatureError::HeaderNotSigned {
            header: "'X-Amz-Target'",
        });
    }
    match place {
        Place::Header { date_header } if !signed.contains(date_header) => {
            Err(SignatureError::HeaderNotSigned {
                header: "'X-Amz-Date' or 'Date'",
            })
        }
        Place::Header { .. } | Place::Query { .. } => Ok(()),
    }
}

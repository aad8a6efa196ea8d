//! `NextToken`s of listings: where a page ended, sealed, good for five minutes.
//!
//! Owns age and sealing; each listing owns what is inside of its own.

use std::time::Duration;

use anabranch_domain::Timestamp;
use anabranch_wire::opaque_token::TokenKind;
use anabranch_wire::{ApiError, ErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Services, errors};

/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>
const LIFE: Duration = Duration::from_mins(5);

/// Of the cipher that seals tokens.
const NONCE_BYTES: usize = 12;

/// What is sealed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Sealed<T> {
    /// When the page was answered, in milliseconds since the Unix epoch.
    issued_ms: u64,
    /// Where it ended.
    end: T,
}

/// Seals the end of a page. A failure is ours: pages end at bounded names.
pub(super) fn seal<T: Serialize>(
    services: &Services,
    kind: TokenKind,
    end: T,
) -> Result<String, ApiError> {
    let sealed = Sealed {
        issued_ms: services.now().as_millis(),
        end,
    };
    let content = serde_json::to_vec(&sealed).expect("a page's end has nothing that JSON lacks");
    let mut nonce = [0; NONCE_BYTES];
    services.entropy.fill(&mut nonce);
    services
        .token_key
        .seal(kind, &content, nonce)
        .map_err(|_| ApiError::bare(ErrorKind::InternalFailure))
}

/// Opens the token that a request brings back.
pub(super) fn open<T: DeserializeOwned>(
    services: &Services,
    kind: TokenKind,
    text: &str,
) -> Result<T, ApiError> {
    let content = services.token_key.open(kind, text).map_err(|_| invalid())?;
    let sealed: Sealed<T> = serde_json::from_slice(&content).map_err(|_| invalid())?;
    if services
        .now()
        .saturating_since(Timestamp::from_millis(sealed.issued_ms))
        > LIFE
    {
        return Err(ApiError::new(
            ErrorKind::ExpiredNextTokenException,
            "The specified NextToken has expired. A NextToken is valid for 300 seconds.",
        ));
    }
    Ok(sealed.end)
}

fn invalid() -> ApiError {
    errors::invalid_argument("Invalid NextToken.")
}

//! A signature in the query string, and the query string itself in canonical form.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::authorization::Place;
use super::uri_encoding::{decode, encode};
use super::{Authorization, SignatureError};

const ALGORITHM: &str = "X-Amz-Algorithm";
const CREDENTIAL: &str = "X-Amz-Credential";
const SIGNATURE: &str = "X-Amz-Signature";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";

/// Whether the query string says that it carries a signature.
pub(super) fn is_presigned(query: &str) -> bool {
    !query.is_empty() && value(query, ALGORITHM).is_some()
}

/// Finds the parts of the signature in a query string.
pub(super) fn parse(query: &str) -> Result<Authorization<'_>, SignatureError> {
    let names = [ALGORITHM, CREDENTIAL, SIGNATURE, SIGNED_HEADERS, DATE];
    let values = names.map(|name| value(query, name).filter(|value| !value.is_empty()));
    match values {
        [
            Some(algorithm),
            Some(credential),
            Some(signature),
            Some(signed_headers),
            Some(date),
        ] => Ok(Authorization {
            place: Place::Query {
                expires: value(query, EXPIRES),
            },
            algorithm,
            credential,
            signed_headers,
            signature,
            date,
        }),
        values => {
            let missing = names
                .into_iter()
                .zip(values)
                .filter(|(_, value)| value.is_none());
            Err(SignatureError::IncompleteQuery {
                parameters: missing.map(|(name, _)| name).collect(),
            })
        }
    }
}

/// Appends the query string in canonical form: decoded and encoded anew, sorted, without the signature itself.
pub(super) fn append_canonical(query: &str, out: &mut String) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(String, String)> = pairs(query)
        .filter(|(name, _)| *name != SIGNATURE)
        .map(|(name, value)| {
            (
                encode(&decode(name)).to_string(),
                encode(&decode(value)).to_string(),
            )
        })
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        write!(out, "{separator}{name}={value}").expect("strings take everything");
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, value) = pairs(query).find(|(found, _)| *found == name)?;
    Some(match decode(value) {
        Cow::Borrowed(_) => Cow::Borrowed(value),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    })
}

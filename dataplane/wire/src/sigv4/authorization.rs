//! Finding the signature in a request, and nothing more: is there one, in one place, with all its parts?
//! The parts may be nonsense; that is for `Verifier::check` to say.

use std::borrow::Cow;
use std::iter;

use http::header::{AUTHORIZATION, DATE};

use super::{RequestHead, SignatureError, presigned_query};

/// The parts of a signature, wherever the request carries them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization<'a> {
    pub(super) place: Place<'a>,
    pub(super) algorithm: Cow<'a, str>,
    pub(super) credential: Cow<'a, str>,
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: Cow<'a, str>,
    pub(super) date: Cow<'a, str>,
}

/// Where the signature was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// In the `Authorization` header; `date_header` is the header that the date is from, in lower case.
    Header { date_header: &'static str },
    /// In the query string, with the request's lifetime.
    Query { expires: Option<Cow<'a, str>> },
}

impl Authorization<'_> {
    /// The access key that the request names, before anything about it has been checked.
    pub fn unverified_access_key_id(&self) -> &str {
        self.credential.split('/').next().unwrap_or_default()
    }
}

/// Finds the signature of a request.
pub fn parse<'a>(head: &RequestHead<'a>) -> Result<Authorization<'a>, SignatureError> {
    let header = head
        .headers
        .get(AUTHORIZATION)
        .map(http::HeaderValue::as_bytes)
        .filter(|value| !value.is_empty());
    let query = presigned_query::is_presigned(head.query());
    match (header, query) {
        (Some(_), true) => Err(SignatureError::HeaderAndQuery),
        (Some(header), false) => parse_header(head, header),
        (None, true) => presigned_query::parse(head.query()),
        (None, false) => Err(SignatureError::Missing),
    }
}

fn parse_header<'a>(
    head: &RequestHead<'a>,
    header: &'a [u8],
) -> Result<Authorization<'a>, SignatureError> {
    let text = std::str::from_utf8(header).unwrap_or_default();
    let mut words = words(text);
    let algorithm = words.next().unwrap_or_default();
    let Parameters {
        credential,
        signature,
        signed_headers,
    } = Parameters::parse(words);
    let date = ["x-amz-date", DATE.as_str()]
        .into_iter()
        .find_map(|name| Some((name, head.header(name)?)));
    let (Some(credential), Some(signature), Some(signed_headers), Some((date_header, date))) =
        (credential, signature, signed_headers, date)
    else {
        let parameters = [
            ("Credential", credential),
            ("Signature", signature),
            ("SignedHeaders", signed_headers),
        ];
        let missing = parameters.into_iter().filter(|(_, value)| value.is_none());
        return Err(SignatureError::IncompleteHeader {
            parameters: missing.map(|(name, _)| name).collect(),
            date_missing: date.is_none(),
            authorization: String::from_utf8_lossy(header).into_owned(),
        });
    };
    Ok(Authorization {
        place: Place::Header { date_header },
        algorithm: algorithm.into(),
        credential: credential.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        date: date.into(),
    })
}

/// The words between commas and blanks. By bytes: this header is the longest of a request.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    iter::from_fn(move || {
        let rest = left?;
        let end = memchr::memchr2(b',', b' ', rest.as_bytes());
        left = end.map(|end| &rest[end + 1..]);
        Some(&rest[..end.unwrap_or(rest.len())])
    })
}

/// The parameters of the header; those that are not there, or empty, are `None`.
#[derive(Default)]
struct Parameters<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Of two parameters of one name the last counts. Words that are no parameters count for nothing, as at AWS.
    fn parse(words: impl Iterator<Item = &'a str>) -> Self {
        let mut parameters = Self::default();
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                continue;
            };
            let place = match name.trim_start() {
                "Credential" => &mut parameters.credential,
                "Signature" => &mut parameters.signature,
                "SignedHeaders" => &mut parameters.signed_headers,
                _ => continue,
            };
            let value = value.split('=').next().unwrap_or_default().trim_end();
            *place = Some(value).filter(|value| !value.is_empty());
        }
        parameters
    }
}

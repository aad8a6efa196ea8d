//! Percent-encoding as `SigV4` wants it: everything but the unreserved characters of RFC 3986, in capital hex digits.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

const NAME_OR_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &NAME_OR_VALUE.remove(b'/');

/// A name or value of the query string, decoded. A plus sign is a plus sign: SDKs write a blank as `%20`.
pub(super) fn decode(text: &str) -> Cow<'_, [u8]> {
    percent_decode_str(text).into()
}

/// A name or value of the query string, encoded.
pub(super) fn encode(bytes: &[u8]) -> impl std::fmt::Display + '_ {
    percent_encode(bytes, NAME_OR_VALUE)
}

/// A path, its slashes left alone. Given an encoded path this encodes it a second time, as every service but S3 wants.
pub(super) fn encode_path(path: &[u8]) -> impl Iterator<Item = &str> {
    percent_encode(path, PATH)
}

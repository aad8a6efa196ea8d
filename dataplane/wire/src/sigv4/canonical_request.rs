//! The one text that a request and its signature agree on:
//! method, path, query string, signed headers, their names, hash of the body.

use super::RequestHead;
use super::payload_hash::PayloadHash;
use super::presigned_query;
use super::signed_headers::SignedHeaders;
use super::uri_encoding::encode_path;

/// Room for what SDKs send to Kinesis, a session token included, so that the text is written without growing.
const LEN_USUAL: usize = 2048;

/// Writes the canonical request.
pub(super) fn canonical_request(
    head: &RequestHead<'_>,
    signed: SignedHeaders<'_>,
    payload: &PayloadHash,
) -> String {
    let mut out = String::with_capacity(LEN_USUAL);
    out.push_str(head.method.as_str());
    out.push('\n');
    append_path(head.uri.path(), &mut out);
    out.push('\n');
    presigned_query::append_canonical(head.query(), &mut out);
    out.push('\n');
    signed.append_canonical(head, &mut out);
    out.push('\n');
    out.push_str(signed.0);
    out.push('\n');
    out.push_str(payload.as_str());
    out
}

/// Appends the path without `.`, `..` and doubled slashes, encoded once more than it was sent.
fn append_path(path: &str, out: &mut String) {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    for segment in &segments {
        out.push('/');
        out.extend(encode_path(segment.as_bytes()));
    }
    if segments.is_empty() || path.ends_with('/') {
        out.push('/');
    }
}

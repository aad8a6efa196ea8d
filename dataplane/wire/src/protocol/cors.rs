//! What browsers need to be told to be allowed to call from a page of another origin.

use super::Head;

/// How long a browser may remember a preflight's answer: two days.
const MAX_AGE_SECS: &str = "172800";

const EXPOSED_HEADERS: &str =
    "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date";

/// Whether a browser asks before it calls. Its answer has no `x-amz-id-2`.
pub fn is_preflight(head: &Head<'_>) -> bool {
    head.method == "OPTIONS" && head.origin.is_some()
}

/// The headers to add to any answer to this request; none where it names no origin.
pub fn cors_headers<'a>(head: &Head<'a>) -> Vec<(&'static str, &'a str)> {
    if head.origin.is_none() {
        return Vec::new();
    }
    let mut headers = vec![("Access-Control-Allow-Origin", "*")];
    if !is_preflight(head) {
        headers.push(("Access-Control-Expose-Headers", EXPOSED_HEADERS));
        return headers;
    }
    if let Some(requested) = head.access_control_request_headers {
        headers.push(("Access-Control-Allow-Headers", requested));
    }
    if let Some(requested) = head.access_control_request_method {
        headers.push(("Access-Control-Allow-Methods", requested));
    }
    headers.push(("Access-Control-Max-Age", MAX_AGE_SECS));
    headers
}

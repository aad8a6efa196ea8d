//! What of a request, besides its body, a signature covers.

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

/// The head of a request, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target as it was sent; over HTTP/2 with the authority.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl<'a> RequestHead<'a> {
    /// The raw query string, empty if there is none.
    pub(super) fn query(&self) -> &'a str {
        self.uri.query().unwrap_or_default()
    }

    /// The first value of a header, if it is text that is not empty.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let value = self.headers.get(name)?;
        std::str::from_utf8(value.as_bytes())
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// The host that the client meant: its `Host` header, or over HTTP/2, where there is none, the `:authority`.
    pub(super) fn host(&self) -> &'a [u8] {
        match (self.headers.get(HOST), self.uri.authority()) {
            (Some(host), _) => host.as_bytes(),
            (None, Some(authority)) => authority.as_str().as_bytes(),
            (None, None) => b"",
        }
    }
}

impl<'a> From<&'a Parts> for RequestHead<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
        }
    }
}

//! A whole answer below the operations: status, content type and body.

use crate::codec::Codec;
use crate::error::{ApiError, ErrorKind};
use bytes::Bytes;

/// What is sent, but for the headers that every answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; AWS sends none with its XML and with an empty body of this layer.
    pub content_type: Option<&'static str>,
    /// `x-amzn-errortype`; none where AWS answers without a codec.
    pub error_type: Option<&'static str>,
    /// The body, to be sent with its exact `content-length`.
    pub body: Bytes,
}

impl Answer {
    /// A refused request, in the request's codec.
    pub fn error(codec: Codec, error: &ApiError) -> Answer {
        Answer {
            status: error.status(),
            content_type: Some(codec.content_type()),
            error_type: Some(error.kind.name()),
            body: error.encode(codec),
        }
    }

    /// The body is larger than the server takes; AWS says nothing more than that.
    pub const fn body_too_large() -> Answer {
        Answer::without_codec(413, "")
    }

    pub(super) const fn preflight() -> Answer {
        Answer::without_codec(200, "")
    }

    pub(super) const fn unknown_operation_xml() -> Answer {
        Answer::without_codec(404, "<UnknownOperationException/>\n")
    }

    pub(super) const fn no_operation_to_authorize() -> Answer {
        Answer::without_codec(
            403,
            "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n",
        )
    }

    pub(super) fn older_protocol(status: u16, kind: ErrorKind) -> Answer {
        let body = format!(
            r#"{{"Output":{{"__type":"com.amazon.coral.service#{kind}"}},"Version":"1.0"}}"#
        );
        Answer {
            status,
            content_type: Some("application/json"),
            error_type: Some(kind.name()),
            body: Bytes::from(body),
        }
    }

    const fn without_codec(status: u16, body: &'static str) -> Answer {
        Answer {
            status,
            content_type: None,
            error_type: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }
}

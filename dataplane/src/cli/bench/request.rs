//! Requests made beforehand: encoded once, signed once a minute, sent many times.
//!
//! A signature covers the date and the body, and stays good for minutes. So a body that is sent again costs the generator
//! nothing but the copy into the socket, and what is measured is the server.

use std::time::{Duration, Instant, SystemTime};

use anabranch_wire::sigv4::{AmzDate, Signer};
use anabranch_wire::{Action, Codec, TARGET_PREFIX};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::cli::client::Endpoint;

/// How long a signature is used; AWS takes it for five minutes.
const SIGNATURE_AGE_MAX: Duration = Duration::from_mins(1);

/// What all requests of a run have in common.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) signer: Signer,
    pub(super) codec: Codec,
}

/// A request, ready to be sent.
#[derive(Debug)]
pub(super) struct Prepared {
    action: Action,
    body: Bytes,
    head: Vec<u8>,
    signed: Option<Instant>,
}

impl Prepared {
    pub(super) fn new(action: Action, body: Bytes) -> Self {
        Self {
            action,
            body,
            head: Vec::new(),
            signed: None,
        }
    }

    /// The head and the body to send now.
    pub(super) fn bytes(&mut self, target: &Target) -> (&[u8], &[u8]) {
        if self
            .signed
            .is_none_or(|signed| signed.elapsed() > SIGNATURE_AGE_MAX)
        {
            self.head = target.head(self.action, &self.body);
            self.signed = Some(Instant::now());
        }
        (&self.head, &self.body)
    }
}

impl Target {
    /// The signed head of a request.
    pub(super) fn head(&self, action: Action, body: &[u8]) -> Vec<u8> {
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .expect("names of actions and hosts have no control characters")
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, value(&self.endpoint.authority()));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.codec.content_type()),
        );
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(
            "x-amz-target",
            value(&format!("{TARGET_PREFIX}.{}", action.name())),
        );
        self.signer
            .sign(
                &Method::POST,
                &Uri::from_static("/"),
                &mut headers,
                body,
                AmzDate::from_system_time(SystemTime::now()),
            )
            .expect("the credentials were signed with when the stream was made");
        let mut head = b"POST / HTTP/1.1\r\n".to_vec();
        for (name, value) in &headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

//! A small Kinesis client: where the endpoint is, who calls, one request at a time over pooled connections.
//!
//! It speaks only the public API, so it works against every endpoint that does. Requests and answers are the structs of
//! `anabranch_wire`, in JSON or CBOR. It retries what a caller would always retry (throttling, 5xx, a connection that
//! the server closed while it was idle), a bounded number of times, and nothing that could write a record twice.

mod args;
mod call_error;
mod connection;
mod consumer;
mod credentials;
mod endpoint;
mod hint;
mod kinesis;
mod subscription;
mod trust;

pub(super) use args::ClientArgs;
pub(super) use call_error::CallError;
pub(super) use consumer::RegisteredConsumer;
pub(super) use credentials::Credentials;
pub(super) use endpoint::{Endpoint, Scheme};
pub(super) use kinesis::Kinesis;
pub(super) use subscription::{Subscription, SubscriptionEnd};

//! `application/vnd.amazon.eventstream`: the framed messages in which `SubscribeToShard` answers.
//!
//! ```text
//! | total u32 | headers u32 | crc32(first 8) u32 | headers … | payload … | crc32(all before) u32 |
//! ```
//!
//! Owns the bytes of a frame and nothing of what is inside its payload. Sans-io: encoding appends to the caller's buffer,
//! where the payload is written in place (never copied a second time); decoding takes whole frames off the front of one.
//! Invariant: a frame longer than the decoder's bound is refused before a byte of it is kept waiting for.

mod decoder;
mod error;
mod frame;
mod header;
mod subscription;

pub use decoder::{FrameDecoder, Message};
pub use error::FrameError;
pub use frame::append_frame;
pub use header::{Header, HeaderNames};
pub use subscription::{
    append_exception, append_initial_response, append_subscribe_to_shard_event,
};

/// The `Content-Type` of a response made of these frames.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

#[cfg(test)]
mod event_stream_test;

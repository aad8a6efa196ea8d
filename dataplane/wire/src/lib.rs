//! AWS bytes to typed values and back, sans-io.
//!
//! Knows no shard, no disk and no socket: every function here is a pure one over bytes and arguments.

pub mod event_stream;
pub mod opaque_token;

//! Many calls over one stream of a gRPC service each way: numbered, sent together where they wait together, answered as they end.
//!
//! A unary call costs both ends some ten wake-ups of a thread, and HTTP/2 headers; in a stream, messages that are made at about
//! the same time share all of that. Neither end has a task between the stream and what it is for: the task that writes
//! the connection takes the calls from their queue, and the one that writes the answers works them off.
//!
//! Owns the numbers of calls, and what a broken stream means: whoever waits for an answer hears that there is none, and says it again if it
//! still matters. Knows no message.

mod answered;
mod calls;

pub(crate) use answered::answered;
pub(crate) use calls::{Calls, Frames, Line};

#[cfg(test)]
mod exchange_test;

/// What is asked, with the number of its call: unique in its stream.
pub(crate) trait Question: prost::Message + Send + Unpin + 'static {
    /// Gives it its number.
    fn set_id(&mut self, id: u64);
}

/// What is answered, with the number of the call.
pub(crate) trait Answer: Send + 'static {
    /// The number of what was asked.
    fn id(&self) -> u64;
}

//! Why bytes are not an event-stream frame. Each variant holds the numbers that disagree; none is worth a retry on the
//! same connection, because the boundary of the next frame is lost with this one.

/// The bytes are not a frame, or one that is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame announces more bytes than the decoder is willing to hold.
    #[error("event-stream frame of {total} bytes is longer than the limit of {max} bytes")]
    TooLong {
        /// Length that the prelude announces.
        total: u32,
        /// The decoder's limit.
        max: u32,
    },
    /// The lengths in the prelude contradict each other.
    #[error("event-stream frame of {total} bytes cannot hold {headers} bytes of headers")]
    Lengths {
        /// Length that the prelude announces.
        total: u32,
        /// Length of the headers that the prelude announces.
        headers: u32,
    },
    /// The checksum of the prelude is wrong.
    #[error("event-stream prelude has the checksum {found:08x}, expected {expected:08x}")]
    PreludeChecksum {
        /// Computed over the bytes that arrived.
        expected: u32,
        /// Written in the frame.
        found: u32,
    },
    /// The checksum of the whole frame is wrong.
    #[error("event-stream frame has the checksum {found:08x}, expected {expected:08x}")]
    MessageChecksum {
        /// Computed over the bytes that arrived.
        expected: u32,
        /// Written in the frame.
        found: u32,
    },
    /// A header ends after the header block does, has an unknown type, or a name that is empty or not text.
    #[error("event-stream frame has a malformed header at byte {at} of its headers")]
    Header {
        /// Offset of the header inside the header block.
        at: usize,
    },
}

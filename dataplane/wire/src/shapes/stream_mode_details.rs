//! Whether a stream is on-demand or provisioned.

use crate::structure::structure;

structure! {
    /// Whether a stream is on-demand or provisioned.
    StreamModeDetails {
        /// `PROVISIONED` or `ON_DEMAND`.
        stream_mode: String = "StreamMode": STREAM_MODE,
    }
}

//! The bytes of a log entry: a fixed [`Envelope`] and a payload.
//!
//! ```text
//!  envelope (72)                                              payload (payload_len)
//! ┌──────┬────┬─────┬─────┬──────────┬───────────┬─────┬ ─ ─ ┬──────────────────────────────────────────┐
//! │format│kind│flags│phase│header crc│payload crc│ len │ ... │ append: records_len, records, tokens     │
//! └──────┴────┴─────┴─────┴──────────┴───────────┴─────┴ ─ ─ ┴──────────────────────────────────────────┘
//! ```
//!
//! Every entry, also a blank one, says at which ordinal and time of its shard it stands: so a search by ordinal or time
//! reads headers only, and the shard's state after a restart follows from its last entry. The two checksums let a header
//! be checked without its payload, and let Raft's position be filled in last without reading the payload again.
//!
//! A writer makes a [`Draft`] (by [`BatchBuilder`] for records), and places it in a log; a reader decodes an [`Entry`]
//! and opens a [`BatchView`] on it. No record is copied on either way, except into the draft itself.

mod batch_builder;
mod batch_view;
mod control;
mod draft;
mod encryption;
mod envelope;
mod error;

pub use batch_builder::{BatchBuilder, BatchFull, NewRecord, PAYLOAD_BYTES_MAX};
pub use batch_view::{BatchView, Record, Records, Tokens, tokens};
pub use control::{Activate, Seal};
pub use draft::{Draft, Standing};
pub use encryption::{KeyFingerprint, KeyRing, RecordKey};
pub use envelope::{Entry, EntryKind, Envelope, HEADER_LEN, Position};
pub use error::{EntryError, EntryFault};

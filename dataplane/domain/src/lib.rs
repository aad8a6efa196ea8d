//! The nouns of Kinesis Data Streams and every decision about them.
//!
//! # Architecture invariants
//!
//! * **Pure.** No async, no IO, no clock, no randomness: `now` is an argument, and so are identities
//!   ([`ShardUid`], [`StreamUid`]). `.clippy.toml` beside this crate bans the rest by name.
//! * **Replicas agree by construction.** What a replica applies ([`ShardState::apply`]) depends on the command and on
//!   the state before it, on nothing else; the arrival time travels inside the command.
//! * **Parsed once.** Names, hash keys, ranges, shard ids and sequence numbers have private fields and are checked where
//!   they enter. Inside there are no strings to check again.
//! * **Tiling.** The hash ranges of a stream's routable shards cover 0…2^128−1 exactly once, at every instant at which a
//!   put can be routed. A change that would break it is refused, never applied.
//! * **Numbers grow along every lineage.** A child shard is created at least one second after each of its parents, so
//!   every sequence number of the child is greater than every one of its parents'.
//! * **No AWS text.** A refusal is a typed error with facts in its fields; the node turns it into AWS's words in one table.
//!
//! # Where to find what
//!
//! | question | module |
//! |---|---|
//! | what is a valid name, ARN, key? | [`names`] |
//! | which shard takes this key? | [`hash_key`] |
//! | what streams are there, and what may be changed? | [`catalog`] |
//! | how do shards stand to each other? | [`lineage`] |
//! | what is the next step of a split or merge? | [`reshard`] |
//! | how many shards should a stream have, and cut where? | [`autoscale`] |
//! | how does a shard's traffic lie over its range? | [`load_sketch`] |
//! | what is allowed, and how much? | [`quota`], [`throttle`] |
//! | where does a reader go on, what is too old? | [`iterator`], [`retention`] |
//! | who may do what? | [`access`] |
//! | what number does a record get? | [`sequence_number`], [`shard_state`] |

pub mod access;
pub mod autoscale;
pub mod catalog;
pub mod hash_key;
pub mod ids;
pub mod iterator;
pub mod lineage;
pub mod load_sketch;
pub mod names;
pub mod quota;
pub mod reshard;
pub mod retention;
pub mod sequence_number;
pub mod shard_id;
pub mod shard_state;
pub mod throttle;
pub mod time;

pub use hash_key::{HashKey, HashKeyRange};
pub use ids::{ShardUid, StreamUid};
pub use names::{
    AccountId, ConsumerArn, ConsumerName, KeyId, PodName, Region, StreamArn, StreamName,
};
pub use sequence_number::SequenceNumber;
pub use shard_id::ShardId;
pub use shard_state::{ShardCommand, ShardPhase, ShardState};
pub use time::Timestamp;

//! Enhanced fan-out: records pushed to registered consumers.
//!
//! Owns who is subscribed to what and the pace of each push; reads through the same shard handles as `GetRecords`.

mod pace;
mod push;
mod slots;

pub use push::EventStream;
pub(crate) use push::Push;
pub use slots::{Slot, SlotRefused, SubscriptionKey, Subscriptions};

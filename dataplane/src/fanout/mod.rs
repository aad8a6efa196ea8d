//! Enhanced fan-out: records pushed to registered consumers.
//!
//! Owns who is subscribed to what and the pace of each push; reads through the same shard handles as `GetRecords`.

mod slots;

pub use slots::{Slot, SlotRefused, SubscriptionKey, Subscriptions};

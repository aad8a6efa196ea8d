//! Brings streams to what manifests wish for, as `kubectl apply` would.
//!
//! Plan, then execute: [`plan`] compares a wish with the stream that there is and says what is still to be changed; the
//! changes are the same that the API makes. Never deletes a stream. Planning again after everything was applied gives
//! nothing.

mod apply;
mod keep;
mod plan;

pub use apply::{ApplyError, apply};
pub use keep::keep;

#[cfg(test)]
mod plan_test;

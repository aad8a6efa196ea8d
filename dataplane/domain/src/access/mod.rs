//! Who may do what to which stream: the permissions of an access key and the resource policy of a stream or consumer,
//! and the one function that decides from both.
//!
//! ```text
//! Caller { account, user ARN, Permissions } ─┐
//! action, resource ARN ──────────────────────┼─> decide ─> Ok(()) | Err(Denial), whose Display is AWS's text
//! Option<ResourcePolicy> ────────────────────┘
//! ```
//!
//! Pure, and it knows no catalog: resources are ARNs as text, because patterns are matched against their text.
//! Invariants: an explicit deny wins over every allow; what a policy says and we cannot enforce is refused when the policy is
//! put, never ignored when it is asked; an account other than the resource's needs both sides to say yes.

mod action;
mod caller;
mod condition;
mod decision;
mod document;
mod glob;
mod permissions;
mod policy;
mod principal;
mod resource;

pub use action::{ActionPattern, InvalidActionPattern};
pub use caller::{Caller, InvalidUserArn, UserArn};
pub use condition::InvalidCondition;
pub use decision::{Denial, DenialReason, decide};
pub use permissions::{InvalidRule, Permissions, Rule};
pub use policy::{InvalidPolicy, POLICY_BYTES_MAX, ResourcePolicy};
pub use principal::InvalidPrincipal;
pub use resource::{InvalidResourcePattern, ResourcePattern, StreamPattern};

/// The resource of the actions that are about an account and not about one stream, such as `ListStreams`.
pub const EVERY_RESOURCE: &str = "*";

#[cfg(test)]
mod access_test;

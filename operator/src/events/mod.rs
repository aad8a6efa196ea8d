//! Kubernetes Events: what changed, at the object that it changed of, for who types `kubectl describe`.
//!
//! `conditions` and `reshards` are pure: two states in, what is to be told out. [`Announcer`] is the only IO, and is never
//! waited for. **Invariant:** nothing reads events back; an event that is lost loses a line of a story and nothing else.

mod announcer;
mod conditions;
mod reshards;

pub use announcer::Announcer;
pub use conditions::of_conditions;
pub use reshards::{of_reshards, of_verdict};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Whether somebody should look at it.
    pub severity: Severity,
    /// One word.
    pub reason: String,
    /// What was done or looked at: events that differ in nothing else are counted as one.
    pub action: String,
    /// A sentence for a person.
    pub text: String,
}

/// Kubernetes' two kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It goes as it should.
    Normal,
    /// Somebody should look at it.
    Warning,
}

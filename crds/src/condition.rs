//! Conditions of a kind's status, as Kubernetes spells them.
//!
//! Types and reasons are enums, so that no two writers can spell one differently; Kubernetes' `Condition` is repeated
//! here because its own type takes any string. [`record`] is the one way to change a list of them.

mod kind;
mod reason;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use kind::ConditionType;
pub use reason::Reason;

use crate::time::Time;

/// One observed condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about, such as `Ready`, `Progressing`, `Degraded`, `Valid`, `ScalingLimited`, `HotKey`,
    /// `StorageLow` or `DataLost`.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds: True, False, or Unknown when nobody could tell.
    pub status: ConditionStatus,
    /// One word in CamelCase that says why.
    pub reason: Reason,
    /// A sentence for a person: what happened and what to do.
    #[schemars(length(max = 32_768))]
    pub message: String,
    /// When `status` last changed.
    pub last_transition_time: Time,
    /// The `metadata.generation` that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

impl Condition {
    /// Whether this release knows its words.
    fn is_ours(&self) -> bool {
        self.kind != ConditionType::Unrecognised && self.reason != Reason::Unrecognised
    }
}

/// Kubernetes' three values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody could tell.
    Unknown,
}

/// What a controller has found out about one condition: a [`Condition`] but for the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why.
    pub reason: Reason,
    /// What a person reads.
    pub message: String,
}

impl Finding {
    /// A condition that holds.
    pub fn holds(kind: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(kind, ConditionStatus::True, reason, message)
    }

    /// A condition that does not hold.
    pub fn holds_not(kind: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(kind, ConditionStatus::False, reason, message)
    }

    /// A condition that nobody could tell.
    pub fn unknown(kind: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(kind, ConditionStatus::Unknown, reason, message)
    }

    fn new(
        kind: ConditionType,
        status: ConditionStatus,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            status,
            reason,
            message: message.into(),
        }
    }
}

/// Records a finding about `generation` at `now`: its condition is added or replaced, the others stay as they are.
/// The time of the last transition stays while the status does, so that recording the same again changes nothing.
/// Kept in the order of types, so that two controllers that found the same wrote the same. What a later release wrote
/// in words that this one does not know is dropped: it could not be written back.
pub fn record(
    conditions: &mut Vec<Condition>,
    finding: Finding,
    generation: Option<i64>,
    now: Time,
) {
    let Finding {
        kind,
        status,
        reason,
        message,
    } = finding;
    let since = find(conditions, kind)
        .filter(|before| before.status == status)
        .map_or(now, |before| before.last_transition_time);
    let condition = Condition {
        kind,
        status,
        reason,
        message,
        last_transition_time: since,
        observed_generation: generation,
    };
    conditions.retain(|before| before.kind != condition.kind && before.is_ours());
    let place = conditions.partition_point(|before| before.kind < condition.kind);
    conditions.insert(place, condition);
}

/// The condition of a type, if it was ever recorded.
pub fn find(conditions: &[Condition], kind: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// Whether a condition was recorded and holds.
pub fn holds(conditions: &[Condition], kind: ConditionType) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status == ConditionStatus::True)
}

#[cfg(test)]
#[path = "condition_test.rs"]
mod tests;

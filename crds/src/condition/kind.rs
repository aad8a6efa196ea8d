//! What conditions are about.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What a condition is about. The order is the one in which a status lists them: the most wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionType {
    /// It does what it is for. A stream: every hash key has an open shard with a leader, puts and gets work.
    Ready,
    /// A change (creation, reshard, placement, rollout) is under way.
    Progressing,
    /// Something is worse than asked for, though it works: a replica is missing, a pod is down.
    Degraded,
    /// The spec can be carried out here.
    Valid,
    /// Autoscaling wants more shards, or a pool more pods, than it may make.
    ScalingLimited,
    /// The metrics that autoscaling decides by are there.
    MetricsAvailable,
    /// One partition key alone carries more than a shard can take.
    HotKey,
    /// A disk is below its reserve: puts are refused until space is back.
    StorageLow,
    /// Acknowledged records are gone: too many disks were lost at once.
    DataLost,
    /// One that a later release knows. Read so that a status written by it is no error here; never written.
    #[serde(other, skip_serializing)]
    Unrecognised,
}

impl ConditionType {
    /// Every type that is written.
    pub const EVERY: [Self; 9] = [
        Self::Ready,
        Self::Progressing,
        Self::Degraded,
        Self::Valid,
        Self::ScalingLimited,
        Self::MetricsAvailable,
        Self::HotKey,
        Self::StorageLow,
        Self::DataLost,
    ];
}

impl JsonSchema for ConditionType {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ConditionType".into()
    }

    /// Any word: an API server with an older CRD must take the status of a newer operator.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 316 })
    }
}

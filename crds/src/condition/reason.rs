//! Why conditions are as they are, in one word each. Alerts and scripts match them: a word never changes its meaning.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why a condition is as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// Everything is as wished.
    AsWished,
    /// Nothing is to be said against it: the normal value of conditions that report trouble.
    NothingFound,
    /// The spec breaks a rule, or asks for what does not go together here.
    InvalidSpec,
    /// Another object has the same `streamName`, and had it first.
    DuplicateStreamName,
    /// The pool, key, Secret or stream that is named does not exist.
    ReferenceNotFound,
    /// A new stream's shards are being made.
    Creating,
    /// The object is on its way out.
    Deleting,
    /// A split or merge is under way.
    Resharding,
    /// Replicas are being made, moved or removed.
    MovingReplicas,
    /// Pods are being made, replaced or removed.
    RollingOut,
    /// Volumes are being grown.
    GrowingVolumes,
    /// Data that a deleted stream left behind is being taken over.
    Adopting,
    /// A shard has no leader: puts to its range wait.
    NoLeader,
    /// Fewer replicas keep up than were asked for.
    ReplicasMissing,
    /// Fewer pods are ready than were asked for.
    PodsNotReady,
    /// The nodes have no room for a pod, or no volume can be had.
    Unschedulable,
    /// What was asked for cannot be done without losing records or pods that are in use.
    Unsafe,
    /// A bound (`maxShards`, `maxReplicas`, a quota) is reached.
    LimitReached,
    /// Splitting cannot help: one key is the load.
    SingleHotKey,
    /// The metrics source does not answer or has nothing new; the number of shards stays.
    MetricsUnavailable,
    /// Free space is below the reserve.
    BelowReserve,
    /// More replicas lost their disks than a majority can spare.
    DiskLost,
    /// A pod's disk holds another shard's data than its object says.
    ForeignData,
    /// The request was carried out.
    Done,
    /// The request can't be carried out: the message says why.
    Refused,
    /// It waits for something else that is under way.
    Waiting,
    /// Somebody asked for a pause.
    Paused,
    /// Decisions are shown and not carried out.
    DryRun,
    /// One that a later release knows. Read so that a status written by it is no error here; never written.
    #[serde(other, skip_serializing)]
    Unrecognised,
}

impl JsonSchema for Reason {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    /// Any word, as Kubernetes spells reasons: an API server with an older CRD must take a newer operator's.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" })
    }
}

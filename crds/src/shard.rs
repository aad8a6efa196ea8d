//! `Shard`: one shard of a stream, written by the operator. `kubectl get shards` is the lineage.
//!
//! The spec is what the shard is and where its replicas are wanted; the status is what became of it. Which shards take
//! puts is not stored here: it follows from which are closed (`dataplane/docs/adr/0002-catalog-in-kubernetes.md`).

mod hash_key_range;
mod status;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use hash_key_range::HashKeyRange;
pub use status::{ShardPhase, ShardStatus};

use crate::{refusal, time::Time};

/// A shard, and where its replicas are wanted.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "anabranch.dev",
    version = "v1alpha1",
    kind = "Shard",
    plural = "shards",
    shortname = "dshard",
    category = "anabranch",
    namespaced,
    doc = "One shard of a data stream: its place on the ring of hash keys, its parents and its replicas. Written by the operator: to split or merge shards, create a Reshard.",
    derive = "PartialEq",
    status = "ShardStatus",
    validation = Rule::new(
        "self.spec.created == oldSelf.spec.created || !has(oldSelf.status) || !has(oldSelf.status.closedAt)"
    )
    .message(refusal::SHARD_CREATED_IS_FINAL),
    selectable = ".spec.stream",
    selectable = ".spec.pool",
    printcolumn(name = "Stream", type_ = "string", json_path = ".spec.streamName"),
    printcolumn(name = "Shard", type_ = "string", json_path = ".spec.shardId"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Share",
        type_ = "string",
        json_path = ".status.share",
        description = "share of the hash keys"
    ),
    printcolumn(name = "Parents", type_ = "string", json_path = ".spec.parents"),
    printcolumn(name = "Leader", type_ = "string", json_path = ".status.leader"),
    printcolumn(
        name = "Start",
        type_ = "string",
        json_path = ".spec.hashKeyRange.start",
        priority = 1
    ),
    printcolumn(
        name = "End",
        type_ = "string",
        json_path = ".spec.hashKeyRange.end",
        priority = 1
    ),
    printcolumn(
        name = "Voters",
        type_ = "string",
        json_path = ".status.voters",
        priority = 1
    ),
    printcolumn(
        name = "Closed",
        type_ = "date",
        json_path = ".status.closedAt",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ShardSpec {
    /// The `DataStream` object that the shard belongs to. Immutable.
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE))]
    pub stream: String,
    /// The stream's name in the Kinesis API. Immutable.
    #[schemars(length(max = 128))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-zA-Z0-9_.-]{1,128}$')").message(refusal::STREAM_NAME),
        validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE)
    )]
    pub stream_name: String,
    /// Which life of that name it belongs to: 32 hexadecimal digits. Immutable.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9a-f]{32}$')").message(refusal::UID),
        validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE)
    )]
    pub stream_uid: String,
    /// The shard's id in the Kinesis API, such as `shardId-000000000003`. Never used twice in a stream. Immutable.
    #[schemars(length(max = 20))]
    #[x_kube(
        validation = Rule::new("self.matches('^shardId-[0-9]{12}$')").message(refusal::SHARD_ID),
        validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE)
    )]
    pub shard_id: String,
    /// Identity of the shard's data, written into the disks that hold it: 32 hexadecimal digits. Immutable.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9a-f]{32}$')").message(refusal::UID),
        validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE)
    )]
    pub uid: String,
    /// The hash keys that belong to the shard. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE))]
    pub hash_key_range: HashKeyRange,
    /// Ids of the shards it came from: none, the one that was split, or the two that were merged, the one with the lower
    /// hash keys first. Immutable.
    #[serde(default)]
    #[schemars(length(max = 2), inner(length(max = 20)))]
    #[x_kube(
        merge_strategy = ListMerge::Atomic,
        validation = Rule::new("self.all(parent, parent.matches('^shardId-[0-9]{12}$')) && (self.size() < 2 || self[0] != self[1])")
            .message(refusal::PARENTS),
        validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE)
    )]
    pub parents: Vec<String>,
    /// The creation time that the shard's sequence numbers carry. Later than its parents' ends; final once it is closed.
    pub created: Time,
    /// The reshard operation that touched the shard last. Grows only: what an older one asks for is refused.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self >= oldSelf").message(refusal::EPOCH_GROWS))]
    pub epoch: u64,
    /// The `ShardPool` whose pods hold the shard. Immutable.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self == oldSelf").message(refusal::SHARD_IS_IMMUTABLE))]
    pub pool: String,
    /// The pods that should hold a replica each. May change: replicas follow, one at a time.
    #[serde(default)]
    #[schemars(length(max = 7), inner(length(max = 253)))]
    #[x_kube(
        merge_strategy = ListMerge::Atomic,
        validation = Rule::new("self.all(pod, pod.size() > 0 && self.exists_one(other, other == pod))").message(refusal::REPLICAS)
    )]
    pub replicas: Vec<String>,
}

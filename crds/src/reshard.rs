//! `Reshard`: one change of a stream's shards, whoever asked for it. Kept for a while when it is done.

mod status;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use status::{ReshardPhase, ReshardStatus, RunningOperation};

use crate::refusal;

/// A change of a stream's shards. Immutable: for another change create another object.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "anabranch.dev",
    version = "v1alpha1",
    kind = "Reshard",
    plural = "reshards",
    shortname = "dreshard",
    category = "anabranch",
    namespaced,
    doc = "One change of a data stream's shards: a split, a merge, so many shards of equal size, or other boundaries between them.",
    derive = "PartialEq",
    status = "ReshardStatus",
    selectable = ".spec.stream",
    printcolumn(name = "Stream", type_ = "string", json_path = ".spec.stream"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Split", type_ = "string", json_path = ".spec.split.shardId"),
    printcolumn(name = "Merge", type_ = "string", json_path = ".spec.merge.shardId"),
    printcolumn(
        name = "Target",
        type_ = "integer",
        json_path = ".spec.uniform.targetShardCount"
    ),
    printcolumn(
        name = "Done",
        type_ = "integer",
        json_path = ".status.operationsDone",
        description = "splits and merges that are done"
    ),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1
    ),
    printcolumn(
        name = "Finished",
        type_ = "date",
        json_path = ".status.finishedAt",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.split), has(self.merge), has(self.uniform), has(self.boundaries)].exists_one(given, given)")
        .message(refusal::RESHARD_KIND),
    validation = Rule::new("self == oldSelf").message(refusal::RESHARD_IS_IMMUTABLE)
)]
pub struct ReshardSpec {
    /// The `DataStream` object whose shards are changed.
    #[schemars(length(min = 1, max = 253))]
    pub stream: String,
    /// Makes two shards of one. Write this, `merge`, `uniform` or `boundaries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Makes one shard of two neighbours. Write this, `split`, `uniform` or `boundaries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    /// Makes so many shards of equal size. Write this, `split`, `merge` or `boundaries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniform: Option<Uniform>,
    /// Moves the boundaries between shards: many splits and merges at once. Write this, `split`, `merge` or `uniform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundaries: Option<Boundaries>,
    /// Who asked and, where a policy decided, by which numbers.
    #[serde(default = "ReshardSpec::default_reason")]
    #[schemars(length(max = 1024))]
    pub reason: String,
}

impl ReshardSpec {
    fn default_reason() -> String {
        "asked for by this object".to_owned()
    }
}

/// Two shards for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The shard, such as `shardId-000000000003`.
    #[schemars(length(max = 20))]
    #[x_kube(validation = Rule::new("self.matches('^shardId-[0-9]{12}$')").message(refusal::SHARD_ID))]
    pub shard_id: String,
    /// The hash key where the second of the two begins: a decimal number inside of the shard's range, but not its first.
    #[schemars(length(max = 39))]
    #[x_kube(validation = Rule::new(
        "self.matches('^(0|[1-9][0-9]{0,38})$') && (self.size() < 39 || self <= '340282366920938463463374607431768211455')"
    )
    .message(refusal::HASH_KEY))]
    pub hash_key: String,
}

/// One shard for two neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.shardId != self.adjacentShardId").message(refusal::MERGE_WITH_ITSELF))]
pub struct Merge {
    /// One of the two, such as `shardId-000000000003`.
    #[schemars(length(max = 20))]
    #[x_kube(validation = Rule::new("self.matches('^shardId-[0-9]{12}$')").message(refusal::SHARD_ID))]
    pub shard_id: String,
    /// The other one, whose hash keys follow directly.
    #[schemars(length(max = 20))]
    #[x_kube(validation = Rule::new("self.matches('^shardId-[0-9]{12}$')").message(refusal::SHARD_ID))]
    pub adjacent_shard_id: String,
}

/// So many shards of equal size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uniform {
    /// How many open shards there are when it is done.
    #[x_kube(validation = Rule::new("self >= 1 && self <= 10000").message(refusal::TARGET_SHARD_COUNT))]
    pub target_shard_count: u32,
}

/// Other boundaries between shards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.add.size() + self.remove.size() > 0").message(refusal::NO_BOUNDARIES))]
pub struct Boundaries {
    /// Hash keys where shards are to begin that begin nowhere now: decimal numbers, each inside of a shard's range.
    #[serde(default)]
    #[schemars(
        length(max = 512),
        inner(length(max = 39), regex(pattern = "^(0|[1-9][0-9]{0,38})$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub add: Vec<String>,
    /// Hash keys where shards begin and are not to: the shard that begins there becomes one with the shard before.
    #[serde(default)]
    #[schemars(
        length(max = 512),
        inner(length(max = 39), regex(pattern = "^(0|[1-9][0-9]{0,38})$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub remove: Vec<String>,
}

//! `DataStream`: a Kinesis data stream as a user wishes it to be.
//!
//! Owns the spec's fields, defaults and rules. What the fields mean together is worked out once, by
//! [`crate::DesiredStream`]; nothing after that looks at the raw spec.

#![allow(
    unreachable_pub,
    reason = "`KubeSchema` repeats a type inside of a function to derive its schema"
)]
#![allow(
    clippy::duplicated_attributes,
    reason = "each `printcolumn` has a name and a type of its own"
)]

mod autoscaling;
mod pod_template;
mod shard_limits;
mod status;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use autoscaling::{Autoscaling, AutoscalingBehavior, ScalingRules};
pub use pod_template::{
    PodResources, PodTemplate, Storage, Toleration, TolerationEffect, TolerationOperator,
};
pub use shard_limits::ShardLimits;
pub use status::{DataStreamStatus, StreamCounts};

/// The sentences that a wrong manifest is answered with, by the API server and by [`crate::manifest`] alike.
pub mod refusal {
    /// `spec.streamName`.
    pub const STREAM_NAME: &str =
        "streamName must be 1 to 128 of the characters a-z, A-Z, 0-9, '_', '.' and '-'";
    /// `spec.streamName`, changed.
    pub const STREAM_NAME_IS_IMMUTABLE: &str =
        "streamName is immutable: create another DataStream and move the producers";
    /// `spec.shards`.
    pub const SHARDS: &str = "shards must be between 1 and 10000";
    /// `spec.retention`.
    pub const RETENTION: &str =
        "retention must be whole hours between 24h and 8760h: write for example 168h for a week";
    /// `spec.maxRecordSize`.
    pub const MAX_RECORD_SIZE: &str =
        "maxRecordSize must be between 1Mi and 10Mi: write for example 4Mi";
    /// `spec.replication.factor`.
    pub const REPLICATION_FACTOR: &str =
        "replication.factor must be 1, 3 or 5: an even number of replicas adds cost and no safety";
    /// `spec.pool` beside `spec.podTemplate`.
    pub const POOL_OR_POD_TEMPLATE: &str =
        "pool and podTemplate exclude each other: leave podTemplate out to use a shared ShardPool";
    /// `spec.pool`, changed.
    pub const POOL_IS_IMMUTABLE: &str =
        "pool is immutable: create another DataStream in the other pool";
    /// `spec.autoscaling.minShards` above `maxShards`.
    pub const AUTOSCALING_BOUNDS: &str =
        "autoscaling.minShards must not be greater than autoscaling.maxShards";
    /// `spec.autoscaling` with `spec.shards` outside of its bounds.
    pub const SHARDS_OUTSIDE_AUTOSCALING: &str =
        "shards must lie between autoscaling.minShards and autoscaling.maxShards, or be left out";
    /// `spec.autoscaling.targetUtilizationPercent`.
    pub const TARGET_UTILIZATION: &str =
        "autoscaling.targetUtilizationPercent must be between 10 and 95";
    /// `spec.tags`.
    pub const TAGS: &str = "tags: at most 50, keys of 1 to 128 characters that do not begin with 'aws:', values of at most 256";
    /// `spec.resourcePolicy`.
    pub const RESOURCE_POLICY: &str =
        "resourcePolicy must be a policy document: an object with Version and Statement";
    /// `spec.encryption.keyId`.
    pub const ENCRYPTION_KEY: &str = "encryption.keyId must be 1 to 2048 characters: the name of a key in the key file or Secret";
    /// `spec.podTemplate.storage.size`.
    pub const STORAGE_SIZE: &str = "podTemplate.storage.size must be a quantity such as 20Gi";
}

/// A Kinesis data stream as it should be.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "anabranch.dev",
    version = "v1alpha1",
    kind = "DataStream",
    plural = "datastreams",
    shortname = "dstream",
    category = "anabranch",
    namespaced,
    doc = "A Kinesis data stream: shards, retention, limits and where they run.",
    derive = "PartialEq",
    status = "DataStreamStatus",
    scale(
        spec_replicas_path = ".spec.shards",
        status_replicas_path = ".status.shards.open"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(
        name = "Shards",
        type_ = "integer",
        json_path = ".status.shards.open",
        description = "open shards"
    ),
    printcolumn(name = "Wanted", type_ = "integer", json_path = ".spec.shards"),
    printcolumn(name = "Retention", type_ = "string", json_path = ".spec.retention"),
    printcolumn(
        name = "Stream",
        type_ = "string",
        json_path = ".spec.streamName",
        priority = 1
    ),
    printcolumn(
        name = "Why",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!(has(self.pool) && has(self.podTemplate))").message(refusal::POOL_OR_POD_TEMPLATE),
    validation = Rule::new("has(self.pool) == has(oldSelf.pool) && (!has(self.pool) || self.pool == oldSelf.pool)")
        .message(refusal::POOL_IS_IMMUTABLE),
    validation = Rule::new(
        "has(self.streamName) == has(oldSelf.streamName) && (!has(self.streamName) || self.streamName == oldSelf.streamName)"
    )
    .message(refusal::STREAM_NAME_IS_IMMUTABLE),
    validation = Rule::new(
        "!has(self.autoscaling) || !has(self.shards) \
         || (self.shards >= self.autoscaling.minShards && self.shards <= self.autoscaling.maxShards)"
    )
    .message(refusal::SHARDS_OUTSIDE_AUTOSCALING)
)]
pub struct DataStreamSpec {
    /// Name of the stream in the Kinesis API; the object's name when left out. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_.-]{1,128}$')").message(refusal::STREAM_NAME))]
    pub stream_name: Option<String>,

    /// Capacity mode: with `Provisioned` the number of shards is yours, with `OnDemand` it follows the traffic.
    #[serde(default)]
    pub mode: CapacityMode,

    /// Number of open shards. Changing it splits or merges shards while producers and consumers run. 1 when left out
    /// (`OnDemand`: 4), and then left alone on an existing stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self >= 1 && self <= 10000").message(refusal::SHARDS))]
    pub shards: Option<u32>,

    /// How long records are kept: whole hours, `24h` to `8760h` (a year).
    #[serde(default = "DataStreamSpec::default_retention")]
    #[x_kube(validation = Rule::new(
        "self.matches('^[0-9]{1,5}h$') && duration(self) >= duration('24h') && duration(self) <= duration('8760h')"
    )
    .message(refusal::RETENTION))]
    pub retention: String,

    /// Largest record, key and data together: `1Mi` to `10Mi`.
    #[serde(default = "DataStreamSpec::default_max_record_size")]
    #[x_kube(validation = Rule::new(
        "isQuantity(self) && quantity(self).compareTo(quantity('1Mi')) >= 0 && quantity(self).compareTo(quantity('10Mi')) <= 0"
    )
    .message(refusal::MAX_RECORD_SIZE))]
    pub max_record_size: String,

    /// What one shard takes and gives: AWS's numbers when left out.
    #[serde(default)]
    pub shard_limits: ShardLimits,

    /// How many copies of each shard are kept.
    #[serde(default)]
    pub replication: Replication,

    /// When a put is acknowledged.
    #[serde(default)]
    pub durability: Durability,

    /// Number of shards by the traffic; off when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// A shared `ShardPool` by name. When left out, the stream gets shard pods of its own, made from `podTemplate`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,

    /// The stream's own shard pods, when it names no pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,

    /// Encryption of the stored records; off when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,

    /// Tags, as the Kinesis API shows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[x_kube(validation = Rule::new(
        "self.size() <= 50 && self.all(key, key.size() >= 1 && key.size() <= 128 && !key.startsWith('aws:') && self[key].size() <= 256)"
    )
    .message(refusal::TAGS))]
    pub tags: BTreeMap<String, String>,

    /// Who else may do what to the stream: an IAM resource policy, written as an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub resource_policy: Option<serde_json::Value>,

    /// What becomes of the records when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

impl DataStreamSpec {
    fn default_retention() -> String {
        "24h".to_owned()
    }

    fn default_max_record_size() -> String {
        "1Mi".to_owned()
    }
}

/// A field whose inside is somebody else's language (an IAM policy).
fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "nullable": true, "x-kubernetes-preserve-unknown-fields": true })
}

/// How the number of shards comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum CapacityMode {
    /// The number of shards is yours.
    #[default]
    Provisioned,
    /// The number of shards follows the traffic.
    OnDemand,
}

/// How many copies of each shard are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replication {
    /// 1, 3 or 5 replicas; a majority of them must keep its disk. `standalone` keeps one whatever is asked for.
    #[serde(default = "Replication::default_factor")]
    #[x_kube(validation = Rule::new("self in [1, 3, 5]").message(refusal::REPLICATION_FACTOR))]
    pub factor: u32,
}

impl Replication {
    fn default_factor() -> u32 {
        3
    }
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            factor: Self::default_factor(),
        }
    }
}

/// When a put is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Durability {
    /// When a majority of the replicas has it on disk.
    #[default]
    Fsync,
    /// When a majority of the replicas has it in memory: faster, and lost if they all lose power at once.
    Memory,
}

/// What becomes of the records when the `DataStream` is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The stream and its records stay.
    #[default]
    Retain,
    /// The stream is deleted with its records.
    Delete,
}

/// Encryption of the stored records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encryption {
    /// Which key of the key file (`standalone`) or key Secret; what the Kinesis API shows as `KeyId`.
    #[x_kube(validation = Rule::new("self.size() >= 1 && self.size() <= 2048").message(refusal::ENCRYPTION_KEY))]
    pub key_id: String,
}

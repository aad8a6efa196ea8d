//! `DataStream`: a Kinesis data stream as a user wishes it to be.
//!
//! Owns the spec's fields, defaults and rules. What the fields mean together is worked out once, by
//! [`crate::DesiredStream`]; nothing after that looks at the raw spec.

mod autoscaling;
mod shard_limits;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use autoscaling::{
    Autoscaling, AutoscalingBehavior, AutoscalingStrategy, HotKeyPolicy, ScalingPolicy,
    ScalingPolicyKind, ScalingRules, SelectPolicy,
};
pub use shard_limits::ShardLimits;
pub use status::{AutoscalingStatus, DataStreamStatus, RecentUses, StreamCounts, StreamPhase};

use crate::{foreign::document, pod_template::PodTemplate, refusal};

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
    validation = Rule::new("has(self.spec.streamName) || self.metadata.name.size() <= 128")
        .message(refusal::STREAM_NAME_IS_MISSING),
    scale(
        spec_replicas_path = ".spec.shards",
        status_replicas_path = ".status.shards.open",
        label_selector_path = ".status.selector"
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
    printcolumn(
        name = "Load",
        type_ = "string",
        json_path = ".status.autoscaling.load",
        description = "what is offered, in shards"
    ),
    printcolumn(
        name = "Throttled",
        type_ = "string",
        json_path = ".status.autoscaling.throttled",
        description = "refused part of what is offered"
    ),
    printcolumn(
        name = "Recommended",
        type_ = "integer",
        json_path = ".status.autoscaling.recommendedShards",
        priority = 1,
        description = "open shards that the load asks for"
    ),
    printcolumn(name = "Retention", type_ = "string", json_path = ".spec.retention"),
    printcolumn(
        name = "Stream",
        type_ = "string",
        json_path = ".spec.streamName",
        priority = 1
    ),
    printcolumn(
        name = "Pool",
        type_ = "string",
        json_path = ".status.pool",
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
#[serde(rename_all = "camelCase")]
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
    .message(refusal::SHARDS_OUTSIDE_AUTOSCALING),
    validation = Rule::new(
        "self.mode == 'OnDemand' || (!has(self.warmThroughputMiBps) && self.recordDistribution != 'Auto')"
    )
    .message(refusal::ON_DEMAND_ONLY)
)]
pub struct DataStreamSpec {
    /// Name of the stream in the Kinesis API; the object's name when left out. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_.-]{1,128}$')").message(refusal::STREAM_NAME))]
    pub stream_name: Option<String>,

    /// Capacity mode: with `Provisioned` the number of shards is yours, with `OnDemand` it follows the traffic.
    #[serde(default)]
    pub mode: CapacityMode,

    /// Number of open shards. Changing it splits or merges shards while producers and consumers run. 1 when left out
    /// (`OnDemand`: 4), and then left alone on an existing stream; `kubectl scale` needs it to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self >= 1 && self <= 10000").message(refusal::SHARDS))]
    pub shards: Option<u32>,

    /// How long records are kept: whole hours, `24h` to `8760h` (a year).
    #[serde(default = "DataStreamSpec::default_retention")]
    #[schemars(length(max = 16))]
    #[x_kube(validation = Rule::new(
        "self.matches('^[0-9]{1,5}h$') && duration(self) >= duration('24h') && duration(self) <= duration('8760h')"
    )
    .message(refusal::RETENTION))]
    pub retention: String,

    /// Largest record, key and data together: `1Mi` to `10Mi`.
    #[serde(default = "DataStreamSpec::default_max_record_size")]
    #[schemars(length(max = 16))]
    #[x_kube(validation = Rule::new(
        "self.matches('^[0-9]{1,8}(k|M|Ki|Mi)?$') && quantity(self).compareTo(quantity('1Mi')) >= 0 \
         && quantity(self).compareTo(quantity('10Mi')) <= 0 && quantity(self).asInteger() % 1024 == 0"
    )
    .message(refusal::MAX_RECORD_SIZE))]
    pub max_record_size: String,

    /// What one shard takes and gives: AWS's numbers when left out.
    #[serde(default)]
    pub shard_limits: ShardLimits,

    /// The write throughput that an on-demand stream is kept ready for, in MiB a second. Only with mode `OnDemand`.
    #[serde(
        default,
        rename = "warmThroughputMiBps",
        skip_serializing_if = "Option::is_none"
    )]
    pub warm_throughput_mibps: Option<u32>,

    /// What decides which shard a record goes to: `UserPartitionKey` (its partition key or explicit hash key) or `Auto`
    /// (records are spread evenly, keys are ignored; only with mode `OnDemand`).
    #[serde(default)]
    pub record_distribution: RecordDistribution,

    /// Metrics that enhanced monitoring shows for each shard: any of `IncomingBytes`, `IncomingRecords`, `OutgoingBytes`,
    /// `OutgoingRecords`, `WriteProvisionedThroughputExceeded`, `ReadProvisionedThroughputExceeded`,
    /// `IteratorAgeMilliseconds`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 7))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub shard_level_metrics: BTreeSet<ShardLevelMetric>,

    /// How many copies of each shard are kept, and which of them are read.
    #[serde(default)]
    pub replication: Replication,

    /// When a put is acknowledged: with `Fsync` when a majority of the replicas has it on disk; with `Memory` when a majority
    /// has handed it to its system, which writes it to the disk within a fifth of a second. That is faster, and survives the
    /// death of every process; a node that loses power or crashes as a whole may lose the last of these records, and
    /// their sequence numbers may then be given to others. Change it at any time.
    #[serde(default)]
    pub durability: Durability,

    /// Number of shards by the traffic. When left out, it is off for `Provisioned`, and between 4 and 200 for `OnDemand`. The
    /// annotation `anabranch.dev/autoscaling-paused: "true"` pauses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// A shared `ShardPool` by name. When left out, the stream gets shard pods of its own, made from `podTemplate`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')").message(refusal::POOL))]
    pub pool: Option<String>,

    /// The stream's own shard pods, when it names no pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,

    /// Encryption of the stored records; off when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,

    /// Tags, as the Kinesis API shows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50))]
    #[x_kube(validation = Rule::new(
        "self.size() <= 50 && self.all(key, key.size() >= 1 && key.size() <= 128 && !key.startsWith('aws:') && self[key].size() <= 256)"
    )
    .message(refusal::TAGS))]
    pub tags: BTreeMap<String, String>,

    /// Who else may do what to the stream: an IAM resource policy, written as an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "document")]
    pub resource_policy: Option<serde_json::Value>,

    /// What becomes of the records when this object is deleted: with `Retain` their volumes stay, and a `DataStream` of
    /// the same `streamName` takes them over again; with `Delete` they are deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

impl Default for DataStreamSpec {
    /// What `spec: {}` is.
    fn default() -> Self {
        Self {
            stream_name: None,
            mode: CapacityMode::default(),
            shards: None,
            retention: Self::default_retention(),
            max_record_size: Self::default_max_record_size(),
            warm_throughput_mibps: None,
            record_distribution: RecordDistribution::default(),
            shard_level_metrics: BTreeSet::new(),
            shard_limits: ShardLimits::default(),
            replication: Replication::default(),
            durability: Durability::default(),
            autoscaling: None,
            pool: None,
            pod_template: None,
            encryption: None,
            tags: BTreeMap::new(),
            resource_policy: None,
            deletion_policy: DeletionPolicy::default(),
        }
    }
}

impl DataStreamSpec {
    fn default_retention() -> String {
        "24h".to_owned()
    }

    fn default_max_record_size() -> String {
        "1Mi".to_owned()
    }
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

/// What decides which shard a record goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum RecordDistribution {
    /// Its partition key or explicit hash key.
    #[default]
    UserPartitionKey,
    /// The service, evenly; keys are ignored.
    Auto,
}

/// A metric of a shard, by AWS's name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[allow(missing_docs, reason = "the names are AWS's own, and say it")]
pub enum ShardLevelMetric {
    IncomingBytes,
    IncomingRecords,
    OutgoingBytes,
    OutgoingRecords,
    WriteProvisionedThroughputExceeded,
    ReadProvisionedThroughputExceeded,
    IteratorAgeMilliseconds,
}

impl ShardLevelMetric {
    /// AWS's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IncomingBytes => "IncomingBytes",
            Self::IncomingRecords => "IncomingRecords",
            Self::OutgoingBytes => "OutgoingBytes",
            Self::OutgoingRecords => "OutgoingRecords",
            Self::WriteProvisionedThroughputExceeded => "WriteProvisionedThroughputExceeded",
            Self::ReadProvisionedThroughputExceeded => "ReadProvisionedThroughputExceeded",
            Self::IteratorAgeMilliseconds => "IteratorAgeMilliseconds",
        }
    }
}

/// How many copies of each shard are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replication {
    /// 1, 3 or 5 replicas; a majority of them must keep its disk. `standalone` keeps one whatever is asked for.
    #[serde(default = "Replication::default_factor")]
    #[x_kube(validation = Rule::new("self in [1, 3, 5]").message(refusal::REPLICATION_FACTOR))]
    pub factor: u32,
    /// Which copies `SubscribeToShard` reads (enhanced fan-out). `Leader`: the one that takes the puts, so that a record is seen as
    /// soon as it is acknowledged. `AnyReplica`: all of them, each consumer another, so that fan-out grows with the copies; a record
    /// may come a little later, and never one that a majority does not have. `GetRecords` always reads from the leader, where
    /// all its callers share the shard's read limit.
    #[serde(default)]
    pub read_from: ReadFrom,
}

/// Which copies of a shard enhanced fan-out reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ReadFrom {
    /// The one that takes the puts: consumers see a record as soon as it is acknowledged.
    #[default]
    Leader,
    /// All of them, each consumer another: a record may come a little later, and `MillisBehindLatest` says how far a consumer is behind its copy. Never
    /// one that is not acknowledged by a majority, and a copy that falls back by seconds is left for another.
    AnyReplica,
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
            read_from: ReadFrom::default(),
        }
    }
}

/// When a put is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Durability {
    /// When a majority of the replicas has it on disk.
    #[default]
    Fsync,
    /// When a majority of the replicas has it in memory: faster, and the newest may be lost when a node loses power.
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
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// Which key of the key file (`standalone`) or key Secret; what the Kinesis API shows as `KeyId`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.size() >= 1 && self.size() <= 2048").message(refusal::ENCRYPTION_KEY))]
    pub key_id: String,
}

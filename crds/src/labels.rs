//! Names of labels, annotations and finalizers: what selects, links and holds our objects.
//!
//! They are as much a part of the API as fields are: never change one.

/// Set on everything that is made for a stream: the name of its `DataStream` object.
pub const STREAM: &str = "anabranch.dev/stream";
/// Set on a `Shard`: its id in the stream, such as `shardId-000000000003`.
pub const SHARD: &str = "anabranch.dev/shard";
/// Set on shard pods, their volumes and `Shard`s: the name of the `ShardPool`.
pub const POOL: &str = "anabranch.dev/pool";
/// Set to `"true"` on Secrets whose access keys the gateways take.
pub const CREDENTIALS: &str = "anabranch.dev/credentials";
/// Annotation of a `DataStream`: with `"true"` its number of shards is left alone for the time being.
pub const AUTOSCALING_PAUSED: &str = "anabranch.dev/autoscaling-paused";
/// Annotation of a `Shard`: the UID of the `DataStream` object that it was made for. A stream of the same name that comes
/// back has another, and takes the shard over only when its log is where it was.
pub const MADE_FOR: &str = "anabranch.dev/made-for";
/// Finalizer of a `DataStream`: its records are dealt with as `deletionPolicy` says before the object goes.
pub const FINALIZER: &str = "anabranch.dev/records";
/// `app.kubernetes.io/managed-by` of what the operator makes.
pub const MANAGED_BY: &str = "anabranch-operator";

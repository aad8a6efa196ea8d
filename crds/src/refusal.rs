//! The sentences that a wrong manifest is answered with, by the API server and by [`crate::manifest`] alike. Each says
//! what to write instead.

/// `DataStream.spec.streamName`.
pub const STREAM_NAME: &str =
    "streamName must be 1 to 128 of the characters a-z, A-Z, 0-9, '_', '.' and '-'";
/// `DataStream.metadata.name` that is too long to be a stream's.
pub const STREAM_NAME_IS_MISSING: &str =
    "an object's name of more than 128 characters is no stream name: write spec.streamName";
/// `DataStream.spec.streamName`, changed.
pub const STREAM_NAME_IS_IMMUTABLE: &str =
    "streamName is immutable: create another DataStream and move the producers";
/// `DataStream.spec.shards`.
pub const SHARDS: &str = "shards must be between 1 and 10000";
/// `DataStream.spec.retention`.
pub const RETENTION: &str =
    "retention must be whole hours between 24h and 8760h: write for example 168h for a week";
/// `DataStream.spec.maxRecordSize`.
pub const MAX_RECORD_SIZE: &str =
    "maxRecordSize must be between 1Mi and 10Mi, in whole KiB: write for example 4Mi";
/// A rate of `DataStream.spec.shardLimits`.
pub const RATE: &str =
    "a rate must be a whole number of at least 1, a quantity such as 1Mi, or Unlimited";
/// `DataStream.spec.replication.factor`.
pub const REPLICATION_FACTOR: &str =
    "replication.factor must be 1, 3 or 5: an even number of replicas adds cost and no safety";
/// `DataStream.spec.pool` beside `spec.podTemplate`.
pub const POOL_OR_POD_TEMPLATE: &str =
    "pool and podTemplate exclude each other: leave podTemplate out to use a shared ShardPool";
/// `DataStream.spec.pool`.
pub const POOL: &str = "pool must be the name of a ShardPool: write for example shared";
/// `DataStream.spec.pool`, changed.
pub const POOL_IS_IMMUTABLE: &str =
    "pool is immutable: create another DataStream in the other pool";
/// `DataStream.spec.autoscaling.minShards` above `maxShards`.
pub const AUTOSCALING_BOUNDS: &str =
    "autoscaling.minShards must not be greater than autoscaling.maxShards";
/// `DataStream.spec.autoscaling` with `spec.shards` outside of its bounds.
pub const SHARDS_OUTSIDE_AUTOSCALING: &str =
    "shards must lie between autoscaling.minShards and autoscaling.maxShards, or be left out";
/// `DataStream.spec.autoscaling.targetUtilizationPercent`.
pub const TARGET_UTILIZATION: &str =
    "autoscaling.targetUtilizationPercent must be between 10 and 95";
/// `DataStream.spec.warmThroughputMiBps` or `spec.recordDistribution` of a provisioned stream.
pub const ON_DEMAND_ONLY: &str = "warmThroughputMiBps and recordDistribution Auto are for on-demand streams: write mode OnDemand or leave them out";
/// Tags of a stream or consumer.
pub const TAGS: &str = "tags: at most 50, keys of 1 to 128 characters that do not begin with 'aws:', values of at most 256";
/// `DataStream.spec.resourcePolicy`.
pub const RESOURCE_POLICY: &str =
    "resourcePolicy must be a policy document: an object with Version and Statement";
/// `DataStream.spec.encryption.keyId`.
pub const ENCRYPTION_KEY: &str =
    "encryption.keyId must be 1 to 2048 characters: the name of a key in the key file or Secret";
/// `storage.size` of shard pods.
pub const STORAGE_SIZE: &str =
    "storage.size must be a quantity greater than 0: write for example 20Gi";
/// `storage.size` of shard pods, made smaller.
pub const STORAGE_SHRINKS: &str =
    "storage.size can only grow: volumes do not shrink; make another ShardPool for smaller ones";
/// `storage.storageClassName` of shard pods, changed.
pub const STORAGE_CLASS_IS_IMMUTABLE: &str =
    "storage.storageClassName is immutable: make another ShardPool with the other class";
/// A quantity of `resources`.
pub const RESOURCES: &str =
    "resources: values must be quantities: write for example cpu 500m, memory 1Gi";
/// `shardsPerPod`.
pub const SHARDS_PER_POD: &str = "shardsPerPod must be between 1 and 1000";
/// `ShardPool.spec.replicas` beside bounds.
pub const POOL_REPLICAS_OR_BOUNDS: &str = "replicas and minReplicas or maxReplicas exclude each other: leave replicas out to let the number of pods follow the shards";
/// `ShardPool.spec.replicas` and its bounds.
pub const POOL_REPLICAS: &str =
    "replicas, minReplicas and maxReplicas must be between 1 and 1000; replicas may be 0 as well";
/// `ShardPool.spec.minReplicas` above `maxReplicas`.
pub const POOL_BOUNDS: &str = "minReplicas must not be greater than maxReplicas";
/// A field of a `Shard` that is what the shard is.
pub const SHARD_IS_IMMUTABLE: &str =
    "a Shard is immutable but for replicas and epoch: to split or merge it, create a Reshard";
/// `Shard.spec.created` of a closed shard.
pub const SHARD_CREATED_IS_FINAL: &str =
    "created is final once the shard is closed: its sequence numbers carry it";
/// `Shard.spec.epoch`, made smaller.
pub const EPOCH_GROWS: &str = "epoch only grows: an older operation must not undo a newer one";
/// `Shard.spec.hashKeyRange`.
pub const HASH_KEY_RANGE: &str = "hashKeyRange.start must not be greater than hashKeyRange.end";
/// A hash key.
pub const HASH_KEY: &str =
    "a hash key must be a decimal number between 0 and 340282366920938463463374607431768211455";
/// A shard id.
pub const SHARD_ID: &str =
    "a shard id is written as kubectl get shards shows it: for example shardId-000000000003";
/// An identity on disk.
pub const UID: &str = "a uid must be 32 hexadecimal digits in lower case";
/// `Shard.spec.parents`.
pub const PARENTS: &str = "parents: none, the shard that was split, or the two that were merged";
/// `Shard.spec.replicas`.
pub const REPLICAS: &str = "replicas: at most 7 names of pods, each once";
/// `autoscaling.behavior.*.stabilizationWindowSeconds`.
pub const STABILIZATION_WINDOW: &str =
    "stabilizationWindowSeconds must be between 0 and 14400: at most four hours";
/// A policy of `autoscaling.behavior`.
pub const SCALING_POLICY: &str =
    "a scaling policy needs a value of 1 or more and periodSeconds between 1 and 1800";
/// `Reshard.spec`, changed.
pub const RESHARD_IS_IMMUTABLE: &str = "a Reshard is immutable: create another one";
/// What a `Reshard` asks for.
pub const RESHARD_KIND: &str = "write exactly one of split, merge, uniform and boundaries";
/// `Reshard.spec.boundaries` without any.
pub const NO_BOUNDARIES: &str = "boundaries: write hash keys into add, remove or both";
/// `Reshard.spec.merge` of a shard with itself.
pub const MERGE_WITH_ITSELF: &str =
    "merge.adjacentShardId must be the shard directly after merge.shardId, not the same one";
/// `Reshard.spec.uniform.targetShardCount`.
pub const TARGET_SHARD_COUNT: &str = "uniform.targetShardCount must be between 1 and 10000";
/// The stream of an object, changed.
pub const STREAM_IS_IMMUTABLE: &str = "stream is immutable: create another object";
/// `StreamConsumer.spec.consumerName`.
pub const CONSUMER_NAME: &str =
    "consumerName must be 1 to 128 of the characters a-z, A-Z, 0-9, '_', '.' and '-'";
/// `StreamConsumer.metadata.name` that is too long to be a consumer's.
pub const CONSUMER_NAME_IS_MISSING: &str =
    "an object's name of more than 128 characters is no consumer name: write spec.consumerName";
/// `StreamConsumer.spec.consumerName`, changed.
pub const CONSUMER_NAME_IS_IMMUTABLE: &str =
    "consumerName is immutable: create another StreamConsumer";

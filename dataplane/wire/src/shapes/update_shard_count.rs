//! `UpdateShardCount`: scales a stream to a number of shards.

use crate::structure::structure;

structure! {
    /// Scales a stream to a number of shards.
    UpdateShardCountInput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// The number of shards wanted.
        target_shard_count: i32 = "TargetShardCount": POSITIVE_INTEGER_OBJECT,
        /// Always `UNIFORM_SCALING`.
        scaling_type: String = "ScalingType": SCALING_TYPE,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

structure! {
    /// What `UpdateShardCount` answers.
    UpdateShardCountOutput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME,
        /// The number of shards before the change.
        current_shard_count: Option<i32> = "CurrentShardCount": POSITIVE_INTEGER_OBJECT,
        /// The number of shards wanted.
        target_shard_count: Option<i32> = "TargetShardCount": POSITIVE_INTEGER_OBJECT,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
    }
}

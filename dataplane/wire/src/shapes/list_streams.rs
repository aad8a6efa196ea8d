//! `ListStreams`: lists the streams.

use crate::shapes::StreamModeDetails;
use crate::structure::structure;
use crate::timestamp::Timestamp;

structure! {
    /// Lists the streams.
    ListStreamsInput {
        /// The most to be returned.
        limit: Option<i32> = "Limit": LIST_STREAMS_INPUT_LIMIT,
        /// Starts after this stream.
        exclusive_start_stream_name: Option<String> = "ExclusiveStartStreamName": STREAM_NAME,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
    }
}

structure! {
    /// What `ListStreams` answers.
    ListStreamsOutput {
        /// The names of the streams.
        stream_names: Vec<String> = "StreamNames": STREAM_NAME_LIST,
        /// Whether there are more.
        has_more_streams: bool = "HasMoreStreams": BOOLEAN_OBJECT,
        /// The token of the next page.
        next_token: Option<String> = "NextToken": NEXT_TOKEN,
        /// The streams.
        stream_summaries: Option<Vec<StreamSummary>> = "StreamSummaries": STREAM_SUMMARY_LIST,
    }
}

structure! {
    /// A stream in a list.
    StreamSummary {
        /// The name of the stream.
        stream_name: String = "StreamName": STREAM_NAME,
        /// The ARN of the stream.
        stream_arn: String = "StreamARN": STREAM_ARN,
        /// `CREATING`, `ACTIVE`, `UPDATING` or `DELETING`.
        stream_status: String = "StreamStatus": STREAM_STATUS,
        /// On-demand or provisioned.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails": STREAM_MODE_DETAILS,
        /// When the stream was created.
        stream_creation_timestamp: Option<Timestamp> = "StreamCreationTimestamp": TIMESTAMP,
    }
}

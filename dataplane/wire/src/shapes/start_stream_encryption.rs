//! `StartStreamEncryption`: encrypts the records of a stream from now on.

use crate::structure::structure;

structure! {
    /// Encrypts the records of a stream from now on.
    StartStreamEncryptionInput {
        /// The name of the stream.
        stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
        /// `NONE` or `KMS`.
        encryption_type: String = "EncryptionType": ENCRYPTION_TYPE,
        /// The key that encrypts the records.
        key_id: String = "KeyId": KEY_ID,
        /// The ARN of the stream.
        stream_arn: Option<String> = "StreamARN": STREAM_ARN,
        /// Reserved by AWS; accepted and ignored.
        stream_id: Option<String> = "StreamId": STREAM_ID,
    }
}

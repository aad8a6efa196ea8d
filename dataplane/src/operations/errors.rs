//! Every refusal of the domain in AWS's words: one table, so that no action writes its own version of a sentence.
//!
//! Sentences are AWS's own where somebody has recorded them; the ones marked *unrecorded* follow the nearest sentence that
//! is known. Type and sentence depend on the refusal alone, never on the action.

use anabranch_domain::catalog::{Account, ChangeError, IllegalTag};
use anabranch_wire::{ApiError, ErrorKind};
use tracing::error;

use crate::catalog::CatalogError;

/// What was asked about, for the sentences that say so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Whose it is.
    pub(crate) account: &'a Account,
    /// The stream's name, or the resource's ARN as it was given.
    pub(crate) resource: &'a str,
}

/// What the caller of an action is told about a change that did not happen.
pub(crate) fn of_catalog(failure: &CatalogError, asked: Asked<'_>) -> ApiError {
    match failure {
        CatalogError::Refused(refusal) => of_change(refusal, asked),
        CatalogError::Store(source) => {
            // Not the caller's to understand, and worth a retry: an SDK does that by itself.
            error!(resource = asked.resource, error = %source, "change of the catalog not durable");
            ApiError::bare(ErrorKind::InternalFailure)
        }
        CatalogError::Unavailable(reason) => {
            error!(
                resource = asked.resource,
                reason, "catalog cannot be changed now"
            );
            ApiError::bare(ErrorKind::InternalFailure)
        }
    }
}

/// What the caller of an action is told about a change that the domain refuses.
#[allow(clippy::too_many_lines, reason = "a table reads best in one piece")]
pub(crate) fn of_change(refusal: &ChangeError, asked: Asked<'_>) -> ApiError {
    use ChangeError as E;
    let account = asked.account.id;
    let region = &asked.account.region;
    match refusal {
        E::StreamExists { stream } => in_use(format!(
            "Stream {stream} under account {account} already exists."
        )),
        E::StreamNotFound { stream } | E::StreamReplaced { stream } => {
            stream_not_found(stream.as_str(), account.as_str())
        }
        E::StreamNotActive { stream, status } => in_use(format!(
            "Stream {stream} under account {account} not ACTIVE, instead in state {}",
            status.as_str()
        )),
        // Unrecorded.
        E::StreamHasConsumers { stream, .. } => in_use(format!(
            "Stream {stream} under account {account} has registered consumers. Deregister them, or set \
             EnforceConsumerDeletion to true."
        )),
        E::StreamIsOnDemand { stream } => validation(format!(
            "Request is invalid. Stream {stream} under account {account} is in On-Demand mode."
        )),
        E::StreamIsProvisioned { stream } => invalid_argument(format!(
            "Request is invalid. Stream {stream} under account {account} is in Provisioned mode."
        )),
        E::ShardCountRequired => {
            invalid_argument("ShardCount must be specified for a stream in Provisioned mode.")
        }
        // AWS's own grammar, which Terraform looks for.
        E::TooManyCreatingStreams { limit, .. } => limit_exceeded(format!(
            "This request would have exceed the limit on the number of streams that can simultaneously be in CREATING or \
             DELETING for the account {account}. Limit: {limit}."
        )),
        // Unrecorded.
        E::TooManyOnDemandStreams { count, limit } => limit_exceeded(format!(
            "This request would exceed the on-demand stream limit for the account {account} in {region}. Current on-demand \
             stream count for the account: {count}. Limit: {limit}."
        )),
        E::ShardLimit {
            open,
            limit,
            additional,
        } => limit_exceeded(format!(
            "This request would exceed the shard limit for the account {account} in {region}. Current shard count for the \
             account: {open}. Limit: {limit}. Number of additional shards that would have resulted from this request: \
             {additional}. Refer to the AWS Service Limits page \
             (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request \
             higher limits."
        )),

        E::RetentionTooShort { requested, min } => invalid_argument(format!(
            "Minimum allowed retention period is {min} hours. Requested retention period ({requested} hours) is too short."
        )),
        E::RetentionTooLong { requested, max } => invalid_argument(format!(
            "Maximum allowed retention period is {max} hours. Requested retention period ({requested} hours) is too long."
        )),
        E::RetentionBelowExisting {
            stream,
            requested,
            existing,
        } => invalid_argument(format!(
            "Requested retention period ({requested} hours) for stream {stream} can not be shorter than existing retention \
             period ({existing} hours). Use DecreaseRetentionPeriod API."
        )),
        E::RetentionAboveExisting {
            stream,
            requested,
            existing,
        } => invalid_argument(format!(
            "Requested retention period ({requested} hours) for stream {stream} can not be longer than existing retention \
             period ({existing} hours). Use IncreaseRetentionPeriod API."
        )),

        E::IllegalTag(IllegalTag::InvalidCharacter) => invalid_argument(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.",
        ),
        E::IllegalTag(IllegalTag::PercentSign) => invalid_argument(format!(
            "Failed to add tags to stream {} under account {account} because some tags contained illegal characters. The \
             allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
            asked.resource
        )),
        E::IllegalTag(IllegalTag::PercentSignInRemoved) => invalid_argument(format!(
            "Failed to remove tags from stream {} under account {account} because some tags contained illegal characters. \
             The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
            asked.resource
        )),
        // AWS still says ten, though it is fifty.
        E::TooManyTags { .. } => invalid_argument(format!(
            "Failed to add tags to stream {} under account {account} because a given stream cannot have more than 10 tags \
             associated with it.",
            asked.resource
        )),
        E::PolicyNotFound => not_found(format!(
            "No resource policy found for resource ARN {}.",
            asked.resource
        )),

        // The quotas of a day: unrecorded.
        E::TooManyEncryptionChanges { limit, .. } => limit_exceeded(format!(
            "Encryption of stream {} under account {account} has been changed {limit} times within 24 hours. Limit: {limit}.",
            asked.resource
        )),
        E::TooManyModeSwitches { limit, .. } => limit_exceeded(format!(
            "Stream mode of stream {} under account {account} has been changed {limit} times within 24 hours. Limit: {limit}.",
            asked.resource
        )),
        E::TooManyShardCountUpdates { limit, .. } => limit_exceeded(format!(
            "UpdateShardCount has been called {limit} times on stream {} under account {account} within 24 hours. Limit: {limit}.",
            asked.resource
        )),

        // Unrecorded.
        E::WarmThroughputNeedsCommitment => validation(
            "WarmThroughputMiBps is only supported for accounts that have MinimumThroughputBillingCommitment enabled.",
        ),
        // Unrecorded.
        E::WarmThroughputTooHigh { requested, limit } => invalid_argument(format!(
            "WarmThroughputMiBps {requested} exceeds the limit of {limit} MiBps for an on-demand stream."
        )),
        // The model's own constraint, for the ways in that it does not guard.
        E::RecordSizeOutOfRange {
            requested,
            min,
            max,
        } => validation(format!(
            "1 validation error detected: Value '{requested}' at 'maxRecordSizeInKiB' failed to satisfy constraint: \
             Member must have value between {min} and {max}"
        )),

        E::ConsumerExists { stream, consumer } => in_use(format!(
            "Consumer {consumer} under stream {stream} already exists for account {account}."
        )),
        E::ConsumerNotFound { consumer, .. } => {
            consumer_not_found(consumer.as_str(), account.as_str())
        }
        E::ConsumerDeleting { stream, consumer } => in_use(format!(
            "Consumer {consumer} under stream: {stream} , account {account} is not in ACTIVE status."
        )),
        // Unrecorded.
        E::TooManyConsumers { limit, .. } => limit_exceeded(format!(
            "Stream {} under account {account} already has {limit} registered consumers. Limit: {limit}.",
            asked.resource
        )),
        // Unrecorded.
        E::TooManyCreatingConsumers { limit, .. } => limit_exceeded(format!(
            "Stream {} under account {account} already has {limit} consumers in the CREATING state. Limit: {limit}.",
            asked.resource
        )),

        E::ShardNotFound { stream, shard } => {
            shard_not_found(shard, stream.as_str(), account.as_str())
        }
        E::ShardNotOpen { stream, shard } => invalid_argument(format!(
            "Shard {shard} in stream {stream} under account {account} has already been merged or split, and thus is not \
             eligible for merging or splitting."
        )),
        E::SplitOutOfRange {
            stream,
            shard,
            key,
            start,
            end,
        } => {
            let shard = Cut {
                shard: &shard,
                stream: stream.as_str(),
                start: &start,
                end: &end,
            };
            split_out_of_range(key, &shard, account.as_str())
        }
        E::NotAdjacent {
            stream,
            first,
            second,
        } => invalid_argument(format!(
            "Shards {first} and {second} in stream {stream} under account {account} are not an adjacent pair of shards \
             eligible for merging"
        )),
        E::TargetTooHigh {
            current, target, ..
        } => limit_exceeded(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: {current} \
             Target shard count: {target}"
        )),
        E::TargetTooLow {
            current, target, ..
        } => limit_exceeded(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: {current} \
             Target shard count: {target}"
        )),
        E::TargetAboveStreamLimit { target, limit } => limit_exceeded(format!(
            "Target shard count or number of open shards cannot be greater than {limit}. Target shard count: {target}"
        )),
        E::ShardIdsExhausted { stream } => limit_exceeded(format!(
            "Stream {stream} under account {account} has used all of its shard ids. Create another stream."
        )),

        // What only our own executors can run into: a caller that sees one met a mistake of ours.
        E::StreamNotDeleting { .. }
        | E::WrongBoundary { .. }
        | E::TooManyBoundaries { .. }
        | E::PlanOvertaken { .. }
        | E::ReshardNotRunning { .. }
        | E::StaleOperation { .. }
        | E::ShardStillOpen { .. }
        | E::WrongIdentityCount { .. }
        | E::TilingBroken(_) => {
            error!(resource = asked.resource, error = %refusal, "change of the catalog refused");
            ApiError::bare(ErrorKind::InternalFailure)
        }
    }
}

/// `ResourceNotFoundException`: no such stream.
pub(crate) fn stream_not_found(stream: &str, account: &str) -> ApiError {
    not_found(format!(
        "Stream {stream} under account {account} not found."
    ))
}

/// `ResourceNotFoundException`: no such consumer.
pub(crate) fn consumer_not_found(consumer: &str, account: &str) -> ApiError {
    not_found(format!("Consumer {consumer}, account {account} not found."))
}

/// `ResourceNotFoundException`: no such shard, where one is to be changed. The shard as it was given, when it can be none.
pub(crate) fn shard_not_found(
    shard: impl std::fmt::Display,
    stream: &str,
    account: &str,
) -> ApiError {
    not_found(format!(
        "Could not find shard {shard} in stream {stream} under account {account}."
    ))
}

/// A shard that was to be cut where it cannot be.
pub(crate) struct Cut<'a> {
    pub(crate) shard: &'a dyn std::fmt::Display,
    pub(crate) stream: &'a str,
    pub(crate) start: &'a dyn std::fmt::Display,
    pub(crate) end: &'a dyn std::fmt::Display,
}

/// `InvalidArgumentException`: the hash key, which may be greater than any, does not cut the shard in two.
pub(crate) fn split_out_of_range(
    key: impl std::fmt::Display,
    cut: &Cut<'_>,
    account: &str,
) -> ApiError {
    let Cut {
        shard,
        stream,
        start,
        end,
    } = cut;
    invalid_argument(format!(
        "NewStartingHashKey {key} used in SplitShard() on shard {shard} in stream {stream} under account {account} is not both \
         greater than one plus the shard's StartingHashKey {start} and less than the shard's EndingHashKey {end}."
    ))
}

/// `InvalidArgumentException`: two members name different things. Unrecorded.
pub(crate) fn addresses_disagree(name: &str, arn: &str) -> ApiError {
    invalid_argument(format!("{name} does not match {arn}."))
}

/// `InvalidArgumentException`.
pub(crate) fn invalid_argument(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::InvalidArgumentException, message)
}

/// `ValidationException`.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::ValidationException, message)
}

fn in_use(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::ResourceInUseException, message)
}

fn limit_exceeded(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::LimitExceededException, message)
}

fn not_found(message: String) -> ApiError {
    ApiError::new(ErrorKind::ResourceNotFoundException, message)
}

#[cfg(test)]
#[path = "errors_test.rs"]
mod tests;

//! Which stream or consumer a request means: by name, by ARN, or by both, which must then agree.
//!
//! Pure. `StreamId` is reserved by AWS and ignored. An ARN of another account or region names nothing here, whatever
//! stream of that name there may be.

use std::sync::Arc;

use anabranch_domain::catalog::{self, Consumer, Snapshot, Stream};
use anabranch_domain::{ConsumerArn, StreamArn};
use anabranch_wire::{ApiError, ErrorKind, Timestamp as WireTimestamp};

use super::errors;

/// How a request names a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StreamAddress<'a> {
    /// `StreamName`.
    pub(crate) name: Option<&'a str>,
    /// `StreamARN`.
    pub(crate) arn: Option<&'a str>,
}

/// A registered consumer and the stream that it reads.
#[derive(Debug, Clone)]
pub(crate) struct FoundConsumer {
    /// The stream.
    pub(crate) stream: Arc<Stream>,
    /// The consumer.
    pub(crate) consumer: Arc<Consumer>,
}

/// What a `ResourceARN` can name here.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    /// A stream.
    Stream(Arc<Stream>),
    /// An enhanced fan-out consumer.
    Consumer(FoundConsumer),
}

impl Resource {
    /// As changes of the catalog name it.
    pub(crate) fn name(&self) -> catalog::Resource {
        match self {
            Self::Stream(stream) => catalog::Resource::Stream(stream.name.clone()),
            Self::Consumer(found) => catalog::Resource::Consumer {
                stream: found.stream.name.clone(),
                consumer: found.consumer.name.clone(),
                created_secs: found.consumer.created.as_secs(),
            },
        }
    }
}

impl<'a> StreamAddress<'a> {
    /// Of a request with both members.
    pub(crate) fn new(name: Option<&'a String>, arn: Option<&'a String>) -> Self {
        Self {
            name: name.map(String::as_str),
            arn: arn.map(String::as_str),
        }
    }

    /// Of a request that takes an ARN only.
    pub(crate) fn of_arn(arn: &'a str) -> Self {
        Self {
            name: None,
            arn: Some(arn),
        }
    }

    /// The name in it, for texts about streams that may not exist.
    pub(crate) fn name(&self) -> &'a str {
        match (self.name, self.arn) {
            (Some(name), _) => name,
            (None, Some(arn)) => arn.rsplit_once(":stream/").map_or(arn, |(_, name)| name),
            (None, None) => "",
        }
    }
}

/// The stream of this address.
pub(crate) fn stream(
    snapshot: &Snapshot,
    address: StreamAddress<'_>,
) -> Result<Arc<Stream>, ApiError> {
    let name = match (address.name, address.arn) {
        (name, Some(arn)) => {
            let stream = name_of_arn(snapshot, arn)?;
            if let Some(name) = name.filter(|name| *name != stream) {
                return Err(errors::addresses_disagree(name, arn));
            }
            stream
        }
        (Some(name), None) => name.to_owned(),
        (None, None) => {
            return Err(ApiError::new(
                ErrorKind::InvalidArgumentException,
                "Either StreamName or StreamARN should be provided.",
            ));
        }
    };
    match snapshot.streams.get(name.as_str()) {
        Some(stream) => Ok(Arc::clone(stream)),
        None => Err(errors::stream_not_found(
            &name,
            snapshot.account.id.as_str(),
        )),
    }
}

/// The stream that this ARN names, if it is one of ours.
fn name_of_arn(snapshot: &Snapshot, text: &str) -> Result<String, ApiError> {
    let account = &snapshot.account;
    let Ok(arn) = text.parse::<StreamArn>() else {
        return Err(errors::stream_not_found(text, account.id.as_str()));
    };
    if arn.account != account.id || arn.region != account.region {
        return Err(errors::stream_not_found(
            arn.stream.as_str(),
            arn.account.as_str(),
        ));
    }
    Ok(arn.stream.as_str().to_owned())
}

/// The stream of this address, if it takes and gives records. One that does not yet is not found, as on AWS.
pub(crate) fn serving_stream(
    snapshot: &Snapshot,
    name: Option<&str>,
    arn: Option<&str>,
) -> Result<Arc<Stream>, ApiError> {
    let stream = stream(snapshot, StreamAddress { name, arn })?;
    if stream.is_serving() {
        return Ok(stream);
    }
    Err(errors::stream_not_found(
        stream.name.as_str(),
        snapshot.account.id.as_str(),
    ))
}

/// How a request names a consumer: by its ARN, or by its stream's ARN and its name, or by all three.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConsumerAddress<'a> {
    /// `StreamARN`.
    pub(crate) stream_arn: Option<&'a str>,
    /// `ConsumerName`.
    pub(crate) name: Option<&'a str>,
    /// `ConsumerARN`.
    pub(crate) arn: Option<&'a str>,
}

/// The consumer of this address.
pub(crate) fn consumer(
    snapshot: &Snapshot,
    address: ConsumerAddress<'_>,
) -> Result<FoundConsumer, ApiError> {
    match (address.arn, address.stream_arn, address.name) {
        (Some(arn), stream_arn, name) => {
            let found = consumer_of_arn(snapshot, arn)?;
            let agrees = name.is_none_or(|name| name == found.consumer.name.as_str())
                && stream_arn.is_none_or(|stream_arn| {
                    arn.strip_prefix(stream_arn)
                        .is_some_and(|rest| rest.starts_with("/consumer/"))
                });
            if agrees {
                Ok(found)
            } else {
                Err(errors::addresses_disagree(
                    name.or(stream_arn).unwrap_or_default(),
                    arn,
                ))
            }
        }
        (None, Some(stream_arn), Some(name)) => {
            let stream = stream(snapshot, StreamAddress::of_arn(stream_arn))?;
            match stream.consumers.get(name) {
                Some(consumer) => Ok(FoundConsumer {
                    consumer: Arc::clone(consumer),
                    stream,
                }),
                None => Err(errors::consumer_not_found(
                    name,
                    snapshot.account.id.as_str(),
                )),
            }
        }
        (None, _, _) => Err(ApiError::new(
            ErrorKind::InvalidArgumentException,
            "Either ConsumerARN or both StreamARN and ConsumerName should be provided.",
        )),
    }
}

/// The consumer that this ARN names; an earlier registration of the same name is not it.
pub(crate) fn consumer_of_arn(snapshot: &Snapshot, text: &str) -> Result<FoundConsumer, ApiError> {
    let account = &snapshot.account;
    let not_found = || errors::consumer_not_found(text, account.id.as_str());
    let arn: ConsumerArn = text.parse().map_err(|_| not_found())?;
    if arn.stream_arn.account != account.id || arn.stream_arn.region != account.region {
        return Err(errors::consumer_not_found(
            text,
            arn.stream_arn.account.as_str(),
        ));
    }
    let stream = snapshot
        .streams
        .get(&arn.stream_arn.stream)
        .ok_or_else(not_found)?;
    let consumer = stream.consumers.get(&arn.name).ok_or_else(not_found)?;
    if consumer.created.as_secs() != arn.created_secs {
        return Err(not_found());
    }
    Ok(FoundConsumer {
        stream: Arc::clone(stream),
        consumer: Arc::clone(consumer),
    })
}

/// The resource that this ARN names.
pub(crate) fn resource(snapshot: &Snapshot, arn: &str) -> Result<Resource, ApiError> {
    if arn.contains("/consumer/") {
        return consumer_of_arn(snapshot, arn).map(Resource::Consumer);
    }
    let not_found = |error: ApiError| match error.kind {
        // AWS names the resource as it was asked for.
        ErrorKind::ResourceNotFoundException => {
            errors::stream_not_found(arn, snapshot.account.id.as_str())
        }
        _ => error,
    };
    stream(snapshot, StreamAddress::of_arn(arn))
        .map(Resource::Stream)
        .map_err(not_found)
}

/// Whether the stream of this name is the one that was created then, and not a later one. Compared by seconds, since SDKs
/// differ in what they make of the milliseconds.
pub(crate) fn check_created(
    snapshot: &Snapshot,
    stream: &Stream,
    created: WireTimestamp,
) -> Result<(), ApiError> {
    if i64::try_from(stream.created.as_secs()) == Ok(created.as_millis().div_euclid(1000)) {
        return Ok(());
    }
    Err(errors::stream_not_found(
        stream.name.as_str(),
        snapshot.account.id.as_str(),
    ))
}

#[cfg(test)]
#[path = "addressing_test.rs"]
mod tests;

//! Amazon resource names of streams and of their consumers:
//! `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME` and `…/consumer/NAME:CREATED`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{AccountId, ConsumerName, Region, StreamName};

/// A text that is no ARN of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an ARN of a Kinesis {0}")]
pub struct InvalidArn(&'static str);

/// Names a stream in the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamArn {
    /// Where it is.
    pub region: Region,
    /// Whose it is.
    pub account: AccountId,
    /// Its name there.
    pub stream: StreamName,
}

impl fmt::Display for StreamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            region,
            account,
            stream,
        } = self;
        write!(
            f,
            "arn:{}:kinesis:{region}:{account}:stream/{stream}",
            region.partition()
        )
    }
}

impl FromStr for StreamArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = InvalidArn("stream");
        let (region, account, resource) = kinesis_resource(text).ok_or(invalid)?;
        let stream = resource
            .strip_prefix("stream/")
            .and_then(|name| name.parse().ok())
            .ok_or(invalid)?;
        Ok(Self {
            region,
            account,
            stream,
        })
    }
}

/// Names one registration of a consumer: its creation time tells it from a later one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerArn {
    /// The stream that it reads.
    pub stream_arn: StreamArn,
    /// Its name in that stream.
    pub name: ConsumerName,
    /// When it was registered, in seconds since the Unix epoch.
    pub created_secs: u64,
}

impl fmt::Display for ConsumerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/consumer/{}:{}",
            self.stream_arn, self.name, self.created_secs
        )
    }
}

impl FromStr for ConsumerArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = InvalidArn("consumer");
        let (stream_arn, consumer) = text.split_once("/consumer/").ok_or(invalid)?;
        let (name, created) = consumer.split_once(':').ok_or(invalid)?;
        if created.is_empty() || !created.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid);
        }
        Ok(Self {
            stream_arn: stream_arn.parse().map_err(|_| invalid)?,
            name: name.parse().map_err(|_| invalid)?,
            created_secs: created.parse().map_err(|_| invalid)?,
        })
    }
}

fn kinesis_resource(text: &str) -> Option<(Region, AccountId, &str)> {
    let mut parts = text.splitn(6, ':');
    let is_kinesis = parts.next() == Some("arn")
        && parts
            .next()
            .is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("kinesis");
    if !is_kinesis {
        return None;
    }
    Some((
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?,
    ))
}

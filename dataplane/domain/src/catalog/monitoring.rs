//! The metrics that enhanced monitoring shows for each shard.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A metric of a shard, in AWS's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// A text that names no metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no shard-level metric of that name")]
pub struct UnknownMetric;

impl ShardLevelMetric {
    /// Every one, which is what the word `ALL` stands for in a request.
    pub const EVERY: [Self; 7] = [
        Self::IncomingBytes,
        Self::IncomingRecords,
        Self::OutgoingBytes,
        Self::OutgoingRecords,
        Self::WriteProvisionedThroughputExceeded,
        Self::ReadProvisionedThroughputExceeded,
        Self::IteratorAgeMilliseconds,
    ];

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

    /// The metrics that a request names; `ALL` is every one.
    pub fn expand<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeSet<Self>, UnknownMetric> {
        let mut metrics = BTreeSet::new();
        for name in names {
            if name == "ALL" {
                metrics.extend(Self::EVERY);
            } else {
                metrics.insert(name.parse()?);
            }
        }
        Ok(metrics)
    }
}

impl FromStr for ShardLevelMetric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::EVERY
            .into_iter()
            .find(|metric| metric.as_str() == text)
            .ok_or(UnknownMetric)
    }
}

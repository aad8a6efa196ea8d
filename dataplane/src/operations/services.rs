//! What an action works with. Built once, by the composition root.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::Snapshot;
use anabranch_domain::{StreamArn, StreamName, Timestamp};
use anabranch_wire::opaque_token::TokenKey;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::encryption::KeyFile;
use crate::entropy::Entropy;
use crate::fanout::Subscriptions;
use crate::metrics::Metrics;
use crate::serving::Shards;
use crate::throttling::CallRates;

/// Everything an action may use.
pub struct Services {
    /// Who is what and where; AWS's limits as configured are in its snapshots.
    pub catalog: Arc<dyn Catalog>,
    /// Who is subscribed to what.
    pub subscriptions: Arc<Subscriptions>,
    /// Seals and opens iterators and pagination tokens.
    pub token_key: TokenKey,
    /// Keys of encryption at rest.
    pub keys: Arc<KeyFile>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is counted.
    pub metrics: Metrics,
    /// All shards, wherever they are.
    pub shards: Shards,
    /// How often the control plane may be called.
    pub calls: CallRates,
    /// How long a put waits for a reshard before it fails: inside every SDK's own time-out.
    pub put_patience: Duration,
}

impl Services {
    /// The newest durable catalog.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.catalog.snapshot()
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The ARN of a stream of this account and region.
    pub fn stream_arn(&self, stream: &StreamName) -> StreamArn {
        let account = &self.snapshot().account;
        StreamArn {
            region: account.region.clone(),
            account: account.id,
            stream: stream.clone(),
        }
    }
}

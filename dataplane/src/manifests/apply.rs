//! Applies plans: creates streams that are not there, and changes the others one change at a time.

use std::time::Duration;

use anabranch_crds::DesiredStream;
use anabranch_domain::access::{InvalidPolicy, ResourcePolicy};
use anabranch_domain::catalog::{CreateStream, Snapshot, Stream, StreamStatus};
use anabranch_domain::{KeyId, ShardUid, StreamName, StreamUid};
use tracing::{info, warn};

use super::plan::{self, PlanError};
use crate::catalog::CatalogError;
use crate::operations::Services;

/// How long a stream may take to become active. Milliseconds are usual; a large reshard on a slow disk takes seconds.
const SETTLE_WAIT_MAX: Duration = Duration::from_mins(1);
/// Rounds of plan and change for one stream; one is usual, each further one means that somebody else changes it too.
const ROUNDS_MAX: usize = 16;

/// Why a stream is not what its manifest wishes for.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The wish makes no change.
    #[error("manifest of stream {stream}: {reason}")]
    Plan {
        /// The stream.
        stream: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The catalog refuses a change or cannot make it durable.
    #[error("apply the manifest of stream {stream}")]
    Catalog {
        /// The stream.
        stream: String,
        /// Why.
        source: CatalogError,
    },
    /// The stream is still being changed.
    #[error("stream {stream} does not settle")]
    Unsettled {
        /// The stream.
        stream: String,
    },
}

/// Brings every stream to what its manifest wishes for, one after the other.
pub async fn apply(services: &Services, wishes: &[DesiredStream]) -> Result<(), ApplyError> {
    for wish in wishes {
        warn_of_what_is_left_out(wish);
        check(services, wish)?;
        bring_about(services, wish).await?;
    }
    Ok(())
}

/// What one process cannot or does not do is said, not passed over.
fn warn_of_what_is_left_out(wish: &DesiredStream) {
    if wish.warm_throughput_mibps.is_some() {
        let field = "warmThroughputMiBps";
        warn!(stream = %wish.stream_name, field, "manifest field has no effect here");
    }
}

/// What the catalog takes as it is given must be right before it is given.
fn check(services: &Services, wish: &DesiredStream) -> Result<(), ApplyError> {
    let refuse = |reason: String| ApplyError::Plan {
        stream: wish.stream_name.clone(),
        reason,
    };
    if let Some(policy) = &wish.resource_policy {
        ResourcePolicy::parse(policy)
            .map_err(|invalid: InvalidPolicy| refuse(format!("spec.resourcePolicy: {invalid}")))?;
    }
    if let Some(key) = &wish.encryption_key {
        let is_known = key
            .parse::<KeyId>()
            .is_ok_and(|key| services.keys.sealing_key(&key).is_some());
        if !is_known {
            return Err(refuse(format!(
                "spec.encryption.keyId: {key} is not in the key file"
            )));
        }
    }
    Ok(())
}

async fn bring_about(services: &Services, wish: &DesiredStream) -> Result<(), ApplyError> {
    let refuse = |error: PlanError| ApplyError::Plan {
        stream: wish.stream_name.clone(),
        reason: error.to_string(),
    };
    let name = plan::stream_name(wish).map_err(refuse)?;
    for _ in 0..ROUNDS_MAX {
        let snapshot = settled(services, &name).await?;
        let Some(stream) = snapshot.stream(name.as_str()) else {
            create(services, wish, &name).await?;
            continue;
        };
        let changes = plan::changes(wish, stream).map_err(refuse)?;
        if changes.is_empty() {
            return Ok(());
        }
        for change in changes {
            info!(stream = %name, change = ?change, "manifest applied");
            services
                .catalog
                .commit(change)
                .await
                .map_err(|source| failed(&name, source))?;
        }
    }
    Err(ApplyError::Unsettled {
        stream: name.to_string(),
    })
}

async fn create(
    services: &Services,
    wish: &DesiredStream,
    name: &StreamName,
) -> Result<(), ApplyError> {
    let uid = || services.entropy.random_u128();
    let change = CreateStream {
        name: name.clone(),
        uid: StreamUid::from_bits(uid()),
        mode: plan::mode(wish),
        shard_uids: (0..wish.shards_at_creation())
            .map(|_| ShardUid::from_bits(uid()))
            .collect(),
        tags: wish.tags.clone(),
        max_record_size_kib: Some(wish.max_record_size_kib),
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    info!(stream = %name, shards = wish.shards_at_creation(), "stream created from its manifest");
    services
        .catalog
        .commit(change.into())
        .await
        .map_err(|source| failed(name, source))?;
    Ok(())
}

fn failed(stream: &StreamName, source: CatalogError) -> ApplyError {
    ApplyError::Catalog {
        stream: stream.to_string(),
        source,
    }
}

/// The snapshot in which the stream can be changed: active, or not there.
async fn settled(
    services: &Services,
    name: &StreamName,
) -> Result<std::sync::Arc<Snapshot>, ApplyError> {
    let is_settled = |stream: Option<&std::sync::Arc<Stream>>| {
        stream.is_none_or(|stream| stream.status == StreamStatus::Active)
    };
    let mut versions = services.catalog.subscribe();
    let waiting = async {
        loop {
            let snapshot = services.snapshot();
            if is_settled(snapshot.stream(name.as_str())) {
                return Some(snapshot);
            }
            versions.changed().await.ok()?;
        }
    };
    let unsettled = || ApplyError::Unsettled {
        stream: name.to_string(),
    };
    tokio::time::timeout(SETTLE_WAIT_MAX, waiting)
        .await
        .ok()
        .flatten()
        .ok_or_else(unsettled)
}

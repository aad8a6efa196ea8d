//! Builds the parts of a node from its options. Opens files and starts no task.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::Account;
use anabranch_domain::{AccountId, Region};
use anabranch_store::keys::CatalogKey;
use anabranch_store::{
    DiskFault, Family, ReserveSize, RocksOptions, RocksStore, Store, StoreError, WriteSet, commit,
};
use anabranch_wire::opaque_token::TokenKey;
use anyhow::Context;
use prometheus::Registry;
use tracing::warn;

use super::limits;
use super::options::{StandaloneOptions, StorageOptions};
use crate::autoscaling::ShardSketches;
use crate::catalog::local::LocalCatalog;
use crate::clock::{Clock, SystemClock};
use crate::encryption::KeyFile;
use crate::entropy::{Entropy, SystemEntropy};
use crate::fanout::Subscriptions;
use crate::metrics::{Metrics, ShardMetrics, StoreMetrics};
use crate::operations::Services;
use crate::serving::{ServedShards, Shards};
use crate::shard::{ShardLimits, ShardRegistry};
use crate::throttling::Throttles;

/// How long a put waits for a reshard: shorter than the read time-out of every SDK, longer than any reshard takes.
pub(crate) const PUT_PATIENCE: Duration = Duration::from_secs(10);

/// Every part of a node that is not a task.
pub(crate) struct Node {
    /// The disk.
    pub(crate) store: Arc<dyn Store>,
    /// The shards, which this process serves itself.
    pub(crate) served: Arc<ServedShards>,
    /// What actions work with.
    pub(crate) services: Arc<Services>,
    /// What is counted.
    pub(crate) registry: Registry,
    /// What the disk did.
    pub(crate) store_metrics: StoreMetrics,
}

/// Opens the data directory and builds what works on it.
pub(super) async fn assemble(options: &StandaloneOptions) -> anyhow::Result<Node> {
    let registry = Registry::new();
    let store_metrics = StoreMetrics::register(&registry)?;
    let store = open_store(&options.data_dir, &options.storage, &store_metrics)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let keys = open_keys(options, &*entropy)?;
    let limits = limits::limits(&options.limits);
    let account = account(&options.account_id, &options.region)?;
    let catalog = LocalCatalog::open(
        Arc::clone(&store),
        Arc::clone(&clock),
        account,
        limits.clone(),
    )?;
    let shards = ShardRegistry::new(
        Arc::clone(&store),
        shard_limits(&options.storage, options.bounds.inflight_request_bytes),
        keys.ring(),
        Arc::clone(&clock),
    );
    let served = Arc::new(ServedShards {
        registry: Arc::new(shards),
        sketches: ShardSketches::new(&limits.shard),
        throttles: Throttles::new(limits.shard),
        metrics: ShardMetrics::register(&registry)?,
        clock: Arc::clone(&clock),
    });
    let services = Services {
        catalog: Arc::new(catalog),
        subscriptions: Subscriptions::new(options.bounds.subscriptions),
        token_key: token_key(&*store, &*entropy).await?,
        keys: Arc::new(keys),
        clock,
        entropy,
        metrics: Metrics::register(&registry)?,
        shards: Shards::Served(Arc::clone(&served)),
        calls: limits::call_rates(&options.limits),
        put_patience: PUT_PATIENCE,
    };
    Ok(Node {
        store,
        served,
        services: Arc::new(services),
        registry,
        store_metrics,
    })
}

pub(crate) fn open_store(
    directory: &Path,
    storage: &StorageOptions,
    metrics: &StoreMetrics,
) -> anyhow::Result<Arc<dyn Store>> {
    let rocks = RocksOptions {
        reserve: storage
            .reserve_bytes
            .map_or(ReserveSize::Share, ReserveSize::Bytes),
        block_cache_bytes: usize_of(storage.block_cache_bytes),
        observer: Some(Arc::new(metrics.clone())),
        ..RocksOptions::default()
    };
    let store = RocksStore::open(directory, &rocks).map_err(|error| {
        let what_to_do = what_to_do(&error);
        let doing = format!(
            "open the data directory {}{what_to_do}",
            directory.display()
        );
        anyhow::Error::new(error).context(doing)
    })?;
    let usage = store.usage()?;
    if usage.reserve_bytes < rocks.reserve_bytes_min() {
        warn!(
            reserve_bytes = usage.reserve_bytes,
            least_bytes = rocks.reserve_bytes_min(),
            "the file system is too small to be worked on when it is full: deleting streams may not free it"
        );
    }
    Ok(Arc::new(store))
}

/// What a person may do about a data directory that cannot be opened, where that is not in the error itself.
fn what_to_do(error: &StoreError) -> &'static str {
    match error {
        StoreError::Disk {
            fault: DiskFault::ReadOnly,
            ..
        } => {
            " (its file system is read-only; one that made itself so after an error wants to be checked first)"
        }
        _ => "",
    }
}

fn open_keys(options: &StandaloneOptions, entropy: &dyn Entropy) -> anyhow::Result<KeyFile> {
    Ok(match &options.encryption_keys {
        Some(path) => KeyFile::read(path)?,
        None => KeyFile::read_or_create(&options.data_dir.join("encryption-keys.yaml"), entropy)?,
    })
}

pub(crate) fn account(id: &str, region: &str) -> anyhow::Result<Account> {
    let id: AccountId = id.parse().with_context(|| format!("account id `{id}`"))?;
    let region: Region = region
        .parse()
        .with_context(|| format!("region `{region}`"))?;
    Ok(Account::new(id, region))
}

pub(crate) fn shard_limits(storage: &StorageOptions, inflight_bytes: u64) -> ShardLimits {
    ShardLimits {
        tail_cache_bytes_max: usize_of(storage.tail_cache_bytes),
        total_inflight_bytes_max: usize_of(inflight_bytes),
        ..ShardLimits::default()
    }
}

/// The key that seals iterators and page tokens: made once and kept with the data, so that they outlive a restart.
async fn token_key(store: &dyn Store, entropy: &dyn Entropy) -> anyhow::Result<TokenKey> {
    let key = CatalogKey::Installation("token-key".to_owned()).encode();
    let stored = store
        .get(Family::Catalog, &key)
        .context("read the token key")?;
    if let Some(secret) = stored.and_then(|bytes| <[u8; TokenKey::LEN]>::try_from(&*bytes).ok()) {
        return Ok(TokenKey::new(&secret));
    }
    let mut secret = [0; TokenKey::LEN];
    entropy.fill(&mut secret);
    let mut set = WriteSet::new();
    set.put_critical(Family::Catalog, key, secret.to_vec());
    commit(store, set).await.context("keep the token key")?;
    Ok(TokenKey::new(&secret))
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

//! Reshards over a store in memory, with the process dying before and after every single step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anabranch_domain::catalog::{
    Account, Change, CreateStream, MergeShards, ScaleStream, Shard, Snapshot, SplitShard, Stream,
    StreamBecameActive, StreamMode, StreamStatus,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::reshard::ShardFacts;
use anabranch_domain::{HashKey, ShardId, ShardPhase, ShardUid, StreamName, StreamUid, Timestamp};
use anabranch_store::entry::KeyRing;
use anabranch_store::{MemoryStore, Store, StoreError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::{Executor, LogsError, Member, ShardLogs};
use crate::catalog::local::LocalCatalog;
use crate::catalog::{Catalog, CatalogError};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::shard::{Append, AppendError, Birth, NewRecord, ShardLimits, ShardRegistry};

const STREAM: StreamUid = StreamUid::from_bits(1);

/// Five milliseconds a look.
#[derive(Debug)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(5, Ordering::Relaxed))
    }
}

/// 1, 2, 3, …
#[derive(Debug)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let start = bytes.len() - number.len();
        bytes[start..].copy_from_slice(&number);
    }
}

/// What is left when a process dies.
struct Disk {
    store: Arc<dyn Store>,
    clock: Arc<Ticking>,
    entropy: Arc<Counting>,
}

/// A process over the disk.
struct Process {
    catalog: Arc<dyn Catalog>,
    shards: Arc<ShardRegistry>,
    entropy: Arc<dyn Entropy>,
}

impl Disk {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(Ticking(AtomicU64::new(1_700_000_000_000))),
            entropy: Arc::new(Counting(AtomicU64::new(1000))),
        }
    }

    fn start(&self) -> Process {
        let account = Account::new(
            "000000000000".parse().expect("an id"),
            "us-east-1".parse().expect("a region"),
        );
        let catalog = LocalCatalog::open(
            self.store.clone(),
            self.clock.clone(),
            account,
            Limits::unlimited(),
        );
        let shards = ShardRegistry::new(
            self.store.clone(),
            ShardLimits::default(),
            KeyRing::new(),
            self.clock.clone(),
        );
        Process {
            catalog: Arc::new(catalog.expect("a whole catalog")),
            shards: Arc::new(shards),
            entropy: self.entropy.clone(),
        }
    }
}

impl Process {
    async fn change(&self, change: impl Into<Change>) {
        self.catalog.commit(change.into()).await.expect("accepted");
    }

    async fn create(&self, shard_count: u64) {
        let shard_uids = (0..shard_count)
            .map(|number| ShardUid::from_bits(u128::from(number)))
            .collect();
        let create = CreateStream {
            name: name(),
            uid: STREAM,
            mode: StreamMode::Provisioned,
            shard_uids,
            tags: std::collections::BTreeMap::new(),
            max_record_size_kib: None,
            warm_throughput_mibps: None,
            record_distribution: None,
        };
        self.change(create).await;
        self.change(StreamBecameActive {
            name: name(),
            uid: STREAM,
        })
        .await;
    }

    fn stream(&self) -> Arc<Stream> {
        Arc::clone(self.catalog.snapshot().stream("orders").expect("there"))
    }

    fn executor(&self) -> Executor {
        self.executor_with(self.shards.clone())
    }

    fn executor_with(&self, logs: Arc<dyn ShardLogs>) -> Executor {
        Executor {
            catalog: self.catalog.clone(),
            logs,
            entropy: self.entropy.clone(),
        }
    }

    async fn append(&self, shard: &Shard, data: &'static str) -> Result<u64, AppendError> {
        let record = NewRecord {
            partition_key: None,
            explicit_hash_key: None,
            data: Bytes::from_static(data.as_bytes()),
        };
        let handle = self.shards.shard(shard.uid, Birth::of(shard));
        let appended = handle
            .append(Append {
                records: vec![record],
                ..Append::default()
            })
            .await?;
        Ok(appended.first_ordinal)
    }
}

fn name() -> StreamName {
    "orders".parse().expect("a name")
}

fn shard_id(index: u32) -> ShardId {
    ShardId::new(index).expect("small")
}

/// When a process dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// Before the step has any effect.
    Before(usize),
    /// When the step is done, and nobody was told.
    After(usize),
}

/// Lets a process take so many steps, and dies.
#[derive(Debug)]
struct Fate {
    death: Death,
    steps: AtomicUsize,
}

impl Fate {
    fn new(death: Death) -> Arc<Self> {
        Arc::new(Self {
            death,
            steps: AtomicUsize::new(0),
        })
    }

    /// Runs the step, unless the process is dead by then.
    async fn step<T, E>(
        &self,
        step: impl Future<Output = Result<T, E>>,
        dead: impl Fn() -> E,
    ) -> Result<T, E> {
        let number = self.steps.fetch_add(1, Ordering::Relaxed);
        match self.death {
            Death::Before(last) if number >= last => Err(dead()),
            Death::After(last) if number > last => Err(dead()),
            Death::After(last) if number == last => {
                let _ = step.await;
                Err(dead())
            }
            _ => step.await,
        }
    }
}

struct MortalLogs(Arc<ShardRegistry>, Arc<Fate>);

fn dead_log() -> LogsError {
    LogsError::Failed("the process is dead".into())
}

impl ShardLogs for MortalLogs {
    fn facts<'a>(
        &'a self,
        member: Member<'a>,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>> {
        self.0.facts(member)
    }

    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(self.1.step(self.0.form(member), dead_log))
    }

    fn seal<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(self.1.step(self.0.seal(member, epoch, children), dead_log))
    }

    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(self.1.step(self.0.activate(member, epoch, floor), dead_log))
    }

    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(self.1.step(ShardLogs::destroy(&*self.0, member), dead_log))
    }
}

struct MortalCatalog(Arc<dyn Catalog>, Arc<Fate>);

impl Catalog for MortalCatalog {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot()
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>> {
        Box::pin(async move {
            self.1
                .step(async { self.0.commit(change).await }, || {
                    StoreError::Closed.into()
                })
                .await
        })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

fn mortal(process: &Process, fate: &Arc<Fate>) -> Executor {
    Executor {
        catalog: Arc::new(MortalCatalog(process.catalog.clone(), fate.clone())),
        logs: Arc::new(MortalLogs(process.shards.clone(), fate.clone())),
        entropy: process.entropy.clone(),
    }
}

/// The catalog and the logs agree about who takes records, and the numbers of the children are greater.
async fn check_settled(process: &Process, open_shards: u32) {
    let stream = process.stream();
    assert_eq!(stream.status, StreamStatus::Active);
    assert_eq!(stream.open_shard_count(), open_shards);
    for shard in stream.shards.values() {
        let facts = process
            .shards
            .facts(Member::of(&stream, shard))
            .await
            .expect("read")
            .expect("a log");
        if shard.status.is_closed() {
            assert_eq!(facts.phase, ShardPhase::Sealed, "{}", shard.id);
            assert!(process.append(shard, "late").await.is_err(), "{}", shard.id);
        } else {
            assert_eq!(facts.phase, ShardPhase::Open, "{}", shard.id);
            process.append(shard, "new").await.expect("taken");
        }
        for parent in shard.parents() {
            let parent = &stream.shards[&parent];
            let ending = parent.ending_sequence_number().expect("closed");
            assert!(
                ending < shard.starting_sequence_number(),
                "{} after {}",
                shard.id,
                parent.id
            );
        }
    }
}

/// Dies at every step in turn, starts again over what is on the disk, and lets the next process end what was begun.
async fn survives_every_death(begin: impl Fn() -> Change, shards_before: u64, shards_after: u32) {
    for at in 0.. {
        let mut lived = true;
        for death in [Death::Before(at), Death::After(at)] {
            let disk = Disk::new();
            let first = disk.start();
            first.create(shards_before).await;
            for shard in first.stream().shards.values() {
                first.append(shard, "old").await.expect("taken");
            }
            first.change(begin()).await;
            let fate = Fate::new(death);
            let outcome = mortal(&first, &fate).run(&name(), STREAM).await;
            lived &= outcome.is_ok();
            // Its executor died; its groups end too, as they would with the process, or two of each would write one log.
            first.shards.stop().await;
            drop(first);

            let second = disk.start();
            second
                .executor()
                .run(&name(), STREAM)
                .await
                .unwrap_or_else(|failure| panic!("{death:?}: {failure}"));
            check_settled(&second, shards_after).await;
        }
        if lived {
            assert!(at > 3, "a reshard takes more than {at} steps");
            return;
        }
    }
}

#[tokio::test]
async fn a_split_survives_a_death_at_every_step() {
    let split = || SplitShard {
        stream: name(),
        shard: shard_id(0),
        new_starting_hash_key: HashKey::new(7),
        reason: "test".into(),
    };
    survives_every_death(|| split().into(), 2, 3).await;
}

#[tokio::test]
async fn a_merge_survives_a_death_at_every_step() {
    let merge = || MergeShards {
        stream: name(),
        shard: shard_id(0),
        adjacent: shard_id(1),
        reason: "test".into(),
    };
    survives_every_death(|| merge().into(), 3, 2).await;
}

#[tokio::test]
async fn scaling_survives_a_death_at_every_step() {
    let scale = |target| {
        move || {
            ScaleStream {
                stream: name(),
                target,
                reason: "test".into(),
            }
            .into()
        }
    };
    survives_every_death(scale(4), 2, 4).await;
    survives_every_death(scale(3), 4, 3).await;
}

#[tokio::test]
async fn two_executors_on_one_stream_do_no_harm() {
    let disk = Disk::new();
    let process = disk.start();
    process.create(4).await;
    process
        .change(ScaleStream {
            stream: name(),
            target: 8,
            reason: "test".into(),
        })
        .await;
    let (one, other) = (process.executor(), process.executor());
    let (stream, again) = (name(), name());
    let (first, second) = tokio::join!(one.run(&stream, STREAM), other.run(&again, STREAM));
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    process
        .executor()
        .run(&name(), STREAM)
        .await
        .expect("nothing is left");
    check_settled(&process, 8).await;
}

/// Notes how many seals are under way at a time.
struct Crowd {
    logs: Arc<ShardRegistry>,
    sealing: AtomicUsize,
    most: AtomicUsize,
}

impl ShardLogs for Crowd {
    fn facts<'a>(
        &'a self,
        member: Member<'a>,
    ) -> BoxFuture<'a, Result<Option<ShardFacts>, LogsError>> {
        self.logs.facts(member)
    }

    fn form<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        self.logs.form(member)
    }

    fn seal<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        children: &'a [ShardId],
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        Box::pin(async move {
            let now = self.sealing.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(now, Ordering::Relaxed);
            tokio::task::yield_now().await;
            let outcome = self.logs.seal(member, epoch, children).await;
            self.sealing.fetch_sub(1, Ordering::Relaxed);
            outcome
        })
    }

    fn activate<'a>(
        &'a self,
        member: Member<'a>,
        epoch: u64,
        floor: Timestamp,
    ) -> BoxFuture<'a, Result<(), LogsError>> {
        self.logs.activate(member, epoch, floor)
    }

    fn destroy<'a>(&'a self, member: Member<'a>) -> BoxFuture<'a, Result<(), LogsError>> {
        ShardLogs::destroy(&*self.logs, member)
    }
}

#[tokio::test]
async fn independent_parts_of_a_reshard_run_at_the_same_time() {
    let disk = Disk::new();
    let process = disk.start();
    process.create(8).await;
    process
        .change(ScaleStream {
            stream: name(),
            target: 16,
            reason: "test".into(),
        })
        .await;
    let crowd = Arc::new(Crowd {
        logs: process.shards.clone(),
        sealing: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    process
        .executor_with(crowd.clone())
        .run(&name(), STREAM)
        .await
        .expect("done");
    check_settled(&process, 16).await;
    assert_eq!(crowd.most.load(Ordering::Relaxed), 8);
}

//! A catalog to change, with identities drawn in order, and an executor that carries a reshard out at once.

use std::time::Duration;

use crate::catalog::*;
use crate::lineage::OpenShards;
use crate::quota::Limits;
use crate::reshard::next_operations;
use crate::{ConsumerName, HashKeyRange, ShardId, ShardUid, StreamName, StreamUid, Timestamp};

pub(crate) struct Catalog {
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Timestamp,
    next_uid: u128,
}

pub(crate) fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

pub(crate) fn consumer_name(text: &str) -> ConsumerName {
    text.parse().unwrap()
}

pub(crate) fn shard(index: u32) -> ShardId {
    ShardId::new(index).unwrap()
}

impl Catalog {
    pub(crate) fn with_limits(limits: Limits) -> Self {
        let account = Account::new(
            "123456789012".parse().unwrap(),
            "us-east-1".parse().unwrap(),
        );
        let now = Timestamp::from_secs(1_700_000_000);
        Self {
            snapshot: Snapshot::new(account, limits),
            now,
            next_uid: 1,
        }
    }

    pub(crate) fn new() -> Self {
        Self::with_limits(Limits::aws())
    }

    /// With one active stream `s`.
    pub(crate) fn with_stream(shard_count: u32) -> Self {
        let mut catalog = Self::new();
        catalog.create("s", shard_count);
        catalog
    }

    pub(crate) fn apply(
        &mut self,
        change: impl Into<Change>,
    ) -> Result<Vec<ObjectKey>, ChangeError> {
        let (snapshot, touched) = self.snapshot.apply(&change.into(), self.now)?;
        assert_eq!(snapshot.version, self.snapshot.version + 1);
        self.snapshot = snapshot;
        self.check_invariants();
        Ok(touched)
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
    }

    pub(crate) fn uids(&mut self, count: usize) -> Vec<ShardUid> {
        (0..count)
            .map(|_| ShardUid::from_bits(self.uid()))
            .collect()
    }

    fn uid(&mut self) -> u128 {
        self.next_uid += 1;
        self.next_uid
    }

    pub(crate) fn create_request(
        &mut self,
        stream: &str,
        mode: StreamMode,
        shard_count: u32,
    ) -> CreateStream {
        CreateStream {
            name: name(stream),
            uid: StreamUid::from_bits(self.uid()),
            mode,
            shard_uids: self.uids(shard_count as usize),
            tags: Tags::new(),
            max_record_size_kib: None,
            warm_throughput_mibps: None,
            record_distribution: None,
        }
    }

    pub(crate) fn create(&mut self, stream: &str, shard_count: u32) {
        let request = self.create_request(stream, StreamMode::Provisioned, shard_count);
        self.apply(request).unwrap();
        self.activate(stream);
    }

    pub(crate) fn create_on_demand(&mut self, stream: &str) {
        let request = self.create_request(stream, StreamMode::OnDemand, 4);
        self.apply(request).unwrap();
        self.activate(stream);
    }

    pub(crate) fn activate(&mut self, stream: &str) {
        let uid = self.stream(stream).uid;
        self.apply(StreamBecameActive {
            name: name(stream),
            uid,
        })
        .unwrap();
    }

    pub(crate) fn stream(&self, stream: &str) -> &Stream {
        self.snapshot.stream(stream).unwrap()
    }

    pub(crate) fn ranges(&self, stream: &str) -> Vec<HashKeyRange> {
        self.stream(stream)
            .open_shards
            .iter()
            .map(|(range, _)| range)
            .collect()
    }

    /// Begins what can be begun; what began, as epochs.
    pub(crate) fn begin_operations(&mut self, stream: &str) -> Vec<u64> {
        let before = self.stream(stream).clone();
        let reshard = before.running_reshard().unwrap();
        let wanted = next_operations(&before, reshard);
        let operations = wanted.into_iter().map(|operation| NewOperation {
            operation,
            child_uids: self.uids(operation.child_count()),
        });
        let operations = operations.collect();
        let begin = BeginOperations {
            stream: name(stream),
            uid: before.uid,
            reshard: reshard.id,
            operations,
        };
        self.apply(begin).unwrap();
        self.stream(stream)
            .running_reshard()
            .unwrap()
            .running
            .iter()
            .map(|running| running.epoch)
            .collect()
    }

    pub(crate) fn finish_operations(
        &mut self,
        stream: &str,
        epochs: &[u64],
    ) -> Result<(), ChangeError> {
        let before = self.stream(stream);
        let reshard = before.reshards.get_max().unwrap().0;
        let finished = epochs.iter().map(|epoch| FinishedOperation {
            epoch: *epoch,
            last_arrival: self.now,
        });
        let finish = FinishOperations {
            stream: name(stream),
            uid: before.uid,
            reshard,
            finished: finished.collect(),
        };
        self.apply(finish).map(drop)
    }

    /// Carries the running reshard out, in as many turns as it takes.
    pub(crate) fn carry_out(&mut self, stream: &str) -> u32 {
        let mut turns = 0;
        while self.stream(stream).running_reshard().is_some() {
            let epochs = self.begin_operations(stream);
            self.finish_operations(stream, &epochs).unwrap();
            turns += 1;
            assert!(turns < 1_000, "a reshard ends");
        }
        turns
    }

    /// Asks the service's own way for so many shards of equal size.
    pub(crate) fn begin_scaling(&mut self, stream: &str, target: u32) {
        self.apply(ScaleStream {
            stream: name(stream),
            target,
            reason: "test".to_owned(),
        })
        .unwrap();
    }

    pub(crate) fn scale(&mut self, stream: &str, target: u32) {
        self.begin_scaling(stream, target);
        self.carry_out(stream);
    }

    /// What holds after every change, worked out again from nothing.
    fn check_invariants(&self) {
        let mut totals = Totals::default();
        for stream in self.snapshot.streams.values() {
            let routable = stream
                .shards
                .values()
                .filter(|shard| shard.status.is_routable());
            let table = OpenShards::new(routable.map(|shard| (shard.range, shard.id)));
            if stream.status == StreamStatus::Creating {
                totals.creating_streams += 1;
                totals.open_shards += stream.shards.len() as u64;
            } else if let Ok(table) = table {
                assert_eq!(
                    table, *stream.open_shards,
                    "the table follows from the shards"
                );
                totals.open_shards += u64::from(table.len());
            } else {
                assert_eq!(
                    stream.status,
                    StreamStatus::Deleting,
                    "an open stream tiles"
                );
                totals.open_shards += stream.shards.len() as u64;
            }
            totals.on_demand_streams += u32::from(stream.mode == StreamMode::OnDemand);
            check_lineage(stream);
        }
        assert_eq!(self.snapshot.totals(), totals);
    }
}

/// Ids and numbers grow from parents to children.
fn check_lineage(stream: &Stream) {
    for shard in stream.shards.values() {
        for parent in shard.parents().filter_map(|id| stream.shards.get(&id)) {
            assert!(parent.id < shard.id);
            if let Some(ending) = parent.ending_sequence_number() {
                assert!(ending < shard.starting_sequence_number());
            }
        }
    }
}

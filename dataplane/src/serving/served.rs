//! The shards of this process, with AWS's limits on each and what is counted of each.
//!
//! Owns the order in which a request meets them: limits first, then the log, then the counters. Knows no catalog and no
//! request: a standalone node and a shard pod's gRPC service ask it the same.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::{HashKeyRange, ShardId, ShardPhase, ShardUid, StreamName, Timestamp};

use tokio::time::{Instant, timeout_at};

use super::{Attempt, Freshness, ReadRefused, Reader, Verdict};
use crate::autoscaling::ShardSketches;
use crate::clock::Clock;
use crate::metrics::{Role, ShardMetrics};
use crate::shard::{
    Append, Birth, NewRecord, ReadBatch, ReadFrom, ReadLimits, Resume, ShardHandle, ShardRegistry,
    Tip,
};
use crate::throttling::Throttles;

/// The shards of this process.
pub struct ServedShards {
    /// Their logs.
    pub registry: Arc<ShardRegistry>,
    /// Their limits.
    pub throttles: Throttles,
    /// Their series.
    pub metrics: ShardMetrics,
    /// How their load lies.
    pub sketches: ShardSketches,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Which shard, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Which bytes are its.
    pub uid: ShardUid,
    /// What it is if it was never used.
    pub birth: Birth,
    /// The stream's name, for its series.
    pub stream: &'a StreamName,
    /// Its own name, likewise.
    pub id: ShardId,
    /// Its hash keys, for its sketch; none where a caller of an earlier release does not say.
    pub range: Option<HashKeyRange>,
}

impl<'a> Subject<'a> {
    /// A shard of the catalog.
    pub fn of(stream: &'a Stream, shard: &Shard) -> Self {
        Self {
            uid: shard.uid,
            birth: Birth::of(shard),
            stream: &stream.name,
            id: shard.id,
            range: Some(shard.range),
        }
    }
}

impl ServedShards {
    /// What the shard holds.
    pub fn handle(&self, subject: Subject<'_>) -> Arc<ShardHandle> {
        self.registry.shard(subject.uid, subject.birth)
    }

    /// Gives the shard its series, if it has none.
    pub fn measure(&self, subject: Subject<'_>) {
        self.metrics.of(subject.uid, subject.stream, subject.id);
    }

    /// Appends the records that the shard's write limit lets in.
    pub async fn append(
        &self,
        subject: Subject<'_>,
        mut append: Append,
        attempt: Attempt,
    ) -> Verdict {
        let throttled = match attempt {
            Attempt::First => self.throttle(subject, &mut append.records),
            Attempt::Repeated => Vec::new(),
        };
        if append.records.is_empty() {
            return Verdict {
                throttled,
                outcome: None,
            };
        }
        let bytes: usize = append.records.iter().map(NewRecord::counted_len).sum();
        let (bytes, records) = (bytes as u64, append.records.len() as u64);
        let outcome = self.handle(subject).append(append).await;
        if outcome.is_ok() {
            let counters = self.metrics.of(subject.uid, subject.stream, subject.id);
            counters.incoming_bytes.inc_by(bytes);
            counters.incoming_records.inc_by(records);
        }
        Verdict {
            throttled,
            outcome: Some(outcome.map_err(Into::into)),
        }
    }

    /// Takes out what is past the shard's write limit, and says where it stood.
    fn throttle(&self, subject: Subject<'_>, records: &mut Vec<NewRecord>) -> Vec<usize> {
        let now = self.clock.now();
        if let Some(range) = subject.range {
            self.sketches.offer(subject.uid, range, records, now);
        }
        let tanks = self.throttles.of(subject.uid, now);
        let mut refused_bytes = 0;
        let mut throttled = Vec::new();
        let mut place = 0;
        let mut tanks = tanks.lock();
        records.retain(|record| {
            let bytes = record.counted_len() as u64;
            let is_taken = tanks.write.take(now, bytes).is_ok();
            if !is_taken {
                refused_bytes += bytes;
                throttled.push(place);
            }
            place += 1;
            is_taken
        });
        if !throttled.is_empty() {
            let counters = self.metrics.of(subject.uid, subject.stream, subject.id);
            counters.refused_bytes.inc_by(refused_bytes);
            counters.refused_records.inc_by(throttled.len() as u64);
        }
        throttled
    }

    /// Reads records from `from` on. A polling reader is counted, unless it is sent to another replica; [`Self::charge_read`] says by
    /// how much it was given.
    pub async fn read(
        &self,
        subject: Subject<'_>,
        from: ReadFrom,
        limits: ReadLimits,
        (reader, freshness): (Reader, Freshness),
    ) -> Result<ReadBatch, ReadRefused> {
        let handle = self.handle(subject);
        if freshness != Freshness::Applied {
            handle.check_leading()?;
        }
        if reader == Reader::Polling {
            let now = self.clock.now();
            let tanks = self.throttles.of(subject.uid, now);
            let admitted = tanks.lock().read.admit_call(now);
            if admitted.is_err() {
                let counters = self.metrics.of(subject.uid, subject.stream, subject.id);
                counters.read_throttled.inc();
                return Err(ReadRefused::Throttled);
            }
        }
        let batch = handle.read(from, limits).await?;
        if freshness == Freshness::Current && batch.is_at_tip() && !batch.is_at_end_of_sealed() {
            let confirmed = handle.confirm_current().await;
            if confirmed.is_err() && reader == Reader::Polling {
                let tanks = self.throttles.of(subject.uid, self.clock.now());
                tanks.lock().read.give_back_call();
            }
            confirmed?;
        }
        if !batch.is_empty() {
            let role = if handle.group().is_led_here() {
                Role::Leader
            } else {
                Role::Follower
            };
            self.metrics.count_read(role, batch.stored_bytes() as u64);
        }
        Ok(batch)
    }

    /// The shard's newest end.
    pub async fn tip(
        &self,
        subject: Subject<'_>,
        freshness: Freshness,
    ) -> Result<Tip, ReadRefused> {
        let handle = self.handle(subject);
        let tip = handle.tip().await?;
        match freshness {
            // Nothing comes after the end of a sealed shard.
            _ if tip.phase == ShardPhase::Sealed => {}
            Freshness::Applied => {}
            Freshness::Leading => handle.check_leading()?,
            Freshness::Current => handle.confirm_current().await?,
        }
        Ok(tip)
    }

    /// Turns a starting point into a log position. Only the end is somewhere else on a replica that is behind.
    pub async fn locate(
        &self,
        subject: Subject<'_>,
        from: ReadFrom,
        horizon: Timestamp,
        freshness: Freshness,
    ) -> Result<Resume, ReadRefused> {
        let handle = self.handle(subject);
        let resume = handle.locate(from, horizon).await?;
        if from == ReadFrom::Latest {
            self.tip(subject, freshness).await?;
        }
        Ok(resume)
    }

    /// Counts what a polling reader was given.
    pub fn charge_read(&self, subject: Subject<'_>, bytes: u64, records: u64) {
        let now = self.clock.now();
        let tanks = self.throttles.of(subject.uid, now);
        tanks.lock().read.charge(now, bytes);
        let counters = self.metrics.of(subject.uid, subject.stream, subject.id);
        counters.outgoing_bytes.inc_by(bytes);
        counters.outgoing_records.inc_by(records);
    }

    /// Waits until the log goes on past `end_index`, until `deadline` at most.
    pub async fn wait_past(&self, subject: Subject<'_>, end_index: u64, deadline: Instant) {
        let handle = self.handle(subject);
        // Whatever ends the wait, the next read says what there is.
        let _ = timeout_at(deadline, async {
            handle.tail().await?.past(end_index).await
        })
        .await;
    }

    /// Counts a call that asks for an iterator.
    pub fn admit_iterator(&self, subject: Subject<'_>) -> Result<(), ReadRefused> {
        let now = self.clock.now();
        let tanks = self.throttles.of(subject.uid, now);
        let admitted = tanks.lock().read.admit_iterator_call(now);
        admitted.map_err(|_| ReadRefused::Throttled)
    }

    /// The shards that have tanks, series or a sketch.
    pub fn remembered(&self) -> HashSet<ShardUid> {
        let counted = self.metrics.uids().into_iter();
        let limited = counted.chain(self.throttles.uids());
        limited.chain(self.sketches.uids()).collect()
    }

    /// Drops the tanks, the series and the sketches of shards that are gone.
    pub fn forget(&self, gone: &HashSet<ShardUid>) {
        self.metrics.forget(gone);
        self.throttles.forget(gone);
        self.sketches.forget(gone);
    }
}

impl fmt::Debug for ServedShards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedShards")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

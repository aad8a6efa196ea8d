//! The body of one `SubscribeToShard` answer: frames, drawn one after the other as the client takes them.
//!
//! Owns the rhythm: records as soon as they are there and as fast as 2 MiB/s allow, a sign of life every five seconds,
//! the end after five minutes, at the shard's end, or when another subscription takes over. Nothing is read before the
//! client has taken what came before, so a slow one costs a few frames of memory and no more.
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{Consumer, Shard, Stream as KinesisStream};
use anabranch_domain::{SequenceNumber, Timestamp, retention};
use anabranch_wire::event_stream::{
    append_exception, append_initial_response, append_subscribe_to_shard_event,
};
use anabranch_wire::shapes::SubscribeToShardEvent;
use anabranch_wire::{ApiError, Codec, ErrorKind, Text, encode_sized};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

use super::pace::Pace;
use super::slots::Slot;
use crate::operations::{Services, records};
use crate::serving::{Freshness, Vantage};
use crate::shard::{ReadBatch, ReadFrom, ReadLimits, Resume};

/// Frames of one subscription.
pub type EventStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How long a subscription lasts.
const LIFE: Duration = Duration::from_mins(5);
/// An event at least this often, with or without records.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// What one event carries at most, in bytes and in records: small enough that the first record is not kept waiting for
/// the last, large enough that frames cost nothing.
const EVENT_BYTES_MAX: usize = 1 << 20;
const EVENT_RECORDS_MAX: usize = 10_000;

/// One subscription, from its first frame to its last.
pub(crate) struct Push {
    /// What it works with.
    pub(crate) services: Arc<Services>,
    /// Its place; freed when it ends.
    pub(crate) slot: Slot,
    /// How events are written.
    pub(crate) codec: Codec,
    /// The stream as it was when it began.
    pub(crate) stream: Arc<KinesisStream>,
    /// Who is subscribed.
    pub(crate) consumer: Arc<Consumer>,
    /// The shard.
    pub(crate) shard: Arc<Shard>,
    /// Where it begins.
    pub(crate) from: Resume,
    /// Which replica it is read from.
    pub(crate) vantage: Vantage,
    /// What the first continuation goes on from, while nothing was read.
    pub(crate) started_at: SequenceNumber,
}

struct Running {
    push: Push,
    pace: Pace,
    next: Resume,
    continuation: SequenceNumber,
    ends: Instant,
    heartbeat: Instant,
    stage: Stage,
}

enum Stage {
    Opening,
    Pushing,
    Ended,
}

/// What the next frame is made of.
enum Event {
    Records(ReadBatch),
    Displaced,
    StreamGone,
    ConsumerGone,
    Failed,
    Over,
}

impl Push {
    /// The frames. Each is made when the one before it was taken.
    pub(crate) fn into_stream(self) -> EventStream {
        let now = Instant::now();
        let rate = self.services.snapshot().limits.shard.fan_out_bytes_per_sec;
        let running = Running {
            pace: Pace::new(rate),
            next: self.from,
            continuation: self.started_at,
            ends: now + LIFE,
            heartbeat: now + HEARTBEAT,
            stage: Stage::Opening,
            push: self,
        };
        running.push.services.metrics.requests.subscriptions.inc();
        Box::pin(stream::unfold(running, |mut running| async move {
            let frame = running.next_frame().await?;
            Some((Ok(frame), running))
        }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.push.services.metrics.requests.subscriptions.dec();
    }
}

impl Running {
    async fn next_frame(&mut self) -> Option<Bytes> {
        match self.stage {
            Stage::Opening => {
                self.stage = Stage::Pushing;
                Some(self.initial_response())
            }
            Stage::Pushing => {
                let event = self.select().await;
                self.apply(event)
            }
            Stage::Ended => None,
        }
    }

    /// Waits for the next thing to say; changes nothing but the pace.
    async fn select(&mut self) -> Event {
        if self.push.slot.is_displaced() {
            return Event::Displaced;
        }
        if Instant::now() >= self.ends {
            return Event::Over;
        }
        let due = self.heartbeat.min(self.ends);
        let ready_at = self.pace.ready_at();
        tokio::select! {
            biased;
            () = self.push.slot.displaced() => return Event::Displaced,
            () = sleep_until(ready_at.min(due)) => {}
        }
        if let Some(gone) = self.gone() {
            return gone;
        }
        loop {
            // What says that nothing came says so of everything that was put. What comes before need not wait for that.
            let freshness = if Instant::now() >= due {
                Freshness::Current
            } else {
                Freshness::Leading
            };
            let batch = match self.read(freshness).await {
                Ok(batch) => batch,
                // What is deleted cannot be read.
                Err(event) => return self.gone().unwrap_or(event),
            };
            let has_news = !batch.is_empty() || batch.is_at_end_of_sealed();
            if has_news || Instant::now() >= due {
                return Event::Records(batch);
            }
            self.next = batch.next;
            let push = &self.push;
            let shards = &push.services.shards;
            let seen = self.next.log_index;
            tokio::select! {
                biased;
                () = push.slot.displaced() => return Event::Displaced,
                () = shards.wait_past(&push.vantage, &push.stream, &push.shard, seen, due) => {}
            }
        }
    }

    async fn read(&mut self, freshness: Freshness) -> Result<ReadBatch, Event> {
        let push = &mut self.push;
        let now = push.services.now();
        let limits = ReadLimits {
            records_max: EVENT_RECORDS_MAX,
            bytes_max: EVENT_BYTES_MAX,
            horizon: retention::trim_horizon(now, push.stream.retention_hours),
        };
        let from = ReadFrom::Resume(self.next);
        let shards = &push.services.shards;
        let vantage = &mut push.vantage;
        let (stream, shard) = (&push.stream, &push.shard);
        let read = shards.follow(vantage, stream, shard, from, limits, freshness);
        read.await.map_err(|failed| {
            error!(shard = %push.shard.id, %failed, "read for a subscription failed");
            Event::Failed
        })
    }

    /// What ends it when the stream was deleted or the consumer deregistered; a successor of the same name is another.
    fn gone(&self) -> Option<Event> {
        let push = &self.push;
        let snapshot = push.services.snapshot();
        let Some(stream) = snapshot.still_serving(&push.stream) else {
            return Some(Event::StreamGone);
        };
        let consumer = stream.consumers.get(&push.consumer.name);
        let is_registered = consumer.is_some_and(|newest| newest.created == push.consumer.created);
        (!is_registered).then_some(Event::ConsumerGone)
    }

    /// Makes the frame and moves on; never waits.
    fn apply(&mut self, event: Event) -> Option<Bytes> {
        match event {
            Event::Records(batch) => Some(self.event_frame(&batch)),
            Event::Over => {
                self.stage = Stage::Ended;
                None
            }
            Event::Displaced => Some(self.last_words(
                ErrorKind::ResourceInUseException,
                "Another active subscription exists for this consumer.",
            )),
            Event::StreamGone => Some(self.last_words(
                ErrorKind::ResourceNotFoundException,
                "The stream of this subscription was deleted.",
            )),
            Event::ConsumerGone => Some(self.last_words(
                ErrorKind::ResourceNotFoundException,
                "The consumer of this subscription was deregistered.",
            )),
            Event::Failed => Some(self.failed()),
        }
    }

    fn event_frame(&mut self, batch: &ReadBatch) -> Bytes {
        let push = &self.push;
        let now = push.services.now();
        let rendered = match records::render(&push.shard, batch) {
            Ok(rendered) => rendered,
            Err(damaged) => {
                error!(shard = %push.shard.id, %damaged, "stored records cannot be read");
                return self.failed();
            }
        };
        let counters = push.services.metrics.streams.of(&push.stream.name);
        counters.fan_out_bytes.inc_by(rendered.counted_bytes);
        counters
            .fan_out_records
            .inc_by(rendered.records.len() as u64);
        self.pace.charge(rendered.counted_bytes);
        self.heartbeat = Instant::now() + HEARTBEAT;
        self.next = batch.next;
        self.continuation = self.continuation_after(batch, now);
        let is_last = batch.is_at_end_of_sealed();
        if is_last {
            self.stage = Stage::Ended;
        }
        let event = SubscribeToShardEvent {
            records: rendered.records,
            continuation_sequence_number: (!is_last)
                .then(|| Text::from(self.continuation.text().as_str())),
            millis_behind_latest: records::millis_behind_latest(batch, now),
            child_shards: is_last.then(|| self.child_shards()),
        };
        let codec = self.push.codec;
        let payload = encode_sized(codec, &event, event.encoded_bytes(codec));
        let mut frame = BytesMut::with_capacity(payload.len() + 256);
        append_subscribe_to_shard_event(&mut frame, codec, |out| out.extend_from_slice(&payload));
        frame.freeze()
    }

    /// Greater than every number that was pushed, and with the time of now: so it moves on when nothing comes, too.
    fn continuation_after(&self, batch: &ReadBatch, now: Timestamp) -> SequenceNumber {
        let shard = &self.push.shard;
        match batch.next.ordinal.checked_sub(1) {
            Some(last) => {
                let arrival = batch.last_arrival().unwrap_or(now);
                SequenceNumber::record(shard.created, shard.id, last, arrival)
            }
            None => self.continuation,
        }
    }

    fn failed(&mut self) -> Bytes {
        self.last_words(
            ErrorKind::InternalFailureException,
            "Internal service failure.",
        )
    }

    fn child_shards(&self) -> Vec<anabranch_wire::shapes::ChildShard> {
        let push = &self.push;
        let snapshot = push.services.snapshot();
        let newest = snapshot
            .streams
            .get(&push.stream.name)
            .unwrap_or(&push.stream);
        records::child_shards(newest, push.shard.id)
    }

    fn initial_response(&self) -> Bytes {
        let mut frame = BytesMut::new();
        append_initial_response(&mut frame, self.push.codec, |out| {
            out.extend_from_slice(&anabranch_wire::encode(self.push.codec, &Empty {}));
        });
        frame.freeze()
    }

    fn last_words(&mut self, kind: ErrorKind, message: &str) -> Bytes {
        info!(stream = %self.push.stream.name, shard = %self.push.shard.id, %kind, "subscription ends");
        self.stage = Stage::Ended;
        let error = ApiError::new(kind, message);
        let mut frame = BytesMut::new();
        append_exception(&mut frame, kind, self.push.codec, |out| {
            out.extend_from_slice(&error.encode(self.push.codec));
        });
        frame.freeze()
    }
}

/// The output structure of the operation, which has no members beside the events.
#[derive(serde::Serialize)]
struct Empty {}

//! A consumer by enhanced fan-out: registered, subscribed to every shard in its turn, and subscribed again whenever a subscription
//! ends or it feels like it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anabranch::fanout::EventStream;
use anabranch_domain::{SequenceNumber, ShardId};
use anabranch_wire::event_stream::{FrameDecoder, Message};
use anabranch_wire::shapes::SubscribeToShardEvent;
use anabranch_wire::{Codec, decode_response};
use bytes::BytesMut;
use futures_util::StreamExt as _;

use crate::clients::{readable, wait_for};
use crate::dice::Dice;
use crate::gateway::Gateway;
use crate::history::Read;
use crate::stage::{Act, Stage};
use crate::trace;

/// Larger than everything that is put.
const FRAME_BYTES_MAX: u32 = 64 << 20;

/// An open subscription.
pub(crate) struct Subscription {
    frames: EventStream,
    arrived: BytesMut,
    decoder: FrameDecoder,
}

impl Subscription {
    pub(crate) fn new(frames: EventStream) -> Self {
        Self {
            frames,
            arrived: BytesMut::new(),
            decoder: FrameDecoder::new(FRAME_BYTES_MAX),
        }
    }

    /// The next event, or why there is none. May be given up and called again.
    async fn next(&mut self) -> Result<SubscribeToShardEvent, String> {
        loop {
            let message = self.decoder.decode(&mut self.arrived);
            if let Some(message) = message.map_err(|error| error.to_string())? {
                if let Some(event) = understand(&message)? {
                    return Ok(event);
                }
                continue;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => self.arrived.extend_from_slice(&frame),
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("it is over".to_owned()),
            }
        }
    }
}

/// The event in a message; none in the one that opens the stream.
fn understand(message: &Message) -> Result<Option<SubscribeToShardEvent>, String> {
    if let Some(kind) = message.exception_type() {
        return Err(kind.to_owned());
    }
    if message.event_type() != Some("SubscribeToShardEvent") {
        return Ok(None);
    }
    let event = decode_response(Codec::Cbor, message.payload());
    event.map(Some).map_err(|error| error.to_string())
}

/// How far it is in one shard.
#[derive(Default)]
struct Place {
    subscription: Option<Subscription>,
    /// Where the next subscription goes on.
    continuation: Option<SequenceNumber>,
    /// The record that must come next; nothing where it began at the tip.
    expected: Option<u64>,
    is_done: bool,
}

/// Follows the lineage as `name`, by what is pushed.
pub(crate) async fn follow(
    stage: Arc<Stage>,
    gateway: Arc<Gateway>,
    name: String,
    dice: Arc<Dice>,
) {
    wait_for(&stage, Act::Load).await;
    // One registration a gateway: its next start finds that of the one before.
    let consumer = name.split('.').next().unwrap_or_default();
    let arn = loop {
        match gateway.register(consumer).await {
            Ok(arn) => break arn,
            Err(why) => trace::note(|| format!("{name} is not registered: {why}")),
        }
        tokio::time::sleep(dice.millis(100..=500)).await;
    };
    let mut places: BTreeMap<ShardId, Place> = BTreeMap::new();
    while stage.act() == Act::Load {
        let is_done = |shard| places.get(&shard).is_some_and(|place| place.is_done);
        for shard in readable(&stage, is_done) {
            let place = places.entry(shard).or_default();
            if let Err(why) = step(&stage, &gateway, &name, (&arn, shard), place, &dice).await {
                trace::note(|| format!("{name} is pushed nothing of {}: {why}", shard.index()));
            }
        }
        tokio::time::sleep(dice.millis(1..=100)).await;
    }
}

async fn step(
    stage: &Stage,
    gateway: &Gateway,
    name: &str,
    (arn, shard): (&str, ShardId),
    place: &mut Place,
    dice: &Dice,
) -> Result<(), String> {
    let mut subscription = match place.subscription.take() {
        Some(open) if !dice.one_of_a_thousand(20) => open,
        _ => subscribe(gateway, (arn, shard), place, dice).await?,
    };
    // What is not there soon is waited for the next time.
    let patience: Duration = dice.millis(1..=200);
    let Ok(event) = tokio::time::timeout(patience, subscription.next()).await else {
        place.subscription = Some(subscription);
        return Ok(());
    };
    let event = event?;
    let returned = trace::moment();
    let records = event.records.iter().map(|record| {
        let number: SequenceNumber = record.sequence_number.parse().map_err(|_| "a number")?;
        let data = String::from_utf8_lossy(record.data.as_ref()).into_owned();
        Ok((number.ordinal(), data))
    });
    let records: Vec<_> = records.collect::<Result<_, &str>>()?;
    if let Some((last, _)) = records.last() {
        let last = *last;
        trace::note(|| format!("{name} was pushed {} up to {last}", shard.index()));
        stage.recorder.lock().reads.push(Read {
            reader: name.to_owned(),
            shard: shard.index(),
            expected: place.expected.replace(last + 1),
            returned,
            records,
        });
    }
    match event.continuation_sequence_number {
        Some(number) => {
            let number = number.parse().map_err(|_| "an unreadable number")?;
            place.continuation = Some(number);
            place.subscription = Some(subscription);
        }
        None => place.is_done = true,
    }
    Ok(())
}

/// A new subscription, from where the one before was.
async fn subscribe(
    gateway: &Gateway,
    (arn, shard): (&str, ShardId),
    place: &mut Place,
    dice: &Dice,
) -> Result<Subscription, String> {
    let (kind, number) = match place.continuation {
        Some(number) => ("AFTER_SEQUENCE_NUMBER", Some(number)),
        None if dice.below(8) == 0 => ("LATEST", None),
        None => ("TRIM_HORIZON", None),
    };
    let subscription = gateway.subscribe(arn, shard, kind, number).await?;
    if number.is_none() {
        place.expected = (kind == "TRIM_HORIZON").then_some(0);
    }
    Ok(subscription)
}

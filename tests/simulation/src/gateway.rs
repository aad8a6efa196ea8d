//! A gateway: the real one from a typed request on, with its routing and its patience, over the simulated network.

use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::Catalog;
use anabranch::clock::Clock;
use anabranch::encryption::KeyFile;
use anabranch::fanout::Subscriptions;
use anabranch::metrics::Metrics;
use anabranch::operations::{Answer, Services, dispatch};
use anabranch::serving::{PodAddresses, RemoteShards, Shards};
use anabranch::throttling::CallRates;
use anabranch_domain::access::Caller;
use anabranch_domain::{PodName, SequenceNumber, ShardId, StreamArn};
use anabranch_wire::opaque_token::TokenKey;
use anabranch_wire::shapes::{
    DescribeStreamConsumerInput, DescribeStreamConsumerOutput, GetRecordsInput, GetRecordsOutput,
    GetShardIteratorInput, GetShardIteratorOutput, PutRecordsInput, PutRecordsOutput,
    PutRecordsRequestEntry, RegisterStreamConsumerInput, StartingPosition, SubscribeToShardInput,
};
use anabranch_wire::{Blob, Codec, Request, Text, decode_response};
use bytes::Bytes;

use crate::catalog::{CatalogView, STREAM};
use crate::clock::MachineClock;
use crate::dice::Dice;
use crate::fan_out::Subscription;
use crate::history::Place;
use crate::network::{PORT, SimulatedNetwork};

/// As in a real gateway.
const PUT_PATIENCE: Duration = Duration::from_secs(10);

/// Addresses of all pods, over the simulated network.
pub(crate) fn remote_shards(pods: &[PodName]) -> RemoteShards {
    let listed = pods
        .iter()
        .map(|pod| (pod.clone(), format!("{pod}:{PORT}")));
    let addresses = PodAddresses::Listed(listed.collect());
    RemoteShards::over(
        Arc::new(SimulatedNetwork),
        addresses,
        KeyFile::none().ring(),
    )
}

/// Where a gateway runs: what stays when its process goes.
pub(crate) struct GatewaySeat {
    pub(crate) name: String,
    pub(crate) clock: Arc<MachineClock>,
    pub(crate) view: Arc<CatalogView>,
}

/// A gateway's inside.
pub(crate) struct Gateway {
    services: Arc<Services>,
    caller: Caller,
}

/// A page of records.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<PageRecord>,
    /// Where to go on; none at the end of a sealed shard.
    pub(crate) next: Option<String>,
    /// Whether the answer says that this is all there is now.
    pub(crate) is_at_tip: bool,
}

#[derive(Debug)]
pub(crate) struct PageRecord {
    pub(crate) number: SequenceNumber,
    pub(crate) key: String,
    pub(crate) data: String,
}

impl Gateway {
    pub(crate) fn new(
        catalog: Arc<CatalogView>,
        pods: &[PodName],
        clock: Arc<MachineClock>,
        dice: Arc<Dice>,
    ) -> anyhow::Result<Self> {
        let account = catalog.snapshot().account.id;
        let services = Services {
            catalog: catalog as Arc<dyn Catalog>,
            subscriptions: Subscriptions::new(16),
            // All gateways have the same: an iterator goes on at any of them.
            token_key: TokenKey::new(&[7; TokenKey::LEN]),
            shards: Shards::Remote(Arc::new(remote_shards(pods))),
            keys: Arc::new(KeyFile::none()),
            clock: clock as Arc<dyn Clock>,
            entropy: dice,
            metrics: Metrics::register(&prometheus::Registry::new())?,
            calls: CallRates::unlimited(),
            put_patience: PUT_PATIENCE,
        };
        Ok(Self {
            services: Arc::new(services),
            caller: Caller::root(account),
        })
    }

    async fn answer(&self, request: Request) -> Result<Answer, String> {
        let answer = dispatch(&self.services, &self.caller, Codec::Cbor, request).await;
        answer.map_err(|error| format!("{error:?}"))
    }

    async fn ask(&self, request: Request) -> Result<Bytes, String> {
        match self.answer(request).await? {
            Answer::Body(body) => Ok(body),
            Answer::EventStream(_) => Err("a subscription".to_owned()),
        }
    }

    /// Puts records, each a partition key and its bytes; says of each where it is, or why that is not known.
    pub(crate) async fn put(&self, records: &[(String, String)]) -> Vec<Result<Place, String>> {
        let entries = records.iter().map(|(key, data)| PutRecordsRequestEntry {
            partition_key: Some(Text::from(key.as_str())),
            data: Blob::from(Bytes::copy_from_slice(data.as_bytes())),
            ..PutRecordsRequestEntry::default()
        });
        let request = Request::PutRecords(PutRecordsInput {
            records: entries.collect(),
            stream_name: Some(STREAM.to_owned()),
            ..PutRecordsInput::default()
        });
        let answered = self.ask(request).await.and_then(|body| {
            let output: Result<PutRecordsOutput, _> = decode_response(Codec::Cbor, &body);
            output.map_err(|error| error.to_string())
        });
        match answered {
            Err(failure) => records.iter().map(|_| Err(failure.clone())).collect(),
            Ok(output) => output
                .records
                .into_iter()
                .map(|entry| match entry.sequence_number {
                    Some(number) => place_of(&number),
                    None => Err(entry
                        .error_code
                        .map(|code| code.to_string())
                        .unwrap_or_default()),
                })
                .collect(),
        }
    }

    /// Registers a consumer that may be registered already; gives its ARN once it is there to subscribe.
    pub(crate) async fn register(&self, consumer: &str) -> Result<String, String> {
        let snapshot = self.services.snapshot();
        let account = &snapshot.account;
        let stream_arn = StreamArn {
            region: account.region.clone(),
            account: account.id,
            stream: STREAM.parse().expect("a stream's name"),
        };
        let register = Request::RegisterStreamConsumer(RegisterStreamConsumerInput {
            stream_arn: stream_arn.to_string(),
            consumer_name: consumer.to_owned(),
            ..RegisterStreamConsumerInput::default()
        });
        let refused = self.ask(register).await.err();
        let describe = Request::DescribeStreamConsumer(DescribeStreamConsumerInput {
            stream_arn: Some(stream_arn.to_string()),
            consumer_name: Some(consumer.to_owned()),
            ..DescribeStreamConsumerInput::default()
        });
        let body = self
            .ask(describe)
            .await
            .map_err(|unknown| refused.unwrap_or(unknown))?;
        let output: DescribeStreamConsumerOutput =
            decode_response(Codec::Cbor, &body).map_err(|error| error.to_string())?;
        Ok(output.consumer_description.consumer_arn)
    }

    /// Subscribes the consumer of this ARN to `shard`; `kind` and `number` as for [`iterator`](Self::iterator).
    pub(crate) async fn subscribe(
        &self,
        consumer_arn: &str,
        shard: ShardId,
        kind: &str,
        number: Option<SequenceNumber>,
    ) -> Result<Subscription, String> {
        let request = Request::SubscribeToShard(SubscribeToShardInput {
            consumer_arn: consumer_arn.to_owned(),
            shard_id: shard.to_string(),
            starting_position: StartingPosition {
                kind: kind.to_owned(),
                sequence_number: number.map(|number| number.text().as_str().to_owned()),
                ..StartingPosition::default()
            },
            ..SubscribeToShardInput::default()
        });
        match self.answer(request).await? {
            Answer::EventStream(frames) => Ok(Subscription::new(frames)),
            Answer::Body(_) => Err("no subscription".to_owned()),
        }
    }

    /// An iterator of `shard`; `kind` is AWS's word, `number` the sequence number where the kind needs one.
    pub(crate) async fn iterator(
        &self,
        shard: ShardId,
        kind: &str,
        number: Option<SequenceNumber>,
    ) -> Result<String, String> {
        let request = Request::GetShardIterator(GetShardIteratorInput {
            shard_id: shard.to_string(),
            shard_iterator_type: kind.to_owned(),
            starting_sequence_number: number.map(|number| number.text().as_str().to_owned()),
            stream_name: Some(STREAM.to_owned()),
            ..GetShardIteratorInput::default()
        });
        let body = self.ask(request).await?;
        let output: GetShardIteratorOutput =
            decode_response(Codec::Cbor, &body).map_err(|error| error.to_string())?;
        output
            .shard_iterator
            .ok_or_else(|| "no iterator".to_owned())
    }

    /// Reads up to `limit` records.
    pub(crate) async fn read(&self, iterator: &str, limit: i32) -> Result<Page, String> {
        let request = Request::GetRecords(GetRecordsInput {
            limit: Some(limit),
            shard_iterator: iterator.to_owned(),
            ..GetRecordsInput::default()
        });
        let body = self.ask(request).await?;
        let output: GetRecordsOutput =
            decode_response(Codec::Cbor, &body).map_err(|error| error.to_string())?;
        let records = output.records.into_iter().map(|record| {
            let number: SequenceNumber = record
                .sequence_number
                .parse()
                .map_err(|_| "an unreadable number".to_owned())?;
            Ok(PageRecord {
                number,
                key: record
                    .partition_key
                    .map(|key| key.to_string())
                    .unwrap_or_default(),
                data: String::from_utf8_lossy(record.data.as_ref()).into_owned(),
            })
        });
        let records: Vec<_> = records.collect::<Result<_, String>>()?;
        Ok(Page {
            is_at_tip: output.millis_behind_latest == Some(0),
            records,
            next: output.next_shard_iterator,
        })
    }
}

fn place_of(number: &str) -> Result<Place, String> {
    let number: SequenceNumber = number
        .parse()
        .map_err(|_| format!("an unreadable number: {number}"))?;
    Ok((number.shard().index(), number.ordinal()))
}

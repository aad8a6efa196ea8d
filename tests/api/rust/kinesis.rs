//! The AWS SDK for Rust against a node: JSON over HTTP/1.1, errors as types, paginators, waiters and the event stream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_kinesis::client::Waiters;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, Record, ShardIteratorType, StartingPosition, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::{Client, Config};

const SHARD: &str = "shardId-000000000000";

fn client() -> Client {
    let endpoint = std::env::var("ANABRANCH_ENDPOINT").expect("the suite says where the node is");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn new_stream(client: &Client, shards: i32) -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let name = format!("rust-{}", since_epoch.as_nanos());
    client.create_stream().stream_name(&name).shard_count(shards).send().await.expect("create the stream");
    client
        .wait_until_stream_exists()
        .stream_name(&name)
        .wait(Duration::from_secs(60))
        .await
        .expect("the stream becomes ACTIVE");
    name
}

async fn read_all(client: &Client, stream: &str, shard: &str) -> Vec<Record> {
    let start = client
        .get_shard_iterator()
        .stream_name(stream)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await
        .expect("get an iterator");
    let (mut position, mut records) = (start.shard_iterator, Vec::new());
    while let Some(iterator) = position {
        let page = client.get_records().shard_iterator(iterator).send().await.expect("read a page");
        if page.records.is_empty() && page.millis_behind_latest == Some(0) {
            break;
        }
        records.extend(page.records);
        position = page.next_shard_iterator;
    }
    records
}

#[tokio::test]
async fn records_come_back_as_they_were_put() {
    let client = client();
    let stream = new_stream(&client, 1).await;
    let put = client
        .put_record()
        .stream_name(&stream)
        .partition_key("a")
        .data(Blob::new([0, 255, 7]))
        .send()
        .await
        .expect("put a record");
    assert_eq!(put.shard_id, SHARD);
    let entries = (0..100).map(|i| {
        let entry = PutRecordsRequestEntry::builder().partition_key(format!("k{i}")).data(Blob::new(i.to_string()));
        entry.build().expect("key and data are there")
    });
    let batch = client.put_records().stream_name(&stream).set_records(Some(entries.collect())).send().await.expect("put a batch");
    assert_eq!(batch.failed_record_count, Some(0));

    let records = read_all(&client, &stream, SHARD).await;
    assert_eq!(records.len(), 101);
    assert_eq!(records[0].data.as_ref(), [0, 255, 7]);
    assert_eq!(records[0].sequence_number, put.sequence_number);
    for (i, (record, result)) in records[1..].iter().zip(&batch.records).enumerate() {
        assert_eq!(record.data.as_ref(), i.to_string().as_bytes());
        assert_eq!(Some(&record.sequence_number), result.sequence_number.as_ref());
    }
    client.delete_stream().stream_name(&stream).send().await.expect("delete the stream");
}

#[tokio::test]
async fn errors_are_the_sdks_types() {
    let client = client();
    let refused = client.put_record().stream_name("no-such").partition_key("a").data(Blob::new("d")).send().await;
    let refused = refused.expect_err("there is no such stream").into_service_error();
    assert!(refused.is_resource_not_found_exception(), "{refused:?}");
    let account = std::env::var("ANABRANCH_ACCOUNT_ID").expect("the suite says whose streams these are");
    assert_eq!(refused.meta().message(), Some(format!("Stream no-such under account {account} not found.").as_str()));

    let refused = client.get_records().shard_iterator("garbage").send().await;
    let refused = refused.expect_err("that is no iterator").into_service_error();
    assert!(refused.is_invalid_argument_exception(), "{refused:?}");
    assert_eq!(refused.meta().message(), Some("Invalid ShardIterator."));
}

#[tokio::test]
async fn paginators_walk_every_page() {
    let client = client();
    let stream = new_stream(&client, 5).await;
    let mut names = Vec::new();
    let mut pages = client.list_streams().limit(1).into_paginator().send();
    while let Some(page) = pages.next().await {
        names.extend(page.expect("a page of streams").stream_names);
    }
    assert!(names.contains(&stream));

    let (mut shards, mut token) = (Vec::new(), None);
    loop {
        let page = client.list_shards().max_results(2);
        let page = if token.is_some() { page.set_next_token(token) } else { page.stream_name(&stream) };
        let page = page.send().await.expect("a page of shards");
        shards.extend(page.shards.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(shards.len(), 5);
    client.delete_stream().stream_name(&stream).send().await.expect("delete the stream");
}

#[tokio::test]
async fn a_subscription_pushes_records_until_its_shard_ends() {
    let client = client();
    let stream = new_stream(&client, 1).await;
    let summary = client.describe_stream_summary().stream_name(&stream).send().await.expect("describe the stream");
    let arn = summary.stream_description_summary.expect("a summary").stream_arn;
    let consumer = client.register_stream_consumer().stream_arn(arn).consumer_name("rust").send().await;
    let consumer = consumer.expect("register a consumer").consumer.expect("the consumer").consumer_arn;
    loop {
        let described = client.describe_stream_consumer().consumer_arn(&consumer).send().await.expect("describe the consumer");
        if described.consumer_description.expect("a description").consumer_status == ConsumerStatus::Active {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let from = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build().expect("the type is set");
    let subscription = client.subscribe_to_shard().consumer_arn(consumer).shard_id(SHARD).starting_position(from).send().await;
    let mut events = subscription.expect("subscribe").event_stream;

    let mut put = Vec::new();
    for i in 0..10 {
        let answer = client.put_record().stream_name(&stream).partition_key("a").data(Blob::new(i.to_string())).send().await;
        put.push(answer.expect("put a record").sequence_number);
    }
    let (mut pushed, mut children, mut split) = (Vec::new(), Vec::new(), false);
    while let Some(event) = events.recv().await.expect("the next event") {
        let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event else { panic!("unexpected event {event:?}") };
        pushed.extend(event.records.into_iter().map(|record| record.sequence_number));
        children.extend(event.child_shards.unwrap_or_default());
        if pushed.len() == put.len() && !split {
            split = true;
            let cut = client.split_shard().stream_name(&stream).shard_to_split(SHARD).new_starting_hash_key("1000");
            cut.send().await.expect("split the shard");
        }
    }
    assert_eq!(pushed, put);
    let children: Vec<_> = children.into_iter().map(|child| child.shard_id).collect();
    assert_eq!(children, ["shardId-000000000001", "shardId-000000000002"]);
    client.delete_stream().stream_name(&stream).enforce_consumer_deletion(true).send().await.expect("delete the stream");
}

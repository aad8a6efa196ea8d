"""DescribeStream."""

import datetime

import pytest

from harness import kinesis as k


def test_it_tells_every_member_of_the_description(kinesis, make_stream):
    name = make_stream(2)
    described = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    created = described.pop("StreamCreationTimestamp")
    assert abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) < 60
    listed = described.pop("Shards")
    assert described == {
        "StreamName": name,
        "StreamARN": k.stream_arn(name),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "HasMoreShards": False,
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }
    assert len(listed) == 2
    assert set(listed[0]) == {"ShardId", "HashKeyRange", "SequenceNumberRange"}
    assert set(listed[0]["SequenceNumberRange"]) == {"StartingSequenceNumber"}


def test_pages_follow_the_exclusive_start(kinesis, make_stream):
    name = make_stream(5)
    first = kinesis.describe_stream(StreamName=name, Limit=2)["StreamDescription"]
    assert first["HasMoreShards"] is True
    assert [s["ShardId"] for s in first["Shards"]] == ["shardId-000000000000", "shardId-000000000001"]
    rest = kinesis.describe_stream(StreamName=name, ExclusiveStartShardId="shardId-000000000001")["StreamDescription"]
    assert rest["HasMoreShards"] is False
    assert [s["ShardId"] for s in rest["Shards"]] == [f"shardId-{i:012d}" for i in (2, 3, 4)]


def test_the_paginator_walks_every_shard(kinesis, make_stream):
    name = make_stream(7)
    pages = kinesis.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 3})
    assert [s["ShardId"] for page in pages for s in page["StreamDescription"]["Shards"]] == [
        f"shardId-{i:012d}" for i in range(7)
    ]


def test_one_page_holds_a_hundred_shards(kinesis, make_stream):
    name = make_stream(101)
    page = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    assert len(page["Shards"]) == 100 and page["HasMoreShards"] is True


def test_name_and_arn_must_agree(kinesis, stream):
    assert kinesis.describe_stream(StreamName=stream, StreamARN=k.stream_arn(stream))["StreamDescription"]["StreamName"] == stream
    with pytest.raises(kinesis.exceptions.ClientError):
        kinesis.describe_stream(StreamName=stream, StreamARN=k.stream_arn("another"))


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.describe_stream(StreamName="no-such")


def test_neither_name_nor_arn_is_an_error(kinesis):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.describe_stream()
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")

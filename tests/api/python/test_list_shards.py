"""ListShards and its filters."""

import datetime
import time

import pytest

from harness import kinesis as k


@pytest.fixture
def split_stream(kinesis, make_stream):
    """shard 0 of two is split into 2 and 3."""
    name = make_stream(2)
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**126))
    k.wait_active(kinesis, name)
    return name


def ids(shards):
    return [int(shard["ShardId"][-4:]) for shard in shards]


def test_every_shard_with_its_lineage(kinesis, split_stream):
    listed = k.shards(kinesis, split_stream)
    assert ids(listed) == [0, 1, 2, 3]
    assert "EndingSequenceNumber" in listed[0]["SequenceNumberRange"]
    assert [shard.get("ParentShardId") for shard in listed] == [None, None] + ["shardId-000000000000"] * 2
    end = int(listed[0]["SequenceNumberRange"]["EndingSequenceNumber"])
    for child in listed[2:]:
        assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > end


def test_each_filter_selects_its_shards(kinesis, split_stream):
    def listed(kind, **position):
        return ids(kinesis.list_shards(StreamName=split_stream, ShardFilter={"Type": kind, **position})["Shards"])

    now = datetime.datetime.now(datetime.timezone.utc)
    assert listed("AT_LATEST") == [1, 2, 3]
    assert listed("FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert listed("AT_TRIM_HORIZON") == [0, 1]
    assert listed("AFTER_SHARD_ID", ShardId="shardId-000000000001") == [2, 3]
    created = kinesis.describe_stream_summary(StreamName=split_stream)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    assert listed("FROM_TIMESTAMP", Timestamp=created) == [0, 1, 2, 3]
    time.sleep(1.1)
    assert listed("AT_TIMESTAMP", Timestamp=now + datetime.timedelta(seconds=1)) == [1, 2, 3]


def test_a_filter_that_needs_a_member_says_so(kinesis, stream):
    for kind in ("AFTER_SHARD_ID", "AT_TIMESTAMP", "FROM_TIMESTAMP"):
        with pytest.raises(kinesis.exceptions.ClientError) as caught:
            kinesis.list_shards(StreamName=stream, ShardFilter={"Type": kind})
        assert caught.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")


def test_pages_continue_by_token_alone(kinesis, make_stream):
    name = make_stream(5)
    first = kinesis.list_shards(StreamName=name, MaxResults=2)
    assert ids(first["Shards"]) == [0, 1]
    second = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=2)
    assert ids(second["Shards"]) == [2, 3]
    third = kinesis.list_shards(NextToken=second["NextToken"])
    assert ids(third["Shards"]) == [4]
    assert "NextToken" not in third


def test_botocores_paginator_meets_what_it_meets_on_aws(kinesis, make_stream):
    """It sends the stream's name along with the token, which AWS refuses; only a first page works."""
    name = make_stream(5)
    paginator = kinesis.get_paginator("list_shards")
    assert ids([shard for page in paginator.paginate(StreamName=name) for shard in page["Shards"]]) == [0, 1, 2, 3, 4]
    with k.refused("InvalidArgumentException", "NextToken and StreamName cannot be provided together."):
        list(paginator.paginate(StreamName=name, PaginationConfig={"PageSize": 2}))


def test_exclusive_start_skips(kinesis, make_stream):
    name = make_stream(4)
    assert ids(kinesis.list_shards(StreamName=name, ExclusiveStartShardId="shardId-000000000001")["Shards"]) == [2, 3]


def test_a_stream_or_a_token_must_be_given(kinesis):
    with k.refused("InvalidArgumentException", "Either NextToken or StreamName should be provided."):
        kinesis.list_shards()


def test_a_stream_and_a_token_exclude_each_other(kinesis, make_stream):
    name = make_stream(2)
    token = kinesis.list_shards(StreamName=name, MaxResults=1)["NextToken"]
    with k.refused("InvalidArgumentException", "NextToken and StreamName cannot be provided together."):
        kinesis.list_shards(StreamName=name, NextToken=token)


def test_a_forged_token_is_refused(kinesis):
    with k.refused("InvalidArgumentException"):
        kinesis.list_shards(NextToken="Zm9yZ2Vk")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.list_shards(StreamName="no-such")

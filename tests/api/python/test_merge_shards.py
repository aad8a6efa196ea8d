"""MergeShards."""

import pytest

from harness import kinesis as k


def merge(kinesis, name, first, second):
    kinesis.merge_shards(StreamName=name, ShardToMerge=f"shardId-{first:012d}", AdjacentShardToMerge=f"shardId-{second:012d}")


def test_the_child_spans_both_and_names_both(kinesis, make_stream):
    name = make_stream(3)
    merge(kinesis, name, 0, 1)
    k.wait_active(kinesis, name)
    listed = k.shards(kinesis, name)
    child = listed[3]
    assert child["ParentShardId"] == "shardId-000000000000"
    assert child["AdjacentParentShardId"] == "shardId-000000000001"
    assert child["HashKeyRange"] == {
        "StartingHashKey": listed[0]["HashKeyRange"]["StartingHashKey"],
        "EndingHashKey": listed[1]["HashKeyRange"]["EndingHashKey"],
    }
    k.assert_tiles(k.open_shards(kinesis, name))


def test_records_of_both_parents_stay_readable(kinesis, make_stream):
    name = make_stream(2)
    for shard in k.shards(kinesis, name):
        kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d", ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"])
    merge(kinesis, name, 0, 1)
    k.wait_active(kinesis, name)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    assert [len(records) for records in k.read_stream(kinesis, name).values()] == [1, 1, 1]


def test_shards_must_be_neighbours_in_order(kinesis, make_stream):
    name = make_stream(3)
    for first, second in ((0, 2), (1, 0)):
        with k.refused(
            "InvalidArgumentException",
            f"Shards shardId-{first:012d} and shardId-{second:012d} in stream {name} under account {k.ACCOUNT_ID} "
            "are not an adjacent pair of shards eligible for merging",
        ):
            merge(kinesis, name, first, second)


def test_an_unknown_shard_is_not_found(kinesis, make_stream):
    name = make_stream(2)
    with k.refused(
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000009 in stream {name} under account {k.ACCOUNT_ID}.",
    ):
        merge(kinesis, name, 0, 9)


def test_a_closed_shard_is_not_merged(kinesis, make_stream):
    name = make_stream(2)
    merge(kinesis, name, 0, 1)
    k.wait_active(kinesis, name)
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        merge(kinesis, name, 0, 1)
    assert caught.value.response["Error"]["Message"] == (
        f"Shard shardId-000000000000 in stream {name} under account {k.ACCOUNT_ID} has already been merged or split, "
        "and thus is not eligible for merging or splitting."
    )


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        merge(kinesis, "no-such", 0, 1)

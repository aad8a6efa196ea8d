"""SplitShard."""

import pytest

from harness import kinesis as k

SHARD = "shardId-000000000000"
MIDDLE = str(2**127)


def split(kinesis, name, shard=SHARD, at=MIDDLE):
    kinesis.split_shard(StreamName=name, ShardToSplit=shard, NewStartingHashKey=at)


def test_the_children_take_over_the_parents_range(kinesis, stream):
    split(kinesis, stream, at="1000")
    k.wait_active(kinesis, stream)
    parent, left, right = k.shards(kinesis, stream)
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert left["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": "999"}
    assert right["HashKeyRange"] == {"StartingHashKey": "1000", "EndingHashKey": str(k.MAX_HASH_KEY)}
    assert left["ParentShardId"] == right["ParentShardId"] == SHARD
    assert "AdjacentParentShardId" not in left
    k.assert_tiles(k.open_shards(kinesis, stream))


def test_the_children_number_from_after_the_parents_end(kinesis, stream):
    before = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")["SequenceNumber"]
    split(kinesis, stream)
    k.wait_active(kinesis, stream)
    parent = k.shards(kinesis, stream)[0]["SequenceNumberRange"]
    after = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")["SequenceNumber"]
    assert int(before) <= int(parent["EndingSequenceNumber"]) < int(after)
    assert f"{int(parent['EndingSequenceNumber']):x}"[11:27] == "7fffffffffffffff"


def test_a_put_during_the_split_is_served(kinesis, stream):
    split(kinesis, stream)
    assert kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")["SequenceNumber"]


def test_a_closed_shard_is_not_split_again(kinesis, stream):
    split(kinesis, stream)
    k.wait_active(kinesis, stream)
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        split(kinesis, stream, at="1000")
    error = caught.value.response["Error"]
    assert error["Message"] == (
        f"Shard {SHARD} in stream {stream} under account {k.ACCOUNT_ID} has already been merged or split, "
        "and thus is not eligible for merging or splitting."
    )


def test_an_unknown_shard_is_not_found(kinesis, stream):
    with k.refused(
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000007 in stream {stream} under account {k.ACCOUNT_ID}.",
    ):
        split(kinesis, stream, "shardId-000000000007")


@pytest.mark.parametrize("at", ["0", "1", str(2**128 - 1)])
def test_the_cut_must_lie_inside(kinesis, stream, at):
    with k.refused(
        "InvalidArgumentException",
        f"NewStartingHashKey {at} used in SplitShard() on shard {SHARD} in stream {stream} under account {k.ACCOUNT_ID} "
        f"is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey "
        f"{k.MAX_HASH_KEY}.",
    ):
        split(kinesis, stream, at=at)


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        split(kinesis, "no-such")


def test_it_takes_an_arn(kinesis, stream):
    kinesis.split_shard(StreamARN=k.stream_arn(stream), ShardToSplit="0", NewStartingHashKey=MIDDLE)
    k.wait_active(kinesis, stream)
    assert len(k.open_shards(kinesis, stream)) == 2


def test_shard_indexes_are_never_used_again(kinesis, stream):
    split(kinesis, stream)
    k.wait_active(kinesis, stream)
    kinesis.merge_shards(StreamName=stream, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002")
    k.wait_active(kinesis, stream)
    split(kinesis, stream, "shardId-000000000003")
    k.wait_active(kinesis, stream)
    assert [shard["ShardId"][-1] for shard in k.shards(kinesis, stream)] == list("012345")

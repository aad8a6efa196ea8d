"""GetRecords."""

import pytest

from harness import kinesis as k

SHARD = "shardId-000000000000"


def put(kinesis, stream, count, size=10):
    for first in range(0, count, 500):
        batch = [{"PartitionKey": "a", "Data": f"{i}".ljust(size).encode()} for i in range(first, min(first + 500, count))]
        assert kinesis.put_records(StreamName=stream, Records=batch)["FailedRecordCount"] == 0


def test_an_empty_open_shard_gives_an_iterator_and_no_records(kinesis, stream):
    page = kinesis.get_records(ShardIterator=k.iterator(kinesis, stream))
    assert page["Records"] == []
    assert page["NextShardIterator"]
    assert page["MillisBehindLatest"] == 0
    assert "ChildShards" not in page


def test_the_limit_cuts_and_the_next_iterator_goes_on(kinesis, stream):
    put(kinesis, stream, 25)
    position, seen = k.iterator(kinesis, stream), []
    for expected in (10, 10, 5, 0):
        page = kinesis.get_records(ShardIterator=position, Limit=10)
        assert len(page["Records"]) == expected
        seen += [int(record["Data"]) for record in page["Records"]]
        position = page["NextShardIterator"]
    assert seen == list(range(25))


def test_an_iterator_can_be_used_again(kinesis, stream):
    put(kinesis, stream, 3)
    position = k.iterator(kinesis, stream)
    first = kinesis.get_records(ShardIterator=position)["Records"]
    assert kinesis.get_records(ShardIterator=position)["Records"] == first


def test_millis_behind_latest_tells_the_distance_to_the_tip(kinesis, stream):
    put(kinesis, stream, 2)
    behind = kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), Limit=1)
    assert behind["MillisBehindLatest"] >= 0
    at_tip = kinesis.get_records(ShardIterator=behind["NextShardIterator"])
    assert len(at_tip["Records"]) == 1
    assert at_tip["MillisBehindLatest"] == 0


def test_ten_mebibytes_are_the_most_of_one_answer(kinesis, stream):
    for _ in range(2):
        batch = [{"PartitionKey": "a", "Data": b"x" * 900_000}] * 10
        assert kinesis.put_records(StreamName=stream, Records=batch)["FailedRecordCount"] == 0
    position, total = k.iterator(kinesis, stream), 0
    while True:
        page = kinesis.get_records(ShardIterator=position)
        size = sum(len(record["Data"]) + 1 for record in page["Records"])
        assert size <= 10 * 2**20
        if not page["Records"]:
            break
        total += len(page["Records"])
        position = page["NextShardIterator"]
    assert total == 20


def test_ten_thousand_records_are_the_most_of_one_answer(kinesis, stream):
    put(kinesis, stream, 10_500, size=1)
    position = k.iterator(kinesis, stream)
    page = kinesis.get_records(ShardIterator=position)
    assert len(page["Records"]) == 10_000
    assert len(kinesis.get_records(ShardIterator=page["NextShardIterator"])["Records"]) == 500


def test_the_end_of_a_closed_shard_names_its_children(kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"last")
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    k.wait_active(kinesis, name)
    position, records, page = k.iterator(kinesis, name), [], None
    while position:
        page = kinesis.get_records(ShardIterator=position)
        records += page["Records"]
        position = page.get("NextShardIterator")
    assert [record["Data"] for record in records] == [b"last"]
    assert "NextShardIterator" not in page
    assert page["ChildShards"] == [
        {
            "ShardId": "shardId-000000000001",
            "ParentShards": [SHARD],
            "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)},
        },
        {
            "ShardId": "shardId-000000000002",
            "ParentShards": [SHARD],
            "HashKeyRange": {"StartingHashKey": str(2**127), "EndingHashKey": str(k.MAX_HASH_KEY)},
        },
    ]


def test_a_merged_childs_parents_are_both(kinesis, make_stream):
    name = make_stream(2)
    kinesis.merge_shards(StreamName=name, ShardToMerge=SHARD, AdjacentShardToMerge="shardId-000000000001")
    k.wait_active(kinesis, name)
    for parent in (SHARD, "shardId-000000000001"):
        position = k.iterator(kinesis, name, parent)
        while position:
            page = kinesis.get_records(ShardIterator=position)
            position = page.get("NextShardIterator")
        (child,) = page["ChildShards"]
        assert child["ShardId"] == "shardId-000000000002"
        assert sorted(child["ParentShards"]) == [SHARD, "shardId-000000000001"]


def test_latest_on_a_closed_shard_is_its_end(kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    k.wait_active(kinesis, name)
    page = kinesis.get_records(ShardIterator=k.iterator(kinesis, name, kind="LATEST"))
    assert page["Records"] == []
    assert "NextShardIterator" not in page
    assert len(page["ChildShards"]) == 2


@pytest.mark.parametrize("garbage", ["garbage", "AAAAAAAAAAE=", "x" * 512])
def test_garbage_for_an_iterator_is_refused(kinesis, garbage):
    with k.refused("InvalidArgumentException", "Invalid ShardIterator."):
        kinesis.get_records(ShardIterator=garbage)


def test_a_flipped_bit_in_an_iterator_is_noticed(kinesis, stream):
    position = k.iterator(kinesis, stream)
    middle = len(position) // 2
    forged = position[:middle] + ("A" if position[middle] != "A" else "B") + position[middle + 1 :]
    with k.refused("InvalidArgumentException", "Invalid ShardIterator."):
        kinesis.get_records(ShardIterator=forged)


def test_an_iterator_wrapped_in_quotes_is_understood(kinesis, stream):
    put(kinesis, stream, 1)
    assert len(kinesis.get_records(ShardIterator=f'"{k.iterator(kinesis, stream)}"')["Records"]) == 1


def test_a_dry_run_reads_nothing(kinesis, stream):
    with k.refused("DryRunOperationException"):
        kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), DryRun=True)


def test_the_streams_arn_is_only_a_hint(kinesis, stream):
    put(kinesis, stream, 1)
    page = kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), StreamARN=k.stream_arn(stream))
    assert len(page["Records"]) == 1


def test_a_limit_over_ten_thousand_is_refused(kinesis, stream):
    with k.refused(
        "ValidationException",
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 10000",
    ):
        kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), Limit=10001)

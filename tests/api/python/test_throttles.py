"""AWS's limits on a shard, enforced by default."""

import time

import pytest

from harness import kinesis as k

SHARD = "shardId-000000000000"


@pytest.fixture
def limited_stream(make_limited_stream):
    return make_limited_stream(1)


def fill(kinesis, name, mebibytes):
    """Put so much as the limits let in, as long as it takes."""
    put = 0
    while put < mebibytes:
        try:
            kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"x" * 1_000_000)
            put += 1
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            time.sleep(0.1)


def test_more_than_a_thousand_records_a_second_are_throttled_one_by_one(limited, limited_stream):
    throttled, accepted = [], 0
    for _ in range(10):
        answer = limited.put_records(StreamName=limited_stream, Records=[{"PartitionKey": "a", "Data": b"d"}] * 500)
        failures = [result for result in answer["Records"] if "ErrorCode" in result]
        assert answer["FailedRecordCount"] == len(failures)
        accepted += 500 - len(failures)
        throttled += failures
    assert throttled, "5,000 records in well under a second exceed a shard's 1,000 records/s"
    assert accepted >= 1000
    assert throttled[0]["ErrorCode"] == "ProvisionedThroughputExceededException"
    assert throttled[0]["ErrorMessage"] == (
        f"Rate exceeded for shard {SHARD} in stream {limited_stream} under account {k.ACCOUNT_ID}."
    )
    assert "SequenceNumber" not in throttled[0] and "ShardId" not in throttled[0]
    # What was accepted is there, no more and no less.
    time.sleep(1.1)
    position, read = k.iterator(limited, limited_stream), 0
    while True:
        try:
            page = limited.get_records(ShardIterator=position)
        except limited.exceptions.ProvisionedThroughputExceededException:
            time.sleep(0.3)
            continue
        if not page["Records"]:
            break
        read += len(page["Records"])
        position = page["NextShardIterator"]
    assert read == accepted


def test_more_than_a_mebibyte_a_second_is_throttled(limited, limited_stream):
    refused = 0
    for _ in range(12):
        try:
            limited.put_record(StreamName=limited_stream, PartitionKey="a", Data=b"x" * 1_000_000)
        except limited.exceptions.ProvisionedThroughputExceededException as refusal:
            refused += 1
            assert refusal.response["Error"]["Message"] == (
                f"Rate exceeded for shard {SHARD} in stream {limited_stream} under account {k.ACCOUNT_ID}."
            )
    assert refused > 0


def test_a_shards_tank_refills(limited, limited_stream):
    with pytest.raises(limited.exceptions.ProvisionedThroughputExceededException):
        for _ in range(20):
            limited.put_record(StreamName=limited_stream, PartitionKey="a", Data=b"x" * 1_000_000)
    time.sleep(1.5)
    limited.put_record(StreamName=limited_stream, PartitionKey="a", Data=b"x" * 1_000_000)


def test_five_reads_a_second(limited, limited_stream):
    position = k.iterator(limited, limited_stream)
    accepted, began = 0, time.monotonic()
    with pytest.raises(limited.exceptions.ProvisionedThroughputExceededException) as caught:
        for _ in range(50):
            limited.get_records(ShardIterator=position)
            accepted += 1
    assert accepted >= 5
    assert accepted <= 5 * (2 + time.monotonic() - began)
    assert "Rate exceeded for " in caught.value.response["Error"]["Message"]
    time.sleep(1.2)
    limited.get_records(ShardIterator=position)


def test_a_large_answer_blocks_the_shard_for_seconds(limited, limited_stream):
    fill(limited, limited_stream, 9)
    time.sleep(1.2)
    page = limited.get_records(ShardIterator=k.iterator(limited, limited_stream))
    assert sum(len(record["Data"]) for record in page["Records"]) > 8_000_000
    time.sleep(1.2)
    with pytest.raises(limited.exceptions.ProvisionedThroughputExceededException):
        limited.get_records(ShardIterator=page["NextShardIterator"])
    time.sleep(4)
    limited.get_records(ShardIterator=page["NextShardIterator"])


def test_one_shards_throttle_is_not_anothers(limited, make_limited_stream):
    name = make_limited_stream(2)
    with pytest.raises(limited.exceptions.ProvisionedThroughputExceededException):
        for _ in range(20):
            limited.put_record(StreamName=name, PartitionKey="a", ExplicitHashKey="0", Data=b"x" * 1_000_000)
    limited.put_record(StreamName=name, PartitionKey="a", ExplicitHashKey=str(k.MAX_HASH_KEY), Data=b"x" * 500_000)

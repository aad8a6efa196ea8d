"""PutRecord."""

import hashlib

import pytest

from harness import kinesis as k


def test_a_record_comes_back_as_it_was_put(kinesis, stream):
    answer = kinesis.put_record(StreamName=stream, PartitionKey="key", Data=b"\x00\xffdata")
    assert answer["ShardId"] == "shardId-000000000000"
    assert "EncryptionType" not in answer
    (record,) = k.read_all(kinesis, stream, answer["ShardId"])
    assert record["Data"] == b"\x00\xffdata"
    assert record["PartitionKey"] == "key"
    assert record["SequenceNumber"] == answer["SequenceNumber"]
    assert "EncryptionType" not in record
    assert record["ApproximateArrivalTimestamp"]


def test_the_partition_key_decides_the_shard(kinesis, make_stream):
    name = make_stream(4)
    for key in ("a", "b", "élan", "日本", "x" * 256):
        hashed = int(hashlib.md5(key.encode()).hexdigest(), 16)
        expected = f"shardId-{hashed // (2**128 // 4):012d}"
        assert kinesis.put_record(StreamName=name, PartitionKey=key, Data=b"d")["ShardId"] == expected


def test_an_explicit_hash_key_overrides_the_partition_key(kinesis, make_stream):
    name = make_stream(4)
    for shard in k.shards(kinesis, name):
        for edge in ("StartingHashKey", "EndingHashKey"):
            answer = kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d", ExplicitHashKey=shard["HashKeyRange"][edge])
            assert answer["ShardId"] == shard["ShardId"]


def test_an_explicit_hash_key_past_the_end_is_refused(kinesis, stream):
    beyond = str(2**128)
    with k.refused(
        "InvalidArgumentException",
        f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {beyond}",
    ):
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d", ExplicitHashKey=beyond)


def test_numbers_grow_and_have_the_layout_of_aws(kinesis, stream):
    numbers = [int(kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")["SequenceNumber"]) for _ in range(20)]
    assert numbers == sorted(set(numbers))
    start = int(k.shards(kinesis, stream)[0]["SequenceNumberRange"]["StartingSequenceNumber"])
    for number in numbers:
        digits = f"{number:x}"
        assert len(digits) == 47 and digits[0] == "2" and digits[-1] == "2"
        assert len(str(number)) == 56
        # The shard's creation time (9 digits after the version) is the stream's; the shard index sits before the version.
        assert digits[1:10] == f"{start:x}"[1:10]
        assert digits[-9:-1] == "00000000"
        assert number >= start


def test_ordering_asks_for_a_greater_number(kinesis, stream):
    first = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"1")["SequenceNumber"]
    second = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"2", SequenceNumberForOrdering=first)["SequenceNumber"]
    assert int(second) > int(first)


@pytest.mark.parametrize(
    "number",
    [
        str(0x13BB2CC3D80000000000000000000000),
        str(0x20000000000800000000000000000000000000000000002),
        str(0x30000000000000000000000000000000000000000000001),
        str(0x20000000000000000000000000000000000000000000004),
    ],
)
def test_a_number_for_ordering_that_makes_no_sense_is_refused(kinesis, stream, number):
    with k.refused(
        "InvalidArgumentException",
        f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {stream} under account {k.ACCOUNT_ID} is invalid.",
    ):
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d", SequenceNumberForOrdering=number)


def test_an_empty_record_is_a_record(kinesis, stream):
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"")
    assert k.read_all(kinesis, stream, "shardId-000000000000", at_least=1)[0]["Data"] == b""


def test_data_and_key_together_must_fit_the_streams_record_size(kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"x" * (2**20 - 1))
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"x" * (2**20 + 1))
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")
    large = make_stream(1, MaxRecordSizeInKiB=10240)
    data = bytes(range(256)) * (10 * 4096 - 1)
    kinesis.put_record(StreamName=large, PartitionKey="a", Data=data)
    assert k.read_all(kinesis, large, "shardId-000000000000", at_least=1)[0]["Data"] == data


def test_it_takes_an_arn(kinesis, stream):
    kinesis.put_record(StreamARN=k.stream_arn(stream), PartitionKey="a", Data=b"d")
    assert len(k.read_all(kinesis, stream, "shardId-000000000000", at_least=1)) == 1


def test_a_dry_run_writes_nothing(kinesis, stream):
    with k.refused("DryRunOperationException"):
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d", DryRun=True)
    assert k.read_all(kinesis, stream, "shardId-000000000000") == []
    with k.refused("ResourceNotFoundException"):
        kinesis.put_record(StreamName="no-such", PartitionKey="a", Data=b"d", DryRun=True)


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.put_record(StreamName="no-such", PartitionKey="a", Data=b"d")


def test_a_missing_partition_key_is_refused(kinesis, stream):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.put_record(StreamName=stream, Data=b"d")
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")


def test_a_partition_key_has_256_characters_whatever_their_bytes(kinesis, stream):
    kinesis.put_record(StreamName=stream, PartitionKey="日" * 256, Data=b"d")
    with k.refused(
        "ValidationException",
        "1 validation error detected: Value '" + "a" * 257 + "' at 'partitionKey' failed to satisfy constraint: "
        "Member must have length less than or equal to 256",
    ):
        kinesis.put_record(StreamName=stream, PartitionKey="a" * 257, Data=b"d")

"""PutRecords."""

import hashlib

import pytest

from harness import kinesis as k


def entries(count, size=10):
    return [{"PartitionKey": f"key-{i}", "Data": f"{i:0{size}d}".encode()} for i in range(count)]


def test_results_come_in_the_order_of_the_request(kinesis, make_stream):
    name = make_stream(4)
    batch = entries(500)
    answer = kinesis.put_records(StreamName=name, Records=batch)
    assert answer["FailedRecordCount"] == 0
    assert "EncryptionType" not in answer
    assert len(answer["Records"]) == 500
    stored = {
        (shard, record["SequenceNumber"]): record for shard, records in k.read_stream(kinesis, name).items() for record in records
    }
    assert len(stored) == 500
    for entry, result in zip(batch, answer["Records"], strict=True):
        hashed = int(hashlib.md5(entry["PartitionKey"].encode()).hexdigest(), 16)
        assert result["ShardId"] == f"shardId-{hashed // (2**128 // 4):012d}"
        record = stored[result["ShardId"], result["SequenceNumber"]]
        assert (record["Data"], record["PartitionKey"]) == (entry["Data"], entry["PartitionKey"])


def test_a_success_has_no_error_members(wire, stream):
    answer = wire.json("PutRecords", {"StreamName": stream, "Records": [{"Data": "ZA==", "PartitionKey": "a"}]}).json()
    assert set(answer) == {"FailedRecordCount", "Records"}
    assert set(answer["Records"][0]) == {"SequenceNumber", "ShardId"}


def test_records_of_one_call_keep_their_order_in_a_shard(kinesis, stream):
    answer = kinesis.put_records(
        StreamName=stream, Records=[{"PartitionKey": "same", "Data": str(i).encode()} for i in range(100)]
    )
    numbers = [int(result["SequenceNumber"]) for result in answer["Records"]]
    assert numbers == sorted(set(numbers))
    records = k.read_all(kinesis, stream, "shardId-000000000000", at_least=100)
    assert [record["Data"] for record in records] == [str(i).encode() for i in range(100)]


def test_explicit_hash_keys_spread_the_batch(kinesis, make_stream):
    name = make_stream(3)
    batch = [
        {"PartitionKey": "a", "Data": b"d", "ExplicitHashKey": shard["HashKeyRange"]["StartingHashKey"]}
        for shard in k.shards(kinesis, name)
    ]
    answer = kinesis.put_records(StreamName=name, Records=batch)
    assert [result["ShardId"] for result in answer["Records"]] == [f"shardId-{i:012d}" for i in range(3)]


def test_a_bad_explicit_hash_key_refuses_the_call(kinesis, stream):
    beyond = str(2**128)
    with k.refused(
        "InvalidArgumentException",
        f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {beyond}",
    ):
        kinesis.put_records(
            StreamName=stream, Records=[*entries(1), {"PartitionKey": "a", "Data": b"d", "ExplicitHashKey": beyond}]
        )
    assert k.read_all(kinesis, stream, "shardId-000000000000") == []


def test_five_hundred_entries_are_the_most(kinesis, stream):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.put_records(StreamName=stream, Records=entries(501))
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].endswith(
        "at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"
    )


def test_an_empty_batch_is_refused(kinesis, stream):
    with k.refused(
        "ValidationException",
        "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ):
        kinesis.put_records(StreamName=stream, Records=[])


def test_ten_mebibytes_are_the_most(kinesis, make_stream):
    name = make_stream(1)
    mebibyte = b"x" * (2**20 - 1)
    kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "a", "Data": mebibyte}] * 10)
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "a", "Data": mebibyte}] * 11)
    assert caught.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")


def test_a_dry_run_writes_nothing(kinesis, stream):
    with k.refused("DryRunOperationException"):
        kinesis.put_records(StreamName=stream, Records=entries(1), DryRun=True)
    assert k.read_all(kinesis, stream, "shardId-000000000000") == []


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.put_records(StreamName="no-such", Records=entries(1))


def test_wrong_members_are_named_by_their_place(wire, stream):
    answer = wire.json(
        "PutRecords",
        {"StreamName": stream, "Records": [{"Data": "ZA==", "PartitionKey": "a"}, {"Data": "ZA==", "PartitionKey": ""}]},
    )
    assert answer.error == (
        400,
        "ValidationException",
        "1 validation error detected: Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    )

"""GetShardIterator: the five types and what is refused."""

import datetime
import time

import pytest

from harness import kinesis as k

SHARD = "shardId-000000000000"
NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def filled(kinesis, stream):
    numbers = [kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(i).encode())["SequenceNumber"] for i in range(5)]
    return stream, numbers


def read(kinesis, position):
    return [record["Data"].decode() for record in kinesis.get_records(ShardIterator=position)["Records"]]


def test_trim_horizon_starts_at_the_oldest(kinesis, filled):
    assert read(kinesis, k.iterator(kinesis, filled[0])) == ["0", "1", "2", "3", "4"]


def test_at_sequence_number_includes_it(kinesis, filled):
    stream, numbers = filled
    position = k.iterator(kinesis, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])
    assert read(kinesis, position) == ["2", "3", "4"]


def test_after_sequence_number_excludes_it(kinesis, filled):
    stream, numbers = filled
    position = k.iterator(kinesis, stream, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])
    assert read(kinesis, position) == ["3", "4"]


def test_the_shards_own_starting_number_reads_from_the_start(kinesis, filled):
    stream, _ = filled
    start = k.shards(kinesis, stream)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert read(kinesis, k.iterator(kinesis, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=start)) == list("01234")


def test_latest_sees_only_what_comes_after(kinesis, filled):
    stream, _ = filled
    position = k.iterator(kinesis, stream, kind="LATEST")
    assert read(kinesis, position) == []
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"new")
    assert read(kinesis, position) == ["new"]


def test_at_timestamp_is_exact_or_the_next_later_record(kinesis, stream):
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"before")
    time.sleep(0.05)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"after")
    first, second = k.read_all(kinesis, stream, SHARD, at_least=2)
    exact = second["ApproximateArrivalTimestamp"]
    assert read(kinesis, k.iterator(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=exact)) == ["after"]
    between = first["ApproximateArrivalTimestamp"] + datetime.timedelta(milliseconds=5)
    assert read(kinesis, k.iterator(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=between)) == ["after"]
    ancient = NOW - datetime.timedelta(days=400)
    assert read(kinesis, k.iterator(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=ancient)) == ["before", "after"]


def test_at_timestamp_needs_a_timestamp(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.",
    ):
        k.iterator(kinesis, stream, kind="AT_TIMESTAMP")


def test_a_timestamp_in_the_future_is_refused(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        contains="The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ",
    ):
        k.iterator(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=NOW + datetime.timedelta(days=1))


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_a_sequence_type_needs_a_number(kinesis, stream, kind):
    with k.refused(
        "InvalidArgumentException",
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
        "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        f"Request specified {kind} and no StartingSequenceNumber.",
    ):
        k.iterator(kinesis, stream, kind=kind)


@pytest.mark.parametrize("kind", ["TRIM_HORIZON", "LATEST"])
def test_the_other_types_take_no_number(kinesis, filled, kind):
    stream, numbers = filled
    with k.refused(
        "InvalidArgumentException",
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
        "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        f"Request specified {kind} and also a StartingSequenceNumber.",
    ):
        k.iterator(kinesis, stream, kind=kind, StartingSequenceNumber=numbers[0])


def test_a_number_of_another_shard_is_refused(kinesis, make_stream):
    name = make_stream(2)
    shard_1 = k.shards(kinesis, name)[1]
    number = kinesis.put_record(
        StreamName=name, PartitionKey="a", Data=b"d", ExplicitHashKey=shard_1["HashKeyRange"]["StartingHashKey"]
    )["SequenceNumber"]
    with k.refused(
        "InvalidArgumentException",
        "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with "
        "shardId-000000000000",
    ):
        k.iterator(kinesis, name, SHARD, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)


@pytest.mark.parametrize(
    "number",
    [
        str(0x13BB2CC3D80000000000000000000000),
        str(0x20000000000800000000000000000000000000000000002),
        str(0x30000000000000000000000000000000000000000000001),
    ],
)
def test_a_number_that_encodes_nothing_is_refused(kinesis, stream, number):
    with k.refused(
        "InvalidArgumentException",
        f"StartingSequenceNumber {number} used in GetShardIterator on shard {SHARD} in stream {stream} under account "
        f"{k.ACCOUNT_ID} is invalid.",
    ):
        k.iterator(kinesis, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)


def test_a_small_number_is_one_of_the_oldest_layout(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        "Invalid StartingSequenceNumber. It encodes shardId-000000000005, while it was used in a call to a shard with "
        "shardId-000000000000",
    ):
        k.iterator(kinesis, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber="5")


@pytest.mark.parametrize("spelling", ["shardId-0", "0", "x-0", SHARD])
def test_a_shard_id_has_several_spellings(kinesis, filled, spelling):
    assert read(kinesis, k.iterator(kinesis, filled[0], spelling)) == list("01234")


def test_an_unknown_shard_is_not_found(kinesis, stream):
    with k.refused(
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in stream {stream} under account {k.ACCOUNT_ID} does not exist",
    ):
        k.iterator(kinesis, stream, "shardId-000000000009")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        k.iterator(kinesis, "no-such")


def test_an_unknown_type_names_the_known_ones(kinesis, stream):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        k.iterator(kinesis, stream, kind="SOMEWHERE")
    text = caught.value.response["Error"]["Message"]
    assert text.startswith(
        "1 validation error detected: Value 'SOMEWHERE' at 'shardIteratorType' failed to satisfy constraint: "
        "Member must satisfy enum value set: ["
    )
    assert set(text.rsplit("[", 1)[1].rstrip("]").split(", ")) == {
        "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON",
    }  # fmt: skip


def test_an_iterator_is_short_and_says_nothing(kinesis, stream):
    position = k.iterator(kinesis, stream)
    assert 1 <= len(position) <= 512
    assert stream not in position


def test_a_dry_run_gives_no_iterator(kinesis, stream):
    with k.refused("DryRunOperationException"):
        k.iterator(kinesis, stream, DryRun=True)


def test_it_works_on_a_closed_shard(kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"old")
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    k.wait_active(kinesis, name)
    assert read(kinesis, k.iterator(kinesis, name, SHARD)) == ["old"]

"""SubscribeToShard through boto3's event stream (HTTP/1.1 chunks); other languages test HTTP/2."""

import datetime
import threading
import time

import pytest

from harness import kinesis as k

SHARD = "shardId-000000000000"


@pytest.fixture
def subscribed(kinesis, server):
    """Subscribe with a client of its own; streams are closed after the test."""
    opened = []

    def subscribe(consumer, shard=SHARD, **position):
        position = position or {"Type": "TRIM_HORIZON"}
        answer = k.client(server).subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
        opened.append(answer["EventStream"])
        return answer["EventStream"]

    yield subscribe
    for stream in opened:
        stream.close()


def events(event_stream):
    for event in event_stream:
        yield event["SubscribeToShardEvent"]


def collect(event_stream, count):
    records = []
    for event in events(event_stream):
        records += event["Records"]
        if len(records) >= count:
            return records
    return records


def test_records_put_before_and_during_arrive_once_and_in_order(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    before = [kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(i).encode()) for i in range(10)]

    def put_more():
        for i in range(10, 20):
            kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(i).encode())

    event_stream = subscribed(consumer)
    writer = threading.Thread(target=put_more)
    writer.start()
    records = collect(event_stream, 20)
    writer.join()
    assert [record["Data"] for record in records] == [str(i).encode() for i in range(20)]
    assert [record["SequenceNumber"] for record in records[:10]] == [answer["SequenceNumber"] for answer in before]
    assert records[0]["PartitionKey"] == "a"
    assert records[0]["ApproximateArrivalTimestamp"].tzinfo is not None


def test_every_event_has_its_required_members(kinesis, stream, make_consumer, subscribed):
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    event = next(events(subscribed(make_consumer(stream))))
    assert {"Records", "ContinuationSequenceNumber", "MillisBehindLatest"} <= set(event)
    assert "ChildShards" not in event


def test_an_idle_shard_sends_events_within_some_seconds(stream, make_consumer, subscribed):
    began = time.monotonic()
    received = events(subscribed(make_consumer(stream)))
    first, second = next(received), next(received)
    assert first["Records"] == second["Records"] == []
    assert int(second["ContinuationSequenceNumber"]) >= int(first["ContinuationSequenceNumber"])
    assert time.monotonic() - began < 15


def test_a_record_is_pushed_at_once(kinesis, stream, make_consumer, subscribed):
    event_stream = subscribed(make_consumer(stream), Type="LATEST")
    received = events(event_stream)
    next(received)
    began = time.monotonic()
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"now")
    for event in received:
        if event["Records"]:
            break
    assert event["Records"][0]["Data"] == b"now"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"])
def test_each_starting_position(kinesis, stream, make_consumer, subscribed, kind):
    numbers = []
    for i in range(3):
        numbers.append(kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(i).encode())["SequenceNumber"])
        time.sleep(0.01)
    arrivals = [record["ApproximateArrivalTimestamp"] for record in k.read_all(kinesis, stream, SHARD, at_least=3)]
    position = {
        "AT_SEQUENCE_NUMBER": {"SequenceNumber": numbers[1]},
        "AFTER_SEQUENCE_NUMBER": {"SequenceNumber": numbers[0]},
        "AT_TIMESTAMP": {"Timestamp": arrivals[1]},
    }[kind]
    records = collect(subscribed(make_consumer(stream), Type=kind, **position), 2)
    assert [record["Data"] for record in records] == [b"1", b"2"]


def test_the_continuation_number_goes_on_without_loss(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"1")
    event = next(event for event in events(subscribed(consumer)) if event["Records"])
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"2")
    time.sleep(5.2)
    records = collect(subscribed(consumer, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=event["ContinuationSequenceNumber"]), 1)
    assert [record["Data"] for record in records] == [b"2"]


def test_the_end_of_a_shard_names_the_children_and_closes(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"last")
    event_stream = subscribed(consumer)
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    seen = list(events(event_stream))
    assert [record["Data"] for event in seen for record in event["Records"]] == [b"last"]
    assert [child["ShardId"] for child in seen[-1]["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert all("ChildShards" not in event for event in seen[:-1])


def test_a_second_subscription_within_five_seconds_is_refused(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"so that an event comes at once")
    next(events(subscribed(consumer)))
    with k.refused("ResourceInUseException"):
        subscribed(consumer)


def test_a_second_subscription_after_five_seconds_takes_over(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    first = subscribed(consumer)
    next(events(first))
    time.sleep(5.2)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    assert collect(subscribed(consumer), 1)[0]["Data"] == b"d"
    with pytest.raises(Exception) as caught:
        for _ in first:
            pass
    assert "ResourceInUse" in str(caught.value) or "ResourceInUse" in type(caught.value).__name__


def test_two_consumers_do_not_disturb_each_other(kinesis, stream, make_consumer, subscribed):
    first, second = subscribed(make_consumer(stream)), subscribed(make_consumer(stream))
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    assert [record["Data"] for record in collect(first, 1)] == [record["Data"] for record in collect(second, 1)] == [b"d"]


def test_an_unknown_consumer_or_shard_is_not_found(stream, make_consumer, subscribed):
    with k.refused("ResourceNotFoundException"):
        subscribed(k.stream_arn(stream) + "/consumer/nobody:1700000000")
    with k.refused("ResourceNotFoundException"):
        subscribed(make_consumer(stream), "shardId-000000000009")


def test_a_position_that_needs_a_member_says_so(stream, make_consumer, subscribed):
    with pytest.raises(Exception) as caught:
        subscribed(make_consumer(stream), Type="AT_SEQUENCE_NUMBER")
    assert caught.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")
    with pytest.raises(Exception) as caught:
        subscribed(
            make_consumer(stream),
            Type="AT_TIMESTAMP",
            Timestamp=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1),
        )
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"


def test_a_dry_run_subscribes_to_nothing(kinesis, stream, make_consumer):
    consumer = make_consumer(stream)
    with k.refused("DryRunOperationException"):
        kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=SHARD, StartingPosition={"Type": "LATEST"}, DryRun=True)


def test_a_deregistered_consumers_stream_ends(kinesis, stream, make_consumer, subscribed):
    consumer = make_consumer(stream)
    event_stream = subscribed(consumer)
    next(events(event_stream))
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    ended = threading.Event()

    def drain():
        try:
            for _ in event_stream:
                pass
        except Exception:
            pass
        ended.set()

    threading.Thread(target=drain, daemon=True).start()
    assert ended.wait(20)

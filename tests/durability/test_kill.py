"""kill -9 under load, again and again."""

from __future__ import annotations

import os
import time

import pytest

from harness import kinesis as k
from harness.load import Connection, Load, Refused, list_shards, verify

KILLS = int(os.environ.get("ANABRANCH_KILLS", "20"))


@pytest.mark.timeout(400)
def test_what_was_acknowledged_survives_many_kills(server, journal, chance, new_stream):
    server.start()
    stream = new_stream(server, 3)
    for kill in range(KILLS):
        load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
        time.sleep(chance.uniform(0.05, 0.6))
        server.kill()
        load.stop()
        server.start()
        if kill % 5 == 4 or kill == KILLS - 1:
            verify(server, stream, journal)
    assert len(journal.acked) > KILLS * 20, "hardly anything was written: this proves nothing"
    print(f"{len(journal.acked)} acknowledged, {len(journal.in_doubt)} in doubt, {KILLS} kills")


@pytest.mark.timeout(300)
def test_a_kill_while_starting_harms_nothing(server, journal, chance, new_stream):
    server.start()
    stream = new_stream(server, 2)
    load = Load(server, stream, journal).start()
    time.sleep(1)
    server.kill()
    load.stop()
    for _ in range(10):
        server.spawn()
        time.sleep(chance.uniform(0.0, 0.15))
        server.kill()
    server.start()
    verify(server, stream, journal)


@pytest.mark.timeout(400)
def test_a_kill_at_any_moment_of_a_reshard_leaves_a_whole_stream(server, journal, chance, new_stream):
    """Start a change under load, die somewhere in it, start again: it finishes or is undone, and shards tile."""
    server.start()
    stream = new_stream(server, 2)
    for round_number in range(12):
        load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
        time.sleep(0.1)
        control = Connection(server)
        open_now = [s for s in list_shards(control, stream) if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        open_now.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        try:
            if round_number % 3 == 2 and len(open_now) > 1:
                control.call(
                    "MergeShards",
                    {
                        "StreamName": stream,
                        "ShardToMerge": open_now[0]["ShardId"],
                        "AdjacentShardToMerge": open_now[1]["ShardId"],
                    },
                )
            elif round_number % 3 == 1:
                control.call(
                    "UpdateShardCount",
                    {"StreamName": stream, "TargetShardCount": len(open_now) + 1, "ScalingType": "UNIFORM_SCALING"},
                )
            else:
                widest = max(
                    open_now, key=lambda s: int(s["HashKeyRange"]["EndingHashKey"]) - int(s["HashKeyRange"]["StartingHashKey"])
                )
                low, high = (int(widest["HashKeyRange"][edge]) for edge in ("StartingHashKey", "EndingHashKey"))
                control.call(
                    "SplitShard",
                    {"StreamName": stream, "ShardToSplit": widest["ShardId"], "NewStartingHashKey": str((low + high) // 2)},
                )
        except Refused as refusal:
            assert refusal.code == "ResourceInUseException", refusal
        time.sleep(chance.uniform(0.0, 0.03))
        server.kill()
        load.stop()
        server.start()
        kinesis = k.client(server)
        k.wait_active(kinesis, stream)
        k.assert_tiles(k.open_shards(kinesis, stream))
    verify(server, stream, journal)


def test_the_catalog_survives_a_kill(server, new_stream):
    server.start()
    kinesis = k.client(server)
    stream = new_stream(server, 2)
    arn = k.stream_arn(stream)
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"kept": "yes"})
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    k.wait_active(kinesis, stream)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    k.wait_active(kinesis, stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"sealed")
    gone = new_stream(server, 1)
    kinesis.delete_stream(StreamName=gone)
    before = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    server.restart()
    kinesis = k.client(server)
    assert kinesis.describe_stream(StreamName=stream)["StreamDescription"] == before
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "kept", "Value": "yes"}]
    assert kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    assert sum(len(records) for records in k.read_stream(kinesis, stream).values()) == 1
    k.wait_gone(kinesis, gone)


def test_iterators_survive_a_restart(server, new_stream):
    server.start()
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    for i in range(10):
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(i).encode())
    page = kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), Limit=4)
    latest = k.iterator(kinesis, stream, kind="LATEST")
    server.restart()
    kinesis = k.client(server)
    rest = kinesis.get_records(ShardIterator=page["NextShardIterator"])["Records"]
    assert [record["Data"] for record in rest] == [str(i).encode() for i in range(4, 10)]
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"after")
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"after"]


def test_a_stop_is_graceful_and_takes_seconds(server, journal, new_stream):
    server.start()
    stream = new_stream(server, 2)
    kinesis = k.client(server)
    consumer = kinesis.register_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="reader")["Consumer"]["ConsumerARN"]
    k.eventually(
        lambda: kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    )
    subscription = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={"Type": "LATEST"}
    )["EventStream"]
    load = Load(server, stream, journal).start()
    time.sleep(0.5)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    load.stop()
    subscription.close()
    server.start()
    verify(server, stream, journal)

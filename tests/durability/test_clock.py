"""A clock that jumps, by libfaketime: retention, iterators, arrival times and numbers keep their promises."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.clock import Clock, needs_faketime
from harness.load import Load, verify
from harness.server import Server

SHARD = "shardId-000000000000"


@pytest.fixture
def clock(server) -> Clock:
    server.extra_args += ["--retention-interval", "1s"]
    clock = Clock(server.scratch / "clock")
    server.env = clock.environment()
    server.start()
    return clock


def used_mib(directory: Path) -> float:
    """What the files take, but for the write-ahead logs: they take the same whatever expires."""
    blocks = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.suffix != ".log":
                blocks += path.stat().st_blocks
    return blocks * 512 / 2**20


@needs_faketime
def test_an_iterator_expires_after_five_minutes(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    position = k.iterator(kinesis, stream)
    clock.set("+299s")
    position_2 = kinesis.get_records(ShardIterator=position)["NextShardIterator"]
    clock.set("+302s")
    with k.refused("ExpiredIteratorException") as caught:
        kinesis.get_records(ShardIterator=position)
    text = caught.value.response["Error"]["Message"]
    assert text.startswith("Iterator expired. The iterator was created at time ")
    assert text.endswith(" which is further in the future than the tolerated delay of 300000 milliseconds.")
    assert " UTC " in text
    kinesis.get_records(ShardIterator=position_2)


@needs_faketime
def test_a_token_expires_after_five_minutes(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 3)
    token = kinesis.list_shards(StreamName=stream, MaxResults=1)["NextToken"]
    clock.set("+302s")
    with k.refused("ExpiredNextTokenException"):
        kinesis.list_shards(NextToken=token)


@needs_faketime
@pytest.mark.timeout(180)
def test_records_expire_and_their_space_comes_back(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    data = b"x" * 500_000
    # Well past three memtables of 64 MiB, so that two at least have reached the files whatever the flush is doing now.
    for _ in range(60):
        kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "a", "Data": data}] * 8)
    full = used_mib(server.data_dir)
    assert full > 100
    clock.set("+23h")
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"young")
    assert len(kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), Limit=1)["Records"][0]["Data"]) == 500_000
    clock.set("+86700s")
    k.eventually(
        lambda: kinesis.get_records(ShardIterator=k.iterator(kinesis, stream), Limit=1)["Records"][0]["Data"] == b"young",
        seconds=20,
        what="the old records expired",
    )
    # What is hidden at once is deleted by a clock that a start trusts and a jump does not.
    server.restart()
    kinesis = k.client(server)
    k.eventually(lambda: used_mib(server.data_dir) < full - 90, seconds=60, what="the space came back to the file system")
    server.kill()
    server.start()
    kinesis = k.client(server)
    records = k.read_all(kinesis, stream, SHARD)
    assert [record["Data"] for record in records] == [b"young"]


@needs_faketime
@pytest.mark.timeout(60)
def test_a_jump_ahead_that_is_taken_back_deletes_nothing(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    clock.set("+400d")
    time.sleep(4)
    clock.set("+0")
    assert len(k.read_all(kinesis, stream, SHARD)) == 1
    server.restart()
    assert len(k.read_all(k.client(server), stream, SHARD)) == 1


@needs_faketime
@pytest.mark.timeout(120)
def test_a_longer_retention_keeps_them(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    k.wait_active(kinesis, stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    clock.set("+25h")
    server.restart()
    time.sleep(3)
    assert len(k.read_all(k.client(server), stream, SHARD)) == 1
    clock.set("+49h")
    k.eventually(lambda: k.read_all(k.client(server), stream, SHARD) == [], what="the record expired")


@needs_faketime
@pytest.mark.timeout(120)
def test_a_closed_shard_expires_with_its_last_record(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    k.wait_active(kinesis, stream)
    assert len(k.shards(kinesis, stream)) == 3
    clock.set("+25h")
    server.restart()
    kinesis = k.client(server)
    k.eventually(lambda: len(k.shards(kinesis, stream)) == 2, what="the parent expired")
    k.assert_tiles(k.open_shards(kinesis, stream))


@needs_faketime
@pytest.mark.timeout(120)
@pytest.mark.parametrize("jump", ["+3h", "-3h", "-400d"])
def test_arrival_times_never_go_back_and_numbers_grow(server, clock, new_stream, journal, jump):
    stream = new_stream(server, 2)
    load = Load(server, stream, journal, producers=2).start()
    time.sleep(0.5)
    clock.set(jump)
    time.sleep(0.5)
    clock.set("+0")
    time.sleep(0.5)
    load.stop()
    assert server.running()
    verify(server, stream, journal)
    server.kill()
    clock.set(jump)
    server.start()
    verify(server, stream, journal)
    kinesis = k.client(server)
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey="1000")
    k.wait_active(kinesis, stream)
    parent = k.shards(kinesis, stream)[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    child = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"p9-k9:0:", ExplicitHashKey="5000")["SequenceNumber"]
    assert int(child) > int(parent), "children number from after their parents whatever the clock says"


@needs_faketime
def test_at_timestamp_finds_its_place_after_a_jump(server, clock, new_stream):
    kinesis = k.client(server)
    stream = new_stream(server, 1)
    for step, offset in enumerate(["+0", "+1h", "-1h", "+2h"]):
        clock.set(offset)
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=str(step).encode())
    records = k.read_all(kinesis, stream, SHARD, at_least=4)
    arrivals = [record["ApproximateArrivalTimestamp"] for record in records]
    assert arrivals == sorted(arrivals)
    position = k.iterator(kinesis, stream, kind="AT_TIMESTAMP", Timestamp=arrivals[3])
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=position)["Records"]] == [b"3"]


def test_without_faketime_the_server_uses_the_machines_clock():
    with Server() as server:
        assert server.running()

"""Die, or lose the disk, at every named point of a write, a release of space and a start."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.clock import Clock, needs_faketime
from harness.load import Load, verify

SOURCE = Path(__file__).parents[2] / "dataplane"


def named_points() -> list[str]:
    """Every fail-point that any source names, so that a new one is tested without a word here."""
    found = set()
    for path in SOURCE.rglob("failpoints.rs"):
        found.update(re.findall(r'pub(?:\(crate\))? const [A-Z_]+: &str\s*=\s*"([a-z0-9-]+)";', path.read_text()))
    return sorted(found)


POINTS = named_points()
COMMIT = [point for point in POINTS if "-commit-" in point]
OPEN = [point for point in POINTS if "-open-" in point]
CLOSE = [point for point in POINTS if "-close-" in point]
DELETE = [point for point in POINTS if "-release-" in point or point in ("lifecycle-before-destroy", "lifecycle-before-gone")]
CREATE = [point for point in POINTS if point == "lifecycle-before-active"]
EXPIRE = [point for point in POINTS if point.startswith("lifecycle-before-expire")]
OTHER = [point for point in POINTS if point not in COMMIT + OPEN + CLOSE + DELETE + CREATE + EXPIRE]


def arm(server, points: str | None) -> None:
    server.env = {"ANABRANCH_FAILPOINTS": "1", "FAILPOINTS": points} if points else {}


def test_there_are_points():
    assert COMMIT and OPEN and DELETE


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", COMMIT)
def test_dying_at_each_step_of_a_commit(server, journal, chance, new_stream, point):
    server.start()
    stream = new_stream(server, 2)
    for _ in range(3):
        arm(server, f"{point}={chance.randint(20, 120)}*off->return(abort)")
        server.stop()
        server.start()
        load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
        load.wait_dead(20)
        assert not server.running(), f"{point} was not passed"
        load.stop()
        arm(server, None)
        server.start()
        verify(server, stream, journal)
    assert journal.acked


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", ["eio", "enospc"])
@pytest.mark.parametrize("point", COMMIT)
def test_a_disk_that_fails_for_a_while_loses_nothing(server, journal, chance, new_stream, point, fault):
    """Writes are refused, the process may stop itself, and after a restart every acknowledged record is there."""
    server.start()
    stream = new_stream(server, 2)
    arm(server, f"{point}={chance.randint(20, 100)}*off->3*return({fault})->off")
    server.stop()
    server.start()
    load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
    time.sleep(2)
    load.stop()
    if server.running():
        verify(server, stream, journal)
    arm(server, None)
    server.kill()
    server.start()
    verify(server, stream, journal)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", OPEN)
def test_dying_at_each_step_of_the_first_start(server, point, new_stream):
    arm(server, f"{point}=return(abort)")
    server.spawn()
    server.process.wait(20)
    assert server.process.returncode != 0
    arm(server, None)
    server.start()
    stream = new_stream(server)
    k.client(server).put_record(StreamName=stream, PartitionKey="a", Data=b"d")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", OPEN)
def test_dying_at_each_step_of_a_later_start(server, journal, new_stream, point):
    server.start()
    stream = new_stream(server)
    load = Load(server, stream, journal).start()
    time.sleep(0.5)
    server.kill()
    load.stop()
    arm(server, f"{point}=return(abort)")
    server.spawn()
    try:
        server.process.wait(5)
    except Exception:
        # A point of the first start only.
        server.kill()
    arm(server, None)
    server.start()
    verify(server, stream, journal)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", CLOSE)
def test_dying_while_stopping(server, journal, new_stream, point):
    arm(server, f"{point}=return(abort)")
    server.start()
    stream = new_stream(server)
    load = Load(server, stream, journal).start()
    time.sleep(0.5)
    server.stop()
    load.stop()
    arm(server, None)
    server.start()
    verify(server, stream, journal)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", DELETE)
def test_dying_while_a_stream_is_deleted(server, journal, new_stream, point):
    """Deleting a stream releases its space; the streams beside it must not notice."""
    server.start()
    kept, deleted = new_stream(server), new_stream(server)
    load = Load(server, kept, journal, producers=2).start()
    time.sleep(0.5)
    load.stop()
    kinesis = k.client(server)
    for _ in range(20):
        kinesis.put_records(StreamName=deleted, Records=[{"PartitionKey": "a", "Data": b"x" * 100_000}] * 10)
    arm(server, f"{point}=return(abort)")
    server.stop()
    server.start()
    with contextlib.suppress(Exception):  # it may die before it answers
        k.client(server).delete_stream(StreamName=deleted)
    deadline = time.monotonic() + 15
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    arm(server, None)
    server.kill()
    server.start()
    verify(server, kept, journal)
    kinesis = k.client(server)
    k.wait_gone(kinesis, deleted)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", OTHER)
def test_dying_at_each_other_point_under_load_and_reshards(server, journal, chance, new_stream, point):
    server.start()
    stream = new_stream(server, 2)
    arm(server, f"{point}={chance.randint(0, 3)}*off->return(abort)")
    server.stop()
    server.start()
    load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
    kinesis = k.client(server)
    target = 3
    deadline = time.monotonic() + 10
    while server.running() and time.monotonic() < deadline:
        try:
            kinesis.update_shard_count(StreamName=stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            target = 5 - target
        except Exception:
            pass
        time.sleep(0.1)
    server.kill()
    load.stop()
    arm(server, None)
    server.start()
    k.wait_active(k.client(server), stream)
    k.assert_tiles(k.open_shards(k.client(server), stream))
    verify(server, stream, journal)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", CREATE)
def test_dying_while_a_stream_is_made(server, point):
    """The next start finishes what the catalog has, or it was never there."""
    arm(server, f"{point}=return(abort)")
    server.start()
    with contextlib.suppress(Exception):
        k.client(server).create_stream(StreamName="begun", ShardCount=3)
    server.process.wait(20)
    arm(server, None)
    server.start()
    kinesis = k.client(server)
    if "begun" not in kinesis.list_streams()["StreamNames"]:
        kinesis.create_stream(StreamName="begun", ShardCount=3)
    k.wait_active(kinesis, "begun")
    k.assert_tiles(k.open_shards(kinesis, "begun"))
    kinesis.put_record(StreamName="begun", PartitionKey="a", Data=b"d")


@needs_faketime
@pytest.mark.timeout(90)
@pytest.mark.parametrize("point", EXPIRE)
def test_dying_while_a_closed_shard_expires(server, point):
    server.extra_args += ["--retention-interval", "1s"]
    server.start()
    kinesis = k.client(server)
    kinesis.create_stream(StreamName="old", ShardCount=1)
    k.wait_active(kinesis, "old")
    kinesis.put_record(StreamName="old", PartitionKey="a", Data=b"d")
    kinesis.split_shard(StreamName="old", ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    k.wait_active(kinesis, "old")
    server.stop()
    tomorrow = Clock(server.scratch / "clock")
    tomorrow.set("+90000s")
    arm(server, f"{point}=return(abort)")
    server.env |= tomorrow.environment()
    server.spawn()
    server.process.wait(20)
    server.env = tomorrow.environment()
    server.start()
    kinesis = k.client(server)
    k.eventually(lambda: len(k.shards(kinesis, "old")) == 2, what="the parent expired")
    k.assert_tiles(k.open_shards(kinesis, "old"))

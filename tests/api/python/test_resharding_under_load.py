"""Shards split, merge and scale while producers and readers run: no put fails, nothing is lost, order holds."""

from __future__ import annotations

import threading
import time

import pytest

from harness import kinesis as k
from harness.load import Journal, Load, verify


def change(kinesis, name, what):
    """Begin a change and wait until it is done."""

    def begun():
        try:
            what()
        except kinesis.exceptions.ResourceInUseException:
            return False
        return True

    k.eventually(begun, what="the change began")
    k.wait_active(kinesis, name)
    k.assert_tiles(k.open_shards(kinesis, name))


@pytest.mark.timeout(180)
def test_no_put_fails_and_nothing_is_lost(server, kinesis, make_stream):
    name, journal = make_stream(4), Journal()
    load = Load(server, name, journal, producers=4).start()
    for target in (7, 3, 6, 4):
        change(
            kinesis,
            name,
            lambda target=target: kinesis.update_shard_count(
                StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
            ),
        )
        assert len(k.open_shards(kinesis, name)) == target
    for _ in range(4):
        shard = sorted(k.open_shards(kinesis, name), key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))[0]
        low, high = (int(shard["HashKeyRange"][edge]) for edge in ("StartingHashKey", "EndingHashKey"))
        change(
            kinesis,
            name,
            lambda shard=shard, middle=(low + high) // 2: kinesis.split_shard(
                StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle)
            ),
        )
    for _ in range(4):
        first, second = sorted(k.open_shards(kinesis, name), key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))[:2]
        change(
            kinesis,
            name,
            lambda first=first, second=second: kinesis.merge_shards(
                StreamName=name, ShardToMerge=first["ShardId"], AdjacentShardToMerge=second["ShardId"]
            ),
        )
    load.stop()
    assert not journal.refused, f"{len(journal.refused)} puts failed: {journal.refused[:3]}"
    assert not journal.in_doubt
    assert verify(server, name, journal) == len(journal.acked)


@pytest.mark.timeout(120)
def test_a_reader_follows_children_and_sees_every_record_once(server, kinesis, make_stream):
    """As the KCL does: a child is read only when its parents are read to their ends."""
    name, journal = make_stream(2), Journal()
    seen, finished = [], threading.Event()
    failures = []

    def follow(shard, done, reading):
        position = k.iterator(reading, name, shard)
        while position:
            page = reading.get_records(ShardIterator=position)
            seen.extend(page["Records"])
            position = page.get("NextShardIterator")
            if position and not page["Records"]:
                if finished.is_set() and page["MillisBehindLatest"] == 0:
                    return []
                time.sleep(0.01)
        done.add(shard)
        return page["ChildShards"]

    def read():
        try:
            reading, done = k.client(server), set()
            threads = []

            def run(shard):
                for child in follow(shard, done, k.client(server)):
                    with lock:
                        if child["ShardId"] not in started and set(child["ParentShards"]) <= done:
                            started.add(child["ShardId"])
                            start(child["ShardId"])

            def start(shard):
                thread = threading.Thread(target=guarded, args=(shard,))
                threads.append(thread)
                thread.start()

            def guarded(shard):
                try:
                    run(shard)
                except BaseException as failure:  # noqa: BLE001 - handed to the test's thread
                    failures.append(failure)

            lock, started = threading.Lock(), {shard["ShardId"] for shard in k.shards(reading, name)}
            for shard in list(started):
                start(shard)
            while any(thread.is_alive() for thread in list(threads)):
                time.sleep(0.05)
        except BaseException as failure:  # noqa: BLE001 - handed to the test's thread
            failures.append(failure)

    reader = threading.Thread(target=read)
    reader.start()
    load = Load(server, name, journal, producers=2).start()
    for target in (4, 2, 3):
        change(
            kinesis,
            name,
            lambda target=target: kinesis.update_shard_count(
                StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
            ),
        )
    load.stop()
    finished.set()
    reader.join(60)
    assert not reader.is_alive()
    assert not failures, failures[0]
    numbers = [record["SequenceNumber"] for record in seen]
    assert len(numbers) == len(set(numbers)) == len(journal.acked)
    assert {int(number) for number in numbers} == {ack.number for ack in journal.acked.values()}

"""The resharding under way: 4 shards to 7 and back to 3, at given shares of the data, and the proof that ranges tile.

7 to 3 takes two steps, since UpdateShardCount goes no further down than to half.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from demo.aws import kinesis
from demo.board import Board

SHARDS_AT_FIRST = 4
# (share of the records that are put when it begins, shards afterwards)
PLAN = ((0.2, 7), (0.5, 4), (0.7, 3))
HASH_KEYS = 2**128


@dataclass
class Resharded:
    before: int
    after: int
    seconds: float
    put_meanwhile: int
    ranges: list[tuple[int, int]]


def open_ranges(client, stream: str) -> list[tuple[int, int]]:
    """The hash ranges of the open shards; an error unless they cover every hash key exactly once."""
    pages = client.get_paginator("list_shards").paginate(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})
    ranges = sorted(
        (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for page in pages
        for shard in page["Shards"]
    )
    expected = 0
    for start, end in ranges:
        if start != expected:
            raise AssertionError(f"the open shards' hash ranges do not tile at {start}: {ranges}")
        expected = end + 1
    if expected != HASH_KEYS:
        raise AssertionError(f"the open shards' hash ranges end at {expected - 1}")
    return ranges


def reshard(endpoint: str, stream: str, records: int, board: Board) -> None:
    client, before = kinesis(endpoint), SHARDS_AT_FIRST
    for share, after in PLAN:
        while board.put < share * records:
            time.sleep(0.01)
        began, put = time.monotonic(), board.put
        client.update_shard_count(StreamName=stream, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
        while client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            time.sleep(0.01)
        seconds = time.monotonic() - began
        ranges = open_ranges(client, stream)
        if len(ranges) != after:
            raise AssertionError(f"{after} shards were asked for, {len(ranges)} are open")
        board.news.put(Resharded(before, after, seconds, board.put - put, ranges))
        before = after

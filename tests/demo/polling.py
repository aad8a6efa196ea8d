"""The consumer that polls: GetRecords on every shard in turn."""

from __future__ import annotations

import time

from demo.aws import kinesis
from demo.consumer import Inspector, Lineage, first_shards

# Long enough not to keep a processor busy with empty answers, short enough for a lag of milliseconds.
PAUSE_SECONDS = 0.05


def poll(endpoint: str, stream: str, inspector: Inspector) -> None:
    client = kinesis(endpoint)
    roots = first_shards(client, stream)
    lineage, positions = Lineage(roots), {shard: _horizon(client, stream, shard) for shard in roots}
    at_tip = False
    while not (inspector.complete and at_tip):
        began, found = time.monotonic(), 0
        at_tip = True
        for shard, position in list(positions.items()):
            page = client.get_records(ShardIterator=position, Limit=10_000)
            inspector.take(shard, page["Records"])
            found += len(page["Records"])
            if page.get("NextShardIterator"):
                positions[shard] = page["NextShardIterator"]
                at_tip &= not page["Records"] and page["MillisBehindLatest"] == 0
                continue
            del positions[shard]
            inspector.mine.shards_read += 1
            at_tip = False
            for child in lineage.end(shard, page["ChildShards"]):
                positions[child] = _horizon(client, stream, child)
        if not found:
            inspector.mine.lag_ms = 0
        time.sleep(max(0.0, PAUSE_SECONDS - (time.monotonic() - began)))
    inspector.mine.shards_read += len(positions)
    inspector.mine.done = 1


def _horizon(client, stream: str, shard: str) -> str:
    return client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

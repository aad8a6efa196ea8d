"""What both consumers share: the check of every record, and which shard may be read when.

A child is read when all its parents are read to their ends. Knows nothing of how the records come.
"""

from __future__ import annotations

import time

from demo.board import Counters, Ledger
from demo.dataset import Dataset


class Inspector:
    """Notes each record once and counts what is wrong: read twice, out of its key's order, or never put."""

    def __init__(self, dataset: Dataset, mine: Counters, ledger: Ledger):
        self.dataset, self.mine, self.ledger = dataset, mine, ledger
        self._next_of_key: dict[str, int] = {}
        self._last_of_shard: dict[str, int] = {}

    def take(self, shard: str, records: list[dict]) -> None:
        for record in records:
            self._take_one(shard, record["PartitionKey"], record["Data"], int(record["SequenceNumber"]))
        if records:
            age_ms = int((time.time() - records[0]["ApproximateArrivalTimestamp"].timestamp()) * 1000)
            self.mine.lag_ms = max(0, age_ms)
            self.mine.lag_ms_max = max(self.mine.lag_ms_max, age_ms)

    def _take_one(self, shard: str, key: str, data: bytes, sequence_number: int) -> None:
        number = self.dataset.number_of(key, data)
        if number is None:
            self.mine.strange += 1
            return
        if self.ledger.get(number):
            self.mine.twice += 1
            return
        in_order = self.dataset.nth_of_key[number] == self._next_of_key.get(key, 0)
        if not in_order or sequence_number <= self._last_of_shard.get(shard, 0):
            self.mine.disordered += 1
        self._next_of_key[key] = self.dataset.nth_of_key[number] + 1
        self._last_of_shard[shard] = sequence_number
        self.ledger.set(number, sequence_number)
        self.mine.read += 1

    @property
    def complete(self) -> bool:
        return self.mine.read == len(self.dataset)


class Lineage:
    """Which shards were begun and which were read to their ends."""

    def __init__(self, roots: list[str]):
        self.begun, self.ended = set(roots), set()

    def end(self, shard: str, children: list[dict]) -> list[str]:
        """The shard is read to its end: the children that may begin now."""
        self.ended.add(shard)
        ready = [
            child["ShardId"]
            for child in children
            if child["ShardId"] not in self.begun and self.ended.issuperset(child["ParentShards"])
        ]
        self.begun.update(ready)
        return ready


def first_shards(client, stream: str) -> list[str]:
    """The shards that have no parents left to read."""
    pages = client.get_paginator("list_shards").paginate(StreamName=stream)
    return [shard["ShardId"] for page in pages for shard in page["Shards"] if "ParentShardId" not in shard]

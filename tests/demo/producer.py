"""A producer: puts its share of the aircraft, each aircraft's flights in their order, by PutRecords.

AWS promises no order among the entries of one call, so a call holds an aircraft at most once, and the next call
leaves when this one is acknowledged.
"""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator

from demo.aws import kinesis
from demo.board import Counters, Ledger
from demo.dataset import Dataset

ENTRIES_PER_CALL = 500
# How many records may wait for their aircraft to be free; more would be left over for the end, one a call.
WAITING_MAX = 500
# An entry that the server throttles is put again, for this long.
PATIENCE_SECONDS = 30


def share(dataset: Dataset, place: int, producers: int) -> list[int]:
    return [number for number, key in enumerate(dataset.keys) if zlib.crc32(key.encode()) % producers == place]


def batches(dataset: Dataset, numbers: Iterable[int]) -> Iterator[list[int]]:
    """The numbers in calls of different keys; one whose key is taken waits for the next call."""
    fresh, waiting = iter(numbers), deque()
    while True:
        batch, keys, later = [], set(), deque()

        def take(number, batch=batch, keys=keys, later=later):
            key = dataset.keys[number]
            if key in keys:
                later.append(number)
            else:
                keys.add(key)
                batch.append(number)

        while waiting and len(batch) < ENTRIES_PER_CALL:
            take(waiting.popleft())
        later.extend(waiting)
        # A key that waits is in this batch or behind one that is: no later record of it can pass.
        keys.update(dataset.keys[number] for number in later)
        while len(batch) < ENTRIES_PER_CALL and len(later) < WAITING_MAX and (number := next(fresh, None)) is not None:
            take(number)
        waiting = later
        if not batch:
            return
        yield batch


def produce(endpoint: str, stream: str, dataset: Dataset, numbers: list[int], rate: float, mine: Counters, acknowledged: Ledger):
    """Put all numbers, at most `rate` records a second."""
    client, began = kinesis(endpoint), time.monotonic()
    for batch in batches(dataset, numbers):
        _put(client, stream, dataset, batch, mine, acknowledged)
        ahead = mine.put / rate - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)


def _put(client, stream: str, dataset: Dataset, batch: list[int], mine: Counters, acknowledged: Ledger) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while batch:
        began = time.monotonic()
        answer = client.put_records(
            StreamName=stream,
            Records=[{"Data": dataset.data(number), "PartitionKey": dataset.keys[number]} for number in batch],
        )
        mine.slowest_us = max(mine.slowest_us, int((time.monotonic() - began) * 1e6))
        mine.calls += 1
        mine.sdk_retries += answer["ResponseMetadata"]["RetryAttempts"]
        refused = []
        for number, entry in zip(batch, answer["Records"], strict=True):
            if "ErrorCode" in entry:
                refused.append(number)
            else:
                acknowledged.set(number, int(entry["SequenceNumber"]))
        mine.put += len(batch) - len(refused)
        mine.refused += len(refused)
        if refused and time.monotonic() > deadline:
            raise TimeoutError(f"{len(refused)} records are still refused after {PATIENCE_SECONDS} s: {entry}")
        batch = refused

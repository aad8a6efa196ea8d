"""What the processes of the demo tell each other: counters and sequence numbers in memory that all of them share.

Every counter has one writer, so nothing is locked. A ledger has a place for every record of the data set and holds
the sequence number under which a producer or a consumer saw it.
"""

from __future__ import annotations

import mmap
import multiprocessing
from dataclasses import dataclass

NUMBER_BYTES = 24


class Counters:
    """Named numbers of one process, read by any."""

    def __init__(self, *names: str):
        shared = memoryview(mmap.mmap(-1, 8 * len(names))).cast("q")
        object.__setattr__(self, "_shared", shared)
        object.__setattr__(self, "_places", {name: place for place, name in enumerate(names)})

    def __getattr__(self, name: str) -> int:
        return self._shared[self._places[name]]

    def __setattr__(self, name: str, value: int) -> None:
        self._shared[self._places[name]] = value


class Ledger:
    """The sequence number of every record, zero where it has not been seen."""

    def __init__(self, records: int):
        self._shared = mmap.mmap(-1, max(1, records) * NUMBER_BYTES)

    def get(self, record: int) -> int:
        return int.from_bytes(self._shared[record * NUMBER_BYTES : (record + 1) * NUMBER_BYTES], "big")

    def set(self, record: int, sequence_number: int) -> None:
        self._shared[record * NUMBER_BYTES : (record + 1) * NUMBER_BYTES] = sequence_number.to_bytes(NUMBER_BYTES, "big")


def producer_counters() -> Counters:
    return Counters("put", "calls", "refused", "sdk_retries", "slowest_us")


def consumer_counters() -> Counters:
    return Counters("read", "twice", "disordered", "strange", "lag_ms", "lag_ms_max", "shards_read", "done")


@dataclass
class Board:
    producers: list[Counters]
    polling: Counters
    fan_out: Counters
    acknowledged: Ledger
    polled: Ledger
    pushed: Ledger
    news: multiprocessing.SimpleQueue

    @classmethod
    def of(cls, records: int, producers: int) -> Board:
        return cls(
            [producer_counters() for _ in range(producers)],
            consumer_counters(),
            consumer_counters(),
            Ledger(records),
            Ledger(records),
            Ledger(records),
            multiprocessing.SimpleQueue(),
        )

    @property
    def put(self) -> int:
        return sum(producer.put for producer in self.producers)

    @property
    def refused(self) -> int:
        return sum(producer.refused for producer in self.producers)

    @property
    def slowest_put_ms(self) -> float:
        return max(producer.slowest_us for producer in self.producers) / 1000

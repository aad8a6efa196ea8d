"""What clients of a stream saw, and whether one log could have given it to them: an independent judge.

Knows nothing of Anabranch but what AWS promises of a shard: it is one sequence of records, an acknowledged record stands in it
under its number for good, numbers grow with real time, and a reader gets them in order, all of them, once, and is told that
there is nothing more only where nothing more was acknowledged. Times are one clock's
(`time.monotonic`): everybody is in one process. A sort is enough, since a number says where a put took effect: a general search
for an order (Wing and Gong) would find no more.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate

from harness.load import ordinal


@dataclass(frozen=True)
class Put:
    shard: str
    number: int
    data: str
    began: float
    ended: float


@dataclass(frozen=True)
class Read:
    reader: str
    shard: str
    records: tuple[tuple[int, str], ...]
    #: Whether the service said that there was nothing after these.
    at_tip: bool
    began: float
    ended: float


@dataclass
class History:
    puts: list[Put] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, put: Put) -> None:
        with self.lock:
            self.puts.append(put)

    def read(self, read: Read) -> None:
        with self.lock:
            self.reads.append(read)


def check(history: History) -> list[str]:
    """Every contradiction, as a sentence; nothing when the history could be one log a shard."""
    found: list[str] = []
    puts: dict[str, list[Put]] = defaultdict(list)
    for put in history.puts:
        puts[put.shard].append(put)
    reads: dict[tuple[str, str], list[Read]] = defaultdict(list)
    for read in history.reads:
        reads[read.shard, read.reader].append(read)
    contents: dict[str, dict[int, str]] = defaultdict(dict)
    for shard, of_shard in puts.items():
        found += _numbers_grow_with_time(shard, of_shard)
        for put in of_shard:
            found += _one_content(contents[shard], shard, put.number, put.data)
    for (shard, reader), of_reader in reads.items():
        found += _all_in_order_once(shard, reader, of_reader)
        for read in of_reader:
            for number, data in read.records:
                found += _one_content(contents[shard], shard, number, data)
    if stale := staleness(history):
        found.append(f"a reader was told that there is nothing more {stale:.3f} s after more was acknowledged")
    return found


def lost(history: History) -> list[Put]:
    """Acknowledged records that no reader ever got. Of a whole history, whose readers came to the end, there may be none."""
    seen = {(read.shard, number) for read in history.reads for number, _ in read.records}
    return [put for put in history.puts if (put.shard, put.number) not in seen]


def staleness(history: History) -> float:
    """The longest time, in seconds, that an acknowledged record was missing at what a reader was told is the tip."""
    puts: dict[str, list[Put]] = defaultdict(list)
    for put in sorted(history.puts, key=lambda put: put.number):
        puts[put.shard].append(put)
    numbers = {shard: [put.number for put in of_shard] for shard, of_shard in puts.items()}
    # For each place in a shard, when the first of the puts from there on was acknowledged.
    first_ended = {
        shard: list(accumulate((put.ended for put in reversed(of_shard)), min))[::-1] for shard, of_shard in puts.items()
    }
    worst = 0.0
    reached: dict[tuple[str, str], int] = {}
    for read in sorted(history.reads, key=lambda read: read.began):
        at = (read.shard, read.reader)
        reached[at] = max([reached.get(at, -1), *(number for number, _ in read.records)])
        if read.at_tip and read.shard in numbers:
            beyond = bisect_right(numbers[read.shard], reached[at])
            if beyond < len(numbers[read.shard]):
                worst = max(worst, read.began - first_ended[read.shard][beyond])
    return worst


def _one_content(contents: dict[int, str], shard: str, number: int, data: str) -> list[str]:
    there = contents.setdefault(number, data)
    return [] if there == data else [f"{shard}: {number} is {there!r} and {data!r}"]


def _numbers_grow_with_time(shard: str, puts: list[Put]) -> list[str]:
    found = []
    first_ended: Put | None = None
    for put in sorted(puts, key=lambda put: put.number, reverse=True):
        if first_ended and first_ended.ended < put.began:
            found.append(f"{shard}: {put.data!r} began after {first_ended.data!r} was acknowledged and has a smaller number")
        if first_ended is None or put.ended < first_ended.ended:
            first_ended = put
    return found


def _all_in_order_once(shard: str, reader: str, reads: list[Read]) -> list[str]:
    found = []
    previous = -1
    for number in (number for read in sorted(reads, key=lambda read: read.began) for number, _ in read.records):
        if ordinal(number) != previous + 1:
            found.append(f"{shard}: {reader} got record {ordinal(number)} after record {previous}")
        previous = ordinal(number)
    return found

"""Producers that remember what was acknowledged, and the check that exactly that is there.

Each producer writes its own partition keys with a counter in the data. It never retries: an attempt whose answer it did
not see is *in doubt* and may be there once or not at all; what was acknowledged must be there once, under its number.
"""

from __future__ import annotations

import http.client
import itertools
import random
import threading
import time
from dataclasses import dataclass, field

import cbor2

from harness.server import Server
from harness.wire import AUTHORIZATION, CBOR_TYPE, TARGET, loads_cbor


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, document: dict):
        self.code = document.get("__type", "")
        self.text = document.get("message", document.get("Message", ""))
        super().__init__(f"{status} {self.code}: {self.text}")


class Connection:
    """One kept connection speaking CBOR: a fraction of an SDK's cost a call."""

    def __init__(self, server: Server, timeout: float = 30.0):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)

    def call(self, action: str, request: dict) -> dict:
        self.connection.request(
            "POST",
            "/",
            body=cbor2.dumps(request),
            headers={
                "Content-Type": CBOR_TYPE,
                "X-Amz-Target": f"{TARGET}.{action}",
                "X-Amz-Date": "20260101T000000Z",
                "Authorization": AUTHORIZATION,
            },
        )
        response = self.connection.getresponse()
        body = response.read()
        document = loads_cbor(body) if body else {}
        if response.status != 200:
            raise Refused(response.status, document)
        return document

    def close(self) -> None:
        self.connection.close()


@dataclass
class Acknowledged:
    shard: str
    number: int


@dataclass
class Journal:
    """What producers know. Keys are (partition key, counter)."""

    acked: dict[tuple[str, int], Acknowledged] = field(default_factory=dict)
    in_doubt: set[tuple[str, int]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def payload(key: str, counter: int, size: int) -> bytes:
    return f"{key}:{counter}:".encode().ljust(size, b".")


def parse(data: bytes) -> tuple[str, int]:
    key, counter, _ = data.split(b":", 2)
    return key.decode(), int(counter)


class Load:
    """Some producers in threads, until stopped or until the server is gone."""

    def __init__(
        self,
        server: Server,
        stream: str,
        journal: Journal,
        *,
        producers: int = 4,
        batch: int = 20,
        size: int = 100,
        seed: int = 0,
    ):
        self.server = server
        self.stream = stream
        self.journal = journal
        self.batch = batch
        self.size = size
        self.stopping = threading.Event()
        self.counters = {}
        self.failures: list[BaseException] = []
        self.threads = [
            threading.Thread(target=self.produce, args=(i, random.Random(seed * 1000 + i)), daemon=True) for i in range(producers)
        ]

    # Counters go on across restarts, so that one journal covers a whole test.
    counter_source = itertools.count(1)

    def start(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a producer hangs: the server neither answered nor closed the connection"
        if self.failures:
            raise self.failures[0]

    def wait_dead(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.server.running() and time.monotonic() < deadline:
            time.sleep(0.005)

    def produce(self, producer: int, chance: random.Random) -> None:
        try:
            connection = Connection(self.server)
            while not self.stopping.is_set():
                count = 1 if chance.random() < 0.3 else chance.randint(1, self.batch)
                attempt = [(f"p{producer}-k{chance.randrange(8)}", next(Load.counter_source)) for _ in range(count)]
                if not self.attempt(connection, attempt):
                    connection.close()
                    if not self.server.running():
                        return
                    connection = Connection(self.server)
        except BaseException as failure:  # noqa: BLE001 - handed to the test's thread
            self.failures.append(failure)

    def attempt(self, connection: Connection, attempt: list[tuple[str, int]]) -> bool:
        """One put; whether the connection may be used again."""
        with self.journal.lock:
            self.journal.in_doubt.update(attempt)
        entries = [{"Data": payload(key, counter, self.size), "PartitionKey": key} for key, counter in attempt]
        try:
            if len(entries) == 1:
                results = [connection.call("PutRecord", {"StreamName": self.stream, **entries[0]})]
            else:
                results = connection.call("PutRecords", {"StreamName": self.stream, "Records": entries})["Records"]
        except Refused as refusal:
            # Refused as a whole. Only a 5xx leaves doubt about what was written.
            with self.journal.lock:
                self.journal.refused.append(str(refusal))
                if not refusal.code.startswith(("InternalFailure", "ServiceUnavailable")):
                    self.journal.in_doubt.difference_update(attempt)
            time.sleep(0.01)
            return True
        except (OSError, http.client.HTTPException):
            return False
        with self.journal.lock:
            for record, result in zip(attempt, results, strict=True):
                if "SequenceNumber" in result:
                    self.journal.in_doubt.discard(record)
                    self.journal.acked[record] = Acknowledged(result["ShardId"], int(result["SequenceNumber"]))
                else:
                    self.journal.refused.append(f"{result['ErrorCode']}: {result['ErrorMessage']}")
                    if result["ErrorCode"] != "InternalFailure":
                        self.journal.in_doubt.discard(record)
        return True


def ordinal(number: int) -> int:
    """The record's place in its shard, as the sequence number carries it."""
    return int(f"{number:x}"[11:27], 16)


def list_shards(connection: Connection, stream: str) -> list[dict]:
    found, page = [], connection.call("ListShards", {"StreamName": stream})
    while True:
        found += page["Shards"]
        if "NextToken" not in page:
            return found
        page = connection.call("ListShards", {"NextToken": page["NextToken"]})


def read_shard(connection: Connection, stream: str, shard: str) -> list[dict]:
    position = connection.call("GetShardIterator", {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"})[
        "ShardIterator"
    ]
    records = []
    while position:
        page = connection.call("GetRecords", {"ShardIterator": position, "Limit": 10000})
        records += page["Records"]
        position = page.get("NextShardIterator")
        if position and not page["Records"] and page["MillisBehindLatest"] == 0:
            return records
    return records


def verify(server: Server, stream: str, journal: Journal, *, size: int = 100, trimmed: bool = False) -> int:
    """Every acknowledged record is there once, with its number and in order; nothing else but what is in doubt."""
    connection = Connection(server)
    seen: dict[tuple[str, int], tuple[str, int]] = {}
    order: list[tuple[int, int, tuple[str, int]]] = []
    for place, shard in enumerate(list_shards(connection, stream)):
        previous, last_arrival = None, 0
        for record in read_shard(connection, stream, shard["ShardId"]):
            name, number = parse(record["Data"]), int(record["SequenceNumber"])
            assert record["Data"] == payload(*name, size), f"the bytes of {name} changed"
            assert record["PartitionKey"] == name[0]
            assert name not in seen, f"{name} is there twice: {seen[name]} and {(shard['ShardId'], number)}"
            if previous is not None:
                assert number > previous, f"numbers go back in {shard['ShardId']}: {previous} then {number}"
                assert ordinal(number) == ordinal(previous) + 1, f"a hole in {shard['ShardId']} before {number}"
            elif not trimmed:
                assert ordinal(number) == 0, f"the first record of {shard['ShardId']} has ordinal {ordinal(number)}"
            arrival = record["ApproximateArrivalTimestamp"].timestamp()
            assert arrival >= last_arrival, "arrival times go back within a shard"
            previous, last_arrival = number, arrival
            seen[name] = (shard["ShardId"], number)
            order.append((place, number, name))
    connection.close()

    lost = [name for name, ack in journal.acked.items() if seen.get(name) != (ack.shard, ack.number)]
    if not trimmed:
        assert not lost, (
            f"{len(lost)} of {len(journal.acked)} acknowledged records are lost or moved; the first: {lost[0]} "
            f"was acknowledged as {journal.acked[lost[0]]}, found {seen.get(lost[0])}"
        )
    strangers = [name for name in seen if name not in journal.acked and name not in journal.in_doubt]
    assert not strangers, f"{len(strangers)} records are there that nobody put: {strangers[:3]}"

    # A producer's counters grow, and it waits for each answer: by key, numbers must grow with them, across reshards too.
    by_key: dict[str, list[tuple[int, int]]] = {}
    for _, number, (key, counter) in order:
        by_key.setdefault(key, []).append((number, counter))
    for key, records in by_key.items():
        counters = [counter for _, counter in sorted(records)]
        assert counters == sorted(counters), f"the records of {key} are out of order"
    return len(seen)

"""Everything that may go wrong, in an order that a seed decides, under an SDK's load, and a judge at the end: `make chaos`.

`test_chaos.py` does one round of each fault, this as many as it is told to. A stream with three copies of each record on
three nodes; producers and readers note when each call began and ended; `harness/history.py` judges.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cluster import lifecycle
from e2e.installation import Installation, install, process_of
from harness.cluster import Cluster
from harness.history import History, Put, Read, check, lost, staleness

STREAM = "chaos"
PODS = [f"{STREAM}-shards-{ordinal}" for ordinal in range(3)]
#: Between two faults: what is broken is whole again before the next.
PAUSE_SECONDS = 3


class Clients:
    """Producers and readers that go on whatever happens, and note what they see."""

    def __init__(self, installation: Installation, producers: int = 4, readers: int = 2) -> None:
        self.installation = installation
        self.history = History()
        self.failures: list[str] = []
        self.slowest_seconds = 0.0
        self._no_more_puts = threading.Event()
        self._read_to_the_end = threading.Event()
        self._producers = [threading.Thread(target=self._produce, args=(number,)) for number in range(producers)]
        self._readers = [threading.Thread(target=self._read, args=(f"reader-{number}",)) for number in range(readers)]

    def __enter__(self) -> Clients:
        for thread in (*self._producers, *self._readers):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._no_more_puts.set()
        for thread in self._producers:
            thread.join()
        self._read_to_the_end.set()
        for thread in self._readers:
            thread.join()

    def _produce(self, producer: int) -> None:
        kinesis, count = self.installation.kinesis(), 0
        while not self._no_more_puts.is_set():
            key, data = f"k{producer}-{count % 16}", f"{producer}:{count}"
            count += 1
            began = time.monotonic()
            try:
                answer = kinesis.put_record(StreamName=STREAM, PartitionKey=key, Data=data)
            except Exception as error:  # noqa: BLE001  an SDK that gave up: the story is about it
                self.failures.append(f"put: {error}")
                continue
            ended = time.monotonic()
            self.slowest_seconds = max(self.slowest_seconds, ended - began)
            self.history.put(Put(answer["ShardId"], int(answer["SequenceNumber"]), data, began, ended))
            time.sleep(0.02)

    def _read(self, reader: str) -> None:
        kinesis = self.installation.kinesis()
        iterators: dict[str, str | None] = {}
        while True:
            is_last = self._read_to_the_end.is_set()
            is_at_end = True
            try:
                for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
                    shard_id = shard["ShardId"]
                    if shard_id not in iterators:
                        where = {"ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
                        iterators[shard_id] = kinesis.get_shard_iterator(StreamName=STREAM, **where)["ShardIterator"]
                    if iterators[shard_id] is None:
                        continue
                    began = time.monotonic()
                    answer = kinesis.get_records(ShardIterator=iterators[shard_id])
                    ended = time.monotonic()
                    records = tuple((int(it["SequenceNumber"]), it["Data"].decode()) for it in answer["Records"])
                    at_tip = answer["MillisBehindLatest"] == 0
                    self.history.read(Read(reader, shard_id, records, at_tip, began, ended))
                    iterators[shard_id] = answer.get("NextShardIterator")
                    is_at_end &= at_tip and not records
            except Exception as error:  # noqa: BLE001
                self.failures.append(f"read: {error}")
                is_at_end = False
                time.sleep(0.2)
            if is_last and is_at_end:
                return
            time.sleep(0.1)


class Faults:
    def __init__(self, installation: Installation, chance: random.Random) -> None:
        self.installation = installation
        self.chance = chance
        self.kubectl = installation.kubectl

    def all(self) -> dict[str, Callable[[], None]]:
        return {
            "a process is killed": self.kill,
            "a process stands still for three seconds": self.freeze,
            "a pod is deleted in order": self.delete,
            "a node is cut off for four seconds": self.partition,
            "a disk is lost": self.lose_disk,
            "the API server is away for five seconds": self.stop_api,
            "the operator is killed": self.kill_operator,
            "the pods are restarted one by one": self.restart,
            "shards are split and merged": self.reshard,
        }

    def is_whole(self) -> bool:
        """Whether every shard has three voters, a leader and three pods that are ready."""
        shards = self.installation.get("shards", "--selector", f"anabranch.dev/stream={STREAM}")["items"]
        alive = [it for it in shards if it["status"].get("phase") not in ("Closed", "Expired")]
        ready = self.kubectl("get", "pods", *PODS, "--output", "jsonpath={.items[*].status.containerStatuses[*].ready}")
        return ready.split() == ["true"] * 3 and all(len(it["status"].get("voters", [])) == 3 for it in alive)

    def until_whole(self) -> None:
        def whole() -> bool:
            try:
                return self.is_whole()
            except RuntimeError:
                return False

        self.installation.until("three copies of everything are there again", whole, 180)
        time.sleep(PAUSE_SECONDS)

    def _pod(self) -> str:
        return self.chance.choice(PODS)

    def _pid(self) -> int | None:
        return process_of(self._pod())

    def kill(self) -> None:
        os.kill(self.installation.until("it runs", self._pid), signal.SIGKILL)

    def freeze(self) -> None:
        process = self.installation.until("it runs", self._pid)
        os.kill(process, signal.SIGSTOP)
        time.sleep(3)
        os.kill(process, signal.SIGCONT)

    def delete(self) -> None:
        self.kubectl("delete", "pod", self._pod(), "--wait=true")

    def partition(self) -> None:
        node = self.installation.get("pod", self._pod())["spec"]["nodeName"]
        self.installation.cluster.partition(node)
        time.sleep(4)
        self.installation.cluster.heal(node)

    def lose_disk(self) -> None:
        pod = self._pod()
        self.kubectl("delete", "pvc", f"data-{pod}", "--wait=false")
        self.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
        # Two disks of three at once lose records, and until the operator has looked at the new one it is not known for one.
        self.installation.until("it runs", lambda: process_of(pod), 90)
        self.installation.until_the_operator_looked()

    def stop_api(self) -> None:
        self.installation.cluster.stop_api()
        time.sleep(5)
        self.installation.cluster.start_api()

    def kill_operator(self) -> None:
        self.kubectl("delete", "pod", "--selector", "app.kubernetes.io/component=operator", "--grace-period=0", "--force")

    def restart(self) -> None:
        self.kubectl("rollout", "restart", f"statefulset/{STREAM}-shards")
        self.kubectl("rollout", "status", f"statefulset/{STREAM}-shards", "--timeout=240s")

    def reshard(self) -> None:
        shards = self.chance.choice([2, 3, 4])
        self.kubectl("scale", f"datastream/{STREAM}", f"--replicas={shards}")
        self.installation.until(f"{shards} shards", lambda: self.installation.has_shards(STREAM, shards), 180)


def run(installation: Installation, rounds: int, seed: int) -> dict:
    """Each fault once a round, in another order each. What the judge finds is in the answer."""
    chance = random.Random(seed)
    # Two readers that look often; what they may is not what this is about.
    installation.stream(STREAM, 2, replication={"factor": 3}, shardLimits={"readCallsPerSecond": "Unlimited"})
    faults = Faults(installation, chance)
    done: collections.Counter[str] = collections.Counter()
    slowest: dict[str, float] = {}
    with Clients(installation) as clients:
        faults.until_whole()
        for _ in range(rounds):
            names = list(faults.all())
            chance.shuffle(names)
            for name in names:
                clients.slowest_seconds = 0
                faults.all()[name]()
                faults.until_whole()
                done[name] += 1
                slowest[name] = max(slowest.get(name, 0), clients.slowest_seconds)
                print(f"chaos: {name}; slowest put {clients.slowest_seconds:.2f} s", file=sys.stderr, flush=True)
    history = clients.history
    return {
        "seed": seed,
        "faults": dict(done),
        "slowestPutSeconds": {name: round(seconds, 2) for name, seconds in slowest.items()},
        "puts": len(history.puts),
        "reads": len(history.reads),
        "failures": clients.failures,
        "contradictions": check(history),
        "lost": [f"{put.shard} {put.number} {put.data}" for put in lost(history)],
        "staleSeconds": round(staleness(history), 3),
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=20, help="how often each fault happens")
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    cluster = Cluster.made()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            report = run(install(cluster, Path(scratch)), chosen.rounds, chosen.seed)
    except BaseException:
        print(f"chaos: logs and objects are in {cluster.keep('chaos')}", file=sys.stderr)
        raise
    finally:
        lifecycle.down(cluster.state)
    print(json.dumps(report, indent=2))
    return 1 if report["contradictions"] or report["lost"] or report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())

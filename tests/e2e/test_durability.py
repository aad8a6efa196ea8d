"""Stories about when a record is safe, and what becomes of one whose disk changes it."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from e2e.installation import Installation, Load, process_of
from e2e.test_replication import THREE

MARK = "a record that its disk will change "


def metric(installation: Installation, pod: str, name: str) -> float:
    """One number of a shard pod's."""
    address = installation.get("pod", pod)["status"]["podIP"]
    with urllib.request.urlopen(f"http://{address}:9567/metrics", timeout=5) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def pods(stream: str) -> list[str]:
    return [f"{stream}-shards-{ordinal}" for ordinal in range(3)]


def change_bytes(process: int) -> int:
    """Changes a byte of every marked record in the tables and blobs of a running shard pod."""
    changed = 0
    for path in Path(f"/proc/{process}/root/var/lib/anabranch/data").rglob("*"):
        if path.suffix not in (".sst", ".blob"):
            continue
        with path.open("r+b") as file:
            for found in re.finditer(MARK.encode(), file.read()):
                file.seek(found.start() + 3)
                file.write(b"#")
                changed += 1
    return changed


def test_what_a_disk_changed_is_repaired_from_another_copy(installation: Installation) -> None:
    installation.stream("damaged", 1, **THREE)
    if process_of("damaged-shards-0") is None:
        pytest.skip("the pods' disks are on another machine")
    kinesis = installation.kinesis()
    put = {}
    for number in range(60):
        data = f"{MARK}{number} ".ljust(2000, ".")
        answer = kinesis.put_record(StreamName="damaged", PartitionKey="k", Data=data)
        put[int(answer["SequenceNumber"])] = data
    # A pod that stops in order leaves everything in tables and blobs; what was read since is in nobody's memory.
    installation.kubectl("rollout", "restart", "statefulset/damaged-shards")
    installation.kubectl("rollout", "status", "statefulset/damaged-shards", "--timeout=180s")
    kinesis.put_record(StreamName="damaged", PartitionKey="k", Data="now somebody leads")

    # On two disks of three: whoever leads, once the third was away, has only what it must not give.
    damaged = pods("damaged")[:2]
    for pod in damaged:
        assert change_bytes(installation.until(f"{pod} runs", lambda pod=pod: process_of(pod))) >= 60
    installation.kubectl("delete", "pod", "damaged-shards-2")
    installation.kubectl("wait", "--for=condition=Ready", "--timeout=90s", "pod/damaged-shards-2")
    kinesis.put_record(StreamName="damaged", PartitionKey="k", Data="one of the two leads")

    found = dict(installation.records("damaged")["k"])
    assert {number: found.get(number) for number in put} == put
    assert sum(metric(installation, pod, "anabranch_store_replaced_entries") for pod in damaged) > 0


def test_puts_that_are_answered_from_memory_survive_every_process(installation: Installation) -> None:
    installation.stream("quick", 1, durability="Memory", **THREE)
    assert installation.get("datastream", "quick")["status"]["durability"] == "Memory"
    if process_of("quick-shards-0") is None:
        pytest.skip("the pods' processes are on another machine")

    def answered_from_memory() -> float:
        return sum(metric(installation, pod, "anabranch_store_lazy_sets_total") for pod in pods("quick"))

    with Load(installation, "quick") as load:
        installation.until("puts are answered from memory", lambda: answered_from_memory() > 100)
        for process in [process_of(pod) for pod in pods("quick")]:
            os.kill(process, signal.SIGKILL)
        time.sleep(1)
        installation.kubectl("wait", "--for=condition=Ready", "--timeout=90s", *(f"pod/{pod}" for pod in pods("quick")))
        time.sleep(2)
    load.check()

    patch = '{"spec": {"durability": "Fsync"}}'
    installation.kubectl("patch", "datastream", "quick", "--type=merge", "--patch", patch)
    installation.until("the status says so", lambda: installation.get("datastream", "quick")["status"]["durability"] == "Fsync")

    def stays() -> bool:
        before = answered_from_memory()
        for number in range(20):
            installation.kinesis().put_record(StreamName="quick", PartitionKey="k", Data=f"synced {number}")
        return answered_from_memory() == before

    installation.until("every put is synced", stays)

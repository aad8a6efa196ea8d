"""What is run against each server, and what only makes sense for ours."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comparison.generator import bench
from comparison.peers import ANABRANCH, Peer
from comparison.processes import Process

MIB = 1 << 20

#: What a server that is far behind is given to read: it would spend the whole run on taking more.
BRIEF_FILL_MIB = 4

#: No run of one workload takes longer, whatever the server does; and what is far behind is not waited for so long.
RUN_SECONDS_MAX = 60
BRIEF_SECONDS_MAX = 25

#: How long those that are far behind are loaded.
BRIEF_SECONDS = 2


@dataclass(frozen=True)
class Scale:
    """How long and how much; the quick run is about six minutes."""

    seconds: int
    fill_mib: int
    cold_mib: int
    idle_streams: int

    def time(self, brief: bool) -> tuple[str, ...]:
        return ("--duration", f"{BRIEF_SECONDS if brief else self.seconds}s", "--warmup", "1s")


QUICK = Scale(seconds=4, fill_mib=32, cold_mib=512, idle_streams=10_000)
FULL = Scale(seconds=15, fill_mib=64, cold_mib=4096, idle_streams=10_000)


def shared(peer: Peer, server: Process, scale: Scale, brief: bool) -> dict[str, dict]:
    """The workloads that every server is asked for; fewer, and with less to read, for those that are far behind."""
    fill = f"{BRIEF_FILL_MIB if brief else scale.fill_mib}MiB"
    seconds_max = BRIEF_SECONDS_MAX if brief else RUN_SECONDS_MAX

    def run(workload: str, *flags: str) -> Callable[[], dict]:
        return lambda: bench(workload, *scale.time(brief), *flags, server=server, seconds_max=seconds_max)

    runs = {
        "put-records": run("put-records"),
        "get-records": run("get-records", "--fill", fill),
        "put-record-1": run("put-record", "--producers", "1"),
        "put-record-32": run("put-record", "--producers", "32"),
    }
    if not brief:
        runs["put-record-256"] = run("put-record", "--producers", "256")
        runs["put-records-cbor"] = run("put-records", "--codec", "cbor")
        runs["get-records-cbor"] = run("get-records", "--fill", fill, "--codec", "cbor")
        if peer.fan_out:
            runs["subscribe"] = run("subscribe", "--shards", "1")
    return {name: attempt(f"{peer.name}: {name}", work) for name, work in runs.items()}


def attempt(what: str, run: Callable[[], dict]) -> dict:
    """A run that fails is a result too: the server cannot do it, and the report says why."""
    print(f"bench: {what}", file=sys.stderr, end="", flush=True)
    begun = time.monotonic()
    try:
        return run()
    except (RuntimeError, OSError) as error:
        print(f": failed: {error}", file=sys.stderr, end="", flush=True)
        return {"failed": str(error).splitlines()[0]}
    finally:
        print(f" ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)


def cold_reads(scratch: Path, scale: Scale) -> dict:
    """Reads what was written before a restart, with nothing of it in memory; and what writing it cost the disk."""
    with ANABRANCH.start(scratch) as server:
        calls = scale.cold_mib * MIB // (500 * 1024)
        filled = bench("put-records", "--stream", "cold", "--keep", "--count", str(calls), server=server, seconds_max=600)
        # What is still in memory goes to the disk when the server stops.
        settle(server)
        written = server.written_bytes()
    stored = sum(file.stat().st_size for file in (scratch / "data").rglob("*") if file.is_file())
    forget(scratch / "data")
    with ANABRANCH.start(scratch) as server:
        # Each consumer its own shard: what another has read already would come from memory.
        flags = ["--stream", "cold", "--fill", "0", "--rounds", "1", "--consumers", "4", "--divide"]
        read = bench("get-records", *flags, server=server, seconds_max=600)
        start_seconds = server.start_seconds
    payload = filled["bytes"]
    return {
        "read": read,
        "payloadBytes": payload,
        "writtenBytes": written,
        "writeAmplification": written / payload,
        "storedPerPayload": stored / payload,
        "restartSeconds": start_seconds,
    }


def settle(server: Process, seconds_max: float = 20.0) -> None:
    """Waits until the server writes no more."""
    deadline = time.monotonic() + seconds_max
    before = -1
    while time.monotonic() < deadline and before != server.written_bytes():
        before = server.written_bytes()
        time.sleep(2)


def forget(folder: Path) -> None:
    """Drops the files of a folder from the page cache."""
    for file in folder.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def idle(scratch: Path, scale: Scale) -> dict[str, dict]:
    """What a server costs that has nothing to do: empty, with 1,000 shards that were written to, with many streams."""
    found = {}
    with ANABRANCH.start(scratch / "empty") as server:
        found["empty"] = at_rest(server)
    with ANABRANCH.start(scratch / "shards") as server:
        bench("idle", "--streams", "10", "--shards", "100", "--stream", "wide", "--write", server=server)
        found["1000 shards"] = at_rest(server)
    with ANABRANCH.start(scratch / "streams") as server:
        flags = ["--streams", str(scale.idle_streams), "--shards", "1", "--stream", "many"]
        made = bench("idle", *flags, server=server, seconds_max=600)
    with ANABRANCH.start(scratch / "streams") as server:
        found[f"{scale.idle_streams} streams"] = {
            **at_rest(server),
            "restartSeconds": server.start_seconds,
            "createP50Ms": made["latencyMs"]["p50"],
        }
    return found


def at_rest(server: Process, seconds: float = 4.0) -> dict:
    time.sleep(2)
    before = server.cpu_seconds()
    time.sleep(seconds)
    return {"residentMib": server.resident_mib(), "cpuPercent": 100 * (server.cpu_seconds() - before) / seconds}


def clear(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)

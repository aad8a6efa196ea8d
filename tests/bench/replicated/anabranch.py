"""Ours, on a real cluster of three nodes on this machine: one copy, three, and three that answer from memory.

Every stream has four shards, AWS's limits lifted, signatures verified; the generator is on the host and speaks to the Service.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.replicated.work import GROUPS, MANY, ONE, PACE, PACED, SATURATED, Figure
from cluster import lifecycle
from e2e.installation import Installation, install
from harness.cluster import Cluster
from harness.server import binary

UNLIMITED = {
    "writeBytesPerSecond": "Unlimited",
    "writeRecordsPerSecond": "Unlimited",
    "readBytesPerSecond": "Unlimited",
    "readCallsPerSecond": "Unlimited",
}
THREE_COPIES = "Anabranch, three copies"
STREAMS = {
    "Anabranch, one copy": {"replication": {"factor": 1}, "podTemplate": {"shardsPerPod": GROUPS}},
    THREE_COPIES: {"replication": {"factor": 3}},
    "Anabranch, three copies, from memory": {"replication": {"factor": 3}, "durability": "Memory"},
}
WORK = {
    SATURATED: ("put-records",),
    PACED: ("put-records", "--rate", str(PACE)),
    ONE: ("put-record", "--producers", "1"),
    MANY: ("put-record", "--producers", "32"),
}


def load(installation: Installation, stream: str, *work: str, seconds: int) -> Figure:
    secret = installation.get("secret", "anabranch-credentials")["data"]
    address = installation.get("service", "anabranch")["spec"]["clusterIP"]
    env = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": base64.b64decode(secret["accessKeyId"]).decode(),
        "AWS_SECRET_ACCESS_KEY": base64.b64decode(secret["secretAccessKey"]).decode(),
        "AWS_REGION": "us-east-1",
    }
    command = [binary(), "bench", *work, "--output", "json", "--stream", stream]
    command += ["--endpoint-url", f"http://{address}", "--duration", f"{seconds}s", "--keep"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    if not done.stdout.strip():
        raise RuntimeError(done.stderr)
    return Figure.of(json.loads(done.stdout))


def processor_seconds(stream: str) -> float:
    """Of all of a stream's shard pods, since they began."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"--pod-name={stream}-shards-".encode() in (process / "cmdline").read_bytes():
                fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def idle(installation: Installation, shards: int, seconds: int) -> float:
    """Processors that three pods with three copies of so many shards use when nobody puts, as a share of one."""
    installation.apply(
        "DataStream", "idle", {"shards": shards, "replication": {"factor": 3}, "podTemplate": {"shardsPerPod": shards}}
    )
    installation.kubectl("wait", "--for=condition=Ready", "--timeout=600s", "datastream/idle")
    time.sleep(30)
    before = processor_seconds("idle")
    time.sleep(seconds)
    return (processor_seconds("idle") - before) / seconds


def measure(seconds: int, idle_shards: int) -> tuple[dict[str, dict[str, Figure]], str]:
    """Figures of each kind of stream, and a sentence on those at rest, if there are to be some."""
    cluster = Cluster.made()
    found: dict[str, dict[str, Figure]] = {title: {} for title in STREAMS}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            installation = install(cluster, Path(scratch))
        for number, (title, spec) in enumerate(STREAMS.items()):
            name = f"bench-{number}"
            installation.stream(name, GROUPS, shardLimits=UNLIMITED, **spec)
            for work, flags in WORK.items():
                found[title][work] = load(installation, name, *flags, seconds=seconds)
                print(f"bench: {title}, {work}: {found[title][work]}", file=sys.stderr)
            installation.kubectl("patch", "datastream", name, "--type=merge", "--patch", '{"spec": {"deletionPolicy": "Delete"}}')
            installation.kubectl("delete", "datastream", name, "--wait=true", "--timeout=120s")
        at_rest = ""
        if idle_shards:
            share = idle(installation, idle_shards, 60)
            at_rest = f"{idle_shards} shards with three copies on three pods, at rest: {100 * share:.1f} % of a processor\n"
    finally:
        lifecycle.down(cluster.state)
    return found, at_rest

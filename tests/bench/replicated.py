"""One copy beside three, on a real cluster of three nodes on this machine: `make bench-replicated`.

Three copies share one disk and two processors here, so this says what replication costs and not what three machines give.
Every stream has four shards, AWS's limits lifted, signatures verified; the generator is on the host and speaks to the Service.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import lifecycle
from e2e.installation import Installation, install, target_dir
from harness.cluster import Cluster

UNLIMITED = {
    "writeBytesPerSecond": "Unlimited",
    "writeRecordsPerSecond": "Unlimited",
    "readBytesPerSecond": "Unlimited",
    "readCallsPerSecond": "Unlimited",
}
STREAMS = {
    "one copy": {"replication": {"factor": 1}, "podTemplate": {"shardsPerPod": 4}},
    "three copies": {"replication": {"factor": 3}},
    "three copies, from memory": {"replication": {"factor": 3}, "durability": "Memory"},
}
WORK = {
    "PutRecords 500 × 1 KiB, 4 producers": ("put-records",),
    "PutRecord, 1 producer": ("put-record", "--producers", "1"),
    "PutRecord, 32 producers": ("put-record", "--producers", "32"),
}
IDLE_SHARDS = 1000


def measure(installation: Installation, stream: str, *work: str, seconds: int) -> dict:
    secret = installation.get("secret", "anabranch-credentials")["data"]
    address = installation.get("service", "anabranch")["spec"]["clusterIP"]
    env = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": base64.b64decode(secret["accessKeyId"]).decode(),
        "AWS_SECRET_ACCESS_KEY": base64.b64decode(secret["secretAccessKey"]).decode(),
        "AWS_REGION": "us-east-1",
    }
    command = [str(target_dir() / "release" / "anabranch"), "bench", *work, "--output", "json", "--stream", stream]
    command += ["--endpoint-url", f"http://{address}", "--duration", f"{seconds}s", "--keep"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    if not done.stdout.strip():
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


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


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=10, help="how long each measurement takes")
    arguments.add_argument("--idle-shards", type=int, default=IDLE_SHARDS, help="0: leave this out")
    chosen = arguments.parse_args()
    cluster = Cluster.made()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            installation = install(cluster, Path(scratch))
        rows: dict[str, dict[str, dict]] = {work: {} for work in WORK}
        for number, (title, spec) in enumerate(STREAMS.items()):
            name = f"bench-{number}"
            installation.stream(name, 4, shardLimits=UNLIMITED, **spec)
            for work, flags in WORK.items():
                rows[work][title] = measure(installation, name, *flags, seconds=chosen.seconds)
            installation.kubectl("patch", "datastream", name, "--type=merge", "--patch", '{"spec": {"deletionPolicy": "Delete"}}')
            installation.kubectl("delete", "datastream", name, "--wait=true", "--timeout=120s")
        print(f"| work | {' | '.join(STREAMS)} |")
        print("|---" * (len(STREAMS) + 1) + "|")
        for work, found in rows.items():
            base = found["one copy"]["recordsPerSecond"]
            cells = []
            for report in found.values():
                rate, latency = report["recordsPerSecond"], report["latencyMs"]
                share = f"{100 * rate / base:.0f} %"
                cells.append(f"{rate:,.0f} records/s ({share}), p50 {latency['p50']:.2f} ms, p99 {latency['p99']:.2f} ms")
            print(f"| {work} | {' | '.join(cells)} |")
        if chosen.idle_shards:
            share = idle(installation, chosen.idle_shards, 60)
            print(f"\n{chosen.idle_shards} shards with three copies on three pods, at rest: {100 * share:.1f} % of a processor")
    finally:
        lifecycle.down(cluster.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())

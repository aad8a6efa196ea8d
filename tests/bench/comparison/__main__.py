"""The whole run: the disk, RocksDB, every server, ours at rest; then the report."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path

from comparison import peers, plot, workloads
from comparison.generator import bench, plain_rocksdb
from comparison.report import markdown


def main() -> int:
    # A stop from outside leaves no server behind: it ends as ^C does, through every `with`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = parse()
    scale = workloads.FULL if arguments.full else workloads.QUICK
    out = arguments.out or arguments.root / "target" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    # Beside the report, since /tmp may be memory: what is measured must be the disk.
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=out) as scratch:
        results = measure(arguments, scale, Path(scratch))
    (out / "report.json").write_text(json.dumps(results, indent=2) + "\n")
    text = markdown(results)
    (out / "report.md").write_text(text)
    plot.draw(results, out / "report.svg")
    plot.draw(results, out / "report.png")
    print(text)
    print(f"written: {out}/report.md, report.json, report.svg, report.png", file=sys.stderr)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help="longer runs, more data, every workload against every peer")
    parser.add_argument("--only", help="servers to run, by the beginning of their names, separated by commas")
    parser.add_argument("--out", type=Path, help="where the report goes (default: target/bench)")
    return parser.parse_args()


def measure(arguments: argparse.Namespace, scale: workloads.Scale, scratch: Path) -> dict:
    results = {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "mode": "full" if arguments.full else "quick",
        "machine": machine(),
        "servers": {},
    }
    results["disk"] = workloads.attempt("the disk", lambda: disk(scratch))
    results["rocksdb"] = workloads.attempt("plain RocksDB", lambda: plain_rocksdb(scratch / "rocksdb", 512_000, scale.seconds))
    for number, peer in enumerate(chosen(arguments.only)):
        folder = scratch / f"server-{number}"
        # Those far behind are run against the whole list only when there is time for it.
        brief = not arguments.full and peer in peers.OTHERS
        results["servers"][peer.name] = one(peer, folder, scale, brief)
        workloads.clear(folder)
        if peer is peers.ANABRANCH:
            results["cold"] = workloads.attempt("anabranch: cold reads", lambda: workloads.cold_reads(scratch / "cold", scale))
            workloads.clear(scratch / "cold")
            results["idle"] = workloads.attempt("anabranch: at rest", lambda: workloads.idle(scratch / "idle", scale))
            if "failed" in results["idle"]:
                results["idle"] = {}
            workloads.clear(scratch / "idle")
    return results


def one(peer: peers.Peer, folder: Path, scale: workloads.Scale, brief: bool) -> dict:
    try:
        with peer.start(folder) as server:
            return workloads.shared(peer, server, scale, brief)
    except (RuntimeError, OSError) as error:
        print(f"bench: {peer.name} does not run here: {error}", file=sys.stderr)
        return {"put-records": {"failed": f"it does not run here: {error}"}}


def chosen(only: str | None) -> list[peers.Peer]:
    if only is None:
        return list(peers.ALL)
    return [peer for peer in peers.ALL if any(peer.name.startswith(name) for name in only.split(","))]


def disk(folder: Path) -> dict:
    return bench("disk", "--dir", str(folder), "--duration", "2s")


def machine() -> dict:
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "memoryGib": round(memory / (1 << 30)),
        "kernel": f"Linux {platform.release()}",
    }


if __name__ == "__main__":
    sys.exit(main())

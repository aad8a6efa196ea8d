"""Three servers of NATS JetStream on loopback, every write synced, from the Go modules that their registry has."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.comparison.processes import Process, free_port
from bench.replicated.work import GROUPS, MANY, ONE, PACE, PACED, RECORD_BYTES, SATURATED, Figure

SERVER = "github.com/nats-io/nats-server/v2"
VERSION = "v2.15.3"
TITLE = f"NATS JetStream {VERSION[1:]}, R3, `sync_interval: always`"
LOAD = Path(__file__).resolve().parent / "load-nats"
WORK = {
    SATURATED: ("-producers", "4", "-pending", "500"),
    PACED: ("-producers", "4", "-pending", "5000", "-rate", str(PACE)),
    ONE: ("-producers", "1"),
    MANY: ("-producers", "32"),
}


def install(cache: Path) -> Path:
    """The folder of the server and of the load, compiled once for each version and source."""
    folder = cache / "peers" / f"nats-{VERSION}"
    go = subprocess.run([LOAD.parents[2] / "setup" / "go.sh", "1.26"], check=True, stdout=subprocess.PIPE, text=True).stdout
    env = {**os.environ, "PATH": f"{go.strip()}:{os.environ['PATH']}", "GOBIN": str(folder)}
    env |= {"GOMODCACHE": str(cache / "go/modules"), "GOCACHE": str(cache / "go/build"), "GOFLAGS": "-mod=readonly"}
    if not (folder / "nats-server").exists():
        print(f"bench: compiling {SERVER} {VERSION} (a minute, once)", file=sys.stderr)
        subprocess.run(["go", "install", f"{SERVER}@{VERSION}"], check=True, env=env, cwd="/")
    subprocess.run(["go", "build", "-o", str(folder / "load-nats"), "."], check=True, env=env, cwd=LOAD)
    return folder


def settings(number: int, port: int, route: int, routes: list[int], data: Path) -> str:
    others = ", ".join(f'"nats://127.0.0.1:{other}"' for other in routes)
    return f"""
server_name: n{number}
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{data}", sync_interval: always }}
cluster {{ name: bench, listen: "127.0.0.1:{route}", routes: [{others}] }}
"""


def measure(cache: Path, scratch: Path, seconds: int) -> dict[str, Figure]:
    programs = install(cache)
    ports, routes = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
    found = {}
    with contextlib.ExitStack() as running:
        for number, (port, route) in enumerate(zip(ports, routes, strict=True)):
            folder = scratch / f"nats-{number}"
            folder.mkdir(parents=True)
            (folder / "nats.conf").write_text(settings(number, port, route, routes, folder / "data"))
            command = [str(programs / "nats-server"), "-c", str(folder / "nats.conf")]
            running.enter_context(Process(command, port, folder / "server.log"))
        servers = ",".join(f"nats://127.0.0.1:{port}" for port in ports)
        for name, flags in WORK.items():
            command = [str(programs / "load-nats"), "-servers", servers, "-streams", str(GROUPS), "-size", str(RECORD_BYTES)]
            command += ["-duration", f"{seconds}s", *flags]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 120)
            report = json.loads(done.stdout)
            if report["failed"]:
                print(f"bench: {report['failed']} publishes to JetStream failed", file=sys.stderr)
            found[name] = Figure.of(report)
            print(f"bench: NATS, {name}: {found[name]}", file=sys.stderr)
    return found

"""The servers that are compared: how each is installed from its registry, and how it is started.

Nothing is tuned against a peer: limits that its defaults impose on the number of shards are lifted, delays that it adds to
imitate AWS are made short, and everything else is as it comes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from comparison.processes import Process, free_port

CACHE = Path(os.environ["ANABRANCH_CACHE"])
PEERS = CACHE / "peers"
ACCESS_KEY, SECRET_KEY = "AKIABENCH00000000000", "benchSecret"


@dataclass(frozen=True)
class Peer:
    name: str
    #: What an acknowledged record survives, and what is checked before it is one.
    promise: str
    #: Workloads that it can answer.
    fan_out: bool = False

    def start(self, scratch: Path) -> Process:
        raise NotImplementedError


@dataclass(frozen=True)
class Anabranch(Peer):
    def start(self, scratch: Path) -> Process:
        port = free_port()
        keys = scratch / "credentials.yaml"
        scratch.mkdir(parents=True, exist_ok=True)
        keys.write_text(f"- accessKeyId: {ACCESS_KEY}\n  secretAccessKey: {SECRET_KEY}\n")
        keys.chmod(0o600)
        command = [os.environ["ANABRANCH_BIN"], "standalone", "--listen", f"127.0.0.1:{port}", "--admin-listen", "off"]
        command += ["--data-dir", str(scratch / "data"), "--credentials", str(keys), "--no-limits", "--log", "warn"]
        return Process(command, port, log_of(scratch))


@dataclass(frozen=True)
class Ferrokinesis(Peer):
    durable: bool = False

    def start(self, scratch: Path) -> Process:
        port = free_port()
        scratch.mkdir(parents=True, exist_ok=True)
        command = [str(ferrokinesis()), "--port", str(port), "--shard-limit", "20000"]
        command += ["--create-stream-ms", "10", "--delete-stream-ms", "10", "--update-stream-ms", "10"]
        if self.durable:
            command += ["--state-dir", str(scratch / "state")]
        return Process(command, port, log_of(scratch))


@dataclass(frozen=True)
class Kinesalite(Peer):
    def start(self, scratch: Path) -> Process:
        port = free_port()
        scratch.mkdir(parents=True, exist_ok=True)
        command = ["node", str(npm("kinesalite") / "cli.js"), "--port", str(port), "--shardLimit", "1000"]
        command += ["--createStreamMs", "10", "--deleteStreamMs", "10", "--updateStreamMs", "10"]
        return Process(command, port, log_of(scratch))


@dataclass(frozen=True)
class KinesisMock(Peer):
    def start(self, scratch: Path) -> Process:
        plain, tls = free_port(), free_port()
        scratch.mkdir(parents=True, exist_ok=True)
        folder = npm("kinesis-local")
        env = {"KINESIS_MOCK_PLAIN_PORT": str(plain), "KINESIS_MOCK_TLS_PORT": str(tls)}
        env |= {"SHARD_LIMIT": "1000", "LOG_LEVEL": "ERROR"}
        env |= {f"{action}_DURATION": "10ms" for action in ("CREATE_STREAM", "DELETE_STREAM", "REGISTER_STREAM_CONSUMER")}
        return Process(["node", str(folder / "main.js")], plain, log_of(scratch), env=env, cwd=folder)


@dataclass(frozen=True)
class Moto(Peer):
    def start(self, scratch: Path) -> Process:
        port = free_port()
        scratch.mkdir(parents=True, exist_ok=True)
        command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
        return Process(command, port, log_of(scratch))


ANABRANCH = Anabranch("anabranch", "fsync, signature checked", fan_out=True)
FERROKINESIS = Ferrokinesis("ferrokinesis", "memory, no signature", fan_out=True)
FERROKINESIS_DURABLE = Ferrokinesis("ferrokinesis --state-dir", "file, no signature", durable=True)
OTHERS = (
    FERROKINESIS_DURABLE,
    Kinesalite("kinesalite", "memory, no signature"),
    KinesisMock("kinesis-mock", "memory, no signature"),
    Moto("moto", "memory, no signature"),
)
ALL = (ANABRANCH, FERROKINESIS, *OTHERS)


def log_of(scratch: Path) -> Path:
    return scratch / "server.log"


def ferrokinesis() -> Path:
    """The binary from crates.io, built once and kept in the cache."""
    binary = PEERS / "ferrokinesis" / "bin" / "ferrokinesis"
    if not binary.exists():
        print("bench: installing ferrokinesis from crates.io (some minutes, once)", file=sys.stderr)
        build = PEERS / "build"
        command = ["nice", "cargo", "install", "ferrokinesis", "--locked", "--quiet", "--root", str(PEERS / "ferrokinesis")]
        subprocess.run(command, check=True, env={**os.environ, "CARGO_TARGET_DIR": str(build)}, cwd="/")
        shutil.rmtree(build, ignore_errors=True)
    return binary


def npm(package: str) -> Path:
    """The folder of a package from npm, installed once and kept in the cache."""
    folder = PEERS / "node_modules" / package
    if not folder.exists():
        print(f"bench: installing {package} from npm", file=sys.stderr)
        PEERS.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(PEERS), package]
        subprocess.run(command, check=True, cwd="/")
    return folder

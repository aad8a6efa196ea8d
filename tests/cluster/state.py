"""The one directory that a cluster lives in, and the names that come from it.

Owns the paths. Everything that a cluster writes on this machine is below it, so that `down` can take it all away.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cluster.addresses import Addresses

ZONES = 3


def default_directory() -> Path:
    return Path(os.environ.get("ANABRANCH_CLUSTER_DIR") or Path(tempfile.gettempdir()) / "anabranch-cluster")


@dataclass(frozen=True)
class Node:
    index: int

    @property
    def name(self) -> str:
        return f"node-{self.index}"

    @property
    def zone(self) -> str:
        return f"zone-{'abc'[(self.index - 1) % ZONES]}"


class State:
    def __init__(self, directory: Path | None = None):
        self.directory = (directory or default_directory()).resolve()

    @property
    def exists(self) -> bool:
        return self._file.exists()

    def create(self, number: int, nodes: int) -> None:
        for folder in ("logs", "processes", "keys", "etcd", "volumes", "configuration", "images"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        # A pod's user walks through here to its volume, whatever the umask of whoever typed `up`.
        self.directory.chmod(0o755)
        (self.directory / "volumes").chmod(0o755)
        (self.directory / "keys").chmod(0o700)
        self._file.write_text(json.dumps({"number": number, "nodes": nodes}))

    @cached_property
    def _facts(self) -> dict:
        if not self.exists:
            raise SystemExit(f"cluster: there is no cluster in {self.directory}; `make cluster-up` makes one")
        return json.loads(self._file.read_text())

    @property
    def _file(self) -> Path:
        return self.directory / "cluster.json"

    @property
    def name(self) -> str:
        """Names namespaces, interfaces and cgroups: unique on this machine, because the number is."""
        return f"anabranch-{self.addresses.number}"

    @property
    def addresses(self) -> Addresses:
        return Addresses(self._facts["number"])

    @property
    def nodes(self) -> list[Node]:
        return [Node(index) for index in range(1, self._facts["nodes"] + 1)]

    def node(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise SystemExit(f"cluster: no node is called {name}; there are {', '.join(node.name for node in self.nodes)}")

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    def log(self, process: str) -> Path:
        return self.directory / "logs" / f"{process}.log"

    def key(self, name: str) -> Path:
        return self.directory / "keys" / name

    def configuration(self, name: str) -> Path:
        return self.directory / "configuration" / name

    def disk(self, node: Node) -> Path:
        """What the node sees as /var and /run; it outlives the node's death, as a disk does."""
        return self.directory / "nodes" / node.name

    def containerd_socket(self, node: Node) -> Path:
        return self.disk(node) / "run" / "containerd" / "containerd.sock"

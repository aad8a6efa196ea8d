"""A cgroup a node, in every hierarchy of this machine: its daemons are in it. runc makes one a container, below `k8s.io`."""

from __future__ import annotations

from pathlib import Path

from cluster.state import Node, State

ROOT = Path("/sys/fs/cgroup")

#: Where containerd puts containers that no pod has a cgroup for.
CONTAINERS = "k8s.io"


def create(state: State, node: Node) -> list[Path]:
    """The cgroups that the node's first process has to enter."""
    entered = []
    for hierarchy in _hierarchies():
        group = hierarchy / state.name / node.name
        if _version_2(hierarchy):
            # There a group with processes can have no groups with limits below it; runc makes them beside its own.
            group /= "system"
        group.mkdir(parents=True, exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            for below in (group.parent, group):
                if hierarchy.name == "cpuset" and (below / file).exists():
                    (below / file).write_text((hierarchy / file).read_text())
        entered.append(group)
    return entered


def remove(state: State, node: Node | None = None) -> None:
    """The node's with its containers', or all of the cluster's. Nothing may run in them any more."""
    if node:
        # A container that ends by itself takes its own away; one that the machine's end killed does not.
        for group in of_containers(state, node):
            group.rmdir()
    for hierarchy in _hierarchies():
        top = hierarchy / state.name
        if node:
            top /= node.name
        if top.is_dir():
            for group in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                group.rmdir()
            top.rmdir()


def of_containers(state: State, node: Node) -> list[Path]:
    """Those of the containers that the node's containerd has, or had when it was killed."""
    tasks = state.disk(node) / "run/containerd/io.containerd.runtime.v2.task" / CONTAINERS
    ids = [task.name for task in tasks.iterdir()] if tasks.is_dir() else []
    groups = [hierarchy / CONTAINERS / each for hierarchy in _hierarchies() for each in ids]
    return [group for group in groups if group.is_dir()]


def _hierarchies() -> list[Path]:
    if _version_2(ROOT):
        return [ROOT]
    return [path for path in sorted(ROOT.iterdir()) if not path.is_symlink() and (path / "cgroup.procs").exists()]


def _version_2(hierarchy: Path) -> bool:
    return (hierarchy / "cgroup.controllers").exists()

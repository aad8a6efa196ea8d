"""A cgroup a node, in every hierarchy of this machine: its daemons are in it, and runc makes the containers' below it."""

from __future__ import annotations

from pathlib import Path

from cluster.state import Node, State

ROOT = Path("/sys/fs/cgroup")


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
    """The node's, or all of the cluster's. Nothing may run in them any more."""
    for hierarchy in _hierarchies():
        top = hierarchy / state.name
        if node:
            top /= node.name
        if top.is_dir():
            for group in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                group.rmdir()
            top.rmdir()


def _hierarchies() -> list[Path]:
    if _version_2(ROOT):
        return [ROOT]
    return [path for path in sorted(ROOT.iterdir()) if not path.is_symlink() and (path / "cgroup.procs").exists()]


def _version_2(hierarchy: Path) -> bool:
    return (hierarchy / "cgroup.controllers").exists()

"""The cluster that tests run on: three nodes made for this run, or whichever one KUBECONFIG names.

Owns what a test may do to it. On a cluster that is not ours nothing can be cut off or killed, and such tests are skipped.
What a failed test leaves behind to read is kept in target/cluster-failure/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from cluster import binaries, control_plane, images, lifecycle, network, node
from cluster.kubectl import Kubectl
from cluster.state import State

FAILURES = binaries.TESTS.parent / "target" / "cluster-failure"
NODES = 3
RUN_PREFIX = "anabranch-cluster-of-"


class Cluster:
    def __init__(self, kubectl: Kubectl, programs: Path, state: State | None):
        self.kubectl = kubectl
        self.programs = programs
        self._state = state

    @classmethod
    def given(cls, kubeconfig: Path) -> Cluster:
        programs = binaries.ensure()
        return cls(Kubectl(programs / "kubectl", kubeconfig), programs, None)

    @classmethod
    def made(cls) -> Cluster:
        """A new one in a directory of this process's own, so that two runs on one machine do not meet."""
        _sweep()
        state = State(Path(tempfile.gettempdir()) / f"{RUN_PREFIX}{os.getpid()}")
        programs = binaries.ensure()
        cluster = cls(Kubectl(programs / "kubectl", state.kubeconfig), programs, state)
        try:
            lifecycle.up(state, NODES)
        except BaseException:
            cluster.keep("up")
            lifecycle.down(state)
            raise
        return cluster

    @property
    def state(self) -> State:
        if self._state is None:
            pytest.skip("this cluster was given by KUBECONFIG: its nodes are not ours to break")
        return self._state

    def load_image(self, file: Path) -> None:
        """A cluster that was given has to have the image already, from a registry of its own."""
        if self._state:
            images.load(self._state, self.programs, file)

    def partition(self, name: str) -> None:
        network.pull_cable(self.state, self.state.node(name))

    def heal(self, name: str) -> None:
        network.plug_cable(self.state, self.state.node(name))

    def kill_node(self, name: str) -> None:
        node.kill(self.state, self.state.node(name))

    def start_node(self, name: str) -> None:
        node.start(self.state, self.programs, self.state.node(name))
        network.plug_cable(self.state, self.state.node(name))

    def stop_api(self) -> None:
        control_plane.stop_api(self.state)

    def start_api(self) -> None:
        control_plane.start_api(self.state, self.programs)
        lifecycle.wait_for_api(self.state, self.kubectl)

    def make_whole(self) -> None:
        """After a test that may have failed half-way: everything runs, is connected and Ready."""
        if self._state is None:
            return
        self.start_api()
        for each in self._state.nodes:
            self.start_node(each.name)
        lifecycle.wait_for_node(self._state, self.kubectl, *self._state.nodes)

    def wait_until_lost(self, name: str) -> None:
        lifecycle.wait_for_node(self.state, self.kubectl, self.state.node(name), ready=False)

    def wait_until_ready(self, name: str) -> None:
        lifecycle.wait_for_node(self.state, self.kubectl, self.state.node(name))

    def keep(self, name: str) -> Path:
        """Objects, events, the logs of pods and those of the cluster's own processes."""
        folder = FAILURES / "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if self._state and self._state.exists:
            shutil.copytree(self._state.directory / "logs", folder / "processes")
        self._keep(folder / "nodes.txt", "describe", "nodes")
        self._keep(folder / "events.txt", "get", "events", "--all-namespaces", "--sort-by", ".lastTimestamp")
        kinds = "all,persistentvolumeclaims,persistentvolumes,configmaps,endpointslices,networkpolicies,poddisruptionbudgets"
        self._keep(folder / "objects.yaml", "get", kinds, "--all-namespaces", "--output", "yaml")
        self._keep(folder / "anabranch.yaml", "get", "anabranch", "--all-namespaces", "--output", "yaml")
        for line in self._ask("get", "pods", "--all-namespaces", "--no-headers", "--output", POD_NAMES).splitlines():
            namespace, pod = line.split()
            of = ("logs", "--namespace", namespace, pod, "--all-containers", "--prefix")
            self._keep(folder / "pods" / f"{namespace}-{pod}.log", *of)
            self._keep(folder / "pods" / f"{namespace}-{pod}.before.log", *of, "--previous")
        return folder

    def troubles(self, kept: Path, lines: int = 25) -> str:
        """For whoever has only the test's output: what our pods warned of last, by pod, in what `keep` kept."""
        told = []
        for log in sorted(kept.glob("pods/anabranch-*.log")):
            loud = [line for line in log.read_text().splitlines() if '"level":"INFO"' not in line]
            if loud:
                told += [f"--- {log.stem}: {len(loud)} lines, the last:", *(line[:400] for line in loud[-lines:])]
        return "\n".join(told)

    def _keep(self, file: Path, *arguments: str) -> None:
        answer = self._ask(*arguments)
        if answer:
            file.parent.mkdir(exist_ok=True)
            file.write_text(answer)

    def _ask(self, *arguments: str) -> str:
        """What there is; a cluster that is broken answers little, and that must not hide the test's own failure."""
        command = [self.kubectl.program, "--kubeconfig", self.kubectl.kubeconfig, "--request-timeout", "10s", *arguments]
        try:
            return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=30).stdout
        except subprocess.TimeoutExpired:
            return ""


POD_NAMES = "custom-columns=:metadata.namespace,:metadata.name"


def _sweep() -> None:
    """Takes down what a run that was killed has left."""
    for directory in Path(tempfile.gettempdir()).glob(f"{RUN_PREFIX}*"):
        if not Path(f"/proc/{directory.name.removeprefix(RUN_PREFIX)}").exists():
            lifecycle.down(State(directory))

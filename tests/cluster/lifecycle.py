"""The order in which a cluster comes up and goes away."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from cluster import addons, binaries, certificates, cgroups, control_plane, images, network, node, processes
from cluster.kubectl import Kubectl
from cluster.state import State

PACKAGES = Path(__file__).resolve().parent.parent / "setup" / "packages.sh"


def up(state: State, nodes: int) -> None:
    _refuse_impossible(state)
    subprocess.run([PACKAGES, "cluster"], check=True)
    programs = binaries.ensure()
    state.create(network.claim_number(), nodes)
    kubectl = Kubectl(programs / "kubectl", state.kubeconfig)

    network.up(state)
    certificates.create(state)
    control_plane.start_etcd(state, programs)
    control_plane.start_api(state, programs)
    for each in state.nodes:
        node.start(state, programs, each)
    wait_for_api(state, kubectl)
    control_plane.start_controllers(state, programs)
    addons.apply(state, kubectl)
    for each in state.nodes:
        wait_for_containerd(state, each, kubectl)
    images.load(state, programs, *images.own(state, programs))
    wait_for_node(state, kubectl, *state.nodes)
    addons.wait(kubectl)


def down(state: State) -> None:
    """Works on what is there, however far `up` came."""
    if not state.exists:
        return
    for each in state.nodes:
        node.halt(state, each)
    control_plane.stop(state)
    for name in processes.recorded(state):
        processes.kill(state, name)
    cgroups.remove(state)
    network.down(state)
    shutil.rmtree(state.directory)


def wait_for_api(state: State, kubectl: Kubectl) -> None:
    log = state.log(control_plane.API)
    kubectl.until(f"the API server answers; see {log}", lambda: kubectl("get", "--raw", "/readyz") == "ok")


def wait_for_containerd(state: State, each: node.Node, kubectl: Kubectl) -> None:
    log = state.log(f"{each.name}-containerd")
    kubectl.until(f"containerd of {each.name} listens; see {log}", state.containerd_socket(each).exists)


def wait_for_node(state: State, kubectl: Kubectl, *nodes: node.Node, ready: bool = True) -> None:
    """Until the API server has seen that they are Ready, or that they are not."""
    for each in nodes:
        log = state.log(f"{each.name}-kubelet")
        sentence = f"{each.name} is {'Ready' if ready else 'lost'}; see {log}"
        kubectl.until(sentence, lambda each=each: (node_status(kubectl, each.name) == "True") is ready)


def node_status(kubectl: Kubectl, name: str) -> str:
    """`True`, `False` or `Unknown`: the condition Ready of a node."""
    conditions = kubectl.get("node", name)["status"]["conditions"]
    return next(condition["status"] for condition in conditions if condition["type"] == "Ready")


def _refuse_impossible(state: State) -> None:
    if state.exists:
        raise SystemExit(f"cluster: there is one in {state.directory} already; `make cluster-down` takes it away")
    for hidden in ("/var", "/run"):
        if state.directory.is_relative_to(hidden):
            raise SystemExit(f"cluster: every node has a {hidden} of its own, so {state.directory} cannot be below it")


class Stopwatch:
    def __init__(self) -> None:
        self.began = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self.began:.0f} s"

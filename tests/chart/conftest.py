"""What the chart's tests share: the switch that writes snapshots anew, Helm, and a real API server without nodes.

The API server judges: definitions, rules, rendered manifests, an installation. Nothing runs on it, so it is there in
seconds. `KUBECONFIG` names another one; its objects are in a namespace of the test's own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import DEFINITIONS, NAMESPACE

from cluster import binaries, certificates, control_plane, lifecycle, network, processes
from cluster.kubectl import Kubectl
from cluster.state import State


def pytest_addoption(parser):
    """`--update`: take what is rendered for right."""
    parser.addoption("--update", action="store_true", help="write the snapshots anew")


@pytest.fixture(scope="session")
def kubectl() -> Iterator[Kubectl]:
    """kubectl of an API server that has our definitions and the namespace `kinesis`."""
    programs = binaries.ensure()
    given = os.environ.get("KUBECONFIG")
    if given:
        yield _prepared(Kubectl(programs / "kubectl", Path(given)))
        return
    if os.geteuid() != 0:
        pytest.fail("an API server of the tests' own needs root; or name one with KUBECONFIG")
    state = State(Path(tempfile.mkdtemp(prefix="anabranch-api-server-")) / "state")
    try:
        state.create(network.claim_number(), 0)
        network.up(state)
        certificates.create(state)
        control_plane.start_etcd(state, programs)
        control_plane.start_api(state, programs)
        asking = Kubectl(programs / "kubectl", state.kubeconfig)
        lifecycle.wait_for_api(state, asking)
        yield _prepared(asking)
    finally:
        for name in processes.recorded(state):
            processes.kill(state, name)
        network.down(state)
        shutil.rmtree(state.directory.parent)


def _prepared(kubectl: Kubectl) -> Kubectl:
    for file in sorted(DEFINITIONS.glob("*.yaml")):
        kubectl("apply", "--server-side", "--filename", file)
        kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{file.stem}.anabranch.dev")
    if f"namespace/{NAMESPACE}" not in kubectl("get", "namespaces", "--output", "name").split():
        kubectl("create", "namespace", NAMESPACE)
        # What a controller would make; pods are refused without it.
        kubectl("create", "serviceaccount", "default", f"--namespace={NAMESPACE}")
    return kubectl

"""What a cluster has besides its own parts: a default StorageClass and DNS."""

from __future__ import annotations

from pathlib import Path

from cluster.kubectl import Kubectl
from cluster.state import State

MANIFESTS = Path(__file__).with_name("addons")


def apply(state: State, kubectl: Kubectl) -> None:
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        kubectl.apply(manifest.read_text().replace("@DNS@", state.addresses.dns))


def wait(kubectl: Kubectl) -> None:
    """Until a name can be looked up. The first pods may wait for the controller of ServiceAccounts."""
    kubectl("rollout", "status", "--namespace", "kube-system", "deployment/coredns", "--timeout", "180s")

"""Fixtures of every test that runs on Kubernetes: the cluster, once a run, and a namespace, once a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import lifecycle
from harness.cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    given = os.environ.get("KUBECONFIG")
    if given:
        yield Cluster.given(Path(given))
        return
    if os.geteuid() != 0:
        pytest.fail("a cluster of the tests' own needs root; or name one with KUBECONFIG")
    made = Cluster.made()
    yield made
    lifecycle.down(made.state)


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """One of the test's own, under the strictest Pod Security; it is deleted in the background."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:50].strip("-")
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    cluster.kubectl.until("the namespace has its ServiceAccount", lambda: cluster.kubectl.get("sa", "default", "-n", name))
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")

"""Anabranch on the cluster, installed once for all stories as a user installs it: the image, then the chart."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.installation import Installation
from harness.cluster import Cluster
from image import anabranch as image

CHART = image.ROOT / "charts" / "anabranch"
NAMESPACE = "anabranch"


def target_dir() -> Path:
    cache = Path(os.environ.get("ANABRANCH_CACHE") or Path.home() / ".cache" / "anabranch")
    return Path(os.environ.get("CARGO_TARGET_DIR") or cache / "target")


@pytest.fixture(scope="session")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    archive = tmp_path_factory.mktemp("image") / "anabranch.tar"
    image.build(archive, target_dir() / "release")
    cluster.load_image(archive)
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    helm = [str(cluster.programs / "helm"), "--kubeconfig", str(cluster.kubectl.kubeconfig), "--namespace", NAMESPACE]
    # A cluster that was given has the image from a registry of its own: a file of values says which.
    file = os.environ.get("ANABRANCH_E2E_VALUES")
    values = ["--values", file] if file else ["--set", "image.pullPolicy=Never"]
    command = [*helm, "install", "anabranch", str(CHART), *values, "--wait", "--timeout", "3m"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield Installation(cluster, NAMESPACE, helm)


@pytest.fixture(autouse=True)
def whole_again(cluster: Cluster) -> Iterator[None]:
    """What a story broke is mended before the next one, also when the story failed."""
    yield
    if os.environ.get("KUBECONFIG") is None:
        cluster.start_api()

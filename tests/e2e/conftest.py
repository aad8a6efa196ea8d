"""Anabranch on the cluster, installed once for all stories as a user installs it: the image, then the chart."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from e2e.installation import Installation, install
from harness.cluster import Cluster


@pytest.fixture(scope="session")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    yield install(cluster, tmp_path_factory.mktemp("image"))


@pytest.fixture(autouse=True)
def whole_again(cluster: Cluster) -> Iterator[None]:
    """What a story broke is mended before the next one, also when the story failed."""
    yield
    if os.environ.get("KUBECONFIG") is None:
        cluster.start_api()

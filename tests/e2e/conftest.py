"""Anabranch on the cluster, installed once for all stories as a user installs it: the image, then the chart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.installation import Installation, install
from harness.cluster import Cluster

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    yield install(cluster, tmp_path_factory.mktemp("image"))


@pytest.fixture(autouse=True)
def whole_again(cluster: Cluster, installation: Installation) -> Iterator[None]:
    """What a story broke is mended before the next one, and its streams go, also when the story failed."""
    yield
    if os.environ.get("KUBECONFIG") is None:
        cluster.start_api()
    installation.remove_streams()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story bounds each of its own waits; the whole of it is only kept from hanging."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))

"""For every Python test: a failure shows the end of the log of each server that the test used, and keeps a cluster's."""

from __future__ import annotations

import pytest

from harness.cluster import Cluster
from harness.server import Server

pytest_plugins = ("harness.cluster_fixtures",)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the log of every server it used."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        arguments = getattr(item, "funcargs", {})
        for cluster in {value for value in arguments.values() if isinstance(value, Cluster)}:
            kept = cluster.keep(item.name)
            report.sections.append(("cluster", f"logs, events and objects are in {kept}\n{cluster.troubles(kept)}"))
        for name, value in arguments.items():
            running = value if isinstance(value, Server) else getattr(value, "server", None)
            if isinstance(running, Server):
                report.sections.append((f"log of {name}", running.log_tail(40)))

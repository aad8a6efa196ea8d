"""One round of every fault, judged by what the clients saw. `make chaos` does as many as it is told to."""

from __future__ import annotations

import pytest

from e2e import chaos
from e2e.installation import Installation


@pytest.mark.timeout(900)
def test_what_clients_see_through_every_fault_could_be_one_log(installation: Installation) -> None:
    assert installation.cluster.state.exists
    report = chaos.run(installation, rounds=1, seed=7)
    print(report)
    assert report["contradictions"] == [] and report["lost"] == [] and report["failures"] == []

"""UpdateAccountSettings."""

import datetime

import pytest

from harness import kinesis as k
from harness.server import Server


@pytest.fixture
def own_account():
    """An account of its own: the commitment holds for a day."""
    with Server(limits=True) as server:
        yield k.client(server)


def update(kinesis, status):
    return kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": status})[
        "MinimumThroughputBillingCommitment"
    ]


def test_a_commitment_lasts_a_day_at_least(own_account):
    enabled = update(own_account, "ENABLED")
    assert enabled["Status"] == "ENABLED"
    assert enabled["EarliestAllowedEndAt"] - enabled["StartedAt"] == datetime.timedelta(hours=24)
    assert own_account.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED"
    assert update(own_account, "DISABLED")["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"


def test_an_unknown_status_is_refused(own_account):
    with k.refused("ValidationException", contains="minimumThroughputBillingCommitment.status"):
        update(own_account, "MAYBE")

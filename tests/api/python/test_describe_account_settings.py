"""DescribeAccountSettings."""


def test_the_commitment_has_a_status(kinesis):
    commitment = kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]
    assert commitment["Status"] in ("DISABLED", "ENABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END")

"""DescribeLimits."""


def test_counts_follow_the_streams(kinesis, make_stream):
    before = kinesis.describe_limits()
    assert {"ShardLimit", "OpenShardCount", "OnDemandStreamCount", "OnDemandStreamCountLimit"} <= set(before)
    make_stream(3)
    after = kinesis.describe_limits()
    assert after["OpenShardCount"] == before["OpenShardCount"] + 3
    make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert kinesis.describe_limits()["OnDemandStreamCount"] == before["OnDemandStreamCount"] + 1


def test_the_account_has_awss_quota_for_the_region(limited):
    assert limited.describe_limits()["ShardLimit"] == 20000
    assert limited.describe_limits()["OnDemandStreamCountLimit"] == 50

"""UpdateStreamWarmThroughput: for on-demand streams of an account with the throughput commitment."""

import pytest

from harness import kinesis as k
from harness.server import Server


@pytest.fixture(scope="module")
def committed():
    with Server(limits=True) as server:
        client = k.client(server)
        client.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
        yield client


def test_the_target_becomes_current(committed):
    name = k.unique_name()
    committed.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    k.wait_active(committed, name)
    answer = committed.update_stream_warm_throughput(StreamARN=k.stream_arn(name), WarmThroughputMiBps=8)
    assert answer["StreamARN"] == k.stream_arn(name)
    assert answer["StreamName"] == name
    assert answer["WarmThroughput"]["TargetMiBps"] == 8
    k.wait_active(committed, name)
    summary = committed.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["WarmThroughput"] == {"TargetMiBps": 8, "CurrentMiBps": 8}
    assert summary["OpenShardCount"] >= 8


def test_without_the_commitment_it_is_refused(limited, make_limited_stream):
    name = make_limited_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    with pytest.raises(limited.exceptions.ClientError) as caught:
        limited.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=8)
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")


def test_a_provisioned_stream_is_refused(committed):
    name = k.unique_name()
    committed.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(committed, name)
    with pytest.raises(committed.exceptions.ClientError) as caught:
        committed.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=8)
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")


def test_an_unknown_stream_is_not_found(committed):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        committed.update_stream_warm_throughput(StreamName="no-such", WarmThroughputMiBps=8)

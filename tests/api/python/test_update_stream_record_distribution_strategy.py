"""UpdateStreamRecordDistributionStrategy: AUTO spreads records whatever their key (on-demand streams only)."""

import collections

import pytest

from harness import kinesis as k


def set_strategy(kinesis, name, strategy):
    kinesis.update_stream_record_distribution_strategy(StreamARN=k.stream_arn(name), RecordDistributionStrategy=strategy)
    k.wait_active(kinesis, name)


def test_auto_spreads_records_of_one_key_over_the_shards(kinesis, make_stream):
    name = make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    set_strategy(kinesis, name, "AUTO")
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["RecordDistributionStrategy"] == "AUTO"
    answer = kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "same", "Data": b"d"}] * 200)
    assert answer["FailedRecordCount"] == 0
    spread = collections.Counter(result["ShardId"] for result in answer["Records"])
    assert len(spread) == 4
    records = [record for shard in k.read_stream(kinesis, name).values() for record in shard]
    assert {record["PartitionKey"] for record in records} == {"same"}


def test_with_auto_the_key_may_be_left_out(kinesis, make_stream):
    name = make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"}, RecordDistributionStrategy="AUTO")
    kinesis.put_record(StreamName=name, Data=b"keyless")
    (record,) = [record for shard in k.read_stream(kinesis, name).values() for record in shard]
    assert record["Data"] == b"keyless"


def test_and_back_again(kinesis, make_stream):
    name = make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    set_strategy(kinesis, name, "AUTO")
    set_strategy(kinesis, name, "USER_PARTITION_KEY")
    answer = kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "same", "Data": b"d"}] * 50)
    assert len({result["ShardId"] for result in answer["Records"]}) == 1


def test_a_provisioned_stream_is_refused(kinesis, stream):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        set_strategy(kinesis, stream, "AUTO")
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        set_strategy(kinesis, "no-such", "AUTO")

"""DescribeStreamSummary."""

from harness import kinesis as k


def test_it_tells_the_counts_and_settings(kinesis, make_stream, make_consumer):
    name = make_stream(3)
    make_consumer(name)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamName"] == name
    assert summary["StreamARN"] == k.stream_arn(name)
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary["RetentionPeriodHours"] == 24
    assert summary["OpenShardCount"] == 3
    assert summary["ConsumerCount"] == 1
    assert summary["EncryptionType"] == "NONE"
    assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert summary["MaxRecordSizeInKiB"] == 1024
    assert "KeyId" not in summary


def test_only_open_shards_are_counted(kinesis, make_stream):
    name = make_stream(2)
    kinesis.merge_shards(StreamName=name, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001")
    k.wait_active(kinesis, name)
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 1


def test_it_takes_an_arn(kinesis, stream):
    summary = kinesis.describe_stream_summary(StreamARN=k.stream_arn(stream))["StreamDescriptionSummary"]
    assert summary["StreamName"] == stream


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.describe_stream_summary(StreamName="no-such")

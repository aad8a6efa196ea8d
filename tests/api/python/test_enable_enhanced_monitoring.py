"""EnableEnhancedMonitoring."""

from harness import kinesis as k

EVERY_METRIC = {
    "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
}  # fmt: skip


def test_the_answer_tells_before_and_after(kinesis, stream):
    first = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
    assert first["StreamName"] == stream
    assert first["StreamARN"] == k.stream_arn(stream)
    assert first["CurrentShardLevelMetrics"] == []
    assert first["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    k.wait_active(kinesis, stream)
    second = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["OutgoingBytes"])
    assert second["CurrentShardLevelMetrics"] == ["IncomingBytes"]
    assert set(second["DesiredShardLevelMetrics"]) == {"IncomingBytes", "OutgoingBytes"}
    k.wait_active(kinesis, stream)
    (monitoring,) = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["EnhancedMonitoring"]
    assert set(monitoring["ShardLevelMetrics"]) == {"IncomingBytes", "OutgoingBytes"}


def test_all_expands(kinesis, stream):
    answer = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    assert set(answer["DesiredShardLevelMetrics"]) == EVERY_METRIC


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.enable_enhanced_monitoring(StreamName="no-such", ShardLevelMetrics=["ALL"])

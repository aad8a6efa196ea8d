"""DisableEnhancedMonitoring."""

from harness import kinesis as k


def test_one_goes_and_then_all(kinesis, stream):
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    k.wait_active(kinesis, stream)
    answer = kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
    assert set(answer["CurrentShardLevelMetrics"]) == {"IncomingBytes", "OutgoingBytes"}
    assert answer["DesiredShardLevelMetrics"] == ["OutgoingBytes"]
    k.wait_active(kinesis, stream)
    assert kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])["DesiredShardLevelMetrics"] == []
    k.wait_active(kinesis, stream)
    (monitoring,) = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["EnhancedMonitoring"]
    assert monitoring["ShardLevelMetrics"] == []


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.disable_enhanced_monitoring(StreamName="no-such", ShardLevelMetrics=["ALL"])

"""TagResource."""

from harness import kinesis as k


def test_it_tags_a_stream(kinesis, stream):
    kinesis.tag_resource(ResourceARN=k.stream_arn(stream), Tags={"a": "1"})
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "a", "Value": "1"}]


def test_it_tags_a_consumer(kinesis, stream, make_consumer):
    consumer = make_consumer(stream)
    kinesis.tag_resource(ResourceARN=consumer, Tags={"reader": "kcl"})
    assert kinesis.list_tags_for_resource(ResourceARN=consumer)["Tags"] == [{"Key": "reader", "Value": "kcl"}]
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == []


def test_an_unknown_resource_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        kinesis.tag_resource(ResourceARN=k.stream_arn("no-such"), Tags={"a": "1"})

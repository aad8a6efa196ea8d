"""UntagResource."""

from harness import kinesis as k


def test_it_removes_tags_of_streams_and_consumers(kinesis, stream, make_consumer):
    for arn in (k.stream_arn(stream), make_consumer(stream)):
        kinesis.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
        kinesis.untag_resource(ResourceARN=arn, TagKeys=["a"])
        assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_an_unknown_resource_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        kinesis.untag_resource(ResourceARN=k.stream_arn("no-such"), TagKeys=["a"])

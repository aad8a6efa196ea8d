"""ListTagsForResource."""

from harness import kinesis as k


def test_it_lists_what_other_actions_set(kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"b": "2", "a": "1"})
    assert kinesis.list_tags_for_resource(ResourceARN=k.stream_arn(stream))["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]


def test_an_unknown_resource_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        kinesis.list_tags_for_resource(ResourceARN=k.stream_arn("no-such"))

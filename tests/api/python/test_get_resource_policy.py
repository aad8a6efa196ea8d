"""GetResourcePolicy."""

from harness import kinesis as k


def test_no_policy_is_an_empty_object(kinesis, stream):
    assert kinesis.get_resource_policy(ResourceARN=k.stream_arn(stream))["Policy"] == "{}"


def test_an_unknown_resource_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        kinesis.get_resource_policy(ResourceARN=k.stream_arn("no-such"))

"""DeleteResourcePolicy."""

import json

from harness import kinesis as k


def test_a_deleted_policy_is_empty_again(kinesis, stream):
    arn = k.stream_arn(stream)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kinesis:PutRecord", "Resource": arn}
    kinesis.put_resource_policy(ResourceARN=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"


def test_deleting_none_is_not_found(kinesis, stream):
    arn = k.stream_arn(stream)
    with k.refused("ResourceNotFoundException", contains="No resource policy found for resource ARN"):
        kinesis.delete_resource_policy(ResourceARN=arn)

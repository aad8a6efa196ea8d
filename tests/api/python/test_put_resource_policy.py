"""PutResourcePolicy. Who may do what because of one is in test_access.py."""

import json

import pytest

from harness import kinesis as k


def policy(arn, action="kinesis:PutRecord"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": "one", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": action, "Resource": arn}
            ],
        }
    )


def test_a_policy_is_kept_as_it_was_given(kinesis, stream, make_consumer):
    for arn in (k.stream_arn(stream), make_consumer(stream)):
        text = policy(arn, "kinesis:DescribeStreamSummary" if "consumer" not in arn else "kinesis:SubscribeToShard")
        kinesis.put_resource_policy(ResourceARN=arn, Policy=text)
        assert json.loads(kinesis.get_resource_policy(ResourceARN=arn)["Policy"]) == json.loads(text)


@pytest.mark.parametrize("text", ["not json", "[]", '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}'])
def test_what_is_no_policy_is_refused(kinesis, stream, text):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.put_resource_policy(ResourceARN=k.stream_arn(stream), Policy=text)
    assert caught.value.response["Error"]["Code"] in ("InvalidArgumentException", "ValidationException")


def test_an_unknown_resource_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException"):
        arn = k.stream_arn("no-such")
        kinesis.put_resource_policy(ResourceARN=arn, Policy=policy(arn))

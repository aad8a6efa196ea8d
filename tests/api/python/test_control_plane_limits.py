"""AWS's rates of control-plane calls: off unless asked for, then refused in AWS's words."""

import pytest

from harness import kinesis as k
from harness.server import Server
from harness.wire import Wire


@pytest.fixture(scope="module")
def rated():
    with Server("--control-plane-limits", limits=True) as server:
        yield Wire(server)


def refusal(wire, action, body, calls):
    """The first refusal of so many calls in a row; other answers are as may be."""
    for _ in range(calls):
        answer = wire.json(action, body)
        if answer.status != 200 and "Rate exceeded" in (answer.error[2] or ""):
            return answer.error
    raise AssertionError(f"{calls} calls of {action} in a row, and none was one too many")


def test_calls_about_a_stream_are_refused_with_its_name(rated):
    expected = (400, "LimitExceededException", f"Rate exceeded for stream orders under account {k.ACCOUNT_ID}.")
    assert refusal(rated, "DescribeStream", {"StreamName": "orders"}, 200) == expected
    assert refusal(rated, "DescribeStreamSummary", {"StreamARN": k.stream_arn("orders")}, 400) == expected
    assert refusal(rated, "CreateStream", {"StreamName": "orders", "ShardCount": 1}, 100) == expected
    assert refusal(rated, "ListTagsForResource", {"ResourceARN": k.stream_arn("orders")}, 100) == expected


def test_calls_about_the_account_are_refused_with_its_number(rated):
    expected = (400, "LimitExceededException", f"Rate exceeded for account {k.ACCOUNT_ID}.")
    assert refusal(rated, "ListStreams", {}, 100) == expected
    assert refusal(rated, "DescribeLimits", {}, 20) == expected


def test_an_sdk_that_backs_off_gets_through(rated):
    """boto3 repeats a refused DescribeStream by itself; that is what the rates are there to test."""
    kinesis = k.client(rated.server)
    name = k.unique_name()
    k.patiently(kinesis.create_stream, StreamName=name, ShardCount=1)
    k.patiently(k.wait_active, kinesis=kinesis, name=name)
    for _ in range(15):
        assert k.patiently(kinesis.describe_stream_summary, StreamName=name)["StreamDescriptionSummary"]["StreamName"] == name


def test_records_are_not_counted_as_calls(rated):
    kinesis = k.client(rated.server)
    name = k.unique_name()
    k.patiently(kinesis.create_stream, StreamName=name, ShardCount=1)
    k.patiently(k.wait_active, kinesis=kinesis, name=name)
    for _ in range(50):
        kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")


def test_without_the_flag_calls_are_as_many_as_one_likes(limited_server):
    wire = Wire(limited_server)
    answers = [wire.json("DescribeLimits", {}).status for _ in range(20)]
    answers += [wire.json("ListStreams", {}).status for _ in range(50)]
    assert set(answers) == {200}

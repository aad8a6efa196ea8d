"""ListStreams."""

from harness import kinesis as k


def test_names_come_in_order_with_summaries(kinesis, make_stream):
    prefix = k.unique_name("listed")
    names = [make_stream(1, StreamName=f"{prefix}-{letter}") for letter in "cab"]
    page = kinesis.list_streams(Limit=3, ExclusiveStartStreamName=prefix)
    assert page["StreamNames"] == sorted(names)
    by_name = {summary["StreamName"]: summary for summary in page["StreamSummaries"]}
    assert set(by_name) == set(names)
    summary = by_name[names[0]]
    assert summary["StreamARN"] == k.stream_arn(names[0])
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary["StreamCreationTimestamp"]


def test_pages_continue_by_name_and_by_token(kinesis, make_stream):
    prefix = k.unique_name("paged")
    names = sorted(make_stream(1, StreamName=f"{prefix}-{i}") for i in range(3))
    first = kinesis.list_streams(Limit=1, ExclusiveStartStreamName=prefix)
    assert first["StreamNames"] == names[:1]
    assert first["HasMoreStreams"] is True
    by_name = kinesis.list_streams(Limit=1, ExclusiveStartStreamName=names[0])
    assert by_name["StreamNames"] == names[1:2]
    by_token = kinesis.list_streams(NextToken=first["NextToken"], Limit=1)
    assert by_token["StreamNames"] == names[1:2]


def test_the_paginator_sees_every_stream_once(kinesis, make_stream):
    names = {make_stream(1) for _ in range(4)}
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2})
    seen = [name for page in pages for name in page["StreamNames"]]
    assert len(seen) == len(set(seen))
    assert names <= set(seen)


def test_a_limit_of_zero_is_refused(wire):
    assert wire.json("ListStreams", {"Limit": 0}).error == (
        400,
        "ValidationException",
        "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1",
    )


def test_garbage_for_a_token_is_an_argument_error(kinesis):
    with k.refused("InvalidArgumentException"):
        kinesis.list_streams(NextToken="garbage")

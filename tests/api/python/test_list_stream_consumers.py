"""ListStreamConsumers."""

from harness import kinesis as k


def test_pages_and_paginator(kinesis, stream, make_consumer):
    names = sorted(f"reader-{i}" for i in range(5))
    for name in names:
        make_consumer(stream, name)
    arn = k.stream_arn(stream)
    first = kinesis.list_stream_consumers(StreamARN=arn, MaxResults=2)
    assert len(first["Consumers"]) == 2 and first["NextToken"]
    assert set(first["Consumers"][0]) == {
        "ConsumerName", "ConsumerARN", "ConsumerStatus", "ConsumerCreationTimestamp",
    }  # fmt: skip
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=arn, PaginationConfig={"PageSize": 2})
    assert sorted(consumer["ConsumerName"] for page in pages for consumer in page["Consumers"]) == names


def test_none_is_an_empty_list(kinesis, stream):
    assert kinesis.list_stream_consumers(StreamARN=k.stream_arn(stream))["Consumers"] == []


def test_a_forged_token_is_refused(kinesis, stream):
    with k.refused("InvalidArgumentException"):
        kinesis.list_stream_consumers(StreamARN=k.stream_arn(stream), NextToken="forged")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.list_stream_consumers(StreamARN=k.stream_arn("no-such"))

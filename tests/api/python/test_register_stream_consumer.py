"""RegisterStreamConsumer."""

import re

from harness import kinesis as k


def test_a_consumer_gets_an_arn_with_its_birth(kinesis, stream):
    consumer = kinesis.register_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="reader")["Consumer"]
    assert consumer["ConsumerName"] == "reader"
    assert consumer["ConsumerStatus"] in ("CREATING", "ACTIVE")
    assert re.fullmatch(re.escape(k.stream_arn(stream)) + r"/consumer/reader:\d+", consumer["ConsumerARN"])
    assert int(consumer["ConsumerARN"].rsplit(":", 1)[1]) == int(consumer["ConsumerCreationTimestamp"].timestamp())


def test_a_name_is_taken_once_per_stream(kinesis, stream, make_consumer):
    make_consumer(stream, "reader")
    with k.refused("ResourceInUseException"):
        kinesis.register_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="reader")


def test_tags_can_be_given_at_birth(kinesis, stream):
    consumer = kinesis.register_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="tagged", Tags={"a": "1"})[
        "Consumer"
    ]
    assert kinesis.list_tags_for_resource(ResourceARN=consumer["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "1"}]


def test_twenty_are_the_most(limited, make_limited_stream):
    arn = k.stream_arn(make_limited_stream(1))
    for i in range(20):
        k.patiently(limited.register_stream_consumer, StreamARN=arn, ConsumerName=f"reader-{i}")
    with k.refused("LimitExceededException"):
        k.patiently(limited.register_stream_consumer, seconds=3, StreamARN=arn, ConsumerName="one-more")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.register_stream_consumer(StreamARN=k.stream_arn("no-such"), ConsumerName="reader")

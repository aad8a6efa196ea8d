"""DescribeStreamConsumer."""

from harness import kinesis as k


def test_by_arn_and_by_name(kinesis, stream, make_consumer):
    arn = make_consumer(stream, "reader")
    by_arn = kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
    by_name = kinesis.describe_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="reader")["ConsumerDescription"]
    assert by_arn == by_name
    assert by_arn["ConsumerName"] == "reader"
    assert by_arn["ConsumerARN"] == arn
    assert by_arn["ConsumerStatus"] == "ACTIVE"
    assert by_arn["StreamARN"] == k.stream_arn(stream)
    assert by_arn["ConsumerCreationTimestamp"]


def test_an_unknown_consumer_is_not_found(kinesis, stream):
    with k.refused("ResourceNotFoundException"):
        kinesis.describe_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="nobody")
    with k.refused("ResourceNotFoundException"):
        kinesis.describe_stream_consumer(ConsumerARN=k.stream_arn(stream) + "/consumer/nobody:1700000000")

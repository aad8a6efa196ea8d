"""DeregisterStreamConsumer."""

from harness import kinesis as k


def gone(kinesis, stream, consumer_name):
    def check():
        listed = kinesis.list_stream_consumers(StreamARN=k.stream_arn(stream))["Consumers"]
        return consumer_name not in [consumer["ConsumerName"] for consumer in listed]

    k.eventually(check, what="the consumer gone")


def test_by_arn_and_by_name(kinesis, stream, make_consumer):
    kinesis.deregister_stream_consumer(ConsumerARN=make_consumer(stream, "one"))
    gone(kinesis, stream, "one")
    make_consumer(stream, "two")
    kinesis.deregister_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="two")
    gone(kinesis, stream, "two")


def test_a_name_may_be_registered_again_with_another_arn(kinesis, stream, make_consumer):
    first = make_consumer(stream, "again")
    kinesis.deregister_stream_consumer(ConsumerARN=first)
    gone(kinesis, stream, "again")
    second = make_consumer(stream, "again")
    assert int(second.rsplit(":", 1)[1]) >= int(first.rsplit(":", 1)[1])


def test_an_unknown_consumer_is_not_found(kinesis, stream):
    with k.refused("ResourceNotFoundException"):
        kinesis.deregister_stream_consumer(StreamARN=k.stream_arn(stream), ConsumerName="nobody")

"""DeleteStream."""

from harness import kinesis as k


def test_a_deleted_stream_is_gone(kinesis, make_stream):
    name = make_stream(2)
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert name not in kinesis.list_streams(Limit=10000)["StreamNames"]


def test_it_takes_an_arn(kinesis, make_stream):
    name = make_stream(1)
    kinesis.delete_stream(StreamARN=k.stream_arn(name))
    k.wait_gone(kinesis, name)


def test_a_stream_that_does_not_exist_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.delete_stream(StreamName="no-such")


def test_consumers_keep_a_stream_alive_unless_enforced(kinesis, stream, make_consumer):
    make_consumer(stream)
    with k.refused("ResourceInUseException"):
        kinesis.delete_stream(StreamName=stream)
    kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    k.wait_gone(kinesis, stream)


def test_an_iterator_of_a_deleted_stream_finds_no_shard(kinesis, make_stream):
    name = make_stream(1)
    position = k.iterator(kinesis, name)
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)
    with k.refused("ResourceNotFoundException"):
        kinesis.get_records(ShardIterator=position)


def test_a_stream_may_be_deleted_while_it_is_being_created(kinesis):
    name = k.unique_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)

"""DeleteStream."""

import collections
import threading

from botocore.exceptions import ClientError

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


def test_whoever_is_at_a_stream_that_is_deleted_hears_that_it_is_gone_and_of_no_failure_of_ours(kinesis):
    """Puts, reads and iterators go on while streams come and go under them: what they are told is never a 500."""
    name, is_over = k.unique_name(), threading.Event()
    answers: collections.Counter[str] = collections.Counter()

    def call(operation, **arguments) -> dict:
        try:
            answer = operation(StreamName=name, **arguments)
        except ClientError as error:
            answers[error.response["Error"]["Code"]] += 1
            return {}
        answers.update(it.get("ErrorCode", "") for it in answer.get("Records", ()))
        answers[""] += 1
        return answer

    def work() -> None:
        where = {"ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
        while not is_over.is_set():
            call(kinesis.put_record, PartitionKey="k", Data=b"x")
            call(kinesis.put_records, Records=[{"PartitionKey": str(it), "Data": b"x"} for it in range(8)])
            if at := call(kinesis.get_shard_iterator, **where).get("ShardIterator"):
                call(lambda StreamName: kinesis.get_records(ShardIterator=at))  # noqa: N803

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(25):
            kinesis.create_stream(StreamName=name, ShardCount=2)
            k.wait_active(kinesis, name)
            kinesis.delete_stream(StreamName=name)
            k.wait_gone(kinesis, name)
    finally:
        is_over.set()
        for worker in workers:
            worker.join()
    assert answers[""] and answers["ResourceNotFoundException"]
    expected = {"", "ResourceNotFoundException", "ProvisionedThroughputExceededException", "LimitExceededException"}
    assert answers.keys() <= expected, answers

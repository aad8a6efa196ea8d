"""CreateStream."""

import pytest

from harness import kinesis as k


def test_a_stream_becomes_active_with_evenly_cut_shards(kinesis, make_stream):
    name = make_stream(3)
    size = 2**128 // 3
    ranges = [
        (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for shard in k.shards(kinesis, name)
    ]
    assert ranges == [(0, size - 1), (size, 2 * size - 1), (2 * size, k.MAX_HASH_KEY)]
    assert [shard["ShardId"] for shard in k.shards(kinesis, name)] == [f"shardId-{i:012d}" for i in range(3)]


def test_the_answer_is_empty(wire, kinesis):
    name = k.unique_name()
    answer = wire.json("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert (answer.status, answer.body) == (200, b"")
    kinesis.delete_stream(StreamName=name)


def test_the_waiter_sees_the_stream_exist(kinesis):
    name = k.unique_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    kinesis.delete_stream(StreamName=name)


def test_an_on_demand_stream_is_born_with_four_shards(kinesis, make_stream):
    name = make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["OpenShardCount"] == 4


def test_tags_and_record_size_given_at_birth_are_kept(kinesis, make_stream):
    name = make_stream(1, Tags={"team": "rivers"}, MaxRecordSizeInKiB=2048)
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "rivers"}]
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["MaxRecordSizeInKiB"] == 2048


def test_a_stream_of_neither_mode_nor_shard_count_is_on_demand(kinesis):
    name = k.unique_name()
    kinesis.create_stream(StreamName=name)
    k.wait_active(kinesis, name)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["OpenShardCount"] == 4
    kinesis.delete_stream(StreamName=name)


def test_a_provisioned_stream_needs_a_shard_count(kinesis):
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.create_stream(StreamName=k.unique_name(), StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidArgumentException")


def test_a_name_that_is_taken_is_refused(kinesis, stream):
    with k.refused("ResourceInUseException", f"Stream {stream} under account {k.ACCOUNT_ID} already exists."):
        kinesis.create_stream(StreamName=stream, ShardCount=1)


def test_more_shards_than_the_account_may_have_are_refused(limited):
    limits = limited.describe_limits()
    wanted = limits["ShardLimit"] + 1
    total = limits["OpenShardCount"] + wanted
    with k.refused(
        "LimitExceededException",
        f"This request would exceed the shard limit for the account {k.ACCOUNT_ID} in {k.REGION}. "
        f"Current shard count for the account: {limits['OpenShardCount']}. Limit: {limits['ShardLimit']}. "
        f"Number of additional shards that would have resulted from this request: {wanted}. "
        "Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "
        "for current limits and how to request higher limits.",
    ):
        limited.create_stream(StreamName=k.unique_name(), ShardCount=wanted)
    assert total > limits["ShardLimit"]


def test_every_wrong_member_is_named_in_one_answer(wire):
    answer = wire.json("CreateStream", {"StreamName": "", "ShardCount": 0})
    status, kind, text = answer.error
    assert (status, kind) == (400, "ValidationException")
    assert text.startswith("3 validation errors detected: ")
    assert "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1" in text
    assert (
        "Value '' at 'streamName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+" in text
    )
    assert "Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1" in text


def test_a_deleted_name_can_be_used_again_and_holds_nothing_of_before(kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"old")
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)
    make_stream(1, StreamName=name)
    assert k.read_all(kinesis, name, "shardId-000000000000") == []

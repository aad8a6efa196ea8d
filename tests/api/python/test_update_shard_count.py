"""UpdateShardCount."""

import pytest

from harness import kinesis as k


def update(kinesis, name, target):
    return kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")


@pytest.mark.parametrize(("start", "target"), [(1, 2), (2, 4), (4, 2), (2, 3), (3, 2), (4, 7)])
def test_the_open_shards_become_as_many_as_wanted_and_tile(kinesis, make_stream, start, target):
    name = make_stream(start)
    answer = update(kinesis, name, target)
    assert answer["StreamName"] == name
    assert answer["StreamARN"] == k.stream_arn(name)
    assert answer["CurrentShardCount"] == start
    assert answer["TargetShardCount"] == target
    k.wait_active(kinesis, name)
    open_now = k.open_shards(kinesis, name)
    assert len(open_now) == target
    k.assert_tiles(open_now)
    sizes = [int(shard["HashKeyRange"]["EndingHashKey"]) - int(shard["HashKeyRange"]["StartingHashKey"]) for shard in open_now]
    assert max(sizes) - min(sizes) <= target, "uniform scaling leaves shards of equal size"


@pytest.mark.parametrize(("start", "target", "lineage"), [(2, 4, 6), (4, 2, 6), (4, 5, 15), (4, 3, 11)])
def test_the_lineage_is_as_long_as_on_aws(kinesis, make_stream, start, target, lineage):
    """The totals that others saw on AWS: moto's authors the first three, RisingWave's the last."""
    name = make_stream(start)
    update(kinesis, name, target)
    k.wait_active(kinesis, name)
    assert len(kinesis.list_shards(StreamName=name)["Shards"]) == lineage
    assert len(k.open_shards(kinesis, name)) == target


def test_records_survive_up_and_down(kinesis, make_stream):
    name = make_stream(2)
    put = 0
    for target in (4, 2, 3):
        answer = kinesis.put_records(StreamName=name, Records=[{"PartitionKey": f"k{i}", "Data": b"d"} for i in range(100)])
        put += 100 - answer["FailedRecordCount"]
        update(kinesis, name, target)
        k.wait_active(kinesis, name)
    assert sum(len(records) for records in k.read_stream(kinesis, name).values()) == put == 300


def test_an_on_demand_stream_has_no_shard_count_to_update(kinesis, make_stream):
    name = make_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    with k.refused(
        "ValidationException", f"Request is invalid. Stream {name} under account {k.ACCOUNT_ID} is in On-Demand mode."
    ):
        update(kinesis, name, 8)


@pytest.mark.parametrize("target", [9, 1])
def test_more_than_double_or_less_than_half_is_refused(limited, make_limited_stream, target):
    name = make_limited_stream(4)
    with pytest.raises(limited.exceptions.ClientError) as caught:
        update(limited, name, target)
    assert caught.value.response["Error"]["Code"] in ("LimitExceededException", "InvalidArgumentException")


def test_the_scaling_type_is_an_enum(wire, stream):
    answer = wire.json("UpdateShardCount", {"StreamName": stream, "TargetShardCount": 2, "ScalingType": "WILD"})
    assert answer.error == (
        400,
        "ValidationException",
        "1 validation error detected: Value 'WILD' at 'scalingType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [UNIFORM_SCALING]",
    )


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        update(kinesis, "no-such", 2)

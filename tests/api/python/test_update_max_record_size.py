"""UpdateMaxRecordSize."""

import pytest

from harness import kinesis as k


def test_a_larger_size_lets_larger_records_in(kinesis, stream):
    data = b"x" * (2 * 2**20 - 1)
    with pytest.raises(kinesis.exceptions.ClientError):
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=data)
    kinesis.update_max_record_size(StreamARN=k.stream_arn(stream), MaxRecordSizeInKiB=2048)
    k.wait_active(kinesis, stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=data)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 2048
    assert k.read_all(kinesis, stream, "shardId-000000000000", at_least=1)[0]["Data"] == data


@pytest.mark.parametrize(
    ("size", "constraint"), [(1023, "greater than or equal to 1024"), (10241, "less than or equal to 10240")]
)
def test_the_size_has_bounds(wire, stream, size, constraint):
    answer = wire.json("UpdateMaxRecordSize", {"StreamARN": k.stream_arn(stream), "MaxRecordSizeInKiB": size})
    assert answer.error == (
        400,
        "ValidationException",
        f"1 validation error detected: Value '{size}' at 'maxRecordSizeInKiB' failed to satisfy constraint: "
        f"Member must have value {constraint}",
    )


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.update_max_record_size(StreamARN=k.stream_arn("no-such"), MaxRecordSizeInKiB=2048)

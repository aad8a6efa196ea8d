"""DecreaseStreamRetentionPeriod."""

from harness import kinesis as k


def decrease(kinesis, name, hours):
    kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)


def test_it_shortens(kinesis, stream):
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    k.wait_active(kinesis, stream)
    decrease(kinesis, stream, 24)
    k.wait_active(kinesis, stream)
    assert kinesis.describe_stream(StreamName=stream)["StreamDescription"]["RetentionPeriodHours"] == 24


def test_less_than_a_day_is_too_short(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
    ):
        decrease(kinesis, stream, 23)


def test_it_does_not_lengthen(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        f"Requested retention period (25 hours) for stream {stream} can not be longer than existing retention period "
        "(24 hours). Use IncreaseRetentionPeriod API.",
    ):
        decrease(kinesis, stream, 25)


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        decrease(kinesis, "no-such", 24)

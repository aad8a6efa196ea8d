"""IncreaseStreamRetentionPeriod."""

from harness import kinesis as k


def increase(kinesis, name, hours):
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)


def test_it_holds_up_to_a_year(kinesis, stream):
    for hours in (25, 168, 8760):
        increase(kinesis, stream, hours)
        k.wait_active(kinesis, stream)
        assert kinesis.describe_stream(StreamName=stream)["StreamDescription"]["RetentionPeriodHours"] == hours


def test_less_than_a_day_is_too_short(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
    ):
        increase(kinesis, stream, 23)


def test_more_than_a_year_is_too_long(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.",
    ):
        increase(kinesis, stream, 8761)


def test_it_does_not_shorten(kinesis, stream):
    increase(kinesis, stream, 48)
    k.wait_active(kinesis, stream)
    with k.refused(
        "InvalidArgumentException",
        f"Requested retention period (25 hours) for stream {stream} can not be shorter than existing retention period "
        "(48 hours). Use DecreaseRetentionPeriod API.",
    ):
        increase(kinesis, stream, 25)


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        increase(kinesis, "no-such", 48)

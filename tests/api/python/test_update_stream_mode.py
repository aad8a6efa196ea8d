"""UpdateStreamMode."""

from harness import kinesis as k


def set_mode(kinesis, name, mode, **more):
    kinesis.update_stream_mode(StreamARN=k.stream_arn(name), StreamModeDetails={"StreamMode": mode}, **more)
    k.wait_active(kinesis, name)


def test_there_and_back_keeps_the_shards(kinesis, make_stream):
    name = make_stream(2)
    for mode in ("ON_DEMAND", "PROVISIONED"):
        set_mode(kinesis, name, mode)
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        assert summary["StreamModeDetails"] == {"StreamMode": mode}
        assert summary["OpenShardCount"] == 2


def test_a_third_change_in_a_day_is_refused(limited, make_limited_stream):
    name = make_limited_stream(1)
    set_mode(limited, name, "ON_DEMAND")
    set_mode(limited, name, "PROVISIONED")
    with k.refused("LimitExceededException"):
        set_mode(limited, name, "ON_DEMAND")


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        set_mode(kinesis, "no-such", "ON_DEMAND")


def test_an_unknown_mode_is_refused(wire, stream):
    answer = wire.json("UpdateStreamMode", {"StreamARN": k.stream_arn(stream), "StreamModeDetails": {"StreamMode": "WILD"}})
    status, kind, text = answer.error
    assert (status, kind) == (400, "ValidationException")
    assert "Value 'WILD' at 'streamModeDetails.streamMode' failed to satisfy constraint: " in text

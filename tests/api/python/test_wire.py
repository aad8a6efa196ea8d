"""The protocol below the SDKs: content types, the order of checks, headers, CORS, both codecs."""

import base64
import datetime
import re

import cbor2
import pytest

from harness import kinesis as k
from harness.wire import CBOR_TYPE, JSON_TYPE, TARGET

LIST = f"{TARGET}.ListStreams"
ACCESS_DENIED = (
    b"<AccessDeniedException>\n"
    b"  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    b"</AccessDeniedException>\n"
)


def assert_signed_off(answer):
    """What every answer carries."""
    assert re.fullmatch(r"[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}", answer.headers["x-amzn-requestid"])
    assert 64 <= len(base64.b64decode(answer.headers["x-amz-id-2"])) <= 80
    assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_means_anything(wire, method):
    answer = wire.request(method)
    assert (answer.status, answer.body) == (403, ACCESS_DENIED)
    assert "content-type" not in answer.headers
    assert_signed_off(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/x-amz-json-1.0"},
        {"Content-Type": "application/x-amz-json-1.1asdf"},
        {"X-Amz-Target": "Whatever"},
        {"X-Amz-Target": f"{TARGET}."},
        {"X-Amz-Target": f"{TARGET}.Whatever"},
        {"X-Amz-Target": "Whatever.Whatever"},
        {"X-Amz-Target": f"{TARGET}.ListStream"},
    ],
)
def test_no_body_and_no_operation_is_an_unknown_operation_in_cbor(wire, headers):
    answer = wire.request(headers=headers)
    assert answer.status == 400
    assert answer.headers["content-type"] == CBOR_TYPE
    assert answer.cbor() == {"__type": "UnknownOperationException"}
    assert_signed_off(answer)


def test_no_body_with_an_operation_is_a_serialization_error(wire):
    answer = wire.request(headers={"X-Amz-Target": LIST})
    assert (answer.status, answer.cbor()) == (400, {"__type": "SerializationException"})
    answer = wire.request(headers={"X-Amz-Target": LIST, "Content-Type": JSON_TYPE})
    assert (answer.status, answer.json()) == (400, {"__type": "SerializationException"})


def test_a_body_without_a_known_content_type(wire):
    answer = wire.request(body="{}")
    assert (answer.status, answer.body) == (403, ACCESS_DENIED)
    answer = wire.request(body="{}", headers={"X-Amz-Target": LIST})
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")
    assert_signed_off(answer)


def test_application_json_gets_the_old_shape(wire):
    answer = wire.request(body="{}", headers={"X-Amz-Target": LIST, "Content-Type": "application/json"})
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
    answer = wire.request(body="hello", headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.json() == {"Output": {"__type": "com.amazon.coral.service#SerializationException"}, "Version": "1.0"}


@pytest.mark.parametrize("body", ["hello", "true", "null", "{", '{"a":}'])
def test_what_does_not_parse_is_a_serialization_error_even_for_no_operation(wire, body):
    answer = wire.request(body=body, headers={"Content-Type": JSON_TYPE})
    assert (answer.status, answer.json()["__type"]) == (400, "SerializationException")


def test_an_unknown_operation_is_found_out_after_parsing(wire):
    answer = wire.json("Whatever", {})
    assert (answer.status, answer.json()) == (400, {"__type": "UnknownOperationException"})
    assert answer.headers["content-type"] == JSON_TYPE
    answer = wire.cbor("Whatever", {})
    assert (answer.status, answer.cbor()) == (400, {"__type": "UnknownOperationException"})
    assert answer.headers["content-type"] == CBOR_TYPE


def test_types_are_checked_before_constraints_and_those_before_existence(wire):
    assert wire.json("PutRecord", {"StreamName": 5, "PartitionKey": "", "Data": "ZA=="}).error == (
        400,
        "SerializationException",
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String",
    )
    assert wire.json("PutRecord", {"StreamName": "no-such", "PartitionKey": "", "Data": "ZA=="}).error[1] == "ValidationException"
    assert wire.json("PutRecord", {"StreamName": "no-such", "PartitionKey": "a", "Data": "ZA=="}).error == (
        400,
        "ResourceNotFoundException",
        f"Stream no-such under account {k.ACCOUNT_ID} not found.",
    )


def test_serialization_errors_spell_message_with_a_capital(wire):
    document = wire.json("PutRecord", {"StreamName": []}).json()
    assert document == {"__type": "SerializationException", "Message": "Start of list found where not expected"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (23456, "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob"),
        ("23456", "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ("=+/=", "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"),
        ("+/+=", "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"),
        ([], "Start of list found where not expected"),
        ({}, "Start of structure or map found where not expected."),
    ],
)
def test_each_way_to_spell_a_blob_wrong(wire, data, text):
    answer = wire.json("PutRecord", {"StreamName": "s", "PartitionKey": "a", "Data": data})
    assert answer.error == (400, "SerializationException", text)


def test_error_answers_name_their_type_in_a_header(wire):
    answer = wire.json("DescribeStream", {"StreamName": "no-such"})
    assert answer.headers["x-amzn-errortype"].startswith("ResourceNotFoundException")
    assert answer.headers["content-type"] == JSON_TYPE
    assert_signed_off(answer)


def test_the_path_does_not_matter(wire):
    answer = wire.request(path="/whatever/else?x=y", body="{}", headers=wire.headers("ListStreams", JSON_TYPE))
    assert answer.status == 200


def test_any_host_is_accepted(wire):
    for host in ("000000000000.data-kinesis.us-east-1.amazonaws.com", "kinesis.eu-west-1.amazonaws.com", "localhost"):
        headers = {**wire.headers("ListStreams", JSON_TYPE), "Host": host}
        assert wire.request(body="{}", headers=headers).status == 200


def test_a_content_type_may_carry_parameters(wire):
    headers = {**wire.headers("ListStreams", JSON_TYPE), "Content-Type": f"{JSON_TYPE}; charset=utf-8"}
    assert wire.request(body="{}", headers=headers).status == 200


def test_cors_of_a_request(wire):
    answer = wire.json("ListStreams", {}, Origin="https://example.com")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (
        answer.headers["access-control-expose-headers"]
        == "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
    )
    assert "access-control-allow-origin" not in wire.json("ListStreams", {}).headers


def test_cors_preflight(wire):
    answer = wire.request(
        "OPTIONS",
        headers={
            "Origin": "https://example.com",
            "Access-Control-Request-Headers": "x-amz-target",
            "Access-Control-Request-Method": "POST",
        },
    )
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-max-age"] == "172800"
    assert answer.headers["access-control-allow-headers"] == "x-amz-target"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "x-amz-id-2" not in answer.headers
    assert "content-type" not in answer.headers


def test_nulls_and_unknown_members_are_ignored(wire, stream):
    answer = wire.json("DescribeStreamSummary", {"StreamName": stream, "StreamARN": None, "Unknown": [1, {"a": None}]})
    assert answer.status == 200


def test_the_stream_id_is_accepted_and_ignored(wire, stream):
    """By raw HTTP, since boto3 makes a host name of a StreamId even where an endpoint is given."""
    reserved = {"StreamName": stream, "StreamId": "abcdefghij0123456789-abc"}
    assert wire.json("DescribeStream", reserved).json()["StreamDescription"]["StreamName"] == stream
    assert wire.json("PutRecord", {**reserved, "PartitionKey": "a", "Data": "ZA=="}).status == 200


def test_json_blobs_are_base64_and_times_are_float_seconds(wire, stream):
    wire.json("PutRecord", {"StreamName": stream, "PartitionKey": "a", "Data": base64.b64encode(b"\x00\xff").decode()})
    position = wire.json("GetShardIterator", {"StreamName": stream, "ShardId": "0", "ShardIteratorType": "TRIM_HORIZON"}).json()[
        "ShardIterator"
    ]
    (record,) = wire.json("GetRecords", {"ShardIterator": position}).json()["Records"]
    assert base64.b64decode(record["Data"]) == b"\x00\xff"
    arrival = record["ApproximateArrivalTimestamp"]
    assert isinstance(arrival, float | int) and 1.6e9 < arrival < 1e11
    assert set(record) == {"SequenceNumber", "ApproximateArrivalTimestamp", "Data", "PartitionKey"}


def test_cbor_blobs_are_bytes_and_times_are_tagged_integer_milliseconds(wire, stream):
    put = wire.cbor("PutRecord", {"StreamName": stream, "PartitionKey": "a", "Data": b"\x00\xff"})
    assert put.status == 200 and put.headers["content-type"] == CBOR_TYPE
    position = wire.cbor("GetShardIterator", {"StreamName": stream, "ShardId": "0", "ShardIteratorType": "TRIM_HORIZON"}).cbor()[
        "ShardIterator"
    ]
    answer = wire.cbor("GetRecords", {"ShardIterator": position})
    raw = answer.body
    assert b"\x42\x00\xff" in raw, "the blob must be a byte string of two bytes"
    # Tag 1 is 0xc1, and an eight-byte unsigned integer 0x1b follows: a double (0xfb) or seconds would break the Java SDK.
    assert re.search(rb"ApproximateArrivalTimestamp\xc1\x1b", raw)


def test_cbor_times_are_read_as_milliseconds(wire, stream):
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    wire.cbor("PutRecord", {"StreamName": stream, "PartitionKey": "a", "Data": b"d"})
    body = (
        b"\xa4" + cbor2.dumps("StreamName") + cbor2.dumps(stream) + cbor2.dumps("ShardId") + cbor2.dumps("0")
        + cbor2.dumps("ShardIteratorType") + cbor2.dumps("AT_TIMESTAMP")
        + cbor2.dumps("Timestamp") + b"\xc1" + cbor2.dumps(now - 60_000)
    )  # fmt: skip
    answer = wire.cbor("GetShardIterator", body)
    assert answer.status == 200, answer.cbor()
    assert len(wire.cbor("GetRecords", {"ShardIterator": answer.cbor()["ShardIterator"]}).cbor()["Records"]) == 1


def test_cbor_of_indefinite_length_is_read(wire, stream):
    def text(value):
        return cbor2.dumps(value)

    record = b"\xbf" + text("Data") + cbor2.dumps(b"d") + text("PartitionKey") + text("a") + b"\xff"
    body = b"\xbf" + text("StreamName") + text(stream) + text("Records") + b"\x9f" + record + record + b"\xff\xff"
    answer = wire.cbor("PutRecords", body)
    assert answer.status == 200, answer.cbor()
    assert answer.cbor()["FailedRecordCount"] == 0
    # A string and a byte string in chunks.
    chunked = b"\xbf" + text("StreamName") + b"\x7f" + text(stream[:3]) + text(stream[3:]) + b"\xff"
    chunked += text("PartitionKey") + text("a") + text("Data") + b"\x5f" + cbor2.dumps(b"ab") + cbor2.dumps(b"c") + b"\xff\xff"
    assert wire.cbor("PutRecord", chunked).status == 200


def test_cbor_errors_are_cbor(wire):
    assert wire.cbor("DescribeStream", {"StreamName": "no-such"}).error == (
        400,
        "ResourceNotFoundException",
        f"Stream no-such under account {k.ACCOUNT_ID} not found.",
    )


@pytest.mark.parametrize("body", [b"\xff", b"\xa1", b"\xbf\x61a", b"\x1c", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"hello"])
def test_broken_cbor_is_a_serialization_error(wire, body):
    answer = wire.cbor("ListStreams", body)
    assert (answer.status, answer.cbor()["__type"]) == (400, "SerializationException")


def test_deeply_nested_documents_do_no_harm(wire, server):
    for body, codec in ((b'{"a":' * 100_000, wire.json), (b"\x81" * 100_000, wire.cbor), (b"[" * 100_000, wire.json)):
        assert codec("ListStreams", body).status == 400
    assert server.running()


QUEUES_AND_CHANNELS = [
    "AcknowledgeDeadLetterQueueRecords", "AcknowledgeQueueRecords", "CreateChannel", "CreateQueue", "DeleteChannel",
    "DeleteQueue", "DescribeChannel", "DescribeQueue", "ListChannels", "ListQueues", "ReceiveDeadLetterQueueRecords",
    "ReceiveQueueRecords", "RestoreDeadLetterQueueRecords", "UpdateChannel", "UpdateDeadLetterQueueRecordsVisibility",
    "UpdateQueue", "UpdateQueueRecordsVisibility",
]  # fmt: skip


@pytest.mark.parametrize("action", QUEUES_AND_CHANNELS)
def test_queues_and_channels_are_refused_politely(wire, action):
    for codec in (wire.json, wire.cbor):
        status, kind, _ = codec(action, {}).error
        assert status == 400
        assert kind in ("UnknownOperationException", "AccessDeniedException", "ValidationException", "InvalidArgumentException")

"""The bytes of SubscribeToShard: frames, checksums, the first event, both codecs, both HTTP versions."""

from __future__ import annotations

import base64
import http.client
import json
import struct
import time
import zlib

import cbor2
import httpx
import pytest

from harness import kinesis as k
from harness.wire import CBOR_TYPE, JSON_TYPE, Wire, loads_cbor

SHARD = "shardId-000000000000"


def parse_frame(buffer: bytes):
    """One frame as AWS lays it out: (headers, payload, rest), or None while it is not whole."""
    if len(buffer) < 12:
        return None
    total, header_length, prelude_crc = struct.unpack(">III", buffer[:12])
    if len(buffer) < total:
        return None
    assert zlib.crc32(buffer[:8]) == prelude_crc
    assert zlib.crc32(buffer[: total - 4]) == struct.unpack(">I", buffer[total - 4 : total])[0]
    headers, place = {}, 12
    while place < 12 + header_length:
        length = buffer[place]
        name = buffer[place + 1 : place + 1 + length].decode()
        place += 1 + length
        assert buffer[place] == 7, "every header here is a string"
        size = struct.unpack(">H", buffer[place + 1 : place + 3])[0]
        headers[name] = buffer[place + 3 : place + 3 + size].decode()
        place += 3 + size
    return headers, buffer[12 + header_length : total - 4], buffer[total:]


def frames(chunks):
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while found := parse_frame(buffer):
            headers, payload, buffer = found
            yield headers, payload


def http_1_chunks(server, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/", body=body, headers=headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    assert response.getheader("content-type") == "application/vnd.amazon.eventstream"
    assert response.getheader("x-amzn-requestid")
    assert response.getheader("content-length") is None
    try:
        while chunk := response.read1(65536):
            yield chunk
    finally:
        connection.close()


def http_2_chunks(server, headers, body):
    with (
        httpx.Client(http1=False, http2=True, timeout=20) as client,
        client.stream("POST", server.endpoint, content=body, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
        yield from response.iter_raw()


@pytest.mark.parametrize("chunks", [http_1_chunks, http_2_chunks])
@pytest.mark.parametrize("content_type", [JSON_TYPE, CBOR_TYPE])
def test_frames_payloads_and_the_end_of_a_shard(server, kinesis, stream, make_consumer, chunks, content_type):
    consumer = make_consumer(stream)
    put = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"\x00\xff")
    request = {"ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": {"Type": "TRIM_HORIZON"}}
    encode = cbor2.dumps if content_type == CBOR_TYPE else lambda document: json.dumps(document).encode()
    decode = loads_cbor if content_type == CBOR_TYPE else json.loads
    received = frames(chunks(server, Wire(server).headers("SubscribeToShard", content_type), encode(request)))

    headers, payload = next(received)
    assert headers[":message-type"] == "event"
    assert headers[":event-type"] == "initial-response"
    assert headers[":content-type"] == content_type
    assert payload == b"" or decode(payload) == {}

    records, children = [], None
    split = False
    for headers, payload in received:
        assert headers == {
            ":message-type": "event",
            ":event-type": "SubscribeToShardEvent",
            ":content-type": content_type,
        }
        event = decode(payload)
        # One or the other: the KCL refuses an event that says both where to go on here and who goes on instead.
        onward = "ChildShards" if "ChildShards" in event else "ContinuationSequenceNumber"
        assert set(event) == {"Records", "MillisBehindLatest", onward}
        records += event["Records"]
        children = event.get("ChildShards", children)
        if records and not split:
            split = True
            kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey="1000")
    (record,) = records
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert (record["Data"] if content_type == CBOR_TYPE else base64.b64decode(record["Data"])) == b"\x00\xff"
    assert [child["ShardId"] for child in children] == ["shardId-000000000001", "shardId-000000000002"]


def test_a_refusal_before_the_stream_is_a_plain_error(wire, stream):
    answer = wire.json(
        "SubscribeToShard",
        {
            "ConsumerARN": k.stream_arn(stream) + "/consumer/nobody:1",
            "ShardId": SHARD,
            "StartingPosition": {"Type": "LATEST"},
        },
    )
    assert answer.error[:2] == (400, "ResourceNotFoundException")
    assert answer.headers["content-type"] == JSON_TYPE


def test_a_takeover_ends_the_first_stream_with_an_exception_frame(server, stream, make_consumer):
    consumer = make_consumer(stream)
    body = json.dumps({"ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}}).encode()
    headers = Wire(server).headers("SubscribeToShard", JSON_TYPE)
    first = frames(http_1_chunks(server, headers, body))
    next(first)
    time.sleep(5.2)
    second = frames(http_1_chunks(server, headers, body))
    next(second)
    last, payload = list(first)[-1]
    assert last[":message-type"] == "exception"
    assert last[":exception-type"] == "ResourceInUseException"
    assert "message" in {name.lower() for name in json.loads(payload)}
    second.close()

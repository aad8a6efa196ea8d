"""One port, every HTTP: 1.1 with keep-alive and pipelining, 2 by prior knowledge."""

import asyncio
import contextlib
import http.client
import json
import socket

import httpx
import pytest

from harness.wire import JSON_TYPE, TARGET, Wire


def test_http_2_by_prior_knowledge(server, wire, stream):
    with httpx.Client(http1=False, http2=True, base_url=server.endpoint) as client:
        answer = client.post("/", content=b"{}", headers=wire.headers("ListStreams", JSON_TYPE))
        assert answer.http_version == "HTTP/2"
        assert answer.status_code == 200
        assert stream in answer.json()["StreamNames"]


def test_many_requests_share_one_http_2_connection(server, wire, stream):
    body = json.dumps({"StreamName": stream, "PartitionKey": "a", "Data": "ZA=="}).encode()
    headers = wire.headers("PutRecord", JSON_TYPE)

    async def put_at_once():
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(http1=False, http2=True, limits=limits, timeout=30) as client:
            return await asyncio.gather(*(client.post(server.endpoint, content=body, headers=headers) for _ in range(200)))

    answers = asyncio.run(put_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["SequenceNumber"] for answer in answers}) == 200


def test_a_large_body_over_http_2(server, wire, make_stream):
    name = make_stream(1, MaxRecordSizeInKiB=10240)
    import cbor2

    body = cbor2.dumps({"StreamName": name, "PartitionKey": "a", "Data": b"x" * 5_000_000})
    headers = wire.headers("PutRecord", "application/x-amz-cbor-1.1")
    with httpx.Client(http1=False, http2=True, base_url=server.endpoint, timeout=30) as client:
        assert client.post("/", content=body, headers=headers).status_code == 200


def test_http_1_1_keeps_the_connection(server, wire):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/", body=b"{}", headers=wire.headers("ListStreams", JSON_TYPE))
        sockets.add(connection.sock.getsockname())
        assert json.loads(connection.getresponse().read())["StreamNames"] is not None
    connection.close()
    assert len(sockets) == 1


def test_pipelined_requests_are_answered_in_order(server):
    def request(action):
        return (
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON_TYPE}\r\nX-Amz-Target: {TARGET}.{action}\r\n"
            "X-Amz-Date: 20260101T000000Z\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\nContent-Length: 2\r\n\r\n{{}}"
        ).encode()

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request("ListStreams") + request("DescribeLimits"))
        received = b""
        while b"ShardLimit" not in received:
            chunk = connection.recv(65536)
            assert chunk, received
            received += chunk
    assert received.index(b"StreamNames") < received.index(b"ShardLimit")


def test_a_chunked_body_is_read(server, wire):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = wire.headers("ListStreams", JSON_TYPE)
    connection.request("POST", "/", body=iter([b"{", b"}"]), headers=headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("size", [20 * 2**20])
def test_a_body_that_is_too_large_is_refused_without_being_kept(server, size):
    before = server.resident_mib()
    answer = None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        answer = Wire(server).json("PutRecord", b"x" * size)
    assert answer is None or answer.status in (400, 413)
    assert server.running()
    assert server.resident_mib() < before + 64

"""Clients that are slow, many, huge or mad: the node stays up, answers others, and does not grow."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import socket
import threading
import time

import pytest

from harness import kinesis as k
from harness.server import Server
from harness.wire import AUTHORIZATION, CBOR_TYPE, JSON_TYPE, TARGET, Wire


@pytest.fixture(scope="module")
def guarded():
    """A node with short time-outs."""
    with Server("--request-head-timeout", "2s", "--request-body-timeout", "3s", "--idle-timeout", "60s") as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=15)


def head(action: str, length: int, content_type: str = JSON_TYPE) -> bytes:
    return (
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nX-Amz-Target: {TARGET}.{action}\r\n"
        f"X-Amz-Date: 20260101T000000Z\r\nAuthorization: {AUTHORIZATION}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def assert_well(server: Server) -> None:
    assert server.running()
    assert Wire(server).json("ListStreams", {}).status == 200


def closed_within(connection: socket.socket, seconds: float) -> bool:
    """Whether the server ends the connection by itself."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_a_head_that_never_ends_is_cut_off(guarded):
    with connect(guarded) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
        assert closed_within(connection, 10)
    assert_well(guarded)


def test_a_head_that_drips_is_cut_off(guarded):
    with connect(guarded) as connection:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            for _ in range(40):
                connection.sendall(b"X")
                time.sleep(0.25)
        assert closed_within(connection, 5)
        assert time.monotonic() - began < 20
    assert_well(guarded)


def test_a_body_that_never_comes_is_cut_off(guarded):
    with connect(guarded) as connection:
        connection.sendall(head("ListStreams", 1000) + b"{")
        assert closed_within(connection, 12)
    assert_well(guarded)


def test_an_http_2_preface_and_then_nothing_is_cut_off(guarded):
    with connect(guarded) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        time.sleep(0.5)
    assert_well(guarded)


def test_hundreds_of_slow_clients_do_not_keep_others_waiting(guarded):
    with contextlib.ExitStack() as open_connections:
        for _ in range(500):
            connection = open_connections.enter_context(connect(guarded))
            connection.sendall(head("PutRecord", 1_000_000) + b"{")
        began = time.monotonic()
        assert_well(guarded)
        assert time.monotonic() - began < 5


def test_ten_thousand_idle_connections(guarded):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_000
    if hard != resource.RLIM_INFINITY and hard < wanted + 500:
        wanted = hard - 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 500), hard))
    before = guarded.resident_mib()
    try:
        with contextlib.ExitStack() as open_connections:
            for _ in range(wanted):
                open_connections.enter_context(connect(guarded))
            assert_well(guarded)
            grown = guarded.resident_mib() - before
            print(f"{wanted} idle connections cost {grown:.0f} MiB")
            assert grown < 250
            name = k.unique_name()
            kinesis = k.client(guarded)
            kinesis.create_stream(StreamName=name, ShardCount=1)
            k.wait_active(kinesis, name)
            kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    k.eventually(lambda: guarded.open_files() < 500, seconds=20, what="the connections were let go")
    assert_well(guarded)


def test_a_declared_length_of_a_terabyte_is_refused_at_once(guarded):
    before = guarded.resident_mib()
    with connect(guarded) as connection:
        connection.sendall(head("PutRecord", 2**40))
        connection.settimeout(10)
        first = connection.recv(4096)
        assert first.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")) or first == b""
    assert guarded.resident_mib() < before + 20
    assert_well(guarded)


def test_an_endless_chunked_body_is_cut_off(guarded):
    before = guarded.resident_mib()
    with connect(guarded) as connection:
        start = head("PutRecord", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        connection.sendall(start)
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 256:
                connection.sendall(chunk)
                sent += 1
        assert sent < 256, "the server swallowed 256 MiB"
    assert guarded.resident_mib() < before + 64
    assert_well(guarded)


def test_many_large_bodies_at_once_stay_within_bounds(guarded):
    before = guarded.resident_mib()
    body = b'{"StreamName":"no-such","PartitionKey":"a","Data":"' + b"A" * 10_000_000 + b'"}'

    def put():
        with contextlib.suppress(OSError):
            Wire(guarded).json("PutRecord", body)

    clients = [threading.Thread(target=put) for _ in range(48)]
    for client in clients:
        client.start()
    peak = before
    while any(client.is_alive() for client in clients):
        peak = max(peak, guarded.resident_mib())
        time.sleep(0.05)
    print(f"48 bodies of 10 MB: {before:.0f} MiB before, {peak:.0f} MiB at most")
    assert peak < before + 640
    assert_well(guarded)


@pytest.mark.timeout(180)
def test_garbage_of_every_kind(guarded):
    """Random bytes as HTTP, as JSON, as CBOR, as HTTP/2 frames; and mutations of requests that are right."""
    chance = random.Random(os.environ.get("ANABRANCH_SEED", "garbage"))
    before = guarded.resident_mib()
    right = head("PutRecord", 60) + b'{"StreamName":"no-such","PartitionKey":"a","Data":"ZGF0YQ=="}'
    for _ in range(1500):
        kind = chance.randrange(5)
        if kind == 0:
            sent = chance.randbytes(chance.randint(1, 2000))
        elif kind == 1:
            body = chance.randbytes(chance.randint(1, 500))
            sent = head(chance.choice(["PutRecord", "PutRecords", "GetRecords", "ListShards"]), len(body)) + body
        elif kind == 2:
            body = chance.randbytes(chance.randint(1, 500))
            sent = head(chance.choice(["PutRecord", "PutRecords", "GetRecords"]), len(body), CBOR_TYPE) + body
        elif kind == 3:
            sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(chance.randint(1, 2000))
        else:
            mutated = bytearray(right)
            for _ in range(chance.randint(1, 8)):
                mutated[chance.randrange(len(mutated))] = chance.randrange(256)
            sent = bytes(mutated)
        with contextlib.suppress(OSError), connect(guarded) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(0.02)
            connection.recv(4096)
    assert_well(guarded)
    assert guarded.resident_mib() < before + 64
    assert "panicked" not in guarded.log()


def test_abandoned_requests_leave_nothing(guarded):
    """Clients that hang up in the middle of a body, and of an answer."""
    kinesis = k.client(guarded)
    name = k.unique_name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(kinesis, name)
    for _ in range(300):
        with contextlib.suppress(OSError), connect(guarded) as connection:
            connection.sendall(head("PutRecord", 500_000) + b'{"StreamName":"' + b"x" * 1000)
    k.eventually(lambda: guarded.open_files() < 200, seconds=20, what="the connections were let go")
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    assert len(k.read_all(kinesis, name, "shardId-000000000000", at_least=1)) == 1


def test_connections_beyond_the_bound_wait_outside():
    with Server("--max-connections", "50") as server:
        idle = server.open_files()
        with contextlib.ExitStack() as open_connections:
            for _ in range(100):
                open_connections.enter_context(connect(server))
            time.sleep(0.5)
            assert server.open_files() <= idle + 60
        k.eventually(lambda: Wire(server).json("ListStreams", {}).status == 200, what="room for a client again")

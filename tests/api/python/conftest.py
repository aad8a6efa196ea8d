"""Fixtures of the API tests: two servers a session (with and without AWS's limits), streams that clean up after themselves."""

from __future__ import annotations

import contextlib

import pytest

from harness import kinesis as k
from harness.server import Server
from harness.wire import Wire


@pytest.fixture(scope="session")
def server():
    """Anonymous and without throttles: what a test of semantics wants."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def limited_server():
    """Anonymous with AWS's own limits."""
    with Server(limits=True) as running:
        yield running


@pytest.fixture(scope="session")
def kinesis(server):
    return k.client(server)


@pytest.fixture(scope="session")
def limited(limited_server):
    return k.client(limited_server)


@pytest.fixture(scope="session")
def wire(server):
    return Wire(server)


@pytest.fixture
def make_stream(kinesis):
    """Make an ACTIVE stream; the test's streams are deleted after it."""
    made = []

    def make(shard_count: int = 1, **settings) -> str:
        name = settings.pop("StreamName", None) or k.unique_name()
        if settings.get("StreamModeDetails", {}).get("StreamMode") != "ON_DEMAND":
            settings["ShardCount"] = shard_count
        kinesis.create_stream(StreamName=name, **settings)
        made.append(name)
        k.wait_active(kinesis, name)
        return name

    yield make
    for name in made:
        with contextlib.suppress(kinesis.exceptions.ResourceNotFoundException):
            kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


@pytest.fixture
def stream(make_stream) -> str:
    """An ACTIVE stream of one shard."""
    return make_stream(1)


@pytest.fixture
def make_limited_stream(limited):
    """As `make_stream`, on the server with AWS's limits."""
    made = []

    def make(shard_count: int = 1, **settings) -> str:
        name = k.unique_name()
        if settings.get("StreamModeDetails", {}).get("StreamMode") != "ON_DEMAND":
            settings["ShardCount"] = shard_count
        k.patiently(limited.create_stream, StreamName=name, **settings)
        made.append(name)
        k.patiently(k.wait_active, kinesis=limited, name=name)
        return name

    yield make
    for name in made:
        k.patiently(limited.delete_stream, StreamName=name, EnforceConsumerDeletion=True)


@pytest.fixture
def make_consumer(kinesis):
    """Register an ACTIVE consumer on a stream and return its ARN."""

    def make(stream_name: str, consumer_name: str | None = None) -> str:
        arn = k.stream_arn(stream_name)
        name = consumer_name or k.unique_name("consumer")
        consumer_arn = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]

        def active():
            described = kinesis.describe_stream_consumer(ConsumerARN=consumer_arn)["ConsumerDescription"]
            return described["ConsumerStatus"] == "ACTIVE"

        k.eventually(active, what=f"consumer {name} ACTIVE")
        return consumer_arn

    return make

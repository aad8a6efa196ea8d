"""Fixtures of the durability tests: each test has a server and a directory of its own."""

from __future__ import annotations

import os
import random

import pytest

from harness import kinesis as k
from harness.load import Journal
from harness.server import Server


@pytest.fixture
def server():
    running = Server()
    yield running
    running.discard()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def chance(request) -> random.Random:
    """Randomness that a failure can repeat: `ANABRANCH_SEED=… make durability`."""
    seed = int(os.environ.get("ANABRANCH_SEED", random.SystemRandom().randrange(2**32)))
    print(f"ANABRANCH_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def new_stream():
    def make(server: Server, shards: int = 2) -> str:
        kinesis = k.client(server)
        name = k.unique_name()
        kinesis.create_stream(StreamName=name, ShardCount=shards)
        k.wait_active(kinesis, name)
        return name

    return make

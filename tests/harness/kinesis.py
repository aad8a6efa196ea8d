"""What the Python tests share on top of boto3: a client that hides nothing, and the few waits every test needs."""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.server import ACCOUNT_ID, REGION, Server

MAX_HASH_KEY = 2**128 - 1


def client(server: Server, *, access_key: str = "AKIDEXAMPLE", secret_key: str = "secret", **config):
    """A boto3 client without retries and without client-side validation: the server's own words come through."""
    settings = {
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "parameter_validation": False,
        "read_timeout": 60,
        "connect_timeout": 5,
        "max_pool_connections": 32,
        "region_name": REGION,
        # The client derives {account}.{data|control}-kinesis hosts from ARNs; an explicit endpoint wins over them.
        "ignore_configured_endpoint_urls": True,
        **config,
    }
    session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key=secret_key)
    return session.client("kinesis", endpoint_url=server.endpoint, config=Config(**settings))


def unique_name(prefix: str = "stream") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def stream_arn(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/{name}"


@contextmanager
def refused(code: str, message: str | None = None, *, contains: str | None = None):
    """The block must be refused with this error code and exactly this text (or with a text that contains one)."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, f"got {error['Code']}: {error['Message']}"
    if message is not None:
        assert error["Message"] == message
    if contains is not None:
        assert contains in error["Message"]


def eventually(condition, *, seconds: float = 20.0, what: str = "the condition"):
    """Poll until the condition returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.02)


def patiently(call, *, seconds: float = 30.0, **arguments):
    """Call again while the account's own rate limit refuses: for set-up under AWS's limits, never for what is tested."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call(**arguments)
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "LimitExceededException" or time.monotonic() > deadline:
                raise
            time.sleep(0.25)


def status(kinesis, name: str) -> str:
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"]


def wait_active(kinesis, name: str, seconds: float = 30.0) -> None:
    eventually(lambda: status(kinesis, name) == "ACTIVE", seconds=seconds, what=f"stream {name} ACTIVE")


def wait_gone(kinesis, name: str, seconds: float = 30.0) -> None:
    def gone():
        try:
            status(kinesis, name)
        except kinesis.exceptions.ResourceNotFoundException:
            return True
        return False

    eventually(gone, seconds=seconds, what=f"stream {name} gone")


def shards(kinesis, name: str, **filters) -> list[dict]:
    found, token = [], None
    while True:
        page = kinesis.list_shards(NextToken=token) if token else kinesis.list_shards(StreamName=name, **filters)
        found += page["Shards"]
        token = page.get("NextToken")
        if not token:
            return found


def open_shards(kinesis, name: str) -> list[dict]:
    return [shard for shard in shards(kinesis, name) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]


def iterator(kinesis, name: str, shard_id: str = "shardId-000000000000", kind: str = "TRIM_HORIZON", **position) -> str:
    answer = kinesis.get_shard_iterator(StreamName=name, ShardId=shard_id, ShardIteratorType=kind, **position)
    return answer["ShardIterator"]


def read_all(kinesis, name: str, shard_id: str, *, at_least: int = 0, seconds: float = 30.0) -> list[dict]:
    """Every record of a shard from its horizon to its tip (or end)."""
    position, found = iterator(kinesis, name, shard_id), []
    deadline = time.monotonic() + seconds
    while position:
        page = kinesis.get_records(ShardIterator=position)
        found += page["Records"]
        position = page.get("NextShardIterator")
        at_tip = not page["Records"] and page["MillisBehindLatest"] == 0
        if at_tip and len(found) >= at_least:
            break
        assert time.monotonic() < deadline, f"read only {len(found)} of {at_least} records in {seconds} s"
    return found


def read_stream(kinesis, name: str) -> dict[str, list[dict]]:
    return {shard["ShardId"]: read_all(kinesis, name, shard["ShardId"]) for shard in shards(kinesis, name)}


def assert_tiles(open_now: list[dict]) -> None:
    """Open shards must cover 0 … 2^128-1 exactly once."""
    ranges = sorted(
        (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])) for shard in open_now
    )
    expected = 0
    for start, end in ranges:
        assert start == expected, f"hole or overlap before {start}: {ranges}"
        expected = end + 1
    assert expected == MAX_HASH_KEY + 1

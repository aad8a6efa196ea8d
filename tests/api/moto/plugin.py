"""A pytest plugin that lets moto's own Kinesis tests talk to Anabranch instead of moto's server.

moto's server answers for every region and forgets everything between tests. Here each region that a test names gets a
node of its own, and every stream is deleted before each test. moto changes streams at once, so its tests never wait:
after each call that sets a stream in motion, the plugin waits until the stream is ACTIVE again.

`contradictions.txt` lists the tests that AWS itself would fail, each with the reason.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError

from harness.server import Server

ACCOUNT_ID = "123456789012"
IN_MOTION = [
    "CreateStream", "SplitShard", "MergeShards", "UpdateShardCount", "UpdateStreamMode", "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod", "StartStreamEncryption", "StopStreamEncryption", "EnableEnhancedMonitoring",
    "DisableEnhancedMonitoring",
]  # fmt: skip

real_client = boto3.client
nodes: dict[str, Server] = {}


class Node(Server):
    def __init__(self, region: str):
        super().__init__()
        self.region = region

    def command(self) -> list[str]:
        command = super().command()
        command[command.index("--account-id") + 1] = ACCOUNT_ID
        command[command.index("--region") + 1] = self.region
        return command


def node(region: str) -> Server:
    if region not in nodes:
        nodes[region] = Node(region).start()
    return nodes[region]


def client(service, region_name=None, **settings):
    """What moto's server mode calls as `boto3.client`."""
    if service == "sts":
        return SimpleNamespace(get_caller_identity=lambda: {"Account": ACCOUNT_ID})
    if service != "kinesis":
        return real_client(service, region_name=region_name, **settings)
    settings.pop("endpoint_url", None)
    made = real_client(
        service,
        region_name=region_name,
        endpoint_url=node(region_name).endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        **settings,
    )
    asked = {}

    def remember(params, **_):
        asked["stream"] = {key: params[key] for key in ("StreamName", "StreamARN") if params.get(key)}

    def wait(http_response, **_):
        if http_response.status_code != 200:
            return
        stream, deadline = asked.pop("stream"), time.monotonic() + 20
        while time.monotonic() < deadline:
            summary = watcher.describe_stream_summary(**stream)["StreamDescriptionSummary"]
            if summary["StreamStatus"] == "ACTIVE":
                return
            time.sleep(0.01)

    watcher = real_client(
        service,
        region_name=region_name,
        endpoint_url=node(region_name).endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    for action in IN_MOTION:
        made.meta.events.register(f"provide-client-params.kinesis.{action}", remember)
        made.meta.events.register(f"after-call.kinesis.{action}", wait)
    return made


def pytest_configure(config):
    boto3.client = client


def pytest_unconfigure(config):
    for running in nodes.values():
        running.discard()


def contradictions() -> dict[str, str]:
    listed = {}
    for line in (Path(__file__).parent / "contradictions.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            listed[name] = reason.strip()
    return listed


def pytest_collection_modifyitems(items):
    listed = contradictions()
    for item in items:
        name = item.nodeid.split("/")[-1]
        for pattern, reason in listed.items():
            if name == pattern or name.startswith(pattern + "::"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def nothing_left_behind():
    for region, running in nodes.items():
        kinesis = real_client(
            "kinesis", region_name=region, endpoint_url=running.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
        )
        for name in kinesis.list_streams(Limit=10000)["StreamNames"]:
            with contextlib.suppress(ClientError):
                kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
        deadline = time.monotonic() + 20
        while kinesis.list_streams()["StreamNames"] and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for region, running in nodes.items():
            report.sections.append((f"log of the node for {region}", running.log_tail(10)))

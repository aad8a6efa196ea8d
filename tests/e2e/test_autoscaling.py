"""Stories of autoscaling: a real Prometheus scrapes the pods, an SDK puts, and shards follow.

What they measure is printed (`-rA`, or `pytest -s`) and kept in dataplane/docs/autoscaling.md; it is not asserted, since the
machine is shared.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from e2e import prometheus_image
from e2e.installation import CHART, Installation

pytestmark = pytest.mark.timeout(900)

RECORD_BYTES = 16 << 10
BATCH = 16


@pytest.fixture(scope="module")
def measured(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The installation with the chart's own Prometheus."""
    archive = tmp_path_factory.mktemp("prometheus") / "prometheus.tar"
    name = prometheus_image.build(archive)
    installation.cluster.load_image(archive)
    settings = {"install": "true", "image": name, "imagePullPolicy": "Never"}
    values = [part for key, value in settings.items() for part in ("--set", f"prometheus.{key}={value}")]
    command = [*installation.helm, "upgrade", "anabranch", str(CHART), "--reuse-values", *values, "--wait", "--timeout", "3m"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield installation


class Producer:
    """PutRecords at a rate that can be changed. What is refused is counted and not repeated, so the rate is what is offered."""

    def __init__(self, installation: Installation, stream: str, keys: list[str] | None = None) -> None:
        self._kinesis = installation.kinesis()
        self._stream = stream
        self._keys = keys
        self.bytes_per_second = 0
        self.put = self.refused = 0
        self.refused_at = 0.0
        self.failures: list[Exception] = []
        self._stop = threading.Event()

    def __enter__(self) -> Producer:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due, count = time.monotonic(), 0
        while not self._stop.is_set():
            pause = due - time.monotonic()
            if self.bytes_per_second == 0 or pause > 0:
                self._stop.wait(pause if self.bytes_per_second else 0.1)
                due = max(due, time.monotonic() - 1)
                if self.bytes_per_second == 0:
                    continue
            records = []
            for _ in range(BATCH):
                key = self._keys[count % len(self._keys)] if self._keys else str(count)
                records.append({"PartitionKey": key, "Data": os.urandom(RECORD_BYTES)})
                count += 1
            due += BATCH * RECORD_BYTES / self.bytes_per_second
            try:
                answer = self._kinesis.put_records(StreamName=self._stream, Records=records)
            except Exception as error:  # noqa: BLE001  whatever it is, the story is about it
                self.failures.append(error)
                continue
            self.put += BATCH
            if answer["FailedRecordCount"]:
                codes = {record.get("ErrorCode") for record in answer["Records"]} - {None}
                assert codes == {"ProvisionedThroughputExceededException"}, codes
                self.refused += answer["FailedRecordCount"]
                self.refused_at = time.monotonic()


def autoscaling(installation: Installation, stream: str) -> dict:
    return installation.get("datastream", stream).get("status", {}).get("autoscaling", {})


def open_shards(installation: Installation, stream: str) -> int:
    return installation.get("datastream", stream)["status"]["shards"]["open"]


def test_a_step_is_answered(measured: Installation) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    measured.stream("step", 2, autoscaling={"minShards": 2, "maxShards": 32, "behavior": behavior})
    measured.keep_stream("step")  # For the last story.
    with Producer(measured, "step") as producer:
        producer.bytes_per_second = 1_000_000
        measured.until("its load is seen", lambda: float(autoscaling(measured, "step").get("load") or 0) > 0.7, 120)
        available = measured.condition("step", "MetricsAvailable")
        assert available["status"] == "True", available
        refused_before = producer.refused
        began = time.monotonic()
        producer.bytes_per_second = 4_000_000
        measured.until("shards are split", lambda: open_shards(measured, "step") >= 5, 120)
        measured.until(
            "nothing was refused for 20 s",
            lambda: time.monotonic() - max(producer.refused_at, began) > 20 and measured.get("reshards"),
            180,
        )
        took = max(producer.refused_at - began, 0)
        refused = producer.refused - refused_before
        print(f"step ×4: {took:.1f} s to the last refusal, {refused} records refused, {open_shards(measured, 'step')} shards")
    assert not producer.failures, producer.failures[:3]
    reshards = [it for it in measured.get("reshards")["items"] if it["spec"]["stream"] == "step"]
    assert reshards and all(it["spec"]["reason"].startswith("autoscaler: 2 to") for it in reshards[:1])
    assert "cut into" in autoscaling(measured, "step")["lastDecision"]
    events = measured.kubectl("get", "events", "--field-selector", "reason=Autoscaling")
    assert "autoscaler:" in events


def test_a_hot_key_is_named(measured: Installation) -> None:
    measured.stream("hot", 1, autoscaling={"minShards": 1, "maxShards": 16})
    with Producer(measured, "hot", keys=["celebrity"]) as producer:
        producer.bytes_per_second = 2_500_000
        hot = lambda: measured.condition("hot", "HotKey").get("status") == "True"  # noqa: E731
        measured.until("the key is named", hot, 180)
    told = measured.condition("hot", "HotKey")
    assert str(int(hashlib.md5(b"celebrity").hexdigest(), 16)) in told["message"], told
    assert open_shards(measured, "hot") <= 3


def test_without_prometheus_the_pods_are_asked_and_it_is_said(measured: Installation) -> None:
    measured.stream("blind", 1, autoscaling={"minShards": 1, "maxShards": 8})
    measured.kubectl("scale", "deployment/anabranch-prometheus", "--replicas=0")
    try:
        status = lambda: measured.condition("blind", "MetricsAvailable").get("status")  # noqa: E731
        measured.until("it is said", lambda: status() == "False", 120)
        with Producer(measured, "blind") as producer:
            producer.bytes_per_second = 2_500_000
            measured.until("shards are split all the same", lambda: open_shards(measured, "blind") >= 3, 180)
    finally:
        measured.kubectl("scale", "deployment/anabranch-prometheus", "--replicas=1")
    measured.until("it is well again", lambda: status() == "True", 120)


def test_two_streams_on_a_full_pool_share_what_room_there_is_and_say_so(measured: Installation) -> None:
    """Ten places; each stream wants four times what it has."""
    measured.apply("ShardPool", "narrow", {"replicas": 1, "shardsPerPod": 10, "storage": {"size": "1Gi"}})
    measured.until("the pool is known", lambda: measured.get("shardpool", "narrow").get("status"))
    names = ("one", "other")
    for name in names:
        measured.stream(name, 1, pool="narrow", autoscaling={"minShards": 1, "maxShards": 64})
    with Producer(measured, "one") as one, Producer(measured, "other") as other:
        one.bytes_per_second = other.bytes_per_second = 4_000_000
        limited = lambda name: measured.condition(name, "ScalingLimited").get("status") == "True"  # noqa: E731
        measured.until("both are said to be limited", lambda: all(limited(name) for name in names), 180)
    told = [measured.condition(name, "ScalingLimited")["message"] for name in names]
    assert all("room for" in sentence for sentence in told), told
    on_narrow = lambda: [it for it in measured.get("shards")["items"] if it["spec"]["pool"] == "narrow"]  # noqa: E731
    measured.until("no shard waits for a place", lambda: all(it["spec"].get("replicas") for it in on_narrow()))
    assert 2 < len(on_narrow()) <= 10
    assert not one.failures and not other.failures


def test_a_provisioned_stream_is_left_alone(measured: Installation) -> None:
    measured.stream("owned", 1)
    with Producer(measured, "owned") as producer:
        producer.bytes_per_second = 2_500_000
        measured.until("it refuses", lambda: producer.refused > 100, 120)
    assert open_shards(measured, "owned") == 1
    assert autoscaling(measured, "owned") == {}


def test_without_load_shards_are_merged_back(measured: Installation) -> None:
    """The stream of the step, whose load ended when that story did: its last, so that it need not wait for it alone."""
    measured.until("it is merged back", lambda: open_shards(measured, "step") == 2, 420)
    merged = [it for it in measured.get("reshards")["items"] if it["spec"]["stream"] == "step"]
    assert any(it["spec"]["reason"].startswith("autoscaler: ") and "to 2" in it["spec"]["reason"] for it in merged), merged

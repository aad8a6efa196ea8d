"""Stories of autoscaling: a real Prometheus scrapes the pods, an SDK puts, and shards follow.

What they measure is printed (`-rA`, or `pytest -s`) and kept in dataplane/docs/autoscaling.md; it is not asserted, since the
machine is shared.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import prometheus_image
from e2e.installation import Installation

pytestmark = pytest.mark.timeout(900)

RECORD_BYTES = 16 << 10
BATCH = 16

PASSWORD = "let-me-ask"
# Of it, as Prometheus keeps passwords.
PASSWORD_BCRYPT = "$2b$06$Ye4enGopv/5Jor4EVas.VeGtCZojPB7L2UAs8NvOAklAyvzieTl0i"


@pytest.fixture(scope="module")
def measured(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The installation with the chart's own Prometheus."""
    archive = tmp_path_factory.mktemp("prometheus") / "prometheus.tar"
    name = prometheus_image.build(archive)
    installation.cluster.load_image(archive)
    settings = {"install": "true", "image": name, "imagePullPolicy": "Never"}
    installation.upgrade(*(f"prometheus.{key}={value}" for key, value in settings.items()))
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


def test_a_flash_is_answered_although_the_operator_dies_under_it(measured: Installation) -> None:
    """Ten times the load at once; the operator is killed as soon as it has asked for the first change, and again later."""
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 600}}
    measured.stream("flash", 2, autoscaling={"minShards": 2, "maxShards": 64, "behavior": behavior})
    asked = lambda: [it for it in measured.get("reshards")["items"] if it["spec"]["stream"] == "flash"]  # noqa: E731
    kill = ("delete", "pod", "--selector", "app.kubernetes.io/component=operator", "--grace-period=0", "--force")
    with Producer(measured, "flash") as producer:
        producer.bytes_per_second = 800_000
        measured.until("its load is seen", lambda: float(autoscaling(measured, "flash").get("load") or 0) > 0.5, 120)
        assert not asked()
        began = time.monotonic()
        producer.bytes_per_second = 8_000_000
        measured.until("a change is asked for", asked, 120)
        measured.kubectl(*kill)
        measured.until("shards are split", lambda: open_shards(measured, "flash") >= 6, 180)
        measured.kubectl(*kill)
        measured.until("nothing was refused for 20 s", lambda: time.monotonic() - max(producer.refused_at, began) > 20, 240)
        took = max(producer.refused_at - began, 0)
        print(f"flash ×10, operator killed twice: {took:.1f} s to the last refusal, {open_shards(measured, 'flash')} shards")
    assert not producer.failures, producer.failures[:3]
    is_done = lambda it: it.get("status", {}).get("phase") == "Done"  # noqa: E731
    measured.until("what was asked for is done", lambda: all(map(is_done, asked())), 120)
    steps = [re.match(r"autoscaler: (\d+) to (\d+)", it["spec"]["reason"]) for it in asked()]
    assert all(step and int(step[1]) < int(step[2]) for step in steps), [it["spec"]["reason"] for it in asked()]


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


def guarded_prometheus(installation: Installation, directory: Path) -> str:
    """The chart's Prometheus once more, of the stream `guarded` only, behind TLS and a password; its URL."""
    name = "guarded"
    host = f"{name}.{installation.namespace}.svc"
    # It is its own authority, as in many a house; marked as no authority, since one may not be a server.
    marks = ("-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=critical,CA:FALSE")
    subject = ("-subj", f"/CN={host}", *marks)
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "tls.key")
    command = ["openssl", "req", "-x509", *new_key, *subject, "-days", "2", "-out", "tls.crt"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (directory / "web.yml").write_text(
        "tls_server_config: {cert_file: /etc/guard/tls.crt, key_file: /etc/guard/tls.key}\n"
        f"basic_auth_users: {{autoscaler: {PASSWORD_BCRYPT}}}\n"
    )
    pods = {"type": "A", "port": 9567, "refresh_interval": "5s", "names": [f"guarded-shards.{installation.namespace}.svc"]}
    jobs = [{"job_name": "anabranch", "dns_sd_configs": [pods]}]
    settings = {"global": {"scrape_interval": "5s", "scrape_timeout": "5s"}, "scrape_configs": jobs}
    (directory / "prometheus.yml").write_text(json.dumps(settings))
    files = [f"--from-file={file}={directory / file}" for file in ("tls.crt", "tls.key", "web.yml", "prometheus.yml")]
    installation.kubectl("create", "secret", "generic", name, *files)
    answers = ("--from-literal=username=autoscaler", f"--from-literal=password={PASSWORD}")
    installation.kubectl("create", "secret", "generic", f"{name}-user", *answers)
    deployment = installation.get("deployment", "anabranch-prometheus")
    pod = deployment["spec"]["template"]
    pod["metadata"]["labels"] = {**pod["metadata"]["labels"], "app.kubernetes.io/component": name}
    container = pod["spec"]["containers"][0]
    container["args"][0] = "--config.file=/etc/guard/prometheus.yml"
    container["args"].append("--web.config.file=/etc/guard/web.yml")
    container["readinessProbe"] = container["livenessProbe"] = {"tcpSocket": {"port": 9090}}
    container["volumeMounts"] = [{"name": "guard", "mountPath": "/etc/guard"}, {"name": "data", "mountPath": "/prometheus"}]
    pod["spec"]["volumes"] = [{"name": "guard", "secret": {"secretName": name}}, {"name": "data", "emptyDir": {}}]
    selector = {"app.kubernetes.io/component": name}
    labels = {"app.kubernetes.io/component": name}
    objects = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": 1, "selector": {"matchLabels": selector}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": selector, "ports": [{"port": 9090}]},
        },
    ]
    for one in objects:
        installation.cluster.kubectl.apply(json.dumps(one), "--namespace", installation.namespace)
    installation.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")
    return f"https://{host}:9090"


def test_a_prometheus_behind_tls_and_a_password_is_asked(measured: Installation, tmp_path: Path) -> None:
    url = guarded_prometheus(measured, tmp_path)
    measured.stream("guarded", 1, autoscaling={"minShards": 1, "maxShards": 8})
    asked = lambda status, sentence: (  # noqa: E731
        (told := measured.condition("guarded", "MetricsAvailable")).get("status") == status and sentence in told["message"]
    )
    known = ["prometheus.basicAuth.secretName=guarded-user", "prometheus.ca.secretName=guarded", "prometheus.ca.key=tls.crt"]
    unknown = ["prometheus.basicAuth.secretName=", "prometheus.ca.secretName=", "prometheus.ca.key=ca.crt"]
    try:
        measured.upgrade("prometheus.install=false", f"prometheus.url={url}")
        measured.until("it is said whom it does not trust", lambda: asked("False", "certificate"), 120)
        measured.upgrade(*known[1:])
        measured.until("it is said that it wants to know who asks", lambda: asked("False", "401"), 120)
        measured.upgrade(*known)
        measured.until("it is asked", lambda: asked("True", ""), 120)
        with Producer(measured, "guarded") as producer:
            producer.bytes_per_second = 2_500_000
            measured.until("shards are split by what it says", lambda: open_shards(measured, "guarded") >= 3, 180)
        assert asked("True", ""), measured.condition("guarded", "MetricsAvailable")
    finally:
        print(measured.condition("guarded", "MetricsAvailable"))
        measured.upgrade("prometheus.install=true", "prometheus.url=", *unknown)
        measured.kubectl("delete", "deployment/guarded", "service/guarded", "secret/guarded", "secret/guarded-user")


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

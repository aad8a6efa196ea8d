"""What a story does with an installed Anabranch: manifests in, an AWS SDK on the Service, and load that remembers."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config

from harness.cluster import Cluster
from image import anabranch as image

CHART = image.ROOT / "charts" / "anabranch"
NAMESPACE = "anabranch"
#: An operator that leads looks at every disk within this time.
OPERATOR_LOOK_SECONDS = 10


def target_dir() -> Path:
    cache = Path(os.environ.get("ANABRANCH_CACHE") or Path.home() / ".cache" / "anabranch")
    return Path(os.environ.get("CARGO_TARGET_DIR") or cache / "target")


@dataclass
class Installation:
    cluster: Cluster
    namespace: str
    helm: list[str]
    _streams: list[str] = field(default_factory=list)

    def kubectl(self, *arguments: object, **options: object) -> str:
        return self.cluster.kubectl(*arguments, "--namespace", self.namespace, **options)

    def get(self, *arguments: object) -> dict:
        return self.cluster.kubectl.get(*arguments, "--namespace", self.namespace)

    def apply(self, kind: str, name: str, spec: dict) -> None:
        document = {"apiVersion": "anabranch.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.cluster.kubectl.apply(json.dumps(document), "--namespace", self.namespace)

    def stream(self, name: str, shards: int, **more: object) -> None:
        """A stream that is Ready, until the story ends."""
        self._streams.append(name)
        self.apply("DataStream", name, {"shards": shards, "replication": {"factor": 1}, **more})
        self.kubectl("wait", "--for=condition=Ready", "--timeout=90s", f"datastream/{name}")

    def keep_stream(self, name: str) -> None:
        """For a later story."""
        self._streams.remove(name)

    def remove_streams(self) -> None:
        """Those of one story, so that their pods do not take processor time from the next one."""
        if self._streams:
            names = [f"datastream/{name}" for name in dict.fromkeys(self._streams)]
            self.kubectl("delete", "--wait=false", "--ignore-not-found", *names)
            self._streams.clear()

    def run_helm(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """On the release, until it is done."""
        whole = [*self.helm, command, "anabranch", *arguments, "--wait", "--timeout", "3m"]
        return subprocess.run(whole, capture_output=True, text=True)

    def upgrade(self, *values: str) -> None:
        """To other values, the rest as it was."""
        done = self.try_upgrade(*values)
        assert done.returncode == 0, done.stderr

    def try_upgrade(self, *values: str) -> subprocess.CompletedProcess[str]:
        settings = [part for value in values for part in ("--set", value)]
        return self.run_helm("upgrade", str(CHART), "--reuse-values", *settings)

    def gateways(self) -> list[dict]:
        """The gateways' pods; without those that are on their way out, which drain for some seconds and are not started again."""
        pods = self.get("pods", "--selector", "app.kubernetes.io/component=gateway")["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def condition(self, stream: str, kind: str) -> dict:
        status = self.get("datastream", stream).get("status", {})
        return next((it for it in status.get("conditions", []) if it["type"] == kind), {})

    def both_gateways_answer(self) -> bool:
        """Whether two gateways are behind the Service, so that one of them may go."""
        slices = self.get("endpointslices", "--selector", "kubernetes.io/service-name=anabranch")["items"]
        endpoints = [endpoint for it in slices for endpoint in it["endpoints"] or []]
        ready = {endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint["conditions"]["ready"]}
        return ready == {pod["metadata"]["name"] for pod in self.gateways()} and len(ready) == 2

    def has_shards(self, stream: str, count: int) -> bool:
        """Whether the stream is at rest with so many open shards."""
        columns = "jsonpath={.status.phase} {.status.shards.open}"
        return self.kubectl("get", "datastream", stream, "--output", columns) == f"Active {count}"

    def until(self, what: str, question, seconds: float = 60) -> object:
        return self.cluster.kubectl.until(what, question, seconds)

    def kinesis(self, endpoint: str | None = None, attempts: int | None = None):
        """An unmodified SDK, with its default retries, at the Service's address unless told otherwise."""
        secret = self.get("secret", "anabranch-credentials")["data"]
        address = self.get("service", "anabranch")["spec"]["clusterIP"]
        return boto3.client(
            "kinesis",
            endpoint_url=endpoint or f"http://{address}",
            region_name="us-east-1",
            aws_access_key_id=base64.b64decode(secret["accessKeyId"]).decode(),
            aws_secret_access_key=base64.b64decode(secret["secretAccessKey"]).decode(),
            config=Config(read_timeout=20, connect_timeout=2, retries={"total_max_attempts": attempts} if attempts else None),
        )

    def until_the_operator_looked(self) -> None:
        """What an operator says of the disks after this was found out after this was called."""

        def renewed() -> str:
            return self.get("lease", "anabranch-operator")["spec"]["renewTime"]

        before = renewed()
        self.until("an operator leads", lambda: renewed() != before, 90)
        time.sleep(OPERATOR_LOOK_SECONDS)

    def records(self, stream: str) -> dict[str, list[tuple[int, str]]]:
        """Everything in the stream, parents before children: for each partition key its records in the order of reading."""
        kinesis = self.kinesis()
        found: dict[str, list[tuple[int, str]]] = {}
        shards = kinesis.list_shards(StreamName=stream)["Shards"]
        for shard in sorted(shards, key=lambda shard: shard["ShardId"]):
            where = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = kinesis.get_shard_iterator(**where)["ShardIterator"]
            while iterator:
                answer = kinesis.get_records(ShardIterator=iterator)
                for record in answer["Records"]:
                    entry = (int(record["SequenceNumber"]), record["Data"].decode())
                    found.setdefault(record["PartitionKey"], []).append(entry)
                iterator = answer.get("NextShardIterator")
                if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                    break
        return found


def process_of(pod: str) -> int | None:
    """The shard pod's process, where the cluster is on this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"--pod-name={pod}".encode() in (process / "cmdline").read_bytes().split(b"\0"):
                return int(process.name)
        except OSError:
            continue
    return None


def install(cluster: Cluster, scratch: Path) -> Installation:
    """As a user does it: the image, then the chart."""
    archive = scratch / "anabranch.tar"
    image.build(archive, target_dir() / "release")
    cluster.load_image(archive)
    make_namespace(cluster, NAMESPACE)
    return release(cluster, NAMESPACE)


def make_namespace(cluster: Cluster, name: str) -> None:
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")


def release(cluster: Cluster, namespace: str, *more: str) -> Installation:
    """The chart in one namespace, with more arguments of Helm's."""
    helm = [str(cluster.programs / "helm"), "--kubeconfig", str(cluster.kubectl.kubeconfig), "--namespace", namespace]
    # A cluster that was given has the image from a registry of its own: a file of values says which.
    file = os.environ.get("ANABRANCH_E2E_VALUES")
    values = ["--values", file] if file else ["--set", "image.pullPolicy=Never"]
    # Nobody waits for a minute here until a pool is quiet, or for ten until a pod is given up.
    values += ["--set", "placement.rebalanceAfterSeconds=5,placement.replaceAfterSeconds=10"]
    installation = Installation(cluster, namespace, helm)
    done = installation.run_helm("install", str(CHART), *values, *more)
    assert done.returncode == 0, done.stderr
    return installation


@dataclass
class Load:
    """Producers on one stream, each with partition keys of its own and a counter in the data, until told to stop."""

    installation: Installation
    stream: str
    producers: int = 4
    # How often a producer's SDK tries a call; None for its default.
    attempts: int | None = None
    acknowledged: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    slowest_seconds: float = 0

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._produce, args=(number,)) for number in range(self.producers)]
        for thread in self._threads:
            thread.start()
        self.installation.until("the producers have begun", lambda: len(self.acknowledged) == self.producers)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _produce(self, number: int) -> None:
        kinesis = self.installation.kinesis(attempts=self.attempts)
        key = f"producer-{number}"
        count = 0
        while not self._stop.is_set():
            data = f"{key}:{count}"
            began = time.monotonic()
            try:
                answer = kinesis.put_record(StreamName=self.stream, PartitionKey=key, Data=data)
            except Exception as error:  # noqa: BLE001  whatever it is, the story is about it
                self.failures.append(error)
                continue
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            self.acknowledged.setdefault(key, []).append((int(answer["SequenceNumber"]), data))
            count += 1
            time.sleep(0.01)

    def check(self) -> None:
        """No put failed, and every acknowledged record is there, under its number and in its order. One that an SDK repeated
        after a lost answer may be there twice, as on AWS, but never under the acknowledged number."""
        assert not self.failures, self.failures[:3]
        found = self.installation.records(self.stream)
        for key, acknowledged in self.acknowledged.items():
            there = found.get(key, [])
            numbers = [number for number, _ in there]
            assert numbers == sorted(set(numbers)), f"{key}: numbers do not grow"
            assert set(acknowledged) <= set(there), f"{key}: lost {sorted(set(acknowledged) - set(there))[:3]}"
            assert len(there) - len(acknowledged) <= 5, f"{key}: {len(there)} records of {len(acknowledged)} puts"

"""The image that `make image` makes: it runs where nothing is allowed, and an AWS client on this machine reaches it."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from harness.cluster import Cluster
from harness.manifests import POD_SECURITY, RESTRICTED, manifest
from harness.server import REGION, binary
from image import anabranch

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def image(cluster: Cluster, tmp_path) -> str:
    assert cluster.state.exists
    file = tmp_path / "image.tar"
    name, _ = anabranch.build(file, Path(binary()).parent)
    cluster.load_image(file)
    return name


def test_image_runs_restricted_and_keeps_a_record(cluster: Cluster, namespace: str, image: str):
    listen = ["--listen", "0.0.0.0:4567", "--admin-listen", "0.0.0.0:9567"]
    probe = {"httpGet": {"path": "/readyz", "port": 9567}, "periodSeconds": 1}
    container = {
        "name": "anabranch",
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["standalone", *listen, "--data-dir", "/data", "--allow-anonymous"],
        "securityContext": RESTRICTED,
        "readinessProbe": probe,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {"containers": [container], "securityContext": POD_SECURITY, "volumes": [{"name": "data", "emptyDir": {}}]}
    cluster.kubectl.apply(manifest("Pod", "standalone", spec), "-n", namespace)
    cluster.kubectl("wait", "-n", namespace, "pod/standalone", "--for=condition=Ready", "--timeout=120s")

    address = cluster.kubectl.get("pod", "standalone", "-n", namespace)["status"]["podIP"]
    kinesis = boto3.client(
        "kinesis",
        endpoint_url=f"http://{address}:4567",
        region_name=REGION,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1})
    put = kinesis.put_record(StreamName="clicks", PartitionKey="river", Data=b"hello")
    start = kinesis.get_shard_iterator(StreamName="clicks", ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")
    (record,) = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert (record["Data"], record["SequenceNumber"]) == (b"hello", put["SequenceNumber"])
    # What is in the image is the version that its name says.
    version = cluster.kubectl("exec", "-n", namespace, "standalone", "--", "/usr/local/bin/anabranch", "--version")
    assert anabranch.version() in version

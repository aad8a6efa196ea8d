"""Stories about what lies on disks: records that outlive their stream, and volumes that grow."""

from __future__ import annotations

import json

import pytest

from e2e.installation import Installation, Load

pytestmark = pytest.mark.timeout(300)


def put(installation: Installation, stream: str, count: int) -> dict[str, list[tuple[int, str]]]:
    kinesis = installation.kinesis()
    sent: dict[str, list[tuple[int, str]]] = {}
    for number in range(count):
        key, data = f"key-{number % 7}", f"{stream}-{number}"
        answer = kinesis.put_record(StreamName=stream, PartitionKey=key, Data=data)
        sent.setdefault(key, []).append((int(answer["SequenceNumber"]), data))
    return sent


def delete(installation: Installation, stream: str) -> None:
    installation.kubectl("delete", "datastream", stream, "--timeout=60s")


def events(installation: Installation, name: str) -> dict[str, str]:
    """What was told of an object: sentences by reason."""
    found = installation.get("events.events.k8s.io")["items"]
    return {it["reason"]: it.get("note", "") for it in found if it["regarding"].get("name") == name}


def test_a_stream_that_comes_back_has_its_records_under_their_numbers(installation: Installation) -> None:
    installation.stream("returns", 2)
    sent = put(installation, "returns", 20)
    installation.kubectl("scale", "datastream/returns", "--replicas=3")
    installation.until("3 shards", lambda: installation.has_shards("returns", 3))
    for key, records in put(installation, "returns", 10).items():
        sent[key] = sent.get(key, []) + records
    shards = installation.kinesis().list_shards(StreamName="returns")["Shards"]

    delete(installation, "returns")
    # What is known of the records stays, and nobody owns it.
    left = installation.get("shards", "--selector", "anabranch.dev/stream=returns")["items"]
    assert len(left) == len(shards) and not any(it["metadata"].get("ownerReferences") for it in left)

    installation.stream("returns", 3)
    assert installation.records("returns") == sent
    assert installation.kinesis().list_shards(StreamName="returns")["Shards"] == shards
    told = installation.until("it is told", lambda: events(installation, "returns").get("Adopted"))
    assert "took over" in str(told) and "returns-shards-0" in str(told)
    assert put(installation, "returns", 1)


def test_a_stream_whose_kept_records_are_gone_says_so_and_begins_anew_when_told_to(installation: Installation) -> None:
    installation.stream("missed", 1)
    put(installation, "missed", 3)
    delete(installation, "missed")
    pods = ("get", "pods", "--output", "name")
    installation.until("its pod is gone", lambda: "pod/missed-shards-0" not in installation.kubectl(*pods).split())
    installation.kubectl("delete", "pvc", "data-missed-shards-0", "--timeout=60s")

    installation.apply("DataStream", "missed", {"shards": 1, "replication": {"factor": 1}})
    refused = installation.until("it is refused", lambda: installation.condition("missed", "Valid").get("status") == "False")
    assert refused
    sentence = installation.condition("missed", "Valid")["message"]
    assert "not on their pods' disks" in sentence and "kubectl delete shards -l anabranch.dev/stream=missed" in sentence

    installation.kubectl("delete", "shards", "--selector", "anabranch.dev/stream=missed")
    installation.kubectl("wait", "--for=condition=Ready", "--timeout=90s", "datastream/missed")
    assert installation.records("missed") == {}


def test_volumes_grow_under_load_and_no_pod_notices(installation: Installation) -> None:
    storage = {"storage": {"size": "1Gi"}}
    installation.stream("grown", 1, podTemplate=storage)
    before = installation.get("pod", "grown-shards-0")["metadata"]["uid"]
    with Load(installation, "grown") as load:
        patch = {"spec": {"podTemplate": {"storage": {"size": "2Gi"}}}}
        installation.kubectl("patch", "datastream", "grown", "--type=merge", "--patch", json.dumps(patch))

        def sizes() -> tuple[str, str]:
            claim = installation.get("pvc", "data-grown-shards-0")
            template = installation.get("statefulset", "grown-shards")["spec"]["volumeClaimTemplates"][0]
            return claim["status"]["capacity"]["storage"], template["spec"]["resources"]["requests"]["storage"]

        installation.until("the volume has grown, and the next one will be as large", lambda: sizes() == ("2Gi", "2Gi"))
        installation.until("nothing is left to do", lambda: pool_condition(installation, "grown", "Progressing") == "False")
    load.check()
    assert installation.get("pod", "grown-shards-0")["metadata"]["uid"] == before


def pool_condition(installation: Installation, pool: str, kind: str) -> str | None:
    conditions = installation.get("shardpool", pool).get("status", {}).get("conditions", [])
    return next((it["status"] for it in conditions if it["type"] == kind), None)


def test_a_volume_that_cannot_grow_is_said_and_nothing_that_runs_is_touched(installation: Installation) -> None:
    provisioner = json.loads(installation.cluster.kubectl("get", "storageclasses", "--output", "json"))["items"][0]["provisioner"]
    rigid = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "anabranch-rigid"},
        "provisioner": provisioner,
        "allowVolumeExpansion": False,
    }
    installation.cluster.kubectl.apply(json.dumps(rigid))
    try:
        storage = {"size": "1Gi", "storageClassName": "anabranch-rigid"}
        installation.stream("rigid", 1, podTemplate={"storage": storage})
        sent = put(installation, "rigid", 3)
        patch = {"spec": {"podTemplate": {"storage": {"size": "2Gi"}}}}
        installation.kubectl("patch", "datastream", "rigid", "--type=merge", "--patch", json.dumps(patch))
        installation.until("it is said", lambda: installation.condition("rigid", "Degraded").get("status") == "True")
        assert "allowVolumeExpansion" in installation.condition("rigid", "Degraded")["message"]
        assert installation.condition("rigid", "Ready")["status"] == "True"
        assert installation.records("rigid") == sent
    finally:
        installation.cluster.kubectl("delete", "storageclass", "anabranch-rigid")
        installation.kubectl("delete", "datastream", "rigid", "--wait=false")


def test_a_stream_in_a_pool_that_is_not_there_says_so(installation: Installation) -> None:
    installation.apply("DataStream", "poolless", {"shards": 1, "replication": {"factor": 1}, "pool": "nowhere"})
    installation.until("it is said", lambda: installation.condition("poolless", "Valid").get("reason") == "ReferenceNotFound")
    assert "no ShardPool nowhere" in installation.condition("poolless", "Valid")["message"]
    installation.kubectl("delete", "datastream", "poolless", "--timeout=60s")

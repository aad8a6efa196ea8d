"""Stories of a user with a cluster, each named by what it proves."""

from __future__ import annotations

import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from cluster.kubectl import KubectlError
from e2e.installation import CHART, Installation, Load

pytestmark = pytest.mark.timeout(300)


def test_goes_from_a_manifest_to_a_record(installation: Installation) -> None:
    installation.stream("first", 4)
    kinesis = installation.kinesis()
    put = kinesis.put_record(StreamName="first", PartitionKey="river", Data=b"hello")
    assert installation.records("first") == {"river": [(int(put["SequenceNumber"]), "hello")]}
    shards = installation.get("shards", "--selector", "anabranch.dev/stream=first")["items"]
    assert [shard["status"]["phase"] for shard in shards] == ["Open"] * 4


def test_what_becomes_of_a_new_stream_is_told_in_events(installation: Installation) -> None:
    """How long it took is printed (`pytest -s`) and not judged: a machine may be busy."""
    began = time.monotonic()
    installation.stream("soon", 4)
    took = time.monotonic() - began
    print(f"\n4 shards were Ready after {took:.1f} s")

    def told() -> set[str]:
        events = installation.get("events.events.k8s.io")["items"]
        return {it["reason"] for it in events if it["regarding"].get("name") == "soon"}

    # The event follows the condition, and does not keep the next one waiting.
    installation.until("it is told", lambda: "Ready" in told())


def test_the_charts_own_test_puts_and_gets_a_record(installation: Installation) -> None:
    done = subprocess.run([*installation.helm, "test", "anabranch"], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_api_makes_is_seen_with_kubectl_and_what_kubectl_changes_with_the_api(installation: Installation) -> None:
    kinesis = installation.kinesis()
    kinesis.create_stream(StreamName="Orders_of.the-API", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="Orders_of.the-API", WaiterConfig={"Delay": 1})
    kinesis.add_tags_to_stream(StreamName="Orders_of.the-API", Tags={"team": "shop"})
    kinesis.increase_stream_retention_period(StreamName="Orders_of.the-API", RetentionPeriodHours=48)

    def object_of_api() -> dict:
        objects = installation.get("datastreams")["items"]
        return next(it for it in objects if it["spec"].get("streamName") == "Orders_of.the-API")

    spec = object_of_api()["spec"]
    assert (spec["tags"], spec["retention"], spec["pool"], spec["shards"]) == ({"team": "shop"}, "48h", "shared", 2)
    name = object_of_api()["metadata"]["name"]
    installation.kubectl("patch", "datastream", name, "--type=merge", "--patch", '{"spec":{"retention":"72h"}}')

    def retention() -> int:
        summary = kinesis.describe_stream_summary(StreamName="Orders_of.the-API")["StreamDescriptionSummary"]
        return summary["RetentionPeriodHours"]

    installation.until("the API shows the retention", lambda: retention() == 72)
    kinesis.delete_stream(StreamName="Orders_of.the-API")
    installation.until("the object is gone", lambda: name not in installation.kubectl("get", "datastreams", "--output", "name"))


def test_fifty_small_streams_share_the_pods_of_one_pool(installation: Installation) -> None:
    kinesis = installation.kinesis()
    names = [f"small-{number}" for number in range(50)]
    for name in names:
        installation.apply("DataStream", name, {"shards": 1, "replication": {"factor": 1}, "pool": "shared"})
    installation.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *(f"datastream/{name}" for name in names))
    for name in names:
        kinesis.put_record(StreamName=name, PartitionKey="k", Data=name.encode())
    assert all(installation.records(name)["k"][0][1] == name for name in names[::10])
    pods = installation.get("pods", "--selector", "anabranch.dev/pool=shared")["items"]
    assert len(pods) <= 3
    installation.kubectl("delete", "--wait=false", *(f"datastream/{name}" for name in names))


def test_limits_of_a_streams_own_are_kept_by_its_pods(installation: Installation) -> None:
    installation.stream("limited", 1, shardLimits={"writeRecordsPerSecond": 5})
    kinesis = installation.kinesis()
    records = [{"PartitionKey": str(number), "Data": b"x"} for number in range(50)]

    def refused() -> int:
        return kinesis.put_records(StreamName="limited", Records=records)["FailedRecordCount"]

    installation.until("most of fifty records at once are refused", lambda: refused() >= 40)
    patch = '{"spec":{"shardLimits":{"writeRecordsPerSecond":"Unlimited","writeBytesPerSecond":"Unlimited"}}}'
    installation.kubectl("patch", "datastream", "limited", "--type=merge", "--patch", patch)
    installation.until("all are taken", lambda: sum(refused() for _ in range(30)) == 0)


def test_what_the_account_committed_itself_to_is_kept_in_the_cluster(installation: Installation) -> None:
    kinesis = installation.kinesis()
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert "Enabled" in installation.get("configmap", "anabranch-account")["data"]["billingCommitment"]

    def status() -> str:
        return kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"]

    # Whichever gateway answers.
    installation.until("all gateways know it", lambda: {status() for _ in range(20)} == {"ENABLED"})


def test_shards_follow_the_scale_subresource_under_load(installation: Installation) -> None:
    installation.stream("scaled", 2)
    with Load(installation, "scaled") as load:
        for replicas in (5, 3):
            installation.kubectl("scale", "datastream/scaled", f"--replicas={replicas}")
            installation.until(f"{replicas} shards", lambda r=replicas: installation.has_shards("scaled", r))
    load.check()


def test_a_reshard_is_asked_for_by_object_and_by_api(installation: Installation) -> None:
    installation.stream("resharded", 1)
    split = {"shardId": "shardId-000000000000", "hashKey": str(2**127)}
    installation.apply("Reshard", "by-hand", {"stream": "resharded", "split": split})
    phase = ("get", "reshard", "by-hand", "--output", "jsonpath={.status.phase}")
    installation.until("the split is done", lambda: installation.kubectl(*phase) == "Done")

    def told() -> set[str]:
        events = installation.get("events.events.k8s.io")["items"]
        return {it["reason"] for it in events if it["regarding"].get("name") == "by-hand"}

    installation.until("its steps are told", lambda: {"Accepted", "Done"} <= told())
    kinesis = installation.kinesis()
    kinesis.merge_shards(StreamName="resharded", ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002")

    def open_shards() -> int:
        shards = kinesis.list_shards(StreamName="resharded", ShardFilter={"Type": "AT_LATEST"})["Shards"]
        return len(shards)

    installation.until("the merge is done", lambda: open_shards() == 1)
    assert len(kinesis.list_shards(StreamName="resharded")["Shards"]) == 4


def test_survives_the_loss_of_a_shard_pod_under_load(installation: Installation) -> None:
    installation.stream("killed", 3)
    with Load(installation, "killed") as load:
        for _ in range(2):
            installation.kubectl("delete", "pod", "killed-shards-0", "--grace-period=0", "--force")
            time.sleep(1)
            installation.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/killed-shards-0")
            time.sleep(2)
    load.check()


def test_puts_and_gets_go_on_without_operator_and_api_server(installation: Installation) -> None:
    assert installation.cluster.state.exists
    installation.stream("alone", 2)
    kinesis, at_once = installation.kinesis(), installation.kinesis(attempts=1)
    installation.kubectl("scale", "deployment/anabranch-operator", "--replicas=0")
    installation.cluster.stop_api()
    try:
        sent = {f"key-{number}": b"alone" for number in range(20)}
        for key, data in sent.items():
            kinesis.put_record(StreamName="alone", PartitionKey=key, Data=data)
        shards = kinesis.list_shards(StreamName="alone")["Shards"]
        found = []
        for shard in shards:
            where = {"StreamName": "alone", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            answer = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**where)["ShardIterator"])
            found += [record["PartitionKey"] for record in answer["Records"]]
        assert sorted(found) == sorted(sent)
        # A gateway cannot know now whether there is such a stream, and says so: an SDK tries again.
        assert answer_to_nobody(at_once) == "ServiceUnavailable"
    finally:
        installation.cluster.start_api()
        installation.kubectl("scale", "deployment/anabranch-operator", "--replicas=1")
    installation.until("it is known again", lambda: answer_to_nobody(at_once) == "ResourceNotFoundException")


def answer_to_nobody(kinesis) -> str:
    """What a put to a stream that was never made is answered with."""
    with pytest.raises(ClientError) as refused:
        kinesis.put_record(StreamName="nobody", PartitionKey="k", Data=b"x")
    return refused.value.response["Error"]["Code"]


def test_survives_operator_restarts_during_a_reshard(installation: Installation) -> None:
    installation.stream("restarted", 2)
    with Load(installation, "restarted") as load:
        installation.kubectl("scale", "datastream/restarted", "--replicas=6")
        for _ in range(3):
            pods = ("--selector", "app.kubernetes.io/component=operator", "--grace-period=0", "--force")
            installation.kubectl("delete", "pod", *pods)
            time.sleep(1)
        installation.until("6 shards", lambda: installation.has_shards("restarted", 6), 120)
    load.check()


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"shards": 0}, "shards must be between 1 and 10000"),
        ({"retention": "7d"}, "write for example 168h"),
        ({"replication": {"factor": 2}}, "replication.factor must be 1, 3 or 5"),
        ({"maxRecordSize": "20Mi"}, "write for example 4Mi"),
    ],
)
def test_refuses_a_bad_manifest_with_what_to_write_instead(installation: Installation, spec: dict, sentence: str) -> None:
    with pytest.raises(KubectlError, match=sentence):
        installation.apply("DataStream", "bad", spec)


def test_says_of_what_it_cannot_do_what_to_write_instead(installation: Installation) -> None:
    installation.apply("ShardPool", "small", {"replicas": 1})
    installation.apply("DataStream", "three-copies", {"pool": "small", "shards": 1, "replication": {"factor": 3}})

    def limited() -> dict:
        conditions = installation.get("shardpool", "small").get("status", {}).get("conditions", [])
        return next((it for it in conditions if it["type"] == "ScalingLimited" and it["status"] == "True"), {})

    told = installation.until("a condition says so", limited)
    assert "raise" in told["message"] and "replicas" in told["message"]
    installation.kubectl("delete", "datastream", "three-copies", "--timeout=30s")
    installation.kubectl("delete", "shardpool", "small", "--timeout=30s")


def test_the_second_stream_of_a_name_is_told_so(installation: Installation) -> None:
    installation.stream("original", 1, streamName="wanted-by-two")
    installation.apply("DataStream", "copy", {"streamName": "wanted-by-two", "replication": {"factor": 1}})
    told = installation.until("a condition says so", lambda: installation.condition("copy", "Valid"))
    assert (told["status"], told["reason"]) == ("False", "DuplicateStreamName")
    assert installation.condition("original", "Ready")["status"] == "True"


def test_a_lost_disk_is_said_loudly_and_not_papered_over(installation: Installation) -> None:
    installation.stream("lost", 1)
    kinesis = installation.kinesis()
    kinesis.put_record(StreamName="lost", PartitionKey="k", Data=b"gone")
    installation.kubectl("delete", "pvc", "data-lost-shards-0", "--wait=false")
    installation.kubectl("delete", "pod", "lost-shards-0", "--grace-period=0", "--force")
    lost = installation.until("the loss is said", lambda: installation.condition("lost", "DataLost").get("status") == "True", 120)
    assert lost
    told = installation.condition("lost", "DataLost")
    assert "shardId-000000000000 (0" in told["message"]
    assert installation.condition("lost", "Ready")["status"] == "False"
    installation.kubectl("delete", "datastream", "lost", "--wait=false")


def test_deleting_keeps_the_disks_unless_told_otherwise(installation: Installation) -> None:
    for name, policy in (("kept", "Retain"), ("dropped", "Delete")):
        installation.stream(name, 1, deletionPolicy=policy)
        installation.kinesis().put_record(StreamName=name, PartitionKey="k", Data=b"x")
        installation.kubectl("delete", "datastream", name, "--timeout=60s")
    claims = installation.kubectl("get", "pvc", "--output", "name")
    assert "data-kept-shards-0" in claims


def test_upgrades_and_goes_back_under_load(installation: Installation) -> None:
    installation.stream("upgraded", 2)
    with Load(installation, "upgraded") as load:
        values = ["--set", "image.pullPolicy=Never", "--set", "gateway.podAnnotations.changed=yes"]
        for command in (["upgrade", "anabranch", str(CHART), *values], ["rollback", "anabranch"]):
            done = subprocess.run([*installation.helm, *command, "--wait", "--timeout", "2m"], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    load.check()

"""Stories about streams with three copies of every record: whatever one pod does, puts go on and nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from e2e.installation import Installation, Load, process_of

THREE = {"replication": {"factor": 3}}


def place_of(installation: Installation, stream: str) -> set[str]:
    selector = f"anabranch.dev/stream={stream}"
    shards = installation.get("shards", "--selector", selector)["items"]
    return {" ".join(sorted(shard["spec"]["replicas"])) for shard in shards}


def voters_of_each(installation: Installation, stream: str) -> list[set[str]]:
    """For each shard the pods that vote in it, as they say."""
    shards = installation.get("shards", "--selector", f"anabranch.dev/stream={stream}")["items"]
    return [set(shard.get("status", {}).get("voters", [])) for shard in shards]


def voters(installation: Installation, stream: str) -> set[str]:
    """The pods that vote in every shard of the stream."""
    return set.intersection(*voters_of_each(installation, stream))


def until_voters(installation: Installation, stream: str, count: int) -> None:
    installation.until(f"{count} copies", lambda: all(len(pods) == count for pods in voters_of_each(installation, stream)), 120)


def kill(installation: Installation, pod: str) -> None:
    installation.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
    time.sleep(1)
    installation.kubectl("wait", "--for=condition=Ready", "--timeout=90s", f"pod/{pod}")


def test_three_copies_lie_on_three_pods(installation: Installation) -> None:
    installation.stream("copies", 3, **THREE)
    assert place_of(installation, "copies") == {"copies-shards-0 copies-shards-1 copies-shards-2"}


def test_three_copies_survive_the_loss_of_each_pod_under_load(installation: Installation) -> None:
    installation.stream("thrice", 3, **THREE)
    with Load(installation, "thrice") as load:
        for ordinal in range(3):
            kill(installation, f"thrice-shards-{ordinal}")
            time.sleep(2)
    load.check()
    print(f"the slowest put took {load.slowest_seconds:.2f} s")


def test_a_pod_that_dies_without_a_word_is_replaced_within_seconds(installation: Installation) -> None:
    installation.stream("sudden", 3, **THREE)
    if process_of("sudden-shards-0") is None:
        pytest.skip("the pods' processes are on another machine")
    with Load(installation, "sudden") as load:
        for ordinal in (0, 1, 2, 0):
            pod = f"sudden-shards-{ordinal}"
            os.kill(installation.until(f"{pod} runs", lambda pod=pod: process_of(pod), 60), signal.SIGKILL)
            time.sleep(4)
            installation.kubectl("wait", "--for=condition=Ready", "--timeout=90s", f"pod/{pod}")
    load.check()
    print(f"the slowest put took {load.slowest_seconds:.2f} s")


def test_three_copies_are_restarted_one_by_one_under_load(installation: Installation) -> None:
    installation.stream("rolled", 3, **THREE)
    with Load(installation, "rolled") as load:
        installation.kubectl("rollout", "restart", "statefulset/rolled-shards")
        installation.kubectl("rollout", "status", "statefulset/rolled-shards", "--timeout=180s")
        time.sleep(2)
    load.check()
    print(f"the slowest put took {load.slowest_seconds:.2f} s")


def test_three_copies_are_resharded_while_a_pod_dies(installation: Installation) -> None:
    installation.stream("split", 2, **THREE)
    with Load(installation, "split") as load:
        installation.kubectl("scale", "datastream/split", "--replicas=4")
        kill(installation, "split-shards-1")
        installation.until("4 shards", lambda: installation.has_shards("split", 4), 120)
    load.check()


def test_a_lost_disk_is_filled_again_from_the_others(installation: Installation) -> None:
    installation.stream("refilled", 2, **THREE)
    with Load(installation, "refilled") as load:
        installation.kubectl("delete", "pvc", "data-refilled-shards-2", "--wait=false")
        kill(installation, "refilled-shards-2")
        installation.until_the_operator_looked()
        installation.until("it holds everything again", lambda: "refilled-shards-2" in voters(installation, "refilled"), 120)
    load.check()
    assert installation.condition("refilled", "DataLost").get("status") != "True"
    # Now it counts: with another one away there still is a majority.
    with Load(installation, "refilled") as after:
        kill(installation, "refilled-shards-0")
        time.sleep(2)
    assert not after.failures, after.failures[:3]


def test_the_number_of_copies_is_changed_under_load(installation: Installation) -> None:
    installation.stream("copied", 2)
    with Load(installation, "copied") as load:
        for factor in (3, 1):
            installation.apply("DataStream", "copied", {"shards": 2, "replication": {"factor": factor}})
            until_voters(installation, "copied", factor)
            time.sleep(1)
    load.check()


def wanted_on(installation: Installation, stream: str) -> list[list[str]]:
    """For each shard the pods that it is wanted on, where those are the ones that vote."""
    shards = installation.get("shards", "--selector", f"anabranch.dev/stream={stream}")["items"]
    settled = (it for it in shards if set(it["status"].get("voters", [])) == set(it["spec"]["replicas"]))
    return sorted(sorted(it["spec"]["replicas"]) for it in settled)


def is_there(installation: Installation, pod: str) -> bool:
    return f"pod/{pod}" in installation.kubectl("get", "pods", "--output", "name").split()


def test_a_new_pod_takes_its_share_and_scaling_in_moves_the_data_first(installation: Installation) -> None:
    """One copy of each shard: were a pod to go before what is on it is elsewhere, that would be lost."""
    installation.apply("ShardPool", "moving", {"replicas": 1, "storage": {"size": "1Gi"}})
    installation.until("the pool is known", lambda: installation.get("shardpool", "moving").get("status"))
    installation.stream("moved", 4, pool="moving")
    first, second = "moving-shards-0", "moving-shards-1"
    with Load(installation, "moved") as load:
        installation.kubectl("scale", "shardpool/moving", "--replicas=2")
        share = [[first], [first], [second], [second]]
        installation.until("the new pod has its share", lambda: wanted_on(installation, "moved") == share, 120)
        installation.kubectl("scale", "datastream/moved", "--replicas=5")
        installation.until("5 shards", lambda: installation.has_shards("moved", 5), 120)
        installation.kubectl("scale", "shardpool/moving", "--replicas=1")
        installation.until("the pod is gone", lambda: not is_there(installation, second), 120)
        shards = wanted_on(installation, "moved")
        assert all(pods == [first] for pods in shards) and len(shards) > 5, shards
    load.check()
    events = installation.get("events.events.k8s.io")["items"]
    told = {it["reason"] for it in events if it["regarding"].get("name") == "moving"}
    assert "MovingReplicas" in told
    print(f"the slowest put took {load.slowest_seconds:.2f} s")
    installation.kubectl("delete", "datastream", "moved", "--wait=false")


def test_three_copies_lie_in_three_zones_wherever_the_pods_are(installation: Installation) -> None:
    """Five pods on three nodes, each in a zone: some nodes have two, and no shard may have both."""
    installation.apply("ShardPool", "zoned", {"replicas": 5, "storage": {"size": "1Gi"}})
    installation.until("the pool is known", lambda: installation.get("shardpool", "zoned").get("status"))
    installation.stream("zones", 5, pool="zoned", **THREE)

    def zones_of_each() -> list[int]:
        pods = installation.get("pods", "--selector", "anabranch.dev/pool=zoned")["items"]
        # Kubernetes copies this label from the node, as of 1.35.
        zones = {pod["metadata"]["name"]: pod["metadata"]["labels"]["topology.kubernetes.io/zone"] for pod in pods}
        if len(zones) < 5:
            return []
        return [len({zones[pod] for pod in pods}) for pods in wanted_on(installation, "zones")]

    installation.until("each shard is in three zones", lambda: zones_of_each() == [3] * 5, 120)


def test_pods_share_what_is_put_and_not_only_the_number_of_shards(installation: Installation) -> None:
    installation.apply("ShardPool", "weighed", {"replicas": 2, "storage": {"size": "1Gi"}})
    installation.until("the pool is known", lambda: installation.get("shardpool", "weighed").get("status"))
    unlimited = {"readBytesPerSecond": "Unlimited", "readCallsPerSecond": "Unlimited"}
    installation.stream("heavy", 4, pool="weighed", shardLimits=unlimited)
    shards = installation.get("shards", "--selector", "anabranch.dev/stream=heavy")["items"]
    hot = [it for it in shards if it["spec"]["replicas"] == ["weighed-shards-0"]]
    assert len(hot) == 2 and len(shards) == 4, "two to each"
    keys = [it["spec"]["hashKeyRange"]["start"] for it in hot]

    def are_apart() -> bool:
        now = {it["metadata"]["name"]: it["spec"]["replicas"] for it in installation.get("shards")["items"]}
        pods = sorted(pod for it in hot for pod in now[it["metadata"]["name"]])
        return pods == ["weighed-shards-0", "weighed-shards-1"]

    def as_many_on_each() -> bool:
        return wanted_on(installation, "heavy") == [["weighed-shards-0"]] * 2 + [["weighed-shards-1"]] * 2

    # Three quarters of what a shard may take, to both shards of one pod. That these move loses none of it.
    kinesis = installation.kinesis()
    ended, acknowledged = threading.Event(), 0
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(lambda: installation.until("the two are on two pods", lambda: are_apart() and as_many_on_each(), 150))
        moved.add_done_callback(lambda _: ended.set())
        while not ended.wait(0.5):
            number = acknowledged // 2
            records = [{"PartitionKey": key, "ExplicitHashKey": key, "Data": f"{number} ".ljust(384 << 10)} for key in keys]
            answer = kinesis.put_records(StreamName="heavy", Records=records)
            assert answer["FailedRecordCount"] == 0, answer["Records"]
            acknowledged += 2
        moved.result()
    found = installation.records("heavy")
    for key in keys:
        assert [int(data) for _, data in found[key]] == list(range(acknowledged // 2))


def test_a_pod_gone_for_good_is_replaced_and_may_come_back(installation: Installation) -> None:
    """Its volume is lost: the pod is made again, and no node can run it."""
    installation.stream("replaced", 2, **THREE)
    lost, instead = "replaced-shards-1", "replaced-shards-3"
    volume = installation.get("pvc", f"data-{lost}")["spec"]["volumeName"]
    with Load(installation, "replaced") as load:
        installation.cluster.kubectl("delete", "pv", volume, "--wait=false")
        installation.cluster.kubectl("patch", "pv", volume, "--type=merge", "--patch", '{"metadata":{"finalizers":null}}')
        installation.kubectl("delete", "pod", lost, "--grace-period=0", "--force")
        three = sorted(["replaced-shards-0", "replaced-shards-2", instead])
        installation.until("another has its replicas", lambda: wanted_on(installation, "replaced") == [three, three], 120)
        assert lost in installation.condition("replaced", "Degraded")["message"]
        # As the condition says: an empty pod in its place.
        installation.kubectl("delete", "--wait=false", f"pvc/data-{lost}", f"pod/{lost}")
        before = [*three[:1], lost, *three[1:2]]
        installation.until("it is as it was", lambda: wanted_on(installation, "replaced") == [before, before], 120)
        installation.until("the other is gone", lambda: not is_there(installation, instead), 120)
    load.check()
    installation.until("it is well again", lambda: installation.condition("replaced", "Degraded")["status"] == "False")
    print(f"the slowest put took {load.slowest_seconds:.2f} s")
    installation.kubectl("delete", "datastream", "replaced", "--wait=false")

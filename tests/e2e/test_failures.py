"""Stories about what breaks: nodes that are drained or cut off, operators that are killed, an API server that is away."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from e2e.installation import Installation, Load, process_of

pytestmark = pytest.mark.timeout(300)


def node_of(installation: Installation, pod: str) -> str:
    return installation.get("pod", pod)["spec"]["nodeName"]


def kill(installation: Installation, *selector: str) -> None:
    installation.kubectl("delete", "pod", *selector, "--grace-period=0", "--force", "--wait=false")


def test_moves_with_node_drain(installation: Installation) -> None:
    installation.stream("drained", 2)
    node = node_of(installation, "drained-shards-0")
    kubectl = installation.cluster.kubectl
    with Load(installation, "drained") as load:
        flags = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
        # Only what is ours: other pods of the cluster are other people's.
        kubectl("drain", node, *flags, "--pod-selector=app.kubernetes.io/name=anabranch")
        try:
            installation.until("its pod is ready again", lambda: is_ready(installation, "drained-shards-0"))
            assert node_of(installation, "drained-shards-0") != node
        finally:
            kubectl("uncordon", node)
    load.check()


def is_ready(installation: Installation, pod: str) -> bool:
    conditions = installation.get("pod", pod)["status"]["conditions"]
    return any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)


def holder(installation: Installation) -> str:
    return installation.get("lease", "anabranch-operator")["spec"].get("holderIdentity", "")


def test_of_two_operators_one_works_and_the_other_takes_over(installation: Installation) -> None:
    installation.stream("led", 2)
    operators = ("--selector", "app.kubernetes.io/component=operator")
    installation.kubectl("scale", "deployment/anabranch-operator", "--replicas=2")
    installation.kubectl("rollout", "status", "deployment/anabranch-operator", "--timeout=60s")
    try:
        with Load(installation, "led") as load:
            first = holder(installation)
            installation.kubectl("scale", "datastream/led", "--replicas=6")
            kill(installation, first)
            installation.until("another one leads", lambda: holder(installation) not in ("", first))
            installation.until("6 shards", lambda: installation.has_shards("led", 6), 120)
        load.check()
        names = installation.kubectl("get", "pods", *operators, "--output", "name")
        assert f"pod/{holder(installation)}" in names.split()
    finally:
        installation.kubectl("scale", "deployment/anabranch-operator", "--replicas=1")


@pytest.mark.parametrize("component", ["operator", "gateway", "shard"])
def test_a_reshard_survives_the_loss_of_a_process_whenever_it_comes(installation: Installation, component: str) -> None:
    """At other moments of each reshard: from before it is accepted to when its children take over."""
    stream = f"killed-{component}"
    installation.stream(stream, 2)
    victims = {
        "operator": ("--selector", "app.kubernetes.io/component=operator"),
        # One of two: a Service without any has nobody who could hide it.
        "gateway": (),
        "shard": (f"{stream}-shards-0",),
    }
    # A gateway that is killed stays behind its Service until each node's proxy has heard of it, and nothing but its client can
    # hide that: the default three attempts within 0.15 s meet the dead one of two each time for one put in eight.
    with Load(installation, stream, attempts=8 if component == "gateway" else None) as load:
        for turn, shards in enumerate((4, 2, 5, 2)):
            if component == "gateway":
                installation.until("two gateways answer", installation.both_gateways_answer)
            installation.kubectl("scale", f"datastream/{stream}", f"--replicas={shards}")
            time.sleep(0.15 * turn)
            if component == "gateway":
                kill(installation, installation.gateways()[0]["metadata"]["name"])
            else:
                kill(installation, *victims[component])
            installation.until(f"{shards} shards", lambda n=shards: installation.has_shards(stream, n), 120)
    load.check()


def test_a_partition_of_a_shard_pods_node_makes_puts_slow_and_loses_none(installation: Installation) -> None:
    installation.stream("parted", 1)
    state = installation.cluster.state
    node = node_of(installation, "parted-shards-0")
    kubectl = installation.cluster.kubectl
    # Gateways elsewhere: a client whose connection ends on a dead node learns of it from its own time-out, as with any Service.
    kubectl("cordon", node)
    try:
        for pod in installation.get("pods", "--selector", "app.kubernetes.io/component in (gateway,operator)")["items"]:
            if pod["spec"]["nodeName"] == node:
                installation.kubectl("delete", "pod", pod["metadata"]["name"])
        for deployment in ("anabranch-gateway", "anabranch-operator"):
            installation.kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=90s")
        with Load(installation, "parted") as load:
            installation.cluster.partition(node)
            time.sleep(4)
            installation.cluster.heal(node)
            count = sum(len(records) for records in load.acknowledged.values())
            installation.until("puts go on", lambda: sum(len(it) for it in load.acknowledged.values()) > count + 20)
        load.check()
    finally:
        installation.cluster.heal(node)
        kubectl("uncordon", node)
    assert state.exists


def test_an_operator_that_is_cut_off_from_the_api_server_comes_back_to_its_work(installation: Installation) -> None:
    installation.stream("unled", 2)
    pod = installation.get("pods", "--selector", "app.kubernetes.io/component=operator")["items"][0]
    node = pod["spec"]["nodeName"]
    installation.cluster.partition(node)
    try:
        time.sleep(5)
    finally:
        installation.cluster.heal(node)
    installation.kubectl("scale", "datastream/unled", "--replicas=3")
    installation.until("3 shards", lambda: installation.has_shards("unled", 3), 120)


def test_shards_that_are_deleted_by_hand_are_made_again_and_no_put_fails(installation: Installation) -> None:
    """All that knows them then is what the operator saw last; gateways that start later see them again."""
    installation.stream("pruned", 3)
    names = ("pruned-1", "pruned-2")
    before = {name: installation.get("shard", name) for name in names}
    with Load(installation, "pruned") as load:
        installation.kubectl("delete", "shard", *names, "--wait=false")
        identity = lambda name: installation.get("shard", name)["metadata"]["uid"]  # noqa: E731
        are_new = lambda: all(identity(name) != before[name]["metadata"]["uid"] for name in names)  # noqa: E731
        installation.until("they are made again", are_new)
        installation.kubectl("rollout", "restart", "deployment/anabranch-gateway")
        installation.kubectl("rollout", "status", "deployment/anabranch-gateway", "--timeout=90s")
    load.check()
    for name in names:
        assert installation.get("shard", name)["spec"] == before[name]["spec"]
    told = installation.kubectl("get", "events", "--field-selector", "reason=ShardRestored")
    assert all(name in told for name in names), told


def has_seen(file: Path, stream: str, shards: int) -> bool:
    """Whether a gateway has written down that a stream is active and its shards open."""
    if not file.exists():
        return False
    seen = json.loads(file.read_text())
    active = [it for it in seen["streams"] if it["metadata"]["name"] == stream and it["status"]["phase"] == "Active"]
    phases = [it["status"]["phase"] for it in seen["shards"] if it["spec"]["stream"] == stream]
    return len(active) == 1 and phases == ["Open"] * shards


def processes_of(pod: str) -> list[int]:
    """Pids on this machine of Anabranch in a pod: the tests' nodes are processes of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = (process / "cmdline").read_bytes().split(b"\0")[0]
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if program.endswith(b"anabranch") and f"HOSTNAME={pod}".encode() in environment:
            found.append(int(process.name))
    return found


def test_a_gateway_that_starts_without_the_api_server_goes_on_with_what_it_saw(installation: Installation) -> None:
    installation.stream("recalled", 2)
    state = installation.cluster.state
    kinesis = installation.kinesis()
    kinesis.put_record(StreamName="recalled", PartitionKey="k", Data=b"before")
    gateways = installation.gateways()
    each = [installation.kinesis(f"http://{pod['status']['podIP']}:4567") for pod in gateways]
    processes = [process for pod in gateways for process in processes_of(pod["metadata"]["name"])]
    assert len(processes) == len(gateways)
    for process in processes:
        seen = Path(f"/proc/{process}/root/var/run/anabranch/catalog.json")
        # It writes once a second: what it wrote first of a new stream may be that its shards are being made.
        installation.until("the gateway has written down what it saw", lambda file=seen: has_seen(file, "recalled", 2))
    installation.cluster.stop_api()
    try:
        for process in processes:
            os.kill(process, signal.SIGKILL)
        for alone in each:

            def answers(alone=alone) -> bool:
                try:
                    return bool(alone.put_record(StreamName="recalled", PartitionKey="k", Data=b"after"))
                except Exception:  # noqa: BLE001  it is not there yet
                    return False

            installation.until("a gateway that was started again takes a put", answers, 90)
    finally:
        installation.cluster.start_api()
    assert state.exists
    data = [text for _, text in installation.records("recalled")["k"]]
    assert data[0] == "before" and data.count("after") >= 2


def test_a_shard_pod_that_starts_without_the_api_server_refuses_nothing_that_its_stream_may(installation: Installation) -> None:
    installation.stream("raised", 1, shardLimits={"writeRecordsPerSecond": "Unlimited", "writeBytesPerSecond": "Unlimited"})
    kinesis = installation.kinesis()
    records = [{"PartitionKey": str(number), "Data": b"x"} for number in range(500)]
    installation.cluster.stop_api()
    try:
        os.kill(installation.until("it runs", lambda: process_of("raised-shards-0")), signal.SIGKILL)

        def answers() -> bool:
            try:
                return bool(kinesis.put_record(StreamName="raised", PartitionKey="k", Data=b"after"))
            except Exception:  # noqa: BLE001  it is not there yet
                return False

        installation.until("a shard pod that was started again takes a put", answers, 90)
        # More than three times what AWS's limit lets in, at once.
        refused = [kinesis.put_records(StreamName="raised", Records=records)["FailedRecordCount"] for _ in range(7)]
    finally:
        installation.cluster.start_api()
    assert refused == [0] * 7

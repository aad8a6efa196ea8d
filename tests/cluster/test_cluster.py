"""The cluster itself: what the tests of Anabranch take for granted about the Kubernetes under them."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import cgroups, lifecycle, processes
from cluster.state import State
from harness.cluster import Cluster
from harness.manifests import POD_SECURITY, claim, manifest, pod_spec

pytestmark = pytest.mark.timeout(300)

# Answers with the pod's name, under which its node can be found. A container that is started again finds its /tmp as it was.
SERVE_NAME = "mkdir -p /tmp/www && hostname >/tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"
IDLE = "trap exit TERM; while true; do sleep 3600 & wait; done"


@pytest.fixture(autouse=True)
def ours(cluster: Cluster) -> Cluster:
    """These tests are about the cluster that we make; of one that was given they would say nothing."""
    assert cluster.state.exists
    return cluster


def run_to_end(cluster: Cluster, namespace: str, name: str, spec: dict) -> str:
    """Run a pod once and read what it printed."""
    cluster.kubectl.apply(manifest("Pod", name, {**spec, "restartPolicy": "Never"}), "-n", namespace)

    def phase() -> str | None:
        seen = cluster.kubectl.get("pod", name, "-n", namespace)["status"]["phase"]
        return seen if seen in ("Succeeded", "Failed") else None

    ended = cluster.kubectl.until(f"pod {name} ends", phase)
    printed = cluster.kubectl("logs", "-n", namespace, name)
    assert ended == "Succeeded", printed
    return printed


def start_web(cluster: Cluster, namespace: str) -> None:
    """A StatefulSet `web` with a volume each, one pod a node, behind a Service and a headless Service."""
    labels = {"app": "web"}
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    write_once = "test -e /data/first || date >/data/first; "
    spec = pod_spec(write_once + SERVE_NAME, claim="template", topologySpreadConstraints=[spread])
    spec["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    stateful_set = {
        "serviceName": "web-pods",
        "replicas": 3,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": spec},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim("1Gi")}],
    }
    port = {"name": "http", "port": 80, "targetPort": 8080}
    for each in (
        manifest("Service", "web", {"selector": labels, "ports": [port], "type": "NodePort"}),
        manifest("Service", "web-pods", {"selector": labels, "ports": [port], "clusterIP": "None"}),
        manifest("StatefulSet", "web", stateful_set, version="apps/v1"),
    ):
        cluster.kubectl.apply(each, "-n", namespace)
    cluster.kubectl("rollout", "status", "-n", namespace, "statefulset/web", "--timeout", "180s")


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=3) as answer:
        return answer.read().decode().strip()


def who_answers(url: str, times: int = 60) -> set[str]:
    """Nobody, if one of so many calls fails."""
    try:
        return {fetch(url) for _ in range(times)}
    except OSError:
        return set()


def node_of(cluster: Cluster, namespace: str, pod: str) -> str:
    return cluster.kubectl.get("pod", pod, "-n", namespace)["spec"]["nodeName"]


def test_nodes_are_ready_and_each_in_a_zone(cluster: Cluster):
    nodes = cluster.kubectl.get("nodes")["items"]
    assert len(nodes) >= 3
    assert all(lifecycle.node_status(cluster.kubectl, node["metadata"]["name"]) == "True" for node in nodes)
    assert len({node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}) == 3


def test_restricted_pod_finds_on_another_node_what_it_wrote(cluster: Cluster, namespace: str):
    cluster.kubectl.apply(manifest("PersistentVolumeClaim", "data", claim("1Gi")), "-n", namespace)
    write = pod_spec("echo kept >/data/file && id -u && cat /data/file", claim="data", nodeName="node-1")
    write["securityContext"] = {**POD_SECURITY, "runAsUser": 65532}
    assert run_to_end(cluster, namespace, "writer", write).split() == ["65532", "kept"]
    read = pod_spec("cat /data/file", claim="data", nodeName="node-2")
    assert run_to_end(cluster, namespace, "reader", read).split() == ["kept"]


def test_pod_that_wants_to_be_root_is_refused(cluster: Cluster, namespace: str):
    spec = pod_spec("id")
    spec["containers"][0]["securityContext"] = {}
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        cluster.kubectl.apply(manifest("Pod", "root", spec), "-n", namespace)


def test_volume_grows_with_its_claim(cluster: Cluster, namespace: str):
    cluster.kubectl.apply(manifest("PersistentVolumeClaim", "data", claim("1Gi")), "-n", namespace)

    def capacity() -> str:
        return cluster.kubectl.get("pvc", "data", "-n", namespace)["status"]["capacity"]["storage"]

    cluster.kubectl.until("the claim is bound", lambda: capacity() == "1Gi")
    cluster.kubectl.apply(manifest("PersistentVolumeClaim", "data", claim("3Gi")), "-n", namespace)
    cluster.kubectl.until("the claim has grown", lambda: capacity() == "3Gi")


def test_service_answers_on_every_node_by_name_and_to_this_machine(cluster: Cluster, namespace: str):
    start_web(cluster, namespace)
    pods = {"web-0", "web-1", "web-2"}
    assert {node_of(cluster, namespace, pod) for pod in pods} == {"node-1", "node-2", "node-3"}

    # Every client's node reaches every pod: by the pods' own names, and by the Service until each has answered. A pod is Ready
    # before each node's proxy has heard of it, so that the third answer may take a while; no call may fail meanwhile.
    ask = "".join(f"wget -q -O- http://web-{index}.web-pods:8080/; " for index in range(3))
    for name in (f"http://web.{namespace}.svc.cluster.local/", "http://web/"):
        ask += 'seen=""; for i in $(seq 300); do '
        ask += f"answer=$(wget -q -O- {name}) || exit 1; "
        ask += 'case " $seen " in *" $answer "*) sleep 0.05;; *) seen="$seen $answer";; esac; '
        ask += '[ "$(echo $seen | wc -w)" = 3 ] && break; done; echo $seen; '
    for node in ("node-1", "node-2", "node-3"):
        answers = run_to_end(cluster, namespace, f"client-on-{node}", pod_spec(ask, nodeName=node)).split()
        assert answers[:3] == ["web-0", "web-1", "web-2"]
        assert set(answers[3:6]) == set(answers[6:]) == pods and len(answers) == 9

    service = cluster.kubectl.get("service", "web", "-n", namespace)["spec"]
    node = cluster.state.addresses.node(2)
    for url in (f"http://{service['clusterIP']}/", f"http://{node}:{service['ports'][0]['nodePort']}/"):
        cluster.kubectl.until(f"every pod answers at {url}", lambda url=url: who_answers(url) == pods)


def test_commands_run_in_pods_and_their_logs_are_read(cluster: Cluster, namespace: str):
    cluster.kubectl.apply(manifest("Pod", "idle", pod_spec(f"echo started; {IDLE}")), "-n", namespace)
    cluster.kubectl("wait", "-n", namespace, "pod/idle", "--for=condition=Ready", "--timeout=120s")
    command = lambda: cluster.kubectl("exec", "-n", namespace, "idle", "--", "cat", "/proc/1/cmdline")  # noqa: E731
    cluster.kubectl.until("a command runs in it", lambda: command().startswith("/bin/sh"))
    # Without a probe it is Ready before it has said anything.
    cluster.kubectl.until("its log is read", lambda: cluster.kubectl("logs", "-n", namespace, "idle") == "started\n")


def test_a_scheduler_that_ends_is_started_again(cluster: Cluster, namespace: str):
    def scheduler() -> int | None:
        process = processes.child_of(processes.pid(cluster.state, "kube-scheduler"))
        try:
            return process if Path(f"/proc/{process}/comm").read_text() == "kube-scheduler\n" else None
        except OSError:
            return None

    before = scheduler()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    cluster.kubectl.until("another one runs", lambda: scheduler() not in (None, before))
    assert run_to_end(cluster, namespace, "scheduled", pod_spec("echo here")).split() == ["here"]


@pytest.fixture
def whole(cluster: Cluster):
    """The cluster again as it was, for the next test, whatever this one did to it. Asked for last, it is made whole first:
    what was asked for before it can still reach the API server to tidy up."""
    yield cluster
    cluster.make_whole()


def test_partitioned_node_is_lost_and_comes_back(whole: Cluster):
    whole.partition("node-2")
    whole.wait_until_lost("node-2")
    whole.heal("node-2")
    whole.wait_until_ready("node-2")


def test_killed_node_comes_back_with_its_pods_and_their_data(namespace: str, whole: Cluster):
    start_web(whole, namespace)
    pod = next(pod for pod in ("web-0", "web-1", "web-2") if node_of(whole, namespace, pod) == "node-3")
    wrote = whole.kubectl("exec", "-n", namespace, pod, "--", "cat", "/data/first")
    service = whole.kubectl.get("service", "web", "-n", namespace)["spec"]["clusterIP"]

    whole.kill_node("node-3")
    whole.wait_until_lost("node-3")
    others = {"web-0", "web-1", "web-2"} - {pod}
    whole.kubectl.until("the Service leaves the lost pod out", lambda: who_answers(f"http://{service}/") == others)

    whole.start_node("node-3")
    whole.wait_until_ready("node-3")
    everyone = others | {pod}
    whole.kubectl.until("the pod answers again", lambda: who_answers(f"http://{service}/") == everyone)
    assert whole.kubectl("exec", "-n", namespace, pod, "--", "cat", "/data/first") == wrote


def test_services_answer_while_the_api_server_is_down(namespace: str, whole: Cluster):
    start_web(whole, namespace)
    service = whole.kubectl.get("service", "web", "-n", namespace)["spec"]["clusterIP"]
    everyone = {"web-0", "web-1", "web-2"}
    # A pod is Ready before each node's proxy has heard of it, and from a stopped API server none ever would.
    whole.kubectl.until("the Service leads to every pod", lambda: who_answers(f"http://{service}/") == everyone)
    whole.stop_api()
    with pytest.raises(RuntimeError, match="refused"):
        whole.kubectl("get", "nodes")
    assert who_answers(f"http://{service}/") == everyone
    whole.start_api()
    whole.wait_until_ready("node-1")


def test_second_cluster_comes_up_beside_and_leaves_nothing_behind(tmp_path_factory):
    before = traces_of_clusters()
    state = State(tmp_path_factory.mktemp("second") / "cluster")
    lifecycle.up(state, nodes=1)
    pids = [processes.pid(state, name) for name in processes.recorded(state)]
    assert None not in pids and traces_of_clusters() != before
    # The first cluster's are beside them.
    of_containers = [group for node in state.nodes for group in cgroups.of_containers(state, node)]
    assert of_containers
    lifecycle.down(state)
    assert traces_of_clusters() == before
    assert not [group for group in of_containers if group.exists()]
    assert not state.directory.exists()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def traces_of_clusters() -> dict[str, object]:
    """Whatever a cluster makes on this machine, outside of its directory. A cgroup can only go when nothing runs in it."""

    def lines(*command: str) -> list[str]:
        return sorted(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines())

    return {
        "namespaces": sorted(path.name for path in Path("/run/netns").iterdir()),
        "links": [line.split()[1] for line in lines("ip", "-oneline", "link")],
        "routes": lines("ip", "route"),
        "mounts": sorted(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()),
        "cgroups": sorted(cgroups_of_clusters()),
        "sysctls": [Path(f"/proc/sys/{name}").read_text() for name in ("vm/overcommit_memory", "kernel/panic_on_oops")],
        "files": [Path(path).exists() for path in ("/var/lib/kubelet", "/run/containerd", "/var/log/pods", "/var/lib/cni")],
    }


def cgroups_of_clusters() -> Iterator[str]:
    """Those in a cluster's own. Others' come and go meanwhile, which `os.walk` passes over and `Path.glob` does not."""
    for path, children, _ in os.walk("/sys/fs/cgroup"):
        if Path(path).name.startswith("anabranch-"):
            yield from (f"{path}/{child}" for child in children)

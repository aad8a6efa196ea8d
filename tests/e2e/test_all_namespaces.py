"""The story of one operator for several namespaces: each an account of its own, found, looked after, handed over, let go of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.installation import NAMESPACE, Installation, make_namespace, release
from e2e.test_internal_tls import SECRET, Authority, keep_secret
from harness.cluster import Cluster

ACCOUNTS = {"left": "111111111111", "right": "222222222222"}
ELSEWHERE = f"operator.enabled=false,operator.elsewhere.namespace={NAMESPACE}"


@pytest.fixture
def watching_all(installation: Installation) -> Iterator[Installation]:
    """The operator of all stories, which looks after others too while this one lasts."""
    installation.upgrade("operator.watch=AllNamespaces")
    yield installation
    installation.upgrade("operator.watch=Namespace")


@pytest.fixture
def tenants(cluster: Cluster, watching_all: Installation, tmp_path: Path) -> Iterator[dict[str, Installation]]:
    """Two, of different accounts; the pods of one prove to each other, and to the operator, who they are."""
    for name in ACCOUNTS:
        make_namespace(cluster, name)
    authority = Authority(tmp_path)
    authority.sign()
    keep_secret(Installation(cluster, "left", []), authority)
    found = {}
    for name, account in ACCOUNTS.items():
        tls = SECRET if name == "left" else ""
        values = f"{ELSEWHERE},gateway.replicas=1,crds.upgrade=false,internalTls.secretName={tls}"
        found[name] = release(cluster, name, "--set", values, "--set-string", f"accountId={account}")
    yield found
    for name, tenant in found.items():
        tenant.remove_streams()
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def holder(installation: Installation) -> str:
    """Who looks after its namespace."""
    return installation.get("lease", "anabranch-operator")["spec"].get("holderIdentity", "")


def led(operator: Installation) -> set[str]:
    """The namespaces that the operator says it looks after."""
    pods = operator.get("pods", "--selector", "app.kubernetes.io/component=operator")["items"]
    names = [it["metadata"]["name"] for it in pods if it["status"].get("phase") == "Running"]
    found: set[str] = set()
    for name in names:
        path = f"/api/v1/namespaces/{operator.namespace}/pods/{name}:9567/proxy/metrics"
        lines = operator.cluster.kubectl("get", "--raw", path).splitlines()
        mine = [line for line in lines if line.startswith("anabranch_operator_leads{") and line.endswith(" 1")]
        found |= {line.split('namespace="')[1].split('"')[0] for line in mine}
    return found


def scale(installation: Installation, shards: int) -> None:
    installation.kubectl("scale", "datastream/orders", f"--replicas={shards}")
    what = f"{installation.namespace} has {shards} shards"
    installation.until(what, lambda: installation.has_shards("orders", shards))


@pytest.mark.timeout(600)
def test_one_operator_looks_after_the_namespaces_that_name_it(
    cluster: Cluster, watching_all: Installation, tenants: dict[str, Installation]
) -> None:
    left, right = tenants["left"], tenants["right"]
    # One that names the operator and grants it nothing, and one that says nothing it understands: neither is in the others' way.
    for name, data in (("ungranted", {"shard-image": "any"}), ("muddled", {})):
        cluster.kubectl("create", "namespace", name)
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "anabranch-installation"}}
        document["data"] = {"operator-namespace": NAMESPACE, **data}
        cluster.kubectl.apply(json.dumps(document), "--namespace", name)

    # The same name in both: two streams.
    for name, tenant in tenants.items():
        tenant.stream("orders", 1, pool="shared")
        tenant.kinesis().put_record(StreamName="orders", PartitionKey="k", Data=name.encode())
    for name, tenant in tenants.items():
        assert [data for _, data in tenant.records("orders")["k"]] == [name]
        summary = tenant.kinesis().describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
        assert summary["StreamARN"] == f"arn:aws:kinesis:us-east-1:{ACCOUNTS[name]}:stream/orders"
        assert holder(tenant) == f"{NAMESPACE}/anabranch-operator"
    assert led(watching_all) == {NAMESPACE, "left", "right"}
    assert "orders" not in watching_all.kinesis().list_streams()["StreamNames"]
    shard = left.get("pods", "--selector", "anabranch.dev/pool=shared")["items"][0]["spec"]["containers"][0]
    assert "--internal-tls-mode=strict" in shard["args"]

    # A setting that nobody knows is told where it is written, and what ran goes on.
    right.kubectl("patch", "configmap", "anabranch-installation", "--type=merge", "--patch", '{"data":{"colour":"blue"}}')

    def told() -> str:
        events = right.get("events.events.k8s.io")["items"]
        of = [it for it in events if it["regarding"].get("name") == "anabranch-installation" and it["reason"] == "Refused"]
        return of[0]["note"] if of else ""

    right.until("the refusal is told", told)
    assert "`colour` is not a setting" in told() and "as it was before" in told()
    scale(right, 2)
    right.kubectl("patch", "configmap", "anabranch-installation", "--type=merge", "--patch", '{"data":{"colour":null}}')

    # Another setting takes effect in its namespace.
    right.upgrade("logFormat=text")

    def formats() -> set[str]:
        pods = right.get("statefulset", "shared-shards")["spec"]["template"]["spec"]["containers"][0]["env"]
        return {it["value"] for it in pods if it["name"] == "ANABRANCH_LOG_FORMAT"}

    right.until("shard pods are told", lambda: formats() == {"text"})

    # One that goes is let go of, and the other goes on.
    done = left.run_helm("uninstall")
    assert done.returncode == 0, done.stderr
    watching_all.until("left is let go of", lambda: led(watching_all) == {NAMESPACE, "right"})
    scale(right, 3)

    # One that gets an operator of its own is handed over to it, records and all.
    right.upgrade("operator.enabled=true,operator.elsewhere.namespace=")
    right.until("it has its own operator", lambda: holder(right).startswith("anabranch-operator-"))
    assert led(watching_all) == {NAMESPACE}
    scale(right, 2)
    assert [data for _, data in right.records("orders")["k"]] == ["right"]

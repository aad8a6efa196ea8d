"""The chart against a real API server on which nothing runs: every object is taken, and what must outlive a release does."""

from __future__ import annotations

import os
import subprocess

import pytest
from places import CASES, CHART, KUBERNETES, NAMESPACE

from cluster.kubectl import Kubectl, KubectlError


def helm(kubectl: Kubectl, *arguments: object) -> str:
    command = [os.environ["HELM"], "--kubeconfig", kubectl.kubeconfig, "--namespace", NAMESPACE, *arguments]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_object_is_taken(kubectl, case):
    """Kinds, fields and values by the API server's own schemas; hooks and tests too. Prometheus' own it does not know."""
    unknown = ("--set=podMonitor.enabled=false", "--set=prometheusRules.enabled=false")
    values = ("--values", case, *unknown, f"--kube-version={KUBERNETES}")
    rendered = helm(kubectl, "template", "anabranch", CHART, *values)
    apply = ("apply", "--filename=-", f"--namespace={NAMESPACE}", "--dry-run=server", "--validate=strict")
    kubectl(*apply, stdin=rendered)


def test_installs_upgrades_and_leaves_what_holds_data(kubectl):
    told = helm(kubectl, "install", "anabranch", CHART)
    assert "kubectl wait" in told
    pool = kubectl.get("shardpool", "shared", f"--namespace={NAMESPACE}")
    assert pool["spec"]["shardsPerPod"] == 100
    key = kubectl.get("secret", "anabranch-credentials", f"--namespace={NAMESPACE}")
    token = kubectl.get("secret", "anabranch-token-key", f"--namespace={NAMESPACE}")

    # The Job that updates definitions would wait for a node for ever here; the cluster tests run it.
    helm(kubectl, "upgrade", "anabranch", CHART, "--no-hooks", "--set=pool.storage.size=20Gi", "--set=gateway.replicas=3")
    assert kubectl.get("shardpool", "shared", f"--namespace={NAMESPACE}")["spec"]["storage"]["size"] == "20Gi"
    assert kubectl.get("deployment", "anabranch-gateway", f"--namespace={NAMESPACE}")["spec"]["replicas"] == 3
    after = kubectl.get("secret", "anabranch-credentials", f"--namespace={NAMESPACE}")
    assert after["data"] == key["data"], "an upgrade must not change the access key"
    after = kubectl.get("secret", "anabranch-token-key", f"--namespace={NAMESPACE}")
    assert after["data"] == token["data"], "an upgrade must not change the key of iterators"

    with pytest.raises(AssertionError, match="release anabranch is in namespace kinesis already"):
        helm(kubectl, "install", "another", CHART)

    helm(kubectl, "uninstall", "anabranch")
    with pytest.raises(KubectlError, match="NotFound"):
        kubectl.get("deployment", "anabranch-gateway", f"--namespace={NAMESPACE}")
    assert kubectl.get("shardpool", "shared", f"--namespace={NAMESPACE}")["metadata"]["uid"] == pool["metadata"]["uid"]
    assert kubectl.get("crd", "datastreams.anabranch.dev")

    helm(kubectl, "install", "anabranch", CHART)
    after = kubectl.get("secret", "anabranch-credentials", f"--namespace={NAMESPACE}")
    assert after["data"] == key["data"], "programs know the key: it comes back with the release"
    helm(kubectl, "uninstall", "anabranch")


def test_an_operator_elsewhere_may_do_here_what_it_was_granted_and_nothing_in_other_namespaces(kubectl):
    """As the API server sees it, which is asked for the ServiceAccount that would be the operator's."""
    system = "anabranch-system"
    kubectl("create", "namespace", system)
    helm(kubectl, "install", "anabranch", CHART, f"--namespace={system}", "--set=operator.watch=AllNamespaces")
    elsewhere = f"--set=operator.enabled=false,operator.elsewhere.namespace={system},internalTls.secretName=between-pods"
    helm(kubectl, "install", "anabranch", CHART, elsewhere)

    def may(verb: str, what: str, *more: str) -> bool:
        who = f"--as=system:serviceaccount:{system}:anabranch-operator"
        try:
            return kubectl("auth", "can-i", verb, what, who, *more).strip() == "yes"
        except KubectlError:
            return False

    here, there = f"--namespace={NAMESPACE}", "--namespace=default"
    for verb, what in (("create", "statefulsets.apps"), ("update", "leases"), ("get", "secret/between-pods")):
        assert may(verb, what, here), (verb, what)
        assert not may(verb, what, there), (verb, what)
    assert may("watch", "configmap/anabranch-installation", "--all-namespaces")
    for verb, what in (("watch", "configmaps"), ("list", "secrets"), ("get", "secret/anabranch-credentials"), ("delete", "pods")):
        assert not may(verb, what, here), (verb, what)
    helm(kubectl, "uninstall", "anabranch")
    helm(kubectl, "uninstall", "anabranch", f"--namespace={system}")

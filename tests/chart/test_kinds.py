"""The kinds, judged by a real API server: the same table of rules as the unit tests', and what a person sees with kubectl."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from places import DEFINITIONS, NAMESPACE, ROOT

from cluster.kubectl import Kubectl, KubectlError

ROWS = yaml.safe_load((ROOT / "crds" / "rules.yaml").read_text())
PLURALS = sorted(path.stem for path in DEFINITIONS.glob("*.yaml"))


def manifest(row: dict, spec: dict) -> str:
    # An update can only be of an object that is there: each row has its own.
    name = row.get("name", f"row-{ROWS.index(row)}")
    document = {"apiVersion": "anabranch.dev/v1alpha1", "kind": row["kind"], "metadata": {"name": name}, "spec": spec}
    return json.dumps(document)


def replace(kubectl: Kubectl, text: str) -> str:
    return kubectl("replace", "--filename=-", f"--namespace={NAMESPACE}", "--dry-run=server", stdin=text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}-{ROWS.index(row)}")
def test_takes_and_refuses_what_the_table_says(kubectl, row):
    if "old" in row:
        create = ("create", "--filename=-", f"--namespace={NAMESPACE}")
        kubectl(*create, stdin=manifest(row, row["old"]))
        if "status" in row:
            patch = json.dumps({"status": row["status"]})
            name = f"row-{ROWS.index(row)}"
            where = (f"--namespace={NAMESPACE}", "--subresource=status", "--type=merge", f"--patch={patch}")
            kubectl("patch", row["kind"].lower(), name, *where)
    try:
        if "old" in row:
            replace(kubectl, manifest(row, row["spec"]))
        else:
            dry = ("create", "--filename=-", f"--namespace={NAMESPACE}", "--dry-run=server")
            kubectl(*dry, stdin=manifest(row, row["spec"]))
        said = None
    except KubectlError as error:
        said = str(error)
    if row.get("refused") is None:
        assert said is None
    else:
        assert said is not None, "it was taken"
        assert row["refused"] in said


@pytest.mark.parametrize("plural", PLURALS)
def test_definition_is_taken_without_a_warning(kubectl, plural):
    """Nothing unknown in it, structural, and the estimated cost of its rules within bounds."""
    file = DEFINITIONS / f"{plural}.yaml"
    command = [kubectl.program, "--kubeconfig", kubectl.kubeconfig, "apply", "--server-side", "--filename", file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    conditions = kubectl.get("crd", f"{plural}.anabranch.dev")["status"]["conditions"]
    found = {condition["type"]: condition["status"] for condition in conditions}
    assert found["NamesAccepted"] == "True" and found["Established"] == "True"
    assert found.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize("plural", PLURALS)
def test_explains_every_field(kubectl, plural):
    told = kubectl("explain", f"{plural}.spec", "--recursive")
    assert "<no description>" not in told
    assert "<empty>" not in kubectl("explain", plural)


def test_short_names_and_category_find_the_kinds(kubectl):
    for name in ("dstream", "dpool", "dshard", "dreshard", "dconsumer", "anabranch"):
        kubectl("get", name, f"--namespace={NAMESPACE}")


def test_empty_spec_has_its_defaults(kubectl):
    document = {"apiVersion": "anabranch.dev/v1alpha1", "kind": "DataStream", "metadata": {"name": "defaults"}, "spec": {}}
    create = ("create", "--filename=-", f"--namespace={NAMESPACE}", "--dry-run=server", "--output=json")
    spec = json.loads(kubectl(*create, stdin=json.dumps(document)))["spec"]
    assert spec["retention"] == "24h" and spec["deletionPolicy"] == "Retain"
    assert spec["replication"] == {"factor": 3, "readFrom": "Leader"}
    assert spec["shardLimits"]["writeBytesPerSecond"] == 1 << 20
    assert "shards" not in spec and "pool" not in spec


def test_misspelt_field_is_refused(kubectl):
    document = {"apiVersion": "anabranch.dev/v1alpha1", "kind": "DataStream", "metadata": {"name": "x"}, "spec": {"shard": 1}}
    create = ("create", "--filename=-", f"--namespace={NAMESPACE}", "--dry-run=server")
    with pytest.raises(KubectlError, match='unknown field "spec.shard"'):
        kubectl(*create, stdin=json.dumps(document))


def test_scales_and_shows_what_it_is(kubectl):
    document = {"apiVersion": "anabranch.dev/v1alpha1", "kind": "DataStream", "metadata": {"name": "scaled"}}
    create = ("create", "--filename=-", f"--namespace={NAMESPACE}")
    kubectl(*create, stdin=json.dumps({**document, "spec": {"shards": 4}}))
    kubectl("scale", "datastream/scaled", "--replicas=8", f"--namespace={NAMESPACE}")
    assert kubectl.get("datastream", "scaled", f"--namespace={NAMESPACE}")["spec"]["shards"] == 8
    with pytest.raises(KubectlError, match="shards must be between 1 and 10000"):
        kubectl("scale", "datastream/scaled", "--replicas=0", f"--namespace={NAMESPACE}")
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "AsWished",
        "message": "8 shards",
        "lastTransitionTime": "2026-01-31T12:00:00.123Z",
    }
    load = {"currentShards": 8, "recommendedShards": 9, "load": "5.2", "throttled": "3%"}
    status = {"status": {"phase": "Active", "shards": {"open": 8}, "conditions": [condition], "autoscaling": load}}
    where = (f"--namespace={NAMESPACE}", "--subresource=status", "--type=merge", f"--patch={json.dumps(status)}")
    kubectl("patch", "datastream", "scaled", *where)
    kubectl("wait", "--for=condition=Ready", "--timeout=10s", "datastream/scaled", f"--namespace={NAMESPACE}")
    header, line = kubectl("get", "datastream", "scaled", f"--namespace={NAMESPACE}").splitlines()
    assert header.split() == ["NAME", "READY", "MODE", "SHARDS", "WANTED", "LOAD", "THROTTLED", "RETENTION", "AGE"]
    assert line.split()[:8] == ["scaled", "True", "Provisioned", "8", "8", "5.2", "3%", "24h"]

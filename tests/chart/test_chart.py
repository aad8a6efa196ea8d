"""The chart without a cluster: what it renders to, what it refuses, and what every pod of it must be.

`pytest chart --update` writes the snapshots anew: read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from places import CASES, CHART, DEFINITIONS, KUBERNETES

HERE = Path(__file__).resolve().parent
REFUSED = sorted((HERE / "refused").glob("*.yaml"))


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": os.devnull, "HELM_CACHE_HOME": os.devnull}
    command = [os.environ.get("HELM", "helm"), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def template(chart: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return helm("template", "anabranch", chart, "--namespace=kinesis", f"--kube-version={KUBERNETES}", *arguments)


def rendered(case: Path) -> list[dict]:
    done = template(CHART, "--values", case)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_is_clean(case):
    done = helm("lint", "--strict", CHART, "--values", case, f"--kube-version={KUBERNETES}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_renders_as_ever(case, tmp_path, request):
    """Objects and notes, as they were read and found good."""
    chart = tmp_path / "anabranch"
    subprocess.run(["cp", "-r", CHART, chart], check=True)
    # `helm template` leaves the notes out; a template that takes them in shows them.
    notes = '{{ include (print $.Template.BasePath "/NOTES.txt") . | replace "\\n" "\\n# " | printf "# %s" }}\n'
    (chart / "templates" / "zz-notes.yaml").write_text(notes)
    done = template(chart, "--values", case)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE)
    golden = HERE / "golden" / case.name
    if request.config.getoption("--update"):
        golden.write_text(text)
    assert text == golden.read_text(), f"{golden.name} differs: `tests/chart/test.sh --update`, then read the difference"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.stem)
def test_refuses(case):
    """A wrong value is refused before anything is sent, with a word on which one it is."""
    sentence = case.read_text().splitlines()[0].removeprefix("# says: ")
    done = template(CHART, "--values", case)
    assert done.returncode != 0, "it was taken"
    assert sentence in done.stderr


def test_every_value_is_in_the_schema_and_the_other_way_round():
    """A value without a schema is a typo that nobody finds; a schema without a value is one that nobody knows of."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(schema: dict, values: dict, path: str) -> list[str]:
        known = set(schema.get("properties", {})) - ({"global"} if path == "" else set())
        wrong = [f"{path}{name}" for name in known ^ set(values)]
        for name in known & set(values):
            if schema["properties"][name].get("properties") is not None:
                wrong += compare(schema["properties"][name], values[name], f"{path}{name}.")
        return wrong

    assert compare(schema, values, "") == []


def pods(documents: list[dict]) -> list[tuple[str, dict]]:
    found = []
    for document in documents:
        name = f"{document['kind']}/{document['metadata']['name']}"
        if document["kind"] == "Pod":
            found.append((name, document["spec"]))
        elif "template" in document.get("spec", {}):
            found.append((name, document["spec"]["template"]["spec"]))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_pods_are_restricted_and_bounded(case):
    """The Pod Security level `restricted`, a read-only root, and bounds on what a pod takes."""
    for name, pod in pods(rendered(case)):
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod.get("initContainers", []) + pod["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"], name
        for volume in pod.get("volumes", []):
            assert "hostPath" not in volume, name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_rights_are_named_and_few(case):
    """No wildcard; nothing cluster-wide but what the upgrade of definitions needs, and an operator to find who names it."""
    installations = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["anabranch-installation"],
        "verbs": ["get", "list", "watch"],
    }
    for document in rendered(case):
        if document["kind"] not in ("Role", "ClusterRole"):
            continue
        name = document["metadata"]["name"]
        for rule in document["rules"]:
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"], name
        if document["kind"] == "ClusterRole":
            is_wide = case.stem == "all-namespaces" and document["rules"] == [installations]
            assert name.endswith("upgrade-crds") or is_wide, name


def test_an_operator_elsewhere_has_the_rights_of_one_here():
    """And one Secret more, which would be mounted here."""

    def granted(case: str) -> tuple[list[dict], set[tuple[str, str]]]:
        documents = rendered(HERE / "cases" / f"{case}.yaml")
        mine = [it for it in documents if it["metadata"]["labels"]["app.kubernetes.io/component"] == "operator"]
        roles = [rule for it in mine if it["kind"] == "Role" for rule in it["rules"]]
        bound = [it["subjects"][0] for it in mine if it["kind"] == "RoleBinding"]
        return roles, {(subject["namespace"], subject["name"]) for subject in bound}

    here, by = granted("defaults")
    assert by == {("kinesis", "anabranch-operator")}
    elsewhere, by = granted("operator-elsewhere")
    assert by == {("anabranch-system", "anabranch-operator")}
    secret = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["between-pods"], "verbs": ["get"]}
    assert elsewhere == [*here, secret]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_selectors_select_what_they_mean(case):
    """Services, disruption budgets and policies find the pods of this release by labels that these have."""
    documents = rendered(case)
    labels = [
        document["spec"]["template"]["metadata"]["labels"] for document in documents if "template" in document.get("spec", {})
    ]
    selecting = {"Service", "PodDisruptionBudget", "NetworkPolicy"}
    for document in (document for document in documents if document["kind"] in selecting):
        spec = document["spec"]
        selector = spec.get("podSelector", spec.get("selector"))
        selector = selector.get("matchLabels", selector)
        if selector.get("app.kubernetes.io/component") == "shard":
            continue  # the operator's pods
        found = sum(selector.items() <= own.items() for own in labels)
        assert found == 1, f"{document['kind']}/{document['metadata']['name']} selects {found}"


def test_packs_the_definitions_of_the_types():
    """`make generate` copies them; Helm packs only what lies in the chart."""
    own = {path.name: path.read_text() for path in (CHART / "crds").glob("*.yaml")}
    made = {path.name: path.read_text() for path in DEFINITIONS.glob("*.yaml")}
    assert own == made and len(own) == 5

"""Manifests of the tests' own pods, claims and Services: as little as a test needs, and allowed under `restricted`."""

from __future__ import annotations

import json

from cluster.images import TOOLBOX

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
# On a volume whose folder belongs to the group that the pod asks for, as a disk's does.
POD_SECURITY = {"fsGroup": 65532}


def pod_spec(script: str, *, claim: str | None = None, **more: object) -> dict:
    """A pod of the toolbox image that may do nothing special and writes only to /tmp and its claim."""
    volumes: list[dict] = [{"name": "scratch", "emptyDir": {}}]
    mounts = [{"name": "scratch", "mountPath": "/tmp"}, *([{"name": "data", "mountPath": "/data"}] if claim else [])]
    if claim and claim != "template":
        volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": claim}})
    container = {
        "name": "main",
        "image": TOOLBOX,
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", "-euc", script],
        "securityContext": RESTRICTED,
        "volumeMounts": mounts,
    }
    pod = {"containers": [container], "volumes": volumes, "securityContext": POD_SECURITY, "terminationGracePeriodSeconds": 1}
    return {**pod, "enableServiceLinks": False, **more}


def manifest(kind: str, name: str, spec: dict, version: str = "v1", labels: dict | None = None) -> str:
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels or {}}, "spec": spec})


def claim(size: str) -> dict:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}

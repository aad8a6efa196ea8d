"""One node: containerd, kubelet and kube-proxy in namespaces of its own, switched on, cut off and killed like a machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cluster import certificates, cgroups, images, network, processes
from cluster.state import Node, State

BOOT = Path(__file__).with_name("node.sh")
NEVER_SCARCE = ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree")


def start(state: State, binaries: Path, node: Node) -> None:
    if processes.running(state, node.name):
        return
    configuration = _configure(state, binaries, node)
    groups = cgroups.create(state, node)
    environment = {
        "NODE": node.name,
        "ADDRESS": state.addresses.node(node.index),
        "LABELS": f"topology.kubernetes.io/zone={node.zone},topology.kubernetes.io/region=here",
        "DISK": str(state.disk(node)),
        "VOLUMES": str(state.directory / "volumes"),
        "CONFIGURATION": str(configuration),
        "LOGS": str(state.directory / "logs"),
        "CGROUPS": " ".join(str(group) for group in groups),
        "BINARIES": str(binaries),
        "PROXY": str(certificates.kubeconfig(state, certificates.PROXY)),
        "PODS": state.addresses.pods,
    }
    own_namespaces = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--mount-proc", "--kill-child"]
    command = network.inside(network.node_namespace(state, node), *own_namespaces, BOOT)
    processes.start(state, node.name, command, environment)


def kill(state: State, node: Node) -> None:
    """The machine loses power: its processes and containers, its memory and its network at once. Its disk stays."""
    network.pull_cable(state, node)
    halt(state, node)


def halt(state: State, node: Node) -> None:
    """The kernel kills what is in a pid namespace with its first process, and only then is that process gone."""
    outside = processes.pid(state, node.name)
    first = processes.child_of(outside) if outside else None
    if first:
        processes.kill_and_wait(first)
    processes.kill(state, node.name)
    cgroups.remove(state, node)


def _configure(state: State, binaries: Path, node: Node) -> Path:
    folder = state.configuration(node.name)
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    (state.disk(node) / "run").mkdir(parents=True, exist_ok=True)
    (state.disk(node) / "var").mkdir(parents=True, exist_ok=True)
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(_pod_network(state, node), indent=2))
    (folder / "containerd.toml").write_text(_containerd(folder, binaries))
    (folder / "kubelet.json").write_text(json.dumps(_kubelet(state, folder), indent=2))
    # Names outside of the cluster are looked up nowhere: tests need the network that they bring along and no other.
    (folder / "resolv.conf").write_text("")
    shutil.copy(certificates.kubeconfig(state, f"system:node:{node.name}"), folder / "kubeconfig")
    return folder


def _pod_network(state: State, node: Node) -> dict:
    """Point to point, not a bridge: where br_netfilter is off, replies through a bridge pass by the Services' translation."""
    subnet = state.addresses.pods_of(node.index)
    addresses = {"type": "host-local", "ranges": [[{"subnet": subnet}]], "routes": [{"dst": "0.0.0.0/0"}]}
    pods = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [pods, ports]}


def _containerd(folder: Path, binaries: Path) -> str:
    return f"""version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '{images.PAUSE}'

[plugins.'io.containerd.cri.v1.runtime']
# A machine without CAP_SYS_RESOURCE may not make a process less likely to be killed.
restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['{binaries}']
conf_dir = '{folder / "cni"}'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def _kubelet(state: State, folder: Path) -> dict:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(state.key("ca.crt"))},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDNS": [state.addresses.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": str(folder / "resolv.conf"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        # A host with cgroup v1, or one where the nodes may not make the usual tree: containers have limits, pods do not.
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "localStorageCapacityIsolation": False,
        "failSwapOn": False,
        # The host's disk and memory are not the nodes': a full laptop is no reason to evict.
        "evictionHard": {what: "0%" for what in NEVER_SCARCE},
        "imageGCHighThresholdPercent": 100,
        # A loss is noticed after 12 s (control_plane.py), so the sign of life comes every 2 s.
        "nodeLeaseDurationSeconds": 8,
        "nodeStatusUpdateFrequency": "4s",
    }

"""etcd, API server, controller manager, scheduler and the provisioner of volumes, as processes in the switch's namespace."""

from __future__ import annotations

from pathlib import Path

from cluster import certificates, network, processes
from cluster.addresses import API_PORT
from cluster.state import State

API = "kube-apiserver"
#: Runs a command again and again; whoever kills this has killed that.
AGAIN = 'while :; do setpriv --pdeathsig KILL -- "$0" "$@"; echo "$0 has ended, and is started again" >&2; sleep 1; done'
PROCESSES = ("provisioner", "kube-scheduler", "kube-controller-manager", API, "etcd")

# A node that is silent for this long is NotReady, and its pods are evicted so many seconds later: 40 and 300 by default.
NODE_GRACE = "12s"
EVICTION_SECONDS = 20


def start(state: State, binaries: Path) -> None:
    start_etcd(state, binaries)
    start_api(state, binaries)
    start_controllers(state, binaries)


def start_etcd(state: State, binaries: Path) -> None:
    _start(
        state,
        binaries / "etcd",
        "--data-dir",
        state.directory / "etcd",
        # Not for tests of etcd; a cluster that lives for one test needs no fsync of its own.
        "--unsafe-no-fsync",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
    )


def start_api(state: State, binaries: Path) -> None:
    addresses, key = state.addresses, state.key
    _start(
        state,
        binaries / API,
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={addresses.switch}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={key('api-server.crt')}",
        f"--tls-private-key-file={key('api-server.key')}",
        f"--cert-dir={state.directory / 'keys'}",
        f"--client-ca-file={key('ca.crt')}",
        f"--token-auth-file={key('tokens.csv')}",
        f"--kubelet-client-certificate={key('kubelet-client.crt')}",
        f"--kubelet-client-key={key('kubelet-client.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key('service-accounts.key')}",
        f"--service-account-signing-key-file={key('service-accounts.key')}",
        f"--service-cluster-ip-range={addresses.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--default-not-ready-toleration-seconds={EVICTION_SECONDS}",
        f"--default-unreachable-toleration-seconds={EVICTION_SECONDS}",
    )


def stop_api(state: State) -> None:
    """As if its machine lost power: connections break, the nodes go on with what they know."""
    processes.kill(state, API)


def start_controllers(state: State, binaries: Path) -> None:
    key = state.key
    manager = certificates.kubeconfig(state, certificates.CONTROLLER_MANAGER)
    _keep(
        state,
        binaries / "kube-controller-manager",
        f"--kubeconfig={manager}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={state.directory / 'keys'}",
        f"--root-ca-file={key('ca.crt')}",
        f"--service-account-private-key-file={key('service-accounts.key')}",
        f"--cluster-signing-cert-file={key('ca.crt')}",
        f"--cluster-signing-key-file={key('ca.key')}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        f"--node-monitor-grace-period={NODE_GRACE}",
        "--node-monitor-period=2s",
    )
    scheduler = certificates.kubeconfig(state, certificates.SCHEDULER)
    _keep(
        state,
        binaries / "kube-scheduler",
        f"--kubeconfig={scheduler}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={state.directory / 'keys'}",
        "--leader-elect=false",
    )
    _keep(
        state,
        binaries / "provisioner",
        f"--kubeconfig={certificates.kubeconfig(state, certificates.ADMIN)}",
        f"--directory={state.directory / 'volumes'}",
        "--directory-on-nodes=/var/lib/volumes",
    )


def stop(state: State) -> None:
    for name in PROCESSES:
        processes.kill(state, name)


def _keep(state: State, program: Path, *arguments: object) -> None:
    """A kubelet would start it again: the scheduler ends itself on purpose when it has missed too much of a pod, as while the
    API server was away."""
    processes.start(state, program.name, network.inside(network.switch_namespace(state), "sh", "-c", AGAIN, program, *arguments))


def _start(state: State, program: Path, *arguments: object) -> None:
    processes.start(state, program.name, network.inside(network.switch_namespace(state), program, *arguments))

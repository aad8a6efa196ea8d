"""The command line: `python3 -m cluster COMMAND` in tests/."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cluster import binaries, control_plane, images, lifecycle, network, node
from cluster.kubectl import Kubectl
from cluster.state import State, default_directory


def main() -> None:
    arguments = _parser().parse_args()
    if os.geteuid() != 0:
        raise SystemExit("cluster: namespaces, mounts and cgroups need root; run it with sudo")
    COMMANDS[arguments.command](State(arguments.directory), arguments)


def _up(state: State, arguments: argparse.Namespace) -> None:
    stopwatch = lifecycle.Stopwatch()
    try:
        lifecycle.up(state, arguments.nodes)
    except BaseException as error:
        if state.exists and isinstance(error, (Exception, KeyboardInterrupt)):
            print(f"cluster: it did not come up; the logs are in {state.directory}/logs", file=sys.stderr)
            print("cluster: `make cluster-down` takes away what is there", file=sys.stderr)
        raise
    folder = binaries.ensure()
    print(f"cluster: {arguments.nodes} nodes are Ready, in {stopwatch}. What to type next:\n")
    print(f"  export KUBECONFIG={state.kubeconfig} PATH={folder}:$PATH")
    print("  kubectl get nodes --label-columns topology.kubernetes.io/zone")
    print(f"\nThis machine reaches pods, ClusterIPs and NodePorts directly; pods reach it at {state.addresses.host_end}.")
    print("`make image` makes an image to try, `make cluster-down` takes the cluster away.")


def _down(state: State, arguments: argparse.Namespace) -> None:
    stopwatch = lifecycle.Stopwatch()
    if not state.exists:
        print(f"cluster: there is none in {state.directory}")
        return
    lifecycle.down(state)
    print(f"cluster: gone in {stopwatch}, with everything that it had on this machine. `make cluster-up` makes another.")


def _load_image(state: State, arguments: argparse.Namespace) -> None:
    images.load(state, binaries.ensure(), arguments.file)


def _kubeconfig(state: State, arguments: argparse.Namespace) -> None:
    print(state.kubeconfig)


def _partition(state: State, arguments: argparse.Namespace) -> None:
    network.pull_cable(state, state.node(arguments.node))


def _heal(state: State, arguments: argparse.Namespace) -> None:
    network.plug_cable(state, state.node(arguments.node))


def _kill_node(state: State, arguments: argparse.Namespace) -> None:
    node.kill(state, state.node(arguments.node))


def _start_node(state: State, arguments: argparse.Namespace) -> None:
    each = state.node(arguments.node)
    node.start(state, binaries.ensure(), each)
    network.plug_cable(state, each)


def _stop_api(state: State, arguments: argparse.Namespace) -> None:
    control_plane.stop_api(state)


def _start_api(state: State, arguments: argparse.Namespace) -> None:
    folder = binaries.ensure()
    control_plane.start_api(state, folder)
    lifecycle.wait_for_api(state, Kubectl(folder / "kubectl", state.kubeconfig))


def _build(state: State, arguments: argparse.Namespace) -> None:
    print(binaries.ensure())


COMMANDS = {
    "up": _up,
    "down": _down,
    "build": _build,
    "kubeconfig": _kubeconfig,
    "load-image": _load_image,
    "partition": _partition,
    "heal": _heal,
    "kill-node": _kill_node,
    "start-node": _start_node,
    "stop-api": _stop_api,
    "start-api": _start_api,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cluster", description="A real Kubernetes of several nodes on this machine.")
    directory = f"where the cluster lives (default: $ANABRANCH_CLUSTER_DIR, else {default_directory()})"
    parser.add_argument("--directory", type=Path, help=directory)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make a cluster and wait until it is ready")
    up.add_argument("--nodes", type=int, default=3, choices=range(1, 33), metavar="1…32")
    commands.add_parser("down", help="take it away, and everything that it had on this machine")
    commands.add_parser("build", help="build the programs if they are not in the cache; print their folder")
    commands.add_parser("kubeconfig", help="print the path of the administrator's kubeconfig")
    load = commands.add_parser("load-image", help="import an image file on every node that runs")
    load.add_argument("file", type=Path)
    for name, text in (
        ("partition", "cut a node off: it runs on and reaches nobody"),
        ("heal", "connect it again"),
        ("kill-node", "end a node as a loss of power does; its disk stays"),
        ("start-node", "switch it on again"),
    ):
        commands.add_parser(name, help=text).add_argument("node", metavar="NODE")
    commands.add_parser("stop-api", help="end the API server; the nodes go on")
    commands.add_parser("start-api", help="start it again and wait until it answers")
    return parser


if __name__ == "__main__":
    main()

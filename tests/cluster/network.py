"""The cluster's network: a namespace with a bridge (the switch), one namespace a node, plain routes, one link to the host.

    host ──veth── switch (bridge, API server) ──veth── node-1, node-2, … ──veth── pods

The switch routes a node's pods to the node and all Services to one node that is up, whose kube-proxy sends them on: that is
how the host reaches ClusterIPs. A partition is the switch's end of the node's cable pulled out.
"""

from __future__ import annotations

import json
import subprocess

from cluster.addresses import NUMBERS, Addresses
from cluster.state import Node, State

BRIDGE = "switch"


def claim_number() -> int:
    """The first free network. Making the host's link claims it: the kernel lets only one interface have a name."""
    taken = {route["dst"] for route in json.loads(_ip("-json", "route", "show", capture=True) or "[]")}
    for number in NUMBERS:
        if any(destination.startswith(f"10.{number}.") for destination in taken):
            continue
        pair = ["ip", "link", "add", _host_link(number), "type", "veth", "peer", "name", f"{_host_link(number)}-s"]
        made = subprocess.run(pair, capture_output=True, text=True)
        if made.returncode == 0:
            return number
        if "exists" not in made.stderr:
            raise SystemExit(f"cluster: no network can be made here: {made.stderr.strip()}")
    raise SystemExit(f"cluster: none of the networks 10.{NUMBERS[0]}.0.0/16 … 10.{NUMBERS[-1]}.0.0/16 is free")


def up(state: State) -> None:
    addresses = state.addresses
    switch = switch_namespace(state)
    _namespace(switch)
    _in(switch, "link", "add", BRIDGE, "type", "bridge")
    _in(switch, "addr", "add", f"{addresses.switch}/24", "dev", BRIDGE)
    _in(switch, "link", "set", BRIDGE, "up")
    _link_host(addresses, switch)
    for node in state.nodes:
        _connect(state, node)
    route_services(state)


def _link_host(addresses: Addresses, switch: str) -> None:
    link = _host_link(addresses.number)
    _ip("link", "set", f"{link}-s", "netns", switch, "name", "host")
    _in(switch, "addr", "add", f"{addresses.switch_end}/30", "dev", "host")
    _in(switch, "link", "set", "host", "up")
    _ip("addr", "add", f"{addresses.host_end}/30", "dev", link)
    _ip("link", "set", link, "up")
    _ip("route", "add", addresses.everything, "via", addresses.switch_end, "dev", link)
    _in(switch, "route", "add", "default", "via", addresses.host_end)


def _connect(state: State, node: Node) -> None:
    addresses, switch, mine = state.addresses, switch_namespace(state), node_namespace(state, node)
    _namespace(mine)
    _in(switch, "link", "add", node.name, "type", "veth", "peer", "name", "eth0", "netns", mine)
    _in(switch, "link", "set", node.name, "master", BRIDGE, "up")
    _in(mine, "addr", "add", f"{addresses.node(node.index)}/24", "dev", "eth0")
    _in(mine, "link", "set", "eth0", "up")
    _in(mine, "route", "add", "default", "via", addresses.switch)
    for other in state.nodes:
        route = ("route", "add", addresses.pods_of(other.index), "via", addresses.node(other.index))
        if other != node:
            _in(mine, *route)
    _in(switch, "route", "add", addresses.pods_of(node.index), "via", addresses.node(node.index))


def pull_cable(state: State, node: Node) -> None:
    _in(switch_namespace(state), "link", "set", node.name, "down")
    route_services(state)


def plug_cable(state: State, node: Node) -> None:
    _in(switch_namespace(state), "link", "set", node.name, "up")
    route_services(state)


def plugged(state: State, node: Node) -> bool:
    shown = _in(switch_namespace(state), "-json", "link", "show", node.name, capture=True)
    return "UP" in json.loads(shown)[0]["flags"]


def route_services(state: State) -> None:
    """Services go through the first node that can be reached."""
    for node in state.nodes:
        if plugged(state, node):
            via = state.addresses.node(node.index)
            _in(switch_namespace(state), "route", "replace", state.addresses.services, "via", via)
            return


def down(state: State) -> None:
    """Deleting a namespace deletes the links in it, and with them their other ends."""
    for namespace in [switch_namespace(state), *(node_namespace(state, node) for node in state.nodes)]:
        subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "del", _host_link(state.addresses.number)], check=False, stderr=subprocess.DEVNULL)


def inside(namespace: str, *command: object) -> list[str]:
    """Not `ip netns exec`: that remounts /sys and hides the cgroups from the kubelet."""
    return ["nsenter", f"--net=/run/netns/{namespace}", *(str(part) for part in command)]


def switch_namespace(state: State) -> str:
    return f"{state.name}-switch"


def node_namespace(state: State, node: Node) -> str:
    return f"{state.name}-{node.name}"


def _host_link(number: int) -> str:
    return f"anabranch{number}"


def _namespace(name: str) -> None:
    _ip("netns", "add", name)
    _in(name, "link", "set", "lo", "up")
    subprocess.run(inside(name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"), check=True)


def _in(namespace: str, *arguments: str, capture: bool = False) -> str:
    return _ip("-netns", namespace, *arguments, capture=capture)


def _ip(*arguments: str, capture: bool = False) -> str:
    done = subprocess.run(["ip", *arguments], check=True, text=True, stdout=subprocess.PIPE if capture else None)
    return done.stdout if capture else ""

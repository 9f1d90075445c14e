"""netgraph(4) of the lab's host: nodes, and the links between their hooks; no data flows.

There are the types ether (a node for each Ethernet interface, once ng_ether is loaded), bridge and
socket. What the kernel checks is from its source, of 13 and 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chyves_core.lab.host.modules import has_module
from chyves_core.lab.host.processes import is_alive
from chyves_core.lab.host.state import HostState

Node = dict[str, Any]
Peer = tuple[str, Node, str]
"""A hook of a node, the node that it is connected to, and the hook there."""

LONGEST_NAME = 31
ETHER = ("nic", "bridge", "tap", "vmnet", "vlan", "epair")
ETHER_HOOKS = ("lower", "upper", "orphans")
MESSAGES = {
    "ether": ("setpromisc", "setautosrc", "getifname"),
    "bridge": ("setpersistent", "reset", "getconfig"),
    "socket": (),
}


class NetgraphError(Exception):
    """What the kernel says to a message: the text of its errno."""


def graph(state: HostState) -> HostState:
    """Return nodes and links, those of ended processes and of interfaces that have gone removed."""
    found: HostState = state.setdefault("netgraph", {"nodes": [], "links": [], "next": 1})
    ethers = ethers_of(state) if has_module(state, "ng_ether") else {}
    for node in list(found["nodes"]):
        opener = node.get("opener")
        gone = node["type"] == "ether" and node["name"] not in ethers
        if gone or (opener and not is_alive(*opener)):
            remove(found, node)
    known = {node["name"] for node in found["nodes"] if node["type"] == "ether"}
    for name in ethers:
        if name not in known:
            new_node(found, "ether", name)
    return found


def ethers_of(state: HostState) -> dict[str, str]:
    """Return the names of nodes, and the interfaces they are of (ng_ether_sanitize_ifname)."""
    names = [each["name"] for each in state["interfaces"] if each["kind"] in ETHER]
    return {re.sub("[.:]", "_", name): name for name in names}


def new_node(found: HostState, kind: str, name: str = "", **more: Any) -> Node:
    """Add a node; raises NetgraphError where its name is taken."""
    if name:
        check_name(found, name)
    node = {"id": found["next"], "type": kind, "name": name, **more}
    found["next"] += 1
    found["nodes"].append(node)
    return node


def check_name(found: HostState, name: str) -> None:
    """Refuse a name that no node can have."""
    if len(name) > LONGEST_NAME or re.search(r"[.:\[\]]", name) or not name:
        raise NetgraphError("Invalid argument")
    if any(node["name"] == name for node in found["nodes"]):
        raise NetgraphError("Address already in use")


def peers(found: HostState, node: Node) -> Iterator[Peer]:
    """Yield what a node's hooks are connected to, the newest first."""
    nodes = {each["id"]: each for each in found["nodes"]}
    for one, hook, other, peer_hook in reversed(found["links"]):
        if one == node["id"]:
            yield hook, nodes[other], peer_hook
        elif other == node["id"]:
            yield peer_hook, nodes[one], hook


def resolve(found: HostState, path: str, start: Node | None = None) -> Node:
    """Return the node that a path means, such as `em0:lower` or `.:seed`; raises NetgraphError."""
    name, colon, rest = path.partition(":")
    if not colon:
        name, rest = ".", path if path != "." else ""
    node = start if name in ("", ".") else None
    for each in found["nodes"]:
        if name not in ("", ".") and name in (each["name"], f"[{each['id']:x}]"):
            node = each
    if node is None:
        raise NetgraphError("No such file or directory")
    for hook in rest.split(".") if rest else ():
        node = next((peer for own, peer, _ in peers(found, node) if own == hook), None)
        if node is None:
            raise NetgraphError("No such file or directory")
    return node


def check_hook(found: HostState, node: Node, hook: str) -> None:
    """Refuse a hook that a node of its type does not have, or that is connected."""
    if any(own == hook for own, _, _ in peers(found, node)):
        raise NetgraphError("File exists")
    fits = {
        "ether": hook in ETHER_HOOKS,
        "bridge": re.fullmatch(r"link(0|[1-9]\d*)", hook) is not None,
        "socket": bool(hook),
    }
    if not fits[node["type"]]:
        raise NetgraphError("Invalid argument")


def connect(found: HostState, one: Node, hook: str, other: Node, peer_hook: str) -> None:
    """Connect a hook of a node to one of another node."""
    check_hook(found, one, hook)
    check_hook(found, other, peer_hook)
    found["links"].append([one["id"], hook, other["id"], peer_hook])


def make_peer(state: HostState, node: Node, kind: str, hook: str, peer_hook: str) -> None:
    """Make a node and connect it; libnetgraph loads the module of its type."""
    found = graph(state)
    if kind not in MESSAGES or kind == "ether" or not has_module(state, f"ng_{kind}"):
        raise NetgraphError("No such file or directory")
    check_hook(found, node, hook)
    new = new_node(found, kind)
    try:
        connect(found, node, hook, new, peer_hook)
    except NetgraphError:
        remove(found, new)
        raise


def disconnect(found: HostState, node: Node, hook: str) -> None:
    """Disconnect a hook; a bridge without any goes, unless it is persistent."""
    for own, peer, peer_hook in list(peers(found, node)):
        if own == hook:
            ends = [
                [node["id"], own, peer["id"], peer_hook],
                [peer["id"], peer_hook, node["id"], own],
            ]
            found["links"] = [each for each in found["links"] if each not in ends]
            for end in (node, peer):
                drop_empty(found, end)
            return
    raise NetgraphError("No such file or directory")


def drop_empty(found: HostState, node: Node) -> None:
    """Remove a bridge to which nothing is connected any more."""
    there = node in found["nodes"]
    empty = there and not list(peers(found, node))
    if empty and node["type"] == "bridge" and not node.get("persistent"):
        found["nodes"].remove(node)


def remove(found: HostState, node: Node) -> None:
    """Shut a node down: its hooks are disconnected; an ether node stays."""
    for own, _, _ in list(peers(found, node)):
        disconnect(found, node, own)
    if node in found["nodes"]:
        found["nodes"].remove(node)


def tell(node: Node, command: str, arguments: list[str]) -> None:
    """Send a control message to a node."""
    if command not in MESSAGES[node["type"]]:
        raise NetgraphError("Function not implemented")
    if command.startswith("set"):
        node[command.removeprefix("set")] = arguments or True

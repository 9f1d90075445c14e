"""Plan switches of netgraph(4): pure, from guests' ports and the nodes that the host has.

A switch netgraph{s} is a node of ng_bridge(4), called chyves_netgraph{s}. Port {p} of it is its
hook link{p}, to which bhyve(8) connects. Its uplink has the hooks link0 and link1: behind the first
is the card, behind the second the host itself, which goes on using it (ng_ether(4)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.network.ifconfig import Interface, bridge_of
from chyves_core.plan import Plan, Remove, Step, Write, run
from chyves_core.runtime import RUN_FOLDER

SWITCH = r"netgraph\d{1,3}"
PORT = rf"({SWITCH}):(\d{{1,3}})"
FIRST_PORT = 2
FOLDER = f"{RUN_FOLDER}/netgraph"
MODULES = ("ng_socket", "ng_ether", "ng_bridge")
SINCE = "13.0"
"""bhyve(8) of 13.0 has the backend, and net_backends.c of 12.2 has not."""
CARD, HOST = ("lower", "link0"), ("upper", "link1")


@dataclass(frozen=True)
class Link:
    """A hook of a node, and what it is connected to."""

    hook: str
    peer: str
    peer_hook: str


@dataclass(frozen=True)
class Node:
    """A named node of netgraph(4)."""

    name: str
    kind: str
    links: tuple[Link, ...] = ()


def parse_nodes(output: str) -> dict[str, Node]:
    """Return the named nodes in the output of `ngctl list -l`."""
    found: dict[str, Node] = {}
    name = kind = ""
    for line in output.splitlines():
        head = re.match(r"\s+Name: (\S+)\s+Type: (\S+)\s+ID: ", line)
        words = line.split()
        if head:
            name, kind = head.groups()
            found[name] = Node(name, kind)
        elif name and len(words) == 5 and re.fullmatch(r"[0-9a-f]{8}", words[3]):
            link = Link(words[0], words[1], words[4])
            found[name] = Node(name, kind, (*found[name].links, link))
    return found


def node_of(switch: str) -> str:
    """Return the name of a switch's node."""
    return f"chyves_{switch}"


def ether_node(interface: str) -> str:
    """Return the name of an interface's node (ng_ether_sanitize_ifname)."""
    return re.sub("[.:]", "_", interface)


def split_port(name: str) -> tuple[str, int] | None:
    """Return switch and number of a port such as netgraph2:5, None for another interface."""
    found = re.fullmatch(PORT, name, re.ASCII)
    return (found.group(1), int(found.group(2))) if found else None


def ports_of(guests: Iterable[Guest]) -> list[tuple[Guest, str, int]]:
    """Return the ports that guests have: each with its guest, its switch and its number."""
    return [
        (guest, *port)
        for guest in guests
        for name in guest.interfaces
        if (port := split_port(name)) is not None
    ]


def check_port(whose: str, switch: str, number: int, nodes: Mapping[str, Node]) -> None:
    """Refuse a port of a node that is no switch, or that something else is connected to."""
    node = nodes.get(node_of(switch))
    if node is None:
        return
    if node.kind != "bridge":
        raise Refused(
            f"{whose}: {node.name} is a netgraph node of type {node.kind}, not a bridge",
            f"ngctl show {node.name}:",
        )
    for link in node.links:
        if link.hook == f"link{number}":
            raise Refused(
                f"{whose}: {switch}:{number} is in use by {link.peer}", f"ngctl show {node.name}:"
            )


def check_uplink(
    whose: str,
    switch: str,
    uplink: str,
    nodes: Mapping[str, Node],
    interfaces: Mapping[str, Interface],
) -> None:
    """Refuse an uplink that is not there, or that something else has."""
    if uplink not in interfaces:
        raise Refused(
            f"{whose}: {switch} is attached to {uplink}, which this host does not have",
            f"chyves network {switch} private",
        )
    present = bridge_of(interfaces.values(), uplink)
    if present:
        raise Refused(
            f"{whose}: {switch} is attached to {uplink}, which is in {present}",
            f"chyves network {switch} private",
        )
    node = nodes.get(ether_node(uplink))
    for link in node.links if node else ():
        if link.peer != node_of(switch):
            raise Refused(
                f"{whose}: {switch} is attached to {uplink}, whose {link.hook} {link.peer} has",
                f"ngctl show {ether_node(uplink)}:",
            )


def commands_up(switch: str, uplink: str | None, nodes: Mapping[str, Node]) -> list[str]:
    """Return what ngctl(8) has to do so that a switch is there with its uplink.

    The node is made by ngctl's own, which goes: so it has to persist.
    """
    name = node_of(switch)
    node = nodes.get(name)
    lines = []
    if node is None:
        lines += [
            "mkpeer . bridge seed link999",
            f"name .:seed {name}",
            f"msg {name}: setpersistent",
            "rmhook . seed",
        ]
    connected = {(link.peer_hook, link.hook) for link in node.links} if node else set()
    if uplink and not {CARD, HOST} <= connected:
        card = ether_node(uplink)
        missing = [each for each in (CARD, HOST) if each not in connected]
        lines += [f"connect {card}: {name}: {hook} {link}" for hook, link in missing]
        # ng_ether(4): frames keep the address that the guest gave them, and those for it come in.
        lines += [f"msg {card}: setpromisc 1", f"msg {card}: setautosrc 0"]
    return lines


def plan_up(
    switch: str,
    uplink: str | None,
    nodes: Mapping[str, Node],
    interfaces: Mapping[str, Interface],
) -> Plan:
    """Return the steps that make a switch; all in one ngctl, so that no card is left half-way."""
    lines = commands_up(switch, uplink, nodes)
    file = f"{FOLDER}/{switch}"
    steps: list[Step] = []
    if lines:
        text = "".join(f"{line}\n" for line in (f"# {uplink or 'private'}", *lines))
        steps += [Write(file, text), run("ngctl", "-f", file)]
    if uplink and not interfaces[uplink].is_up:
        steps.append(run("ifconfig", uplink, "up"))
    return tuple(steps)


def mark(switch: str, guest: str) -> str:
    """Return the file that says that a guest uses a switch."""
    return f"{FOLDER}/{switch}.{guest}"


def users(files: Iterable[str]) -> dict[str, list[str]]:
    """Return the guests that use each switch that chyves has made, from the files in FOLDER."""
    found: dict[str, list[str]] = {}
    for file in sorted(files):
        switch, is_mark, guest = file.partition(".")
        if not is_mark:
            found.setdefault(switch, [])
        elif switch in found:
            found[switch].append(guest)
    return found


def unused(files: Iterable[str], nodes: Mapping[str, Node]) -> list[str]:
    """Return the switches of chyves that no guest uses, and that have no link but to a card."""
    uplink = {CARD, HOST}
    found = []
    for switch, guests in users(files).items():
        node = nodes.get(node_of(switch))
        links = node.links if node else ()
        if not guests and all((link.peer_hook, link.hook) in uplink for link in links):
            found.append(switch)
    return found


def plan_down(switches: Sequence[str], nodes: Mapping[str, Node]) -> Iterator[Step]:
    """Yield the steps that take switches away, the node last."""
    for switch in switches:
        node = nodes.get(node_of(switch))
        for link in node.links if node else ():
            if link.hook == CARD[1]:
                yield run("ngctl", "msg", f"{link.peer}:", "setpromisc", "0")
                yield run("ngctl", "msg", f"{link.peer}:", "setautosrc", "1")
        if node:
            yield run("ngctl", "shutdown", f"{node.name}:")
        yield Remove(f"{FOLDER}/{switch}")

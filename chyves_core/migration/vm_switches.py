"""What the switches of vm-bhyve become: bridges, and ports of switches of vale(4) and netgraph(4).

From its vm-switch and the files for each kind of switch.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count

from chyves_core.guests import Guest
from chyves_core.migration.old import FROM
from chyves_core.migration.vm_config import Switch
from chyves_core.network.design import BRIDGE_NAME, PRIVATE
from chyves_core.network.ifconfig import Interface
from chyves_core.network.netgraph import CARD, Node

ATTACH = "_phy_attach"
MULTICAST = 239


@dataclass(frozen=True)
class Around:
    """What the host has that says where switches lead: interfaces, nodes of netgraph(4).

    `own` are the switches of vale(4) and netgraph(4) that others use than guests of vm-bhyve.
    """

    settings: Mapping[str, str]
    own: Collection[str] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)


@dataclass(frozen=True)
class Wired:
    """The bridge of each switch, or vale{s} or netgraph{s}; `new` are attachments of the design.

    `vlans` are the parents of vlans that it gets.
    """

    bridges: Mapping[str, str]
    new: Mapping[str, str]
    vlans: Mapping[str, str]
    notes: tuple[str, ...]


def own_switches(guests: Iterable[Guest], manager: str) -> set[str]:
    """Return the switches of vale(4) and netgraph(4) of guests that did not come from a manager."""
    return {
        name.partition(":")[0]
        for guest in guests
        for name in guest.interfaces
        if not guest.properties.get(FROM, "").startswith(f"{manager} ")
    }


def wire(switches: Sequence[Switch], around: Around) -> Wired:
    """Return what switches become: bridges that lead there already, or new ones."""
    wiring = Wiring(around)
    for each in switches:
        wiring.add(each)
    return Wired(wiring.bridges, wiring.new, wiring.vlans, tuple(wiring.notes))


class Wiring:
    """All switches of one host while they are gone through."""

    def __init__(self, around: Around) -> None:
        self.around = around
        self.attached = {
            name.removesuffix(ATTACH): value
            for name, value in around.settings.items()
            if name.endswith(ATTACH)
        }
        self.bridges: dict[str, str] = {}
        self.new: dict[str, str] = {}
        self.vlans: dict[str, str] = {}
        self.notes: list[str] = []

    def add(self, switch: Switch) -> None:
        """Find what one switch becomes, and say it."""
        kinds = {"manual": self.manual, "vale": self.vale, "netgraph": self.netgraph}
        kinds |= {"standard": self.standard, "vxlan": self.vxlan}
        if switch.kind not in kinds:
            self.notes.append(f"switch {switch.name}: chyves has no {switch.kind} switches")
            return
        kinds[switch.kind](switch)
        if switch.is_private or switch.mtu:
            self.notes.append(f"switch {switch.name}: private ports and mtu are not carried over")

    def manual(self, switch: Switch) -> None:
        """A bridge of the host's own is used as it is, if chyves can call it by its name."""
        if re.fullmatch(BRIDGE_NAME, switch.bridge, re.ASCII):
            self.bridges[switch.name] = switch.bridge
            return
        number = next(self.free("bridge"))
        self.notes.append(
            f"switch {switch.name}: is {switch.bridge}, and bridges of chyves are bridge{{n}}: "
            f"ifconfig {switch.bridge} name {number}, in rc.conf, too"
        )
        self.bridges[switch.name] = number
        self.attached[number] = ""

    def standard(self, switch: Switch) -> None:
        """A bridge with the first of its ports, or a vlan on it."""
        base = self.around.settings.get("vlan_iface_base_name", "vlan")
        uplink = switch.ports[0] if switch.ports else PRIVATE
        if switch.ports and switch.vlan:
            self.vlans[switch.vlan] = switch.ports[0]
            uplink = f"{base}{switch.vlan}"
        self.bridge(switch, uplink)
        if len(switch.ports) > 1:
            others = " ".join(switch.ports[1:])
            self.notes.append(f"switch {switch.name}: a bridge has one uplink, not {others}, too")

    def bridge(self, switch: Switch, uplink: str) -> None:
        """Give a switch the bridge that leads somewhere, and say how the host gets its address."""
        used = set(self.bridges.values())
        bridges = {**self.attached, **self.new}.items()
        there = [
            name
            for name, to in bridges
            if to == uplink and re.fullmatch(BRIDGE_NAME, name, re.ASCII)
        ]
        free = [name for name in there if uplink != PRIVATE or name not in used]
        bridge = free[0] if free else next(self.free("bridge"))
        self.bridges[switch.name] = bridge
        if not free:
            self.new[bridge] = uplink
        where = "private" if uplink == PRIVATE else f"attached to {uplink}"
        self.notes.append(f"switch {switch.name}: is {bridge}, {where}")
        if switch.nat:
            address = switch.address or "172.16.0.1/24"
            command = f"chyves network {bridge} nat {address} dhcp"
            self.notes.append(f"switch {switch.name}: was behind NAT, with dnsmasq: {command}")
        elif switch.address:
            self.notes.append(
                f"switch {switch.name}: has the address {switch.address}, for the host to have: "
                f"chyves network {bridge} nat {switch.address}, or ifconfig"
            )

    def vale(self, switch: Switch) -> None:
        """A switch of vale(4); a card in it was put there by hand, and is again."""
        name = next(self.free("vale"))
        self.bridges[switch.name] = name
        self.notes.append(
            f"switch {switch.name}: is {name}; if a card was in it: valectl -h {name}:CARD"
        )

    def netgraph(self, switch: Switch) -> None:
        """A switch of netgraph(4); the card that is in the old one is its uplink."""
        node = self.around.nodes.get(switch.name)
        cards = [link.peer for link in node.links if link.peer_hook == CARD[0]] if node else []
        free = self.free("netgraph")
        name = next(each for each in free if self.attached.get(each) in (None, *cards) or not cards)
        self.bridges[switch.name] = name
        if name not in self.attached:
            self.new[name] = cards[0] if cards else PRIVATE
        uplink = self.attached.get(name) or self.new[name]
        where = "private" if uplink == PRIVATE else f"attached to {uplink}"
        self.notes.append(f"switch {switch.name}: is {name}, {where}")
        if cards:
            why = f"{cards[0]} is still in it"
            self.notes.append(f"switch {switch.name}: {why}: ngctl shutdown {switch.name}:")

    def vxlan(self, switch: Switch) -> None:
        """A bridge attached to the vxlan(4), which the host makes at its boot."""
        card = switch.ports[0] if switch.ports else ""
        there = self.around.interfaces.get(card)
        mine = next((each for each in there.addresses if ":" not in each), "") if there else ""
        local = mine.partition("/")[0] or "ADDRESS"
        digits = md5(switch.name.encode(), usedforsecurity=False).digest()[:3]
        group = ".".join(str(part) for part in (MULTICAST, *digits))
        name = f"vxlan{switch.vlan}"
        made = f"vxlanid {switch.vlan} vxlanlocal {local} vxlangroup {group} vxlandev {card}"
        self.bridge(switch, name)
        self.notes.append(
            f"switch {switch.name}: chyves makes no vxlan(4), the host has to: "
            f"sysrc cloned_interfaces+={name} create_args_{name}='{made}' ifconfig_{name}=up "
            f"static_routes+={name} route_{name}='-net {group}/32 -iface {card}'"
        )

    def free(self, base: str) -> Iterator[str]:
        """Yield the names with a number that nothing has."""
        taken = set(self.bridges.values()) | set(self.around.own) | set(self.new)
        if base == "bridge":
            taken |= set(self.attached)
        return (name for n in count() if (name := f"{base}{n}") not in taken)

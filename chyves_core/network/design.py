"""The design of the host's networks, as the global properties hold it, and the marks of chyves.

What chyves makes carries a description, `chyves:GUEST:tap50`, `chyves:bridge0` or `chyves:vlan7`,
and only that is ever taken away again. Whoever renames such an interface leaves it its mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chyves_core.names import GUEST_NAME
from chyves_core.network.ifconfig import Interface
from chyves_core.settings import Settings

DEFAULT_MTU = 1500
MARK = "chyves:"
PRIVATE = "private"
BRIDGE_NAME = r"bridge\d{1,5}"
TAP_MARK = re.compile(rf"{MARK}({GUEST_NAME}):(tap\d+)")


@dataclass(frozen=True)
class Vlan:
    """A vlan(4) interface that chyves makes where it is missing."""

    name: str
    tag: int
    parent: str


@dataclass(frozen=True)
class Design:
    """How networks are to be made: by chyves or not, and what each bridge is attached to.

    `vlans` are those that chyves makes, by name. `members_have_addresses` says whether this
    host's bridges take an interface that has an IP address (if_bridge(4), FreeBSD 15).
    """

    automatic: bool
    attached: Mapping[str, str]
    vlans: Mapping[str, Vlan] = field(default_factory=dict)
    members_have_addresses: bool = True

    @classmethod
    def from_settings(cls, settings: Settings, *, members_have_addresses: bool = True) -> Design:
        """Return the design that the global properties hold."""
        attached = {
            name.removesuffix("_phy_attach"): value
            for name, value in settings.own.items()
            if name.endswith("_phy_attach")
        }
        base = settings["vlan_iface_base_name"]
        parents = {
            int(found.group(1)): value
            for name, value in settings.own.items()
            if (found := re.fullmatch(r"vlan(\d+)_parent", name, re.ASCII))
        }
        vlans = {f"{base}{tag}": Vlan(f"{base}{tag}", tag, parents[tag]) for tag in parents}
        automatic = settings["network_design_mode"] == "auto"
        return cls(automatic, attached, vlans, members_have_addresses)

    @property
    def bridges(self) -> list[str]:
        """The bridges that the design names; switches of netgraph(4) are attached, too."""
        return [name for name in self.attached if re.fullmatch(BRIDGE_NAME, name, re.ASCII)]

    def uplink(self, bridge: str) -> str | None:
        """Return the interface that a bridge is attached to, None for a private one."""
        interface = self.attached.get(bridge, PRIVATE)
        return None if interface == PRIVATE else interface

    def bridges_on(self, interface: str) -> list[str]:
        """Return the bridges that are attached to an interface."""
        return [bridge for bridge, uplink in self.attached.items() if uplink == interface]


def tap_mark(guest: str, tap: str) -> str:
    """Return the description of a guest's tap."""
    return f"{MARK}{guest}:{tap}"


def mark(name: str) -> str:
    """Return the description of a bridge or vlan that chyves has made."""
    return f"{MARK}{name}"


def owner_of(interface: Interface) -> str | None:
    """Return the guest that chyves made a tap for, None for every other interface."""
    found = TAP_MARK.fullmatch(interface.description)
    return found.group(1) if found and not interface.is_bridge else None


def is_own_bridge(interface: Interface) -> bool:
    """Return whether chyves has made a bridge, whatever it is called now."""
    name = interface.description.removeprefix(MARK)
    made = name != interface.description and re.fullmatch(BRIDGE_NAME, name, re.ASCII)
    return bool(made) and interface.is_bridge


def is_own_vlan(interface: Interface) -> bool:
    """Return whether chyves has made a vlan."""
    return "vlan" in interface.groups and interface.description == mark(interface.name)


def find_bridge(name: str, interfaces: Mapping[str, Interface]) -> Interface | None:
    """Return the bridge of that name, else the one that chyves made as it and that was renamed."""
    if name in interfaces:
        return interfaces[name]
    same = (each for each in interfaces.values() if each.description == mark(name))
    return next((each for each in same if is_own_bridge(each)), None)


def find_tap(guest: str, tap: str, interfaces: Mapping[str, Interface]) -> Interface | None:
    """Return the tap of that name, else the one that chyves made as it and that was renamed."""
    if tap in interfaces:
        return interfaces[tap]
    marked = tap_mark(guest, tap)
    return next((each for each in interfaces.values() if each.description == marked), None)

"""What the host's networks are, and what of them is as designed: lists, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chyves_core.errors import UsageError
from chyves_core.guests import Guest
from chyves_core.listing import Listed
from chyves_core.look import Look
from chyves_core.network.bridges import MADE
from chyves_core.network.design import PRIVATE, Design, find_bridge, find_tap, tap_mark
from chyves_core.network.ifconfig import Interface, bridge_of, read_interfaces
from chyves_core.network.jails import find_epair
from chyves_core.network.jails import wanted as wanted_jails
from chyves_core.network.netgraph import ports_of
from chyves_core.network.plan import taps_of
from chyves_core.output import Repeated, Row
from chyves_core.settings import default_settings, global_settings

AS_DESIGNED, MISSING, FOREIGN, NOT_IN_USE = "as designed", "missing", "foreign", "not in use"


@dataclass(frozen=True)
class Tap:
    """One tap of the design: whose it is, and in which bridge it is to be."""

    name: str
    guest: Guest
    bridge: str


class Networks:
    """The design of all networks beside what the host has, each read once."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.settings = global_settings(look.inventory.storage)
        self.design = Design.from_settings(self.settings)

    @cached_property
    def interfaces(self) -> Mapping[str, Interface]:
        """The host's interfaces, with one ifconfig call."""
        return read_interfaces(self.look.host)

    @cached_property
    def taps(self) -> dict[str, Tap]:
        """The taps of all guests, by name."""
        return {
            tap: Tap(tap, guest, guest.properties.get(f"{tap}_bridge", ""))
            for guest in self.look.inventory.guests.values()
            for tap in taps_of(guest)
        }

    @cached_property
    def bridges(self) -> dict[str, Interface | None]:
        """All bridges by name, those that the design names and those that the host has."""
        named = {*self.design.bridges, *(tap.bridge for tap in self.taps.values() if tap.bridge)}
        named.add(default_settings(self.look.inventory.storage)["bridge"])
        found = {name: find_bridge(name, self.interfaces) for name in named}
        known = {each.name for each in found.values() if each}
        others = (each for each in self.interfaces.values() if each.is_bridge)
        found |= {each.name: each for each in others if each.name not in known}
        return dict(sorted(found.items(), key=lambda item: natural(item[0])))

    def is_wanted(self, guest: Guest) -> bool:
        """Return whether a guest's network should be there now."""
        return not self.design.automatic or self.look.runtime.is_running(guest.name)

    def bridge_state(self, name: str) -> str:
        """Return what is to be said of a bridge."""
        there = self.bridges[name]
        taps = [tap for tap in self.taps.values() if tap.bridge == name]
        if there is None:
            wanted = any(self.is_wanted(tap.guest) for tap in taps)
            return MISSING if wanted else NOT_IN_USE
        if not (taps or name in self.design.attached):
            return FOREIGN
        return AS_DESIGNED if there.is_up else "down"

    def tap_state(self, tap: Tap) -> str:
        """Return what is to be said of a guest's tap."""
        there = find_tap(tap.guest.name, tap.name, self.interfaces)
        if there is None:
            return MISSING if self.is_wanted(tap.guest) else NOT_IN_USE
        if there.description not in ("", tap_mark(tap.guest.name, tap.name)):
            return FOREIGN
        bridge = self.bridges.get(tap.bridge)
        present = bridge_of(self.interfaces.values(), there.name)
        if present != (bridge.name if bridge else None):
            return f"in {present}" if present else f"not in {tap.bridge}"
        if bridge and bridge.mtu != there.mtu:
            return f"MTU is not that of {tap.bridge}"
        return AS_DESIGNED

    def members(self, name: str) -> Iterator[dict[str, object]]:
        """Yield the uplink of a bridge, its taps, and whatever else is in it."""
        bridge = self.bridges[name]
        present = bridge.members if bridge else ()
        uplink = self.design.uplink(name)
        if uplink:
            state = AS_DESIGNED if uplink in present else MISSING if bridge else NOT_IN_USE
            yield self.member(uplink, "uplink", None, state)
        taps = [tap for tap in self.taps.values() if tap.bridge == name]
        for tap in sorted(taps, key=lambda tap: natural(tap.name)):
            yield self.member(tap.name, "tap", tap.guest.name, self.tap_state(tap))
        jails = [each for each in wanted_jails(self.settings) if each.bridge == name]
        ends = {each.jail: find_epair(each, self.interfaces) for each in jails}
        for jail, end in ends.items():
            here = AS_DESIGNED if end and end.name in present else MISSING
            yield self.member(end.name if end else "epair", "epair", f"{jail} (jail)", here)
        known = {uplink, *(tap.name for tap in taps), *(end.name for end in ends.values() if end)}
        for each in sorted(set(present) - known, key=natural):
            owner = self.taps[each].guest.name if each in self.taps else None
            groups = set(self.interfaces[each].groups) if each in self.interfaces else set()
            kind = next(iter(sorted(groups & MADE)), "uplink")
            yield self.member(each, kind, owner, FOREIGN)

    def member(self, name: str, kind: str, guest: str | None, state: str) -> dict[str, object]:
        """Return one member of a bridge as a row."""
        there = self.interfaces.get(name)
        mtu = there.mtu if there else None
        return {"member": name, "kind": kind, "mtu": mtu, "guest": guest, "state": state}

    def bridge_row(self, name: str) -> dict[str, object]:
        """Return one bridge as a row."""
        there = self.bridges[name]
        return {
            "bridge": name,
            "interface": there.name if there else None,
            "attached": self.design.uplink(name) or "private",
            "mtu": there.mtu if there else None,
            "state": self.bridge_state(name),
        }


def natural(name: str) -> tuple[str, int]:
    """Return what names are sorted by, so that tap9 comes before tap10."""
    base = name.rstrip("0123456789")
    digits = name[len(base) :]
    return base, int(digits) if digits else -1


def bridges(look: Look, word: str | None) -> Listed:
    """Return the bridges, each with its uplink and its taps below it."""
    networks = Networks(look)
    rows: list[Row] = []
    for name in networks.bridges:
        row = networks.bridge_row(name)
        rows.append({**row, "member": None, "kind": "bridge", "guest": None})
        for member in networks.members(name):
            also = {key: row[key] for key in ("interface", "attached")}
            rows.append({"bridge": Repeated(name), **also, **member})
    return Listed(("bridge", "member", "mtu", "guest", "state"), rows, "bridges")


def active_taps(look: Look, word: str | None) -> Listed:
    """Return the taps that a process has open."""
    if word != "active":
        raise UsageError(f"{word or 'tap'}: taps are listed with", "chyves list tap active")
    networks = Networks(look)
    rows = []
    for each in sorted(networks.interfaces.values(), key=lambda each: natural(each.name)):
        if each.opened_by:
            tap = networks.taps.get(each.name)
            rows.append(
                {
                    "tap": each.name,
                    "bridge": bridge_of(networks.interfaces.values(), each.name),
                    "guest": tap.guest.name if tap else None,
                    "pid": each.opened_by,
                    "mtu": each.mtu,
                    "description": each.description or None,
                }
            )
    return Listed(("tap", "bridge", "guest", "pid", "mtu"), rows, "taps in use")


def document(look: Look) -> dict[str, object]:
    """Return all networks as one value for JSON."""
    networks = Networks(look)
    loose = [tap for tap in networks.taps.values() if not tap.bridge]
    ports = [
        {"port": name, "guest": guest.name}
        for guest in look.inventory.guests.values()
        for name in guest.interfaces
        if name.startswith("vale")
    ]
    switches = [
        {
            "port": f"{switch}:{number}",
            "guest": guest.name,
            "attached": networks.design.uplink(switch) or PRIVATE,
        }
        for guest, switch, number in ports_of(look.inventory.guests.values())
    ]
    return {
        "mode": networks.settings["network_design_mode"],
        "default": default_settings(look.inventory.storage)["bridge"],
        "bridges": [
            {**networks.bridge_row(name), "members": list(networks.members(name))}
            for name in networks.bridges
        ],
        "taps_in_no_bridge": [
            networks.member(tap.name, "tap", tap.guest.name, networks.tap_state(tap))
            for tap in loose
        ],
        "vlans": [
            {"vlan": each.name, "tag": each.tag, "parent": each.parent}
            for each in networks.design.vlans.values()
        ],
        "vale_ports": ports,
        "netgraph_ports": switches,
    }

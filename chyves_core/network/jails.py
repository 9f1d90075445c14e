"""Vnet jails in bridges: an epair(4), one end of it in the bridge and the other one in the jail.

Which jails are in a bridge stands in the global property bridge{n}_jails. The end in the bridge
carries the mark chyves:jail:NAME:BRIDGE, by which it is known again and taken away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from chyves_core.errors import Refused
from chyves_core.network.bridges import ready_bridge
from chyves_core.network.design import BRIDGE_NAME, DEFAULT_MTU, MARK, Design
from chyves_core.network.ifconfig import Interface
from chyves_core.network.sketch import Sketch
from chyves_core.settings import Settings

SUFFIX = "_jails"
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
OWN_EPAIR = re.compile(rf"{MARK}jail:({NAME}):({BRIDGE_NAME})", re.ASCII)
FIRST_EPAIR = 50


@dataclass(frozen=True)
class Member:
    """A jail that is to be in a bridge."""

    jail: str
    bridge: str

    @property
    def mark(self) -> str:
        """The description of its end in the bridge."""
        return f"{MARK}jail:{self.jail}:{self.bridge}"


def wanted(settings: Settings) -> list[Member]:
    """Return the jails that are to be in bridges."""
    return [
        Member(jail, name.removesuffix(SUFFIX))
        for name, value in sorted(settings.own.items())
        if re.fullmatch(BRIDGE_NAME + SUFFIX, name, re.ASCII)
        for jail in value.split(",")
        if jail
    ]


def parse_jails(output: str) -> dict[str, bool]:
    """Return the jails in the output of `jls -n name vnet`, and whether each has a vnet."""
    rows = re.findall(r"^name=(\S+) vnet=(\S+)$", output, re.M)
    return {name: kind == "new" for name, kind in rows}


def check_jail(jail: str, jails: Mapping[str, bool]) -> None:
    """Refuse a jail that does not run, or that has no network stack of its own."""
    if jail not in jails:
        raise Refused(f"{jail}: no jail of this name runs", "jls name vnet")
    if not jails[jail]:
        raise Refused(f"{jail}: is no vnet jail", f"vnet; for {jail} in jail.conf(5)")


def member_of(interface: Interface) -> Member | None:
    """Return the jail that chyves has made an epair for, None for every other interface."""
    found = OWN_EPAIR.fullmatch(interface.description)
    return Member(*found.groups()) if found and "epair" in interface.groups else None


def find_epair(member: Member, interfaces: Mapping[str, Interface]) -> Interface | None:
    """Return a jail's end in its bridge."""
    return next((each for each in interfaces.values() if member_of(each) == member), None)


def other_end(name: str) -> str:
    """Return the other end of an epair."""
    return f"{name[:-1]}b"


def sketch_jail(sketch: Sketch, design: Design, member: Member) -> None:
    """Plan that a running vnet jail is in its bridge, with the bridge's MTU.

    An end that has come back from a jail which ended is given to it again. One that is not on the
    host is where it belongs, or where somebody has put it.
    """
    bridge = ready_bridge(sketch, design, member.bridge, f"{member.jail}: ")
    there = find_epair(member, sketch.interfaces)
    mtu = [] if bridge.mtu == DEFAULT_MTU else ["mtu", str(bridge.mtu)]
    if there is None:
        number = next(
            n
            for n in count(FIRST_EPAIR)
            if not {f"epair{n}a", f"epair{n}b"} & set(sketch.interfaces)
        )
        sketch.ifconfig(f"epair{number}", "create", "description", member.mark, *mtu, "up")
        there = sketch.interfaces[f"epair{number}a"]
    elif there.mtu != bridge.mtu:
        sketch.ifconfig(there.name, "mtu", str(bridge.mtu))
    present = sketch.bridge_of(there.name)
    if present != bridge.name:
        if present:
            sketch.ifconfig(present, "deletem", there.name)
        sketch.ifconfig(bridge.name, "addm", there.name)
    other = other_end(there.name)
    if other in sketch.interfaces:
        sketch.ifconfig(other, *mtu, "vnet", member.jail)

"""Plan one bridge as it is designed: made where it is missing, mended where it is not so."""

from __future__ import annotations

from collections.abc import Mapping

from chyves_core.errors import Refused
from chyves_core.network.design import Design, Vlan, find_bridge, is_own_bridge, is_own_vlan, mark
from chyves_core.network.ifconfig import Interface
from chyves_core.network.sketch import Sketch

# Interfaces that are made in software and put into bridges by other programs.
MADE = frozenset(("tap", "vmnet", "tun", "epair", "vxlan", "gif", "ng"))


def ready_bridge(sketch: Sketch, design: Design, bridge: str, whose: str = "") -> Interface:
    """Plan what makes a bridge as it is designed, and return it as it will be.

    `whose` begins the refusals: `web1: `. Raises Refused where its uplink is missing or in
    another bridge, or could not be a member.
    """
    there = find_bridge(bridge, sketch.interfaces)
    uplink = design.uplink(bridge)
    is_member = there is not None and uplink in there.members
    if uplink and not is_member:
        check_no_other(sketch, there, bridge, uplink, whose)
        ready_uplink(sketch, design, bridge, uplink, whose)
        check_uplink(sketch, design, bridge, uplink, whose)
    if there is None:
        # All in one call, the mark first: what is made is known as chyves's own at once.
        words = ("addm", uplink) if uplink else ()
        sketch.ifconfig(bridge, "create", "description", mark(bridge), *words, "up")
    else:
        if uplink and not is_member:
            sketch.ifconfig(there.name, "addm", uplink)
        if not there.is_up:
            sketch.ifconfig(there.name, "up")
    if uplink:
        bring_up(sketch, uplink)
    return sketch.interfaces[there.name if there else bridge]


def check_no_other(
    sketch: Sketch, there: Interface | None, bridge: str, uplink: str, whose: str
) -> None:
    """Refuse a second way out of a bridge that chyves has made: two could be a loop."""
    for name in there.members if there and is_own_bridge(there) else ():
        if is_card(sketch.interfaces, name):
            raise Refused(
                f"{whose}{bridge} is attached to {uplink}, and {name} is in it",
                f"chyves network {bridge} attach {uplink}",
            )


def is_card(interfaces: Mapping[str, Interface], name: str) -> bool:
    """Return whether a member is a card or a vlan, and so leads out of this host."""
    groups = interfaces[name].groups if name in interfaces else ()
    return not MADE.intersection(groups) and not name.startswith(("tap", "vmnet", "epair"))


def bring_up(sketch: Sketch, name: str) -> None:
    """Plan that an interface is up, and before it the one that it is a vlan of."""
    for each in (sketch.interfaces[name].parent, name):
        if each in sketch.interfaces and not sketch.interfaces[each].is_up:
            sketch.ifconfig(each, "up")


def ready_uplink(sketch: Sketch, design: Design, bridge: str, uplink: str, whose: str) -> None:
    """Plan the vlan that a bridge is attached to; refuse an uplink that nobody can make."""
    vlan = design.vlans.get(uplink)
    there = sketch.interfaces.get(uplink)
    if there is not None:
        if vlan and there.tag and (there.tag, there.parent) != (vlan.tag, vlan.parent):
            raise Refused(
                f"{whose}{uplink} is vlan {there.tag} of {there.parent}, "
                f"not vlan {vlan.tag} of {vlan.parent}",
                f"ifconfig {uplink}",
            )
        return
    if vlan is None or vlan.parent not in sketch.interfaces:
        missing = vlan.parent if vlan else uplink
        of = f" (vlan {vlan.tag} of {missing})" if vlan else ""
        raise Refused(
            f"{whose}{bridge} is attached to {uplink}{of}, which this host does not have",
            f"chyves network {bridge} private",
        )
    make_vlan(sketch, vlan, whose)


def make_vlan(sketch: Sketch, vlan: Vlan, whose: str) -> None:
    """Plan a vlan(4) interface; refuse one that the host has under another name."""
    for each in sketch.interfaces.values():
        if (each.tag, each.parent) == (vlan.tag, vlan.parent):
            raise Refused(
                f"{whose}vlan {vlan.tag} of {vlan.parent} is {each.name} on this host",
                f"ifconfig {each.name}",
            )
    # vlan and vlandev stand right behind create (captures ifconfig vlan-named).
    words = ["create", "vlan", str(vlan.tag), "vlandev", vlan.parent]
    words += ["description", mark(vlan.name), "up"]
    if vlan.name == f"vlan{vlan.tag}":
        sketch.ifconfig(vlan.name, *words)
    else:
        sketch.ifconfig("vlan", *words, "name", vlan.name)


def check_uplink(sketch: Sketch, design: Design, bridge: str, uplink: str, whose: str) -> None:
    """Refuse an uplink that the kernel would not take into the bridge."""
    card = sketch.interfaces[uplink]
    there = find_bridge(bridge, sketch.interfaces)
    present = sketch.bridge_of(uplink)
    if present is not None:
        raise Refused(
            f"{whose}{bridge} is attached to {uplink}, which is in {present} already",
            "chyves list bridges",
        )
    if there and there.members and there.mtu != card.mtu:
        # captures ifconfig addm-mtu-nic.
        raise Refused(
            f"{whose}{uplink} has MTU {card.mtu} and {there.name} has {there.mtu}: "
            "a bridge and its members have the same",
            f"ifconfig {uplink} mtu {there.mtu}",
        )
    check_address(card, design, bridge, whose)


def check_address(card: Interface, design: Design, bridge: str, whose: str = "") -> None:
    """Refuse an uplink with an address where bridges take none; it would fail as EINVAL."""
    if card.addresses and not design.members_have_addresses:
        raise Refused(
            f"{whose}{card.name} has the address {card.addresses[0]}; bridges of this host take "
            "no member with one (net.link.bridge.member_ifaddrs=0)",
            f"give the address to {bridge}: if_bridge(4)",
        )


def in_use(sketch: Sketch, bridge: Interface) -> bool:
    """Return whether somebody uses a bridge: a member but its uplink, or an address of the host."""
    addresses = () if bridge.name in sketch.natted else bridge.addresses
    if any(not address.startswith("fe80:") for address in addresses):
        return True
    for name in bridge.members:
        member = sketch.interfaces.get(name)
        groups = member.groups if member else ()
        if MADE.intersection(groups) or name.startswith(("tap", "vmnet", "epair")):
            return True
    return False


def drop_unused(sketch: Sketch) -> None:
    """Plan that bridges and vlans go which chyves made and nobody uses."""
    for each in list(sketch.interfaces.values()):
        if is_own_bridge(each) and not in_use(sketch, each):
            sketch.ifconfig(each.name, "destroy")
    for each in list(sketch.interfaces.values()):
        if is_own_vlan(each) and not each.addresses and sketch.bridge_of(each.name) is None:
            sketch.ifconfig(each.name, "destroy")

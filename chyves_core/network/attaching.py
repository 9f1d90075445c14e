"""Attach bridges to interfaces, or to none: in the design, and at once where a bridge is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from chyves_core import locks, zfs
from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError
from chyves_core.guests import Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.network.bridges import check_address, drop_unused, is_card, ready_bridge
from chyves_core.network.design import PRIVATE, Design, Vlan, find_bridge, is_own_bridge
from chyves_core.network.ifconfig import Interface, read_interfaces
from chyves_core.network.own import consequences, lifelines
from chyves_core.network.sketch import Sketch
from chyves_core.plan import Plan, Run, run
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.settings import global_settings
from chyves_core.supervise.boot_step import NETWORK_LOCK

MOST_TAGS = 4094

Confirm = Callable[[str], None]


@dataclass(frozen=True)
class Attached:
    """A bridge's uplink from now on, and whether the bridge is on the host now."""

    uplink: str
    living: bool


def attach(
    host: Host, bridge: str, interface: str, tag: int | None, design: Design, confirm: Confirm
) -> Attached:
    """Attach a bridge to an interface, or to a vlan of it, or to none (`private`).

    `confirm` is asked where the host's own network is concerned.
    """
    with locks.hold(host, NETWORK_LOCK, locks.NUMBERING, seconds=60):
        inventory = read_inventory(host)
        interfaces = read_interfaces(host)
        uplink, design = new_design(inventory, interfaces, design, bridge, interface, tag)
        check_attachable(interfaces, bridge, uplink, design)
        settings = global_settings(inventory.storage)
        if uplink != PRIVATE and f"{bridge}_nat" in settings.own:
            hint = f"chyves network {bridge} nat off"
            raise Refused(f"{bridge}: is behind NAT, which is for private bridges", hint)
        former = settings.own.get(f"{bridge}_phy_attach", "")
        before, after = plan_living(interfaces, bridge, former, design)
        ask(host, interfaces, bridge, uplink, design, before, confirm)
        store(host, inventory, bridge, uplink, design, before, after)
        return Attached(uplink, find_bridge(bridge, interfaces) is not None)


def new_design(
    inventory: Inventory,
    interfaces: dict[str, Interface],
    design: Design,
    bridge: str,
    interface: str,
    tag: int | None,
) -> tuple[str, Design]:
    """Return the uplink that is meant, and the design with it.

    A vlan that the host has, whatever its name, is taken as it is.
    """
    uplink, vlans = interface, dict(design.vlans)
    if tag is not None:
        if not 1 <= tag <= MOST_TAGS:
            raise UsageError(f"--vlan {tag}: is 1 to {MOST_TAGS}")
        there = [
            each for each in interfaces.values() if (each.tag, each.parent) == (tag, interface)
        ]
        base = global_settings(inventory.storage)["vlan_iface_base_name"]
        uplink = there[0].name if there else f"{base}{tag}"
        other = vlans.get(uplink)
        if other and other.parent != interface and set(design.bridges_on(uplink)) - {bridge}:
            raise Refused(f"{uplink}: is vlan {tag} of {other.parent} for another bridge")
        if not there:
            vlans[uplink] = Vlan(uplink, tag, interface)
    attached = {**design.attached, bridge: uplink}
    return uplink, replace(design, attached=attached, vlans=vlans)


def check_attachable(
    interfaces: dict[str, Interface], bridge: str, uplink: str, design: Design
) -> None:
    """Refuse what can't be a bridge's uplink, or is another one's."""
    if uplink == PRIVATE:
        return
    for other in design.bridges_on(uplink):
        if other != bridge:
            raise Refused(f"{uplink}: is that of {other}", f"chyves network {other} private")
    vlan = design.vlans.get(uplink)
    there = interfaces.get(uplink) or (interfaces.get(vlan.parent) if vlan else None)
    if there is None:
        missing = vlan.parent if vlan else uplink
        raise NotFound(f"{missing}: this host has no such interface", "ifconfig -l")
    if uplink in interfaces:
        check_address(there, design, bridge)
    # captures ifconfig addm-lo, addm-bridge; wlan(4) can't be bridged.
    if there.is_bridge or "LOOPBACK" in there.flags or re.fullmatch(r"wlan\d+", there.name):
        raise Refused(f"{uplink}: can't be a member of a bridge", "ifconfig -l")
    if there.name.startswith("tap") or "tap" in there.groups:
        hint = f"chyves network {bridge} join {there.name}"
        raise Refused(f"{uplink}: is a tap, taps join bridges", hint)


def ask(
    host: Host,
    interfaces: dict[str, Interface],
    bridge: str,
    uplink: str,
    design: Design,
    before: Plan,
    confirm: Confirm,
) -> None:
    """Ask before something is done to an interface that the host itself is reached by.

    `before` takes members out of the bridge. A bridge with the host's own address is reached by
    its uplink.
    """
    living = find_bridge(bridge, interfaces)
    needed = lifelines(host, interfaces)
    vlan = design.vlans.get(uplink)
    touched = {uplink} | ({vlan.parent} if vlan and uplink not in interfaces else set())
    is_member = living is not None and uplink in living.members
    for name in sorted(touched & needed.keys() & interfaces.keys()) if not is_member else ():
        confirm(f"{consequences(interfaces[name], needed[name], bridge)}. Attach {bridge}?")
    leaving = {step.argv[3] for step in before if isinstance(step, Run)}
    if leaving and living:
        leaving.add(living.name)
    for name in sorted(leaving & needed.keys()):
        confirm(f"{name} carries {needed[name]}, and {bridge} loses its uplink. Go on?")


def plan_living(
    interfaces: dict[str, Interface], bridge: str, former: str, design: Design
) -> tuple[Plan, Plan]:
    """Return what is done on the host before the design is stored, and what behind it.

    The former uplink goes first: there is never a moment, nor a crash, that leaves two. From a
    bridge that others have made only that goes; one of chyves has one card at most.
    """
    sketch = Sketch(interfaces)
    there = find_bridge(bridge, interfaces)
    if not design.automatic or there is None:
        return (), ()
    for name in there.members:
        card = is_own_bridge(there) and is_card(sketch.interfaces, name)
        if name != design.uplink(bridge) and (name == former or card):
            sketch.ifconfig(there.name, "deletem", name)
    before = sketch.plan
    ready_bridge(sketch, design, bridge)
    drop_unused(sketch)
    return before, sketch.plan[len(before) :]


def store(
    host: Host,
    inventory: Inventory,
    bridge: str,
    uplink: str,
    design: Design,
    before: Plan,
    after: Plan,
) -> None:
    """Do what is done on the host, and store the design between; a failure brings back both."""
    root = inventory.storage.primary.root
    own = inventory.storage.settings(GLOBAL_PREFIX)
    name = f"{bridge}_phy_attach"
    values = {name: uplink}
    vlan = design.vlans.get(uplink)
    if vlan:
        values[f"vlan{vlan.tag}_parent"] = vlan.parent
    full = {f"{GLOBAL_PREFIX}{key}": value for key, value in values.items()}
    old = {f"{GLOBAL_PREFIX}{key}": own[key] for key in values if key in own}
    stored = zfs.set_properties([root], full)
    undo = [zfs.set_properties([root], old)] if old else []
    undo += [zfs.inherit([root], each) for each in full if each not in old]
    try:
        host.act(*before, stored, *after)
    except (ChyvesError, KeyboardInterrupt):
        host.try_to(*undo)
        host.try_to(*(put_back(step) for step in before if isinstance(step, Run)))
        raise
    unused = [
        each.tag
        for each in design.vlans.values()
        if not design.bridges_on(each.name) and f"vlan{each.tag}_parent" in own
    ]
    for tag in unused:
        host.act(zfs.inherit([root], f"{GLOBAL_PREFIX}vlan{tag}_parent"))


def put_back(step: Run) -> Run:
    """Return the step that undoes `ifconfig BRIDGE deletem MEMBER`."""
    _, bridge, _, member = step.argv
    return run("ifconfig", bridge, "addm", member)

"""Plan the taps and bridges of guests: pure, from their properties and what the host has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.network.bridges import drop_unused, ready_bridge
from chyves_core.network.design import (
    DEFAULT_MTU,
    Design,
    find_bridge,
    find_tap,
    owner_of,
    tap_mark,
)
from chyves_core.network.ifconfig import Interface, bridge_of
from chyves_core.network.sketch import Sketch
from chyves_core.plan import Plan, run


def plan_up(guest: Guest, design: Design, interfaces: Mapping[str, Interface]) -> Plan:
    """Return the steps that bring a guest's taps up in their bridges; none where all is well.

    Raises Refused for a tap that something else uses, an uplink that can't be one, and, in
    system mode, for whatever is missing.
    """
    sketch = Sketch(interfaces)
    sketch_up(sketch, guest, design)
    return sketch.plan


def sketch_up(sketch: Sketch, guest: Guest, design: Design) -> None:
    """Plan that a guest's taps are there and in their bridges, and no others of it."""
    for tap in taps_of(guest):
        check_ours(guest, tap, sketch.interfaces)
    if not design.automatic:
        check_there([guest], sketch.interfaces)
        return
    for each in list(sketch.interfaces.values()):
        former = owner_of(each) == guest.name and not is_wanted(guest, each)
        if former and not each.opened_by:
            sketch.ifconfig(each.name, "destroy")
    for tap in taps_of(guest):
        bridge = guest.properties.get(f"{tap}_bridge", "")
        ready = ready_bridge(sketch, design, bridge, f"{guest.name}: ") if bridge else None
        place_tap(sketch, guest, tap, ready)


def taps_of(guest: Guest) -> list[str]:
    """Return the taps of a guest, in the order of its interfaces."""
    return [each for each in guest.interfaces if each.startswith("tap")]


def is_wanted(guest: Guest, interface: Interface) -> bool:
    """Return whether an interface that has the guest's mark is one of its taps still."""
    return any(interface.description == tap_mark(guest.name, tap) for tap in taps_of(guest))


def place_tap(sketch: Sketch, guest: Guest, tap: str, bridge: Interface | None) -> None:
    """Plan that a tap is there, up, with its bridge's MTU, in its bridge and in no other one."""
    there = find_tap(guest.name, tap, sketch.interfaces)
    ours = there is None or there.description == tap_mark(guest.name, tap)
    if there is not None and there.name != tap:
        sketch.ifconfig(there.name, "name", tap)
    current = sketch.bridge_of(tap)
    wanted = bridge.name if bridge else None
    if current is not None and current != wanted:
        if not ours:
            raise Refused(
                f"{guest.name}: {tap} is in {current}, and chyves has not made it",
                f"ifconfig {current} deletem {tap}",
            )
        sketch.ifconfig(current, "deletem", tap)
    words = missing_words(there, tap_mark(guest.name, tap), bridge.mtu if bridge else None)
    if words:
        sketch.ifconfig(tap, *words)
    if wanted is not None and current != wanted:
        sketch.ifconfig(wanted, "addm", tap)


def missing_words(there: Interface | None, mark: str, mtu: int | None) -> list[str]:
    """Return ifconfig's words for what a tap does not have yet, the mark first.

    One that is there without a mark was made by others, and stays theirs.
    """
    words = [] if there else ["create", "description", mark]
    # A member with another MTU than its bridge is refused (captures ifconfig addm-mtu).
    if mtu is not None and (there.mtu if there else DEFAULT_MTU) != mtu:
        words += ["mtu", str(mtu)]
    if there is None or not there.is_up:
        words.append("up")
    return words


def check_ours(guest: Guest, tap: str, interfaces: Mapping[str, Interface]) -> None:
    """Refuse a tap that another program has open, or that belongs to another guest."""
    there = find_tap(guest.name, tap, interfaces)
    if there is None:
        return
    if there.opened_by:
        raise Refused(
            f"{guest.name}: {tap} is in use by process {there.opened_by}",
            f"ps -p {there.opened_by}",
        )
    if there.description and there.description != tap_mark(guest.name, tap):
        raise Refused(
            f"{guest.name}: {tap} belongs to something else, it is described {there.description!r}",
            f"ifconfig {tap}",
        )


def check_there(guests: Sequence[Guest], interfaces: Mapping[str, Interface]) -> None:
    """Refuse where the host lacks anything of what the guests need: all of it is named at once."""
    lacks: dict[str, list[str]] = {}
    commands: dict[str, None] = {}
    for guest in guests:
        for what, command in missing(guest, interfaces):
            lacks.setdefault(guest.name, []).append(what)
            commands[command] = None
    if lacks:
        told = "; ".join(f"{name}: lacks {', '.join(dict.fromkeys(lacks[name]))}" for name in lacks)
        text = f"{told} on this host, and network_design_mode is system"
        raise Refused(text, " && ".join(commands))


def missing(guest: Guest, interfaces: Mapping[str, Interface]) -> Iterator[tuple[str, str]]:
    """Yield what the host lacks for a guest's taps, and the commands that would make it."""
    for tap in taps_of(guest):
        name = guest.properties.get(f"{tap}_bridge", "")
        bridge = find_bridge(name, interfaces) if name else None
        if name and bridge is None:
            yield name, f"ifconfig {name} create up"
        elif bridge and not bridge.is_up:
            yield f"{name} up", f"ifconfig {bridge.name} up"
        if tap not in interfaces:
            yield tap, f"ifconfig {tap} create"
        at = bridge.name if bridge else name
        if name and bridge_of(interfaces.values(), tap) != at:
            yield f"{tap} in {name}", f"ifconfig {at} addm {tap}"


def plan_down(
    guest: str, interfaces: Mapping[str, Interface], natted: frozenset[str] = frozenset()
) -> Plan:
    """Return the steps that take away what chyves made for a guest and no one else uses.

    Its taps go, and so does every bridge that chyves made in which nobody is left. A tap that a
    process has open stays: ifconfig would wait for that process (captures README 17).
    """
    sketch = Sketch(interfaces, natted)
    for each in interfaces.values():
        if owner_of(each) == guest and not each.opened_by:
            sketch.ifconfig(each.name, "destroy")
    drop_unused(sketch)
    return sketch.plan


def plan_release(guest: str, interfaces: Mapping[str, Interface]) -> Plan:
    """Return the steps that leave a guest's taps to the host: they lose chyves's mark, and stay."""
    own = [each for each in interfaces.values() if owner_of(each) == guest]
    return tuple(run("ifconfig", each.name, "-description") for each in own)

"""Record the bridges that the host has, and what is in them, as the design."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core import journal, locks
from chyves_core.guests import Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.network.bridges import is_card
from chyves_core.network.design import BRIDGE_NAME, PRIVATE, Design, is_own_bridge
from chyves_core.network.ifconfig import Interface, read_interfaces
from chyves_core.network.joining import Move, bridge_now
from chyves_core.network.plan import taps_of
from chyves_core.plan import Plan
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.setting import Change, plan_set, plan_undo
from chyves_core.settings import global_settings

TITLE = "network import"


@dataclass(frozen=True)
class Found:
    """What the host has: each bridge's uplink or `private`, taps that move, what can't be kept."""

    attached: Mapping[str, str]
    moves: tuple[Move, ...]
    left_out: tuple[str, ...]


def find(inventory: Inventory, interfaces: Mapping[str, Interface], design: Design) -> Found:
    """Return what the host's bridges say that the design does not say yet.

    Bridges that chyves has made are as the design wants them, or will be.
    """
    attached: dict[str, str] = {}
    moves: list[Move] = []
    left_out: list[str] = []
    owners = {tap: guest for guest in inventory.guests.values() for tap in taps_of(guest)}
    for bridge in interfaces.values():
        if not bridge.is_bridge or is_own_bridge(bridge):
            continue
        if not re.fullmatch(BRIDGE_NAME, bridge.name, re.ASCII):
            left_out.append(f"{bridge.name}: a bridge of the design is called bridge{{n}}")
            continue
        cards = [each for each in bridge.members if is_card(interfaces, each)]
        if len(cards) > 1:
            told = ", ".join(cards)
            left_out.append(f"{bridge.name}: is attached to {told}; the design has one for each")
        else:
            uplink = cards[0] if cards else PRIVATE
            others = [each for each in design.bridges_on(uplink) if each != bridge.name]
            if uplink != PRIVATE and others:
                left_out.append(f"{bridge.name}: {uplink} is that of {others[0]} in the design")
            elif design.attached.get(bridge.name) != uplink:
                attached[bridge.name] = uplink
        for tap in bridge.members:
            if tap in owners:
                move = Move(owners[tap], tap, bridge.name)
                moves += [move] if bridge_now(move) != bridge.name else []
    return Found(attached, tuple(moves), tuple(left_out))


def record(host: Host) -> tuple[Found, bool]:
    """Store what the host has as the design, all of it or nothing; return it.

    The second value says whether this ended an interrupted call.
    """
    names = read_inventory(host).guests
    concerned = (locks.NUMBERING, *(locks.guest_lock(name) for name in names))
    with locks.hold_for_change(host, TITLE, *concerned, seconds=60) as ended:
        inventory = read_inventory(host)
        settings = global_settings(inventory.storage)
        found = find(inventory, read_interfaces(host), Design.from_settings(settings))
        changes = changes_of(inventory, found)
        steps: Plan = plan_set(changes)
        if len(steps) > 1:
            entry = journal.Entry(TITLE, concerned, steps, plan_undo(changes))
            journal.carry_out(host, inventory.storage.primary.name, entry)
        else:
            host.act(*steps)
        return found, ended


def changes_of(inventory: Inventory, found: Found) -> list[Change]:
    """Return what is set on which dataset."""
    primary = inventory.storage.primary
    before = inventory.storage.settings(GLOBAL_PREFIX)
    attached = {f"{bridge}_phy_attach": uplink for bridge, uplink in found.attached.items()}
    changes = []
    if attached:
        changes.append(
            Change(
                primary.root,
                {f"{GLOBAL_PREFIX}{name}": value for name, value in attached.items()},
                {f"{GLOBAL_PREFIX}{name}": before.get(name) for name in attached},
            )
        )
    return changes + [
        Change(each.guest.dataset, {each.name: each.bridge}, {each.name: bridge_now(each) or None})
        for each in found.moves
    ]

"""Move taps between bridges: in the design, and at once where they are in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chyves_core import journal, locks, zfs
from chyves_core.errors import NotFound, Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.network import nat_use
from chyves_core.network.bridges import drop_unused, ready_bridge
from chyves_core.network.design import Design, find_tap, tap_mark
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.network.plan import place_tap, taps_of
from chyves_core.network.sketch import Sketch
from chyves_core.setting import Change, plan_set, plan_undo
from chyves_core.supervise.boot_step import NETWORK_LOCK


@dataclass(frozen=True)
class Move:
    """One tap that gets another bridge; an empty one is none."""

    guest: Guest
    tap: str
    bridge: str

    @property
    def name(self) -> str:
        """The property that holds a tap's bridge, as ZFS knows it."""
        return f"{GUEST_PREFIX}{self.tap}_bridge"

    @property
    def after(self) -> Guest:
        """The guest as it will be."""
        return replace(
            self.guest,
            properties={**self.guest.properties, f"{self.tap}_bridge": self.bridge},
        )


def find_owners(inventory: Inventory, tap: str) -> list[Guest]:
    """Return the guests that have a tap, which exact clones share; raises NotFound without any."""
    owners = [guest for guest in inventory.guests.values() if tap in taps_of(guest)]
    if not owners:
        raise NotFound(f"{tap}: no guest has it", "chyves list net_ifaces")
    return owners


@contextmanager
def owners_locked(host: Host, title: str, tap: str) -> Iterator[tuple[Inventory, list[Guest]]]:
    """Hold the locks of the guests that have a tap, and yield them as they are then."""
    names = {guest.name for guest in find_owners(read_inventory(host), tap)}
    concerned = [locks.guest_lock(name) for name in sorted(names)]
    with locks.hold_for_change(host, title, *concerned, seconds=60):
        inventory = read_inventory(host)
        owners = find_owners(inventory, tap)
        if {guest.name for guest in owners} - names:
            raise Refused(f"{tap}: has just got another guest", "try again in a moment")
        yield inventory, owners


def join(host: Host, bridge: str, tap: str, design: Design) -> list[Move]:
    """Give a tap another bridge, in the design of each guest that has it and at once."""
    title = f"network {bridge} join {tap}"
    with owners_locked(host, title, tap) as (inventory, owners):
        moves = [Move(guest, tap, bridge) for guest in owners]
        living = plan_living(moves, design, host)
        change_design(host, inventory, title, moves)
        act_on_living(host, moves, design, living)
        return moves


def unjoin(host: Host, bridge: str, tap: str, design: Design) -> list[Move]:
    """Take a tap out of its bridge, in the design and at once; it stays without any."""
    with owners_locked(host, f"network {bridge} unjoin {tap}", tap) as (_, owners):
        moves = [Move(guest, tap, "") for guest in owners]
        there = [each for each in moves if bridge_now(each) == bridge]
        if not there:
            present = bridge_now(moves[0])
            where = f"in {present}" if present else "in no bridge"
            raise Refused(f"{owners[0].name}: {tap} is {where}, not in {bridge}")
        living = plan_living(there, design, host)
        host.act(zfs.inherit([each.guest.dataset for each in there], there[0].name))
        act_on_living(host, there, design, living)
        return there


def migrate(host: Host, old: str, new: str, design: Design) -> list[Move]:
    """Give all taps of one bridge another one, in the design and at once; return the moves.

    Taps that an interrupted call had moved in the design alone are moved on the host, too.
    """
    if old == new:
        raise Refused(f"{old}: is that bridge already")
    title = f"network {old} migrate {new}"
    names = [each.guest.name for each in find_moves(read_inventory(host), old, new)]
    concerned = [locks.guest_lock(name) for name in names]
    with locks.hold_for_change(host, title, *concerned, seconds=60):
        inventory = read_inventory(host)
        moves = find_moves(inventory, old, new)
        if not moves:
            raise NotFound(f"{old}: no guest has a tap in it", "chyves list bridges")
        if {each.guest.name for each in moves} - set(names):
            raise Refused(f"{old}: has just got another guest", "try again in a moment")
        living = plan_living(moves, design, host)
        wanted = [each for each in moves if bridge_now(each) != new]
        change_design(host, inventory, title, wanted)
        act_on_living(host, moves, design, living)
        return wanted


def find_moves(inventory: Inventory, old: str, new: str) -> list[Move]:
    """Return the taps that are to be in the new bridge, those already there in the design too."""
    return [
        Move(guest, tap, new)
        for guest in inventory.guests.values()
        for tap in taps_of(guest)
        if guest.properties.get(f"{tap}_bridge", "") in (old, new)
    ]


def bridge_now(move: Move) -> str:
    """Return the bridge that a tap has in the design before it is moved."""
    return move.guest.properties.get(f"{move.tap}_bridge", "")


def change_design(host: Host, inventory: Inventory, title: str, moves: Sequence[Move]) -> None:
    """Store the bridges of the taps: all of them, or none."""
    changes = [
        Change(each.guest.dataset, {each.name: each.bridge}, {each.name: bridge_now(each) or None})
        for each in moves
    ]
    steps = plan_set(changes)
    if len(steps) < 2:
        host.act(*steps)
        return
    concerned = tuple(sorted({locks.guest_lock(each.guest.name) for each in moves}))
    entry = journal.Entry(title, concerned, steps, plan_undo(changes))
    journal.carry_out(host, inventory.storage.primary.name, entry)


def plan_living(moves: Sequence[Move], design: Design, host: Host) -> Sketch:
    """Return the steps for taps that are on the host now; raises Refused where one can't move."""
    sketch = Sketch(read_interfaces(host), nat_use.natted(host))
    if not design.automatic:
        return sketch
    for each in moves:
        there = find_tap(each.guest.name, each.tap, sketch.interfaces)
        if there is None or there.description != tap_mark(each.guest.name, each.tap):
            continue
        whose = f"{each.guest.name}: "
        ready = ready_bridge(sketch, design, each.bridge, whose) if each.bridge else None
        place_tap(sketch, each.after, each.tap, ready)
    drop_unused(sketch)
    if sketch.steps:
        nat_use.of_bridges(host, (each.bridge for each in moves))
    return sketch


def act_on_living(host: Host, moves: Sequence[Move], design: Design, planned: Sketch) -> None:
    """Move the taps that are on the host; planned anew under the lock of the network."""
    if not planned.steps:
        return
    with locks.hold(host, NETWORK_LOCK, seconds=60):
        host.act(*plan_living(moves, design, host).plan)
        for each in nat_use.of_bridges(host, (each.bridge for each in moves)):
            nat_use.put_right(host, each)
        nat_use.clear_up(host)

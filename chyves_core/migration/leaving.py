"""Guests leave for another manager: what each becomes there, and the steps, for all managers alike.

A guest stops being one of chyves with the one `zfs rename` that puts its dataset where the other
manager looks. What chyves has set on it and would find out again is taken off behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest
from chyves_core.migration.old import PREFIX, Line
from chyves_core.plan import Plan, Step, run
from chyves_core.zfs import Dataset, inherit, set_properties

KEPT = "kept-"


@dataclass(frozen=True)
class Departure:
    """One guest that leaves: `target` will be its dataset there.

    `values` are set there, `gone` taken off; `disks` are volumes by their name here, with the one
    there. `files` are written at the end. `before` makes what has to be there first.
    """

    guest: Guest
    manager: str
    target: str
    values: Mapping[str, str]
    gone: tuple[str, ...]
    disks: Mapping[str, str]
    lines: tuple[Line, ...]
    before: Plan = ()
    files: tuple[Step, ...] = ()

    @property
    def title(self) -> str:
        """The command that this is."""
        return f"export --to {self.manager} {self.guest.name}"


def plan(departure: Departure, datasets: Mapping[str, Dataset]) -> tuple[Plan, Plan]:
    """Return the steps by which a guest leaves, and those that bring it back."""
    guest, target = departure.guest, departure.target
    own = datasets[guest.dataset].own_with_prefix("")
    renames = [(old, new) for old, new in departure.disks.items() if old != new]
    serials = serial_holders(departure, datasets)
    steps: list[Step] = [
        run("zfs", "rename", guest.dataset, target),
        *(run("zfs", "rename", f"{target}/{old}", f"{target}/{new}") for old, new in renames),
    ]
    if departure.values:
        steps.append(set_properties([target], departure.values))
    gone = [*departure.gone, *(["readonly"] if own.get("readonly") == "on" else [])]
    steps += [inherit([target], name) for name in gone]
    if serials:
        places = [f"{target}/{departure.disks[name]}" for name in serials]
        steps.append(inherit(places, f"{GUEST_PREFIX}disk_serial"))
    steps += departure.files
    back = {name: own[name] for name in (*gone, *departure.values) if name in own}
    undo: list[Step] = [
        run("zfs", "rename", target, guest.dataset),
        *(
            run("zfs", "rename", f"{guest.dataset}/{new}", f"{guest.dataset}/{old}")
            for old, new in renames
        ),
        *(inherit([guest.dataset], name) for name in departure.values if name not in own),
        set_properties([guest.dataset], back),
    ]
    for name, serial in serials.items():
        place = f"{guest.dataset}/{name}"
        undo.append(set_properties([place], {f"{GUEST_PREFIX}disk_serial": serial}))
    return tuple(steps), tuple(undo)


def serial_holders(departure: Departure, datasets: Mapping[str, Dataset]) -> dict[str, str]:
    """Return the disks whose serial number the other manager gives anew, with the number."""
    found = {}
    for name in departure.disks:
        dataset = datasets.get(f"{departure.guest.dataset}/{name}")
        serial = dataset.own(f"{GUEST_PREFIX}disk_serial") if dataset else None
        if serial and serial.startswith("BHYVE-"):
            found[name] = serial
    return found


def found_again(guest: Guest, again: Mapping[str, str]) -> tuple[str, ...]:
    """Return the properties that an import would set again as they are; others stay.

    `again` is what it would set.
    """
    always = ("chyves_guest_version", "pci_slots")
    names = [
        name
        for name, value in guest.properties.items()
        if name in always or name.startswith(PREFIX) or again.get(name) == value
    ]
    # Without its version it is no guest, wherever it is.
    ordered = sorted(names, key=lambda name: f"{GUEST_PREFIX}{name}" != VERSION_PROPERTY)
    return tuple(f"{GUEST_PREFIX}{name}" for name in ordered)


def free_disk(taken: set[str], wanted: str) -> str:
    """Return the name of a volume that was put aside, where it is free, else its present one."""
    name = wanted.removeprefix(KEPT)
    return wanted if name in taken else name

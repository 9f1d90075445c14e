"""The PCI slots that iohyve and the old chyves gave to devices, for guests that come from there.

They gave slots anew at each start, in an order of their own; here a guest gets the ones it had, so
that its system finds its disks and interfaces again. Only the LPC bridge moves, to slot 31.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core.bhyve.slots import AHCI_DISK, FUNCTIONS, PORTS, Place

SHARED_SINCE = 200
DISK_TYPE_SINCE = 300
"""The guest version of chyves 0.1.9 and 0.2, with which the property bhyve_disk_type came."""
SEEN_BY_UEFI = 3


def iohyve_order(
    disks: Sequence[str],
    custom: Sequence[str],
    interfaces: Sequence[str],
    *,
    uefi: bool,
    before_vnc: bool = False,
) -> dict[str, Place]:
    """Return the places of an iohyve guest's devices.

    iohyve's ioh-guest: host bridge, LPC, disk0, the pcidev properties, the taps, one slot after the
    other. With UEFI the LPC bridge was in 31, and all others one slot lower; before iohyve knew VNC
    disk0 was in 4 then, and one tap in 10. Further disks are pcidev properties there, so `disks`
    after the first come with those.
    """
    if uefi and not before_vnc:
        return in_row((*disks, *custom, *interfaces), start=1)
    if uefi:
        first = {name: Place(4) for name in disks[:1]} | {
            name: Place(10) for name in interfaces[:1]
        }
        rest = (*disks[1:], *custom, *interfaces[1:])
        free = (slot for slot in (*range(5, 10), *range(11, 29)))
        return first | {name: Place(slot) for name, slot in zip(rest, free, strict=False)}
    return in_row((*disks, *custom, *interfaces), start=2)


@dataclass(frozen=True)
class ShellHost:
    """What the old chyves, a shell program, went by: its host, and whether devices share slots.

    `consolidates` is consolidate_bhyve_pci_devices=yes.
    """

    osreldate: int
    consolidates: bool

    def shares_ahci(self, guest_version: int, kind: str) -> bool:
        """Return whether all disks of a guest were on one AHCI controller.

        With guest versions 0200 to 0202 they were from FreeBSD 12 on. Since then they are where
        devices are consolidated, and where the number of a commit in kern.version tells chyves that
        bhyve can do it: 10.4, 11 and 12 have one, FreeBSD 13 comes from git.
        """
        if guest_version < DISK_TYPE_SINCE:
            return guest_version >= SHARED_SINCE and self.osreldate >= 1200000
        can = 1004000 <= self.osreldate < 1300000
        return can and self.consolidates and kind == AHCI_DISK


def chyves_sh_order(
    disks: Sequence[str],
    interfaces: Sequence[str],
    custom: Mapping[str, str],
    *,
    shares_ahci: bool = False,
    consolidates: bool = False,
    uefi: bool = False,
    tablet: bool = False,
) -> dict[str, Place]:
    """Return the places of a guest's devices that the old chyves, a shell program, started.

    chyves-guest-start: disks from slot 4 on, the tablet of a guest with a screen, the interfaces,
    and the pcidev properties, which `custom` names with their values. What is not in the result
    was not attached.
    """
    row = ShellRow(consolidates)
    if shares_ahci:
        for first in range(0, len(disks), len(PORTS)):
            row.controller(disks[first : first + len(PORTS)])
    elif uefi and len(disks) > SEEN_BY_UEFI:
        # An argument without its quotes: the others were taken for something else.
        row.add(disks[:1], shared=False)
    else:
        row.add(disks)
    row.slot += tablet
    row.add(interfaces)
    for functions in passed_through(custom):
        row.add(functions, shared=True, slots=1)
    ordered = sorted(custom, key=lambda name: by_numbers(custom[name]))
    for name in ordered:
        if not custom[name].startswith("passthru,"):
            row.add([name], shared=False)
    return row.places


class ShellRow:
    """Devices as __generate_bhyve_slot_string places them, one kind after the other."""

    def __init__(self, consolidates: bool) -> None:
        self.consolidates = consolidates
        self.places: dict[str, Place] = {}
        self.slot = 4

    def controller(self, disks: Sequence[str]) -> None:
        """Put disks on the ports of one AHCI controller; one alone has it to itself."""
        alone = len(disks) == 1
        for port, name in enumerate(disks):
            self.places[name] = Place(self.slot) if alone else Place(self.slot, 0, port)
        self.slot += 1

    def add(self, names: Sequence[str], *, shared: bool | None = None, slots: int = 0) -> None:
        """Put devices of one kind into the next slots, at most `slots` of them.

        Where they are shared, or there are not enough, several are functions of one.
        """
        shares = self.consolidates if shared is None else shared
        most = slots or max(30 - self.slot, 1)
        several = len(names) // most + 1 if len(names) > most else 1
        each = len(FUNCTIONS) if shares else min(several, len(FUNCTIONS))
        for number, name in enumerate(names[: each * most]):
            place = Place(self.slot + number // each, number % each)
            if place.slot <= 30:
                self.places[name] = place
        self.slot += -(-len(names[: each * most]) // each)


def passed_through(custom: Mapping[str, str]) -> list[list[str]]:
    """Return the host's devices that a guest got, those of one bus of the host together."""
    found: dict[str, list[str]] = {}
    for name in sorted(custom, key=lambda name: by_numbers(custom[name])):
        match = re.match(r"passthru,(\d{1,3})/\d{1,3}/\d{1,3}", custom[name], re.ASCII)
        if match:
            found.setdefault(match[1], []).append(name)
    return [sorted(names, key=lambda name: custom[name]) for names in found.values()]


def by_numbers(text: str) -> list[tuple[int, str]]:
    """Return what a text is sorted by where disk10 comes after disk9, as sort -V does."""
    parts = re.split(r"(\d+)", text)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def in_row(names: Sequence[str], *, start: int) -> dict[str, Place]:
    """Return one slot for each name, one after the other."""
    return {name: Place(slot) for slot, name in enumerate(names, start)}

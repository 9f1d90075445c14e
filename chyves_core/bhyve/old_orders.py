"""The PCI slots that iohyve and the old chyves gave to devices, for guests that come from there.

They gave slots anew at each start, in an order of their own; here a guest gets the ones it had, so
that its system finds its disks and interfaces again. Only the LPC bridge moves, to slot 31.
"""

from __future__ import annotations

from collections.abc import Sequence

from chyves_core.bhyve.slots import Place

SHARED_AHCI_SINCE = 1200000


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


def chyves_sh_order(
    disks: Sequence[str],
    interfaces: Sequence[str],
    custom: Sequence[str],
    *,
    osreldate: int,
    tablet: bool,
) -> dict[str, Place]:
    """Return the places of a guest's devices that the old chyves, a shell program, started.

    chyves-guest-start: disks from slot 4 on, from FreeBSD 12 on all on one AHCI controller, 32 to
    each; then the tablet of a guest with a screen, the interfaces, and the pcidev properties.
    """
    places: dict[str, Place] = {}
    slot = 4
    if osreldate >= SHARED_AHCI_SINCE and len(disks) > 1:
        for number, name in enumerate(disks):
            places[name] = Place(slot + number // 32, 0, number % 32)
        slot += -(-len(disks) // 32)
    else:
        places |= in_row(disks, start=slot)
        slot += len(disks)
    slot += tablet
    return places | in_row((*interfaces, *custom), start=slot)


def in_row(names: Sequence[str], *, start: int) -> dict[str, Place]:
    """Return one slot for each name, one after the other."""
    return {name: Place(slot) for slot, name in enumerate(names, start)}

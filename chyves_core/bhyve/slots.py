"""PCI slots: a device keeps the one that it first got, so that a guest never sees a device move.

They are kept in the guest's property pci_slots: `disk0=4,tap50=16`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chyves_core.errors import Refused

HOSTBRIDGE = 0
CD = 3
DISKS = range(4, 16)
INTERFACES = range(16, 29)
FRAMEBUFFER = 29
TABLET = 30
LPC = 31
SHARED = range(1, 29)


def parse_slots(text: str) -> dict[str, int]:
    """Return the slot of each device; words that are no pair are passed over."""
    slots = {}
    for pair in text.split(","):
        device, _, slot = pair.partition("=")
        if device and slot.isascii() and slot.isdigit():
            slots[device] = int(slot)
    return slots


def show_slots(slots: Mapping[str, int]) -> str:
    """Return the slots as the property holds them, in the order of the slots."""
    ordered = sorted(slots.items(), key=lambda item: (item[1], item[0]))
    return ",".join(f"{device}={slot}" for device, slot in ordered)


def range_of(device: str) -> range:
    """Return the slots that a device of this kind is first looked for in."""
    return DISKS if device.startswith(("disk", "img")) else INTERFACES


def assign(slots: Mapping[str, int], devices: Iterable[str]) -> dict[str, int]:
    """Return the slots with one for each device; those that have one keep it.

    A new device gets the first free slot of its kind's range, then any free one. Raises Refused
    where the machine is full.
    """
    assigned = dict(slots)
    for device in devices:
        if device in assigned:
            continue
        taken = set(assigned.values()) | {CD}
        free = [slot for slot in (*range_of(device), *SHARED) if slot not in taken]
        if not free:
            raise Refused(f"no PCI slot is free for {device}: {show_slots(assigned)}")
        assigned[device] = free[0]
    return assigned


def release(slots: Mapping[str, int], devices: Iterable[str]) -> dict[str, int]:
    """Return the slots without those of devices that are gone for good."""
    gone = set(devices)
    return {device: slot for device, slot in slots.items() if device not in gone}

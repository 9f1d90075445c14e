"""The properties that a guest gets back with a snapshot: pure, from what was frozen and what is.

What was frozen comes back, what was set later goes. A secret was never frozen and stays; so does
what belongs to a disk that the snapshot does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chyves_core import zfs
from chyves_core.bhyve.slots import parse_slots, show_slots
from chyves_core.guests import DISK_NAME, GUEST_PREFIX, Disk, Guest
from chyves_core.output import escape
from chyves_core.plan import Plan, Step
from chyves_core.snapshots.naming import disk_prefix

VERSION = "chyves_guest_version"
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Change:
    """New values of one dataset's properties by full name; those that are None are taken off."""

    dataset: str
    values: Mapping[str, str | None]
    before: Mapping[str, str | None]

    @property
    def plan(self) -> Plan:
        """The zfs calls that make the change; each can be repeated."""
        new = {name: value for name, value in self.values.items() if value is not None}
        steps: list[Step] = [zfs.set_properties([self.dataset], new)] if new else []
        steps += [
            zfs.inherit([self.dataset], name)
            for name, value in self.values.items()
            if value is None
        ]
        return tuple(steps)

    @property
    def words(self) -> list[str]:
        """What changes, each property in words."""
        return [
            f"{name.rpartition(':')[2]}={shown(value)} (now {shown(self.before.get(name))})"
            for name, value in self.values.items()
        ]


def shown(value: str | None) -> str:
    """Return a value as a preview shows it."""
    if value is None:
        return "unset"
    text = escape(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def frozen_guest(frozen: Mapping[str, str]) -> dict[str, str] | None:
    """Return the guest's properties on a snapshot, None where chyves did not freeze them."""
    found = {
        name.removeprefix(GUEST_PREFIX): value
        for name, value in frozen.items()
        if name.startswith(GUEST_PREFIX)
    }
    return found if VERSION in found else None


def frozen_disk(frozen: Mapping[str, str], disk: str) -> dict[str, str]:
    """Return a disk's properties on a snapshot of its guest; none where they were not frozen."""
    prefix = disk_prefix(disk)
    return {
        name.removeprefix(prefix): value
        for name, value in frozen.items()
        if name.startswith(prefix)
    }


def disks_then(frozen: Mapping[str, str]) -> list[str]:
    """Return the disks that the guest had when the snapshot was taken, as far as is known."""
    named = {name.partition(":")[0].removeprefix("chyves.") for name in frozen}
    slotted = parse_slots(frozen.get(f"{GUEST_PREFIX}pci_slots", ""))
    found = [name for name in named | set(slotted) if DISK_NAME.fullmatch(name)]
    return sorted(found, key=lambda name: int(name.removeprefix("disk")))


def guest_values(
    guest: Guest, then: Mapping[str, str], *, kept: Collection[str], gone: Collection[str]
) -> dict[str, str]:
    """Return what a guest is to have again, what others have got since not looked at yet.

    `kept` are disks that the snapshot does not know, `gone` those that can't come back.
    """
    now = guest.properties
    values = {name: value for name, value in then.items() if not guest.schema.is_secret(name)}
    for name, value in now.items():
        of_kept = any(name == f"virtio_block_options_{disk}" for disk in kept)
        if of_kept or guest.schema.is_secret(name):
            values[name] = value
    slots = merged_slots(then.get("pci_slots", ""), now.get("pci_slots", ""), kept, gone)
    if slots or "pci_slots" in then:
        values["pci_slots"] = slots
    return values


def merged_slots(then: str, now: str, kept: Collection[str], gone: Collection[str]) -> str:
    """Return the PCI slots from then, with those of kept disks where they are free."""
    slots = {name: slot for name, slot in parse_slots(then).items() if name not in gone}
    for name, slot in parse_slots(now).items():
        if name in kept and slot not in slots.values():
            slots[name] = slot
    return show_slots(slots)


def guest_change(guest: Guest, values: Mapping[str, str], readonly: str | None) -> Change:
    """Return what has to change so that a guest has exactly these values.

    `readonly` is the native property: the dataset of a template is read-only.
    """
    change = difference(guest.dataset, guest.properties, values)
    template = change.values.get(f"{GUEST_PREFIX}template", "")
    if template == "":
        return change
    native = "on" if template == "yes" else "off"
    return Change(
        guest.dataset,
        {**change.values, "readonly": native},
        {**change.before, "readonly": readonly},
    )


def disk_change(disk: Disk, then: Mapping[str, str], owners: Mapping[str, str]) -> Change | None:
    """Return what has to change on a disk; its serial stays where another one has the old one."""
    values = dict(then)
    if values.get("disk_serial", "") in owners:
        values["disk_serial"] = disk.properties.get("disk_serial", "")
    change = difference(disk.dataset, disk.properties, values)
    return change if then and change.values else None


def difference(dataset: str, now: Mapping[str, str], wanted: Mapping[str, str]) -> Change:
    """Return the change from what a dataset has to what it is to have; nothing where it has it."""
    names = [name for name in sorted({*now, *wanted}) if now.get(name) != wanted.get(name)]
    return Change(
        dataset,
        {f"{GUEST_PREFIX}{name}": wanted.get(name) for name in names},
        {f"{GUEST_PREFIX}{name}": now.get(name) for name in names},
    )

"""Which disk a word means, which numbers are free, and who may change a guest's disks at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from chyves_core import locks
from chyves_core.bhyve import slots
from chyves_core.disks.images import not_there
from chyves_core.disks.settling import drafts, plan_settling
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Disk, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Run
from chyves_core.runtime import read_runtime
from chyves_core.zfs import set_properties

SLOTS_PROPERTY = f"{GUEST_PREFIX}pci_slots"
OPTIONS = "virtio_block_options_"


def disks_lock(name: str) -> str:
    """Return the name of the lock for the disks of a guest.

    An import has it as long as it copies; the guest itself can start and stop meanwhile.
    """
    return locks.guest_lock(name).replace("guest-", "disks-", 1)


@contextmanager
def changing(host: Host, name: str) -> Iterator[tuple[Inventory, Guest]]:
    """Hold the locks of a guest and of its disks; what an interrupted command left is ended first.

    Raises NotFound for a guest that is not there.
    """
    with locks.hold(host, disks_lock(name), locks.guest_lock(name)):
        yield read_settled(host, name)


def read_settled(host: Host, name: str) -> tuple[Inventory, Guest]:
    """Return the guest once what an interrupted command left of its disks is ended."""
    inventory = read_inventory(host)
    guest = inventory.guest(name)
    steps = plan_settling(host, inventory, guest)
    if steps:
        host.act(*steps)
        inventory = inventory if host.dry_run else read_inventory(host)
    return inventory, inventory.guest(name)


def find_disk(guest: Guest, word: str) -> Disk:
    """Return the disk of exactly that name; raises NotFound."""
    for disk in guest.disks:
        if disk.name == word:
            return disk
    raise not_there(guest, word, [disk.name for disk in guest.disks])


def free_name(inventory: Inventory, guest: Guest) -> str:
    """Return disk{n} with the lowest number that nothing belongs to: no dataset, slot or options.

    A slot or options without a disk are what an interrupted deletion left, or they wait for a
    volume that was put aside by hand.
    """
    kept = slots.parse_slots(guest.value("pci_slots"))
    waiting = {draft.disk for draft in drafts(inventory, guest) if draft.whole}
    names = (f"disk{number}" for number in count())
    return next(
        name
        for name in names
        if not (name in kept or name in waiting or f"{OPTIONS}{name}" in guest.properties)
        and f"{guest.dataset}/{name}" not in inventory.storage.datasets
    )


def plan_slots(guest: Guest, kept: dict[str, slots.Place]) -> Run:
    """Return the step that stores the PCI slots of a guest's devices."""
    return set_properties([guest.dataset], {SLOTS_PROPERTY: slots.show_slots(kept)})


def check_writable(guest: Guest) -> None:
    """Refuse a template: its datasets are read-only."""
    if guest.is_template:
        raise Refused(
            f"{guest.name}: is a template, its disks stay as they are",
            f"chyves {guest.name} set template=no",
        )


def check_stopped(host: Host, guest: Guest) -> None:
    """Refuse a guest that runs."""
    if is_running(host, guest):
        raise Refused(f"{guest.name}: is running", f"chyves {guest.name} stop")


def is_running(host: Host, guest: Guest) -> bool:
    """Return whether a guest runs."""
    return read_runtime(host).is_running(guest.name)


def check_not_named(inventory: Inventory, guest: Guest, disk: Disk) -> None:
    """Refuse where a property pcidev_{n} of any guest names a disk's device."""
    for other in inventory.guests.values():
        for name, value in other.properties.items():
            if name.startswith("pcidev_") and names_device(value, disk.device):
                raise Refused(
                    f"{guest.name}: {disk.name} is named by {name} of {other.name}",
                    f"chyves {other.name} unset {name}",
                )


def names_device(value: str, device: str) -> bool:
    """Return whether a device of bhyve names exactly this volume, or a part or snapshot of it."""
    pattern = rf"(\w+:)?{re.escape(device)}([sp][0-9]+[a-h]?|@.*)?"
    return any(re.fullmatch(pattern, part) for part in value.split(","))

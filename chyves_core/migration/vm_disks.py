"""Disks of a guest of vm-bhyve: volumes, files, and what stands elsewhere, with the slots they had.

From its vm-run: from slot 4 on, one slot each with UEFI and one function each without. With
ahci_device_limit AHCI disks share controllers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chyves_core.bhyve.slots import AHCI_DISK, FUNCTIONS, Place
from chyves_core.migration import derived
from chyves_core.migration.devices import ZVOL, Device
from chyves_core.migration.old import OldDisk
from chyves_core.migration.vm_config import numbered

if TYPE_CHECKING:
    from chyves_core.migration.vm_bhyve import Reading

ZVOLS = ("zvol", "sparse-zvol")
ELSEWHERE = ("custom", "iscsi")
DISK_TYPES = ("virtio-blk", "ahci-hd", "nvme")
LIMIT = "ahci_device_limit"


@dataclass(frozen=True)
class Entry:
    """One disk as NAME.conf has it: its device without a serial number, and the one it was told.

    `is_zvol` is whether it is a volume of the guest, `is_file` whether a file.
    """

    number: int
    said: str
    device: Device
    told: str
    is_zvol: bool
    is_file: bool


def read_disks(reading: Reading) -> None:
    """Note all disks: those of one kind are the guest's disks, others devices beside them."""
    kind = reading.own.get("disk0_type", "virtio-blk")
    reading.draft.values["bhyve_disk_type"] = kind if kind in DISK_TYPES else "virtio-blk"
    entries = [entry(reading, number) for number in numbered(reading.own, "disk", "_name")]
    together = all(is_own(reading, each) and each.device.model == AHCI_DISK for each in entries)
    limit = limit_of(reading) if together else 1
    for each, place in zip(entries, places(reading, entries, limit), strict=True):
        path = each.device.backend
        if each.is_file and path not in reading.bed.files:
            reading.draft.problems.append(f"{path} is not there")
        (own_disk if is_own(reading, each) else other_disk)(reading, each, place)
    if limit_of(reading) > 1 and not together:
        why = "disks get a controller each: a guest that knows them by it sees them elsewhere"
        reading.draft.leave(reading.old(LIMIT), why)


def limit_of(reading: Reading) -> int:
    """Return how many AHCI disks share a controller."""
    text = reading.own.get(LIMIT, "")
    return int(text) if text.isdigit() and 1 < int(text) <= 32 else 1


def places(reading: Reading, entries: list[Entry], limit: int) -> list[Place]:
    """Return the places of all disks; a controller takes `limit` of them."""
    found: list[Place] = []
    slot, function = int(reading.own.get("disk_slot_start", "4")), 0
    for first in range(0, len(entries), limit):
        group = entries[first : first + limit]
        given = reading.own.get(f"disk{group[0].number}_slot")
        if given:
            slot, function = int(given), 0
        elif function >= len(FUNCTIONS):
            slot, function = slot + 1, 0
        if len(group) == 1:
            found.append(Place(slot, function))
        else:
            found += [Place(slot, function, port) for port, _ in enumerate(group)]
        slot, function = (slot + 1, function) if reading.is_uefi else (slot, function + 1)
    return found


def entry(reading: Reading, number: int) -> Entry:
    """Return one disk as NAME.conf has it."""
    own = reading.own
    name, where = own[f"disk{number}_name"], own.get(f"disk{number}_dev", "file")
    path = path_of(reading, name, where)
    parts = own.get(f"disk{number}_opts", "").split(",")
    serials = [each for each in parts if each.startswith(("ser=", "serial="))]
    options = ",".join(each for each in parts if each not in serials)
    is_zvol = where in ZVOLS and path.removeprefix(ZVOL) in reading.bed.datasets
    device = Device(own.get(f"disk{number}_type", "virtio-blk"), path, options)
    told = serials[0].partition("=")[2] if serials else ""
    is_file = where not in (*ZVOLS, *ELSEWHERE)
    return Entry(number, f"disk{number}_name={name}", device, told, is_zvol, is_file)


def comes_along(reading: Reading, disk: Entry) -> bool:
    """Return whether a disk becomes a volume of the guest.

    Firmware needs no loader that has to find the disk: there it can stay the file that it is.
    """
    return disk.is_zvol or (disk.is_file and not (reading.dataset and reading.is_uefi))


def is_own(reading: Reading, disk: Entry) -> bool:
    """Return whether a disk is one of the guest's disks here."""
    fits = disk.device.model == reading.draft.values["bhyve_disk_type"]
    return comes_along(reading, disk) and fits and disk.device.has_plain_options


def serial_of(reading: Reading, disk: Entry) -> str:
    """Return the serial number that the guest has seen."""
    osreldate = reading.bed.around.osreldate
    return disk.told or derived.disk_serial(
        disk.device.backend, disk.device.options, osreldate=osreldate
    )


def noted(reading: Reading, disk: Entry, name: str) -> OldDisk:
    """Return a disk under its name here."""
    path = disk.device.backend
    serial = serial_of(reading, disk)
    return (
        OldDisk(name, disk.device.dataset, "", serial)
        if disk.is_zvol
        else OldDisk(name, "", path, serial)
    )


def own_disk(reading: Reading, disk: Entry, place: Place) -> None:
    """Note one of the guest's disks."""
    name = f"disk{disk.number}"
    reading.disks.append(noted(reading, disk, name))
    reading.places[name] = place
    why = "" if disk.is_zvol else "written on a volume"
    reading.draft.say(disk.said, f"{name} serial={serial_of(reading, disk)}", why)
    if disk.device.options:
        options = f"virtio_block_options_{name}"
        reading.draft.carry(options, disk.device.options, f"disk{disk.number}_opts")


def other_disk(reading: Reading, disk: Entry, place: Place) -> None:
    """Note a disk of another kind, or one that stays where it is."""
    reading.pci += 1
    name = f"pcidev_{reading.pci}"
    if disk.is_zvol or disk.is_file:
        reading.disks.append(noted(reading, disk, f"kept-disk{disk.number}"))
    reading.places[name] = place
    device = disk.device
    told = f"ser={disk.told}" if disk.told else ""
    text = ",".join(part for part in (device.model, device.backend, device.options, told) if part)
    why = "stays a file" if disk.is_file else "stays where it is"
    reading.draft.carry(name, text, disk.said, why)


def path_of(reading: Reading, name: str, where: str) -> str:
    """Return the path of a disk, as vm::get_disk_path makes it."""
    if where in ZVOLS:
        return f"{ZVOL}{reading.bed.store.dataset}/{reading.name}/{name}"
    return name if where in ELSEWHERE else f"{reading.folder}/{name}"

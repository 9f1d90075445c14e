"""Disks of a guest of chyves 0.2: its volumes and image files, in the order in which it had them.

From its chyves-guest-disk: first all files below img/, as find(1) comes upon them, then all volumes
below the guest, by their numbers. Both were one list, and were attached alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chyves_core.bhyve.old_orders import by_numbers
from chyves_core.disks.images import FOLDER, UNFIT
from chyves_core.guests import DISK_NAME
from chyves_core.migration import derived
from chyves_core.migration.devices import ZVOL
from chyves_core.migration.old import OldDisk
from chyves_core.zfs import Dataset

if TYPE_CHECKING:
    from chyves_core.migration.chyves_sh import Reading

OPTIONS = "virtio_block_options_"
OF_DISK = ("description", "notes")


def read_disks(reading: Reading) -> list[str]:
    """Note images and volumes; returns under which names they have their slots, in that order."""
    return [name for name in (*images(reading), *volumes(reading)) if name]


def images(reading: Reading) -> list[str]:
    """Note the image files; those that chyves would not attach are said."""
    found = []
    for file in reading.images:
        name = f"{FOLDER}/{file}"
        if "/" in file or file.startswith(".") or UNFIT.search(file):
            why = f"chyves attaches what lies in {FOLDER} itself, with a plain name"
            reading.draft.say(name, "", why)
            continue
        reading.draft.say(name, name, "an image file")
        options = reading.own.get(f"{OPTIONS}{file}", "")
        if options:
            reading.draft.leave(f"{OPTIONS}{file}={options}", "image files have no options")
        found.append(name)
    return found


def volumes(reading: Reading) -> list[str]:
    """Note the volumes; one that is not called disk{n} becomes a device of its own."""
    found = []
    inside = f"{reading.dataset.name}/"
    datasets = reading.bed.datasets.values()
    own = [each for each in datasets if each.name.startswith(inside) and each.kind == "volume"]
    for each in sorted(own, key=lambda each: by_numbers(each.name)):
        last = each.name.removeprefix(inside)
        is_disk = DISK_NAME.fullmatch(last)
        found.append(disk(reading, each, last) if is_disk else device(reading, each))
    return found


def disk(reading: Reading, dataset: Dataset, name: str) -> str:
    """Note one disk, with what was written down of it."""
    draft, own = reading.draft, reading.own
    options = own.get(f"{OPTIONS}{name}", "") or dataset.own(f"chyves:{OPTIONS[:-1]}") or ""
    said = f"{OPTIONS}{name}={options}"
    if options and reading.shares_ahci:
        draft.leave(said, "chyves 0.2 did not pass it on, as the disks shared a controller")
        options = ""
    elif options:
        draft.carry(f"{OPTIONS}{name}", options, said)
    path = f"{ZVOL}{dataset.name}"
    serial = derived.disk_serial(path, options, osreldate=reading.bed.around.osreldate)
    draft.say(name, f"{name} serial={serial}")
    words = {word: own.get(f"{name}_{word}", "-") for word in OF_DISK}
    told = {word: text for word, text in words.items() if text not in ("", "-")}
    for word, text in told.items():
        draft.say(f"{name}_{word}={text}", f"{word} of {name}")
    reading.disks.append(OldDisk(name, dataset.name, serial=serial, properties=told))
    return name


def device(reading: Reading, dataset: Dataset) -> str:
    """Note a volume with a name of its own; returns what it is called here, or nothing."""
    numbers = [int(name[7:]) for name in reading.own if name.startswith("pcidev_")]
    numbers += [int(name[7:]) for name in reading.draft.values if name.startswith("pcidev_")]
    name = f"pcidev_{max(numbers, default=0) + 1}"
    kind = reading.draft.values["bhyve_disk_type"]
    text = f"{kind},{ZVOL}{dataset.name}"
    return name if reading.draft.carry(name, text, dataset.name, "is a disk beside disk{n}") else ""

"""What an import keeps beside the disks while it works, and how an interrupted one is ended.

GUEST/importing-disk{n} is a volume that is being written: no disk, and not named so. Once all
of it is there and compared, it is marked with `imported`, and renamed to disk{n}. An old disk{n}
is marked with `replaced`, steps aside as replaced-disk{n}, and is destroyed last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.plan import Plan, Remove, Run, Step, run

DRAFT, REPLACED = "importing-", "replaced-"
SOURCE = f"{GUEST_PREFIX}source"
IMPORTED_MARK = f"{GUEST_PREFIX}imported"
REPLACED_MARK = f"{GUEST_PREFIX}replaced"
# What lies in the guest's folder meanwhile.
DOWNLOAD, UNPACKED = ".importing-download", ".importing-unpacked"


@dataclass(frozen=True)
class Aside:
    """A volume beside the disks of a guest; `whole` where nothing is missing in it."""

    dataset: str
    disk: str
    target: str
    whole: bool


def volumes_aside(inventory: Inventory, guest: Guest, kind: str, mark: str) -> list[Aside]:
    """Return the volumes KIND-disk{n} of a guest, `whole` telling whether they have the mark."""
    start = f"{guest.dataset}/{kind}"
    found = []
    for dataset in inventory.storage.datasets.values():
        disk = dataset.name.removeprefix(start)
        if dataset.name.startswith(start) and re.fullmatch("disk[0-9]+", disk):
            whole = dataset.own(mark) is not None
            found.append(Aside(dataset.name, disk, f"{guest.dataset}/{disk}", whole))
    return found


def drafts(inventory: Inventory, guest: Guest) -> list[Aside]:
    """Return the volumes that imports began; only those with a source are ours."""
    return [
        draft
        for draft in volumes_aside(inventory, guest, DRAFT, IMPORTED_MARK)
        if inventory.storage.datasets[draft.dataset].own(SOURCE) is not None
    ]


def replaced(inventory: Inventory, guest: Guest) -> list[Aside]:
    """Return the disks that stepped aside for an import."""
    return [old for old in volumes_aside(inventory, guest, REPLACED, REPLACED_MARK) if old.whole]


def plan_settling(host: Host, inventory: Inventory, guest: Guest) -> Plan:
    """Return the steps that end what interrupted imports left: the new disk is there, or the old.

    The caller holds the lock of the guest's disks, so no import is at work.
    """
    there = set(inventory.storage.datasets)
    steps: list[Step] = []
    for draft in drafts(inventory, guest):
        if draft.whole and draft.target not in there:
            steps.append(run("zfs", "rename", draft.dataset, draft.target))
            there.add(draft.target)
        else:
            steps.append(run("zfs", "destroy", "-r", draft.dataset))
    for old in replaced(inventory, guest):
        if old.target in there:
            steps.append(run("zfs", "destroy", "-r", old.dataset))
        else:
            steps.append(run("zfs", "rename", old.dataset, old.target))
    files = host.list_folder(guest.folder)
    steps += [Remove(f"{guest.folder}/{name}") for name in (DOWNLOAD, UNPACKED) if name in files]
    return tuple(steps)


def check_settled(inventory: Inventory, guest: Guest) -> None:
    """Refuse a guest of which a disk stepped aside, and the new one did not come."""
    for old in replaced(inventory, guest):
        if old.target not in inventory.storage.datasets:
            step = finishing(inventory, guest, old)
            raise Refused(f"{guest.name}: an import to {old.disk} was interrupted", str(step))


def finishing(inventory: Inventory, guest: Guest, old: Aside) -> Run:
    """Return the step that gives a guest the disk back that stepped aside, or its successor."""
    for draft in drafts(inventory, guest):
        if draft.whole and draft.disk == old.disk:
            return run("zfs", "rename", draft.dataset, draft.target)
    return run("zfs", "rename", old.dataset, old.target)

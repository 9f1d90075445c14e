"""One guest that comes: its properties here, and the steps that set them and name its volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.disks.settling import DRAFT
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY
from chyves_core.migration.old import Line, OldDisk, OldGuest
from chyves_core.plan import Plan, Run, run
from chyves_core.pools import GUEST_VERSION
from chyves_core.zfs import Dataset, inherit, set_properties

SERIAL_PROPERTY = f"{GUEST_PREFIX}disk_serial"


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of an import, and what helps."""

    guest: str
    message: str
    hint: str


@dataclass(frozen=True)
class Arrival:
    """One guest that comes: `target` will be its dataset, `properties` all that is set there."""

    old: OldGuest
    target: str
    pool: str
    properties: Mapping[str, str]
    lines: tuple[Line, ...]
    is_copied: bool = False

    @property
    def name(self) -> str:
        """The guest's name."""
        return self.old.name

    @property
    def values(self) -> dict[str, str]:
        """All that one `zfs set` gives the guest's dataset; it counts by them, once it is moved."""
        full = {f"{GUEST_PREFIX}{name}": value for name, value in self.properties.items()}
        full[VERSION_PROPERTY] = str(GUEST_VERSION)
        if self.properties.get("template") == "yes":
            full["readonly"] = "on"
        return full


def disk_moves(old: OldGuest, target: str) -> dict[str, str]:
    """Return the paths of a guest's disks, each with the one that it will have."""
    moves = {
        disk_path(disk.dataset): disk_path(f"{target}/{disk.name}")
        for disk in old.disks
        if disk.dataset
    }
    return {**moves, disk_path(old.dataset): disk_path(target)} if old.dataset else moves


def disk_path(dataset: str) -> str:
    """Return the device node of a volume."""
    return f"/dev/zvol/{dataset}"


def folder_of(dataset: str) -> str:
    """Return the folder of a guest's dataset."""
    pool, _, rest = dataset.partition("/")
    return f"/chyves/{pool}/{rest.partition('/')[2]}"


def plan_marks(arrival: Arrival, at: str) -> Plan:
    """Return the steps that set all properties; `at` is the dataset where the guest is now."""
    old = arrival.old
    steps = [set_properties([at], arrival.values)]
    for disk in old.disks:
        last = f"{DRAFT}{disk.name}" if disk.is_written else disk.dataset[len(old.dataset) + 1 :]
        values = properties_of(disk)
        if values and last:
            steps.append(set_properties([f"{at}/{last}"], values))
    return tuple(steps)


def properties_of(disk: OldDisk) -> dict[str, str]:
    """Return what is set on a disk."""
    told = {f"{GUEST_PREFIX}{name}": value for name, value in disk.properties.items()}
    return {SERIAL_PROPERTY: disk.serial, **told} if disk.serial else told


def plan_unmarking(arrival: Arrival, at: str, before: Mapping[str, Dataset]) -> Plan:
    """Return the steps that take off what `plan_marks` has set and was not there before."""
    there = before[at].own_with_prefix("") if at in before else {}
    gone = [name for name in arrival.values if name not in there]
    disks = [each.dataset for each in arrival.old.disks if each.serial and each.dataset]
    steps = [inherit([at], name) for name in gone]
    if disks:
        steps.append(inherit(disks, SERIAL_PROPERTY))
    return tuple(steps)


def plan_renames(arrival: Arrival) -> tuple[Run, ...]:
    """Return the steps that give volumes the names that they have here, at the target.

    What chyves must not take for a disk is put aside; what was written on becomes one.
    """
    pairs = [
        (f"{DRAFT}{disk.name}" if disk.is_written else last_of(disk.dataset), disk.name)
        for disk in arrival.old.disks
        if disk.dataset or disk.is_written
    ]
    return tuple(
        run("zfs", "rename", f"{arrival.target}/{old}", f"{arrival.target}/{new}")
        for old, new in pairs
        if old != new
    )


def last_of(dataset: str) -> str:
    """Return the last part of a dataset's name."""
    return dataset.rpartition("/")[2]

"""Bring planned guests here: renamed in one step, or copied and compared before they count.

A guest gets all its properties where it is, which no old manager minds; then one `zfs rename` makes
it a guest of chyves. So there is no half of one at any moment. What follows the rename is in the
journal with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from chyves_core.cli import Changing
from chyves_core import journal, locks, replicate
from chyves_core.errors import ChyvesError
from chyves_core.guests import Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.migration import building
from chyves_core.migration.arrival import (
    Arrival,
    disk_path,
    plan_marks,
    plan_renames,
    plan_unmarking,
)
from chyves_core.migration.old import FROM
from chyves_core.migration.planning import own_mountpoint
from chyves_core.plan import Plan, run
from chyves_core.progress import watched
from chyves_core.replicate import COPIES, Tree
from chyves_core.zfs import Dataset, create_filesystem, inherit, set_properties

MARK = "chyves-import"


def title_of(arrival: Arrival) -> str:
    """Return the command that the journal names."""
    return f"import {arrival.old.manager} {arrival.name}"


def rename_guest(
    command: Changing, arrival: Arrival, inventory: Inventory, old: Mapping[str, Dataset]
) -> None:
    """Make a guest one of chyves by renaming its dataset; it stays whose it is where that fails."""
    host, source = command.host, arrival.old.dataset
    undo_marks = (*plan_unmarking(arrival, source, old), *building.plan_unwriting(arrival, source))
    try:
        building.write_disks(command, arrival, source)
        host.act(*plan_marks(arrival, source))
    except (ChyvesError, KeyboardInterrupt):
        host.try_to(*undo_marks)
        raise
    paths, old_paths = plan_paths(inventory, arrival)
    mountpoint = own_mountpoint(old, arrival.old)
    steps = (
        run("zfs", "rename", source, arrival.target),
        *((inherit([arrival.target], "mountpoint"),) if mountpoint else ()),
        *plan_mounting(arrival, old),
        *plan_renames(arrival),
        *paths,
        *building.plan_files(arrival),
    )
    undo = (
        run("zfs", "rename", arrival.target, source),
        *((set_properties([source], {"mountpoint": mountpoint}),) if mountpoint else ()),
        *plan_renaming_back(arrival),
        *old_paths,
        *undo_marks,
    )
    concerned = (locks.guest_lock(arrival.name), locks.LAYOUT)
    entry = journal.Entry(title_of(arrival), concerned, steps, undo)
    journal.carry_out(host, arrival.pool, entry)


def plan_mounting(arrival: Arrival, old: Mapping[str, Dataset]) -> Plan:
    """Return the steps that mount what was not mounted before: zfs rename leaves it so.

    Where mountpoint is legacy or none, it is mounted with the step that takes that off.
    """
    source = arrival.old.dataset
    by_itself = own_mountpoint(old, arrival.old) in ("legacy", "none")
    return tuple(
        run("zfs", "mount", arrival.target + name[len(source) :])
        for name, dataset in sorted(old.items())
        if dataset.kind == "filesystem"
        and replicate.is_in(name, source)
        and dataset.value("mounted") == "no"
        and dataset.own("canmount") in (None, "on")
        and not (by_itself and name == source)
    )


def plan_renaming_back(arrival: Arrival) -> Plan:
    """Return the steps that undo `plan_renames`, once the guest is back in its old place."""
    return tuple(
        run("zfs", "rename", f"{arrival.old.dataset}/{new}", f"{arrival.old.dataset}/{old}")
        for step in plan_renames(arrival)
        for old, new in [[path.rpartition("/")[2] for path in step.argv[-2:]]]
    )


def plan_paths(inventory: Inventory, arrival: Arrival) -> tuple[Plan, Plan]:
    """Return the steps that correct what guests here call the disks, and those that undo it."""
    steps: list[Plan] = []
    undo: list[Plan] = []
    for disk in arrival.old.disks:
        old_path = disk_path(disk.dataset)
        new_path = disk_path(f"{arrival.target}/{disk.name}")
        for guest in inventory.guests.values():
            values = {
                f"chyves:{name}": value
                for name, value in guest.properties.items()
                if name.startswith("pcidev_") and old_path in value.split(",")
            }
            if values:
                changed = {
                    name: ",".join(new_path if part == old_path else part for part in parts)
                    for name, parts in ((name, value.split(",")) for name, value in values.items())
                }
                steps.append((set_properties([guest.dataset], changed),))
                undo.append((set_properties([guest.dataset], values),))
    return tuple(step for each in steps for step in each), tuple(
        step for each in undo for step in each
    )


def copy_guest(command: Changing, arrival: Arrival, *, unnamed: str = "") -> None:
    """Copy a guest with its snapshots; its source is as it was, but for what copying takes.

    `unnamed` is a property that the copy must not have: the old manager would take it for its own.
    """
    host = command.host
    root = f"{arrival.pool}/chyves"
    copy = f"{root}/{COPIES}/{arrival.name}"
    tree = replicate.read_trees(host, arrival.old.dataset)[arrival.old.dataset]
    replicate.check_can_be_sent(tree)
    replicate.check_room(host, [tree], f"{root}/guests", arrival.name)
    clearing = replicate.plan_clearing(replicate.read_trees(host, copy), copy)
    host.act(*clearing)
    shown = watched(host)
    copied = replicate.copy_tree(host, tree, copy, MARK, shown=shown)
    try:
        host.act(*((inherit([copy], unnamed),) if unnamed else ()))
        building.write_disks(command, arrival, copy)
        host.act(*plan_marks(arrival, copy))
        switch(command, arrival, copied, copy)
    except (ChyvesError, KeyboardInterrupt):
        if not journal.concerning(host, (locks.guest_lock(arrival.name),)):
            host.try_to(run("zfs", "destroy", "-r", copy), *forgetting(copied, copied.root))
        raise
    host.act(*forgetting(copied, copied.root), *forgetting(copied, arrival.target))


def switch(command: Changing, arrival: Arrival, tree: Tree, copy: str) -> None:
    """Put a whole copy in a guest's place."""
    steps = (
        run("zfs", "rename", copy, arrival.target),
        *replicate.plan_mounting(tree, arrival.target),
        *plan_renames(arrival),
        *building.plan_files(arrival),
    )
    undo = (run("zfs", "rename", arrival.target, copy),)
    concerned = (locks.guest_lock(arrival.name), locks.LAYOUT)
    entry = journal.Entry(title_of(arrival), concerned, steps, undo)
    journal.carry_out(command.host, arrival.pool, entry)


def set_up_guest(command: Changing, arrival: Arrival) -> None:
    """Make a guest of what is in its place already: its version comes with the last step."""
    whole, *disks = plan_marks(arrival, arrival.target)
    command.host.act(*disks, *building.plan_files(arrival), whole)


def build_guest(command: Changing, arrival: Arrival) -> None:
    """Make a guest of a plain folder: a filesystem, and its disks written on volumes.

    It is built where copies are made, so that it counts only once it is whole.
    """
    host = command.host
    copy = f"{arrival.pool}/chyves/{COPIES}/{arrival.name}"
    host.act(*replicate.plan_clearing(replicate.read_trees(host, copy), copy))
    host.act(create_filesystem(copy, {}))
    try:
        building.write_disks(command, arrival, copy)
        host.act(*plan_marks(arrival, copy))
        switch(command, arrival, Tree(copy, {}), copy)
    except (ChyvesError, KeyboardInterrupt):
        if not journal.concerning(host, (locks.guest_lock(arrival.name),)):
            host.try_to(run("zfs", "destroy", "-r", copy))
        raise


def forgetting(tree: Tree, root: str) -> Plan:
    """Return the steps that destroy the snapshots that copying took."""
    return replicate.plan_forgetting(root, replicate.marks_of(tree, MARK))


def forget_copying(host: Host, manager: str) -> None:
    """Destroy the snapshots by which guests were copied that are here and whole by now."""
    sources = {
        guest.dataset: dataset
        for guest in read_inventory(host).guests.values()
        for origin, _, dataset in [guest.properties.get(FROM, "").partition(" ")]
        if origin == manager and not dataset.startswith("/")
    }
    trees = replicate.read_trees(host, *sources, *sources.values())
    for tree in trees.values():
        with locks.hold(host, locks.LAYOUT):
            host.act(*forgetting(tree, tree.root))


def place_for_copies(inventory: Inventory, pool: str) -> Plan:
    """Return the step that makes the place for copies on a pool, where there is none."""
    return replicate.plan_place(inventory.storage.datasets, f"{pool}/chyves")

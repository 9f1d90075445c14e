"""Disks that were files become volumes, and UEFI variables come along."""

from __future__ import annotations

import os

from chyves_core.cli import Changing
from chyves_core.disks.settling import DRAFT, SOURCE
from chyves_core.disks.writing import read_back, wait_for_node, write_image
from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.loaders.firmware import VARIABLES_FILE
from chyves_core.migration import grub_files
from chyves_core.migration.arrival import Arrival, disk_path, folder_of
from chyves_core.migration.devices import moved_path
from chyves_core.migration.old import OldDisk
from chyves_core.plan import Copy, Plan, Remove, quote, run
from chyves_core.progress import metered, watched
from chyves_core.zfs import create_volume

MEBIBYTE = 1 << 20


def write_disks(command: Changing, arrival: Arrival, at: str) -> None:
    """Write the disks of a guest that are files on new volumes below `at`, and compare them.

    They are no disks yet. What an interrupted import left in their place is cleared.
    """
    host = command.host
    for disk in arrival.old.disks:
        if disk.is_written:
            write_disk(command, host, disk, f"{at}/{DRAFT}{disk.name}")


def write_disk(command: Changing, host: Host, disk: OldDisk, volume: str) -> None:
    """Write one file on a new volume."""
    from chyves_core import journal

    source = host.path(disk.path)
    size, _ = host.file_size(disk.path)
    whole = max(-(-size // MEBIBYTE), 1) * MEBIBYTE
    if not host.dry_run and journal.exists(host, volume):
        host.act(run("zfs", "destroy", "-r", volume))
    host.act(create_volume(volume, whole, {"volmode": "dev", SOURCE: disk.path}))
    if host.dry_run:
        print(quote(("dd", f"if={disk.path}", f"of={disk_path(volume)}", "bs=1m")))
        return
    device = host.path(disk_path(volume))
    wait_for_node(device, disk.name)
    shown = watched(host)
    name = os.path.basename(disk.path)
    with metered(name, size, shown=shown) as meter:
        poured = write_image(
            source, device, shown=name, ending="", algorithms={"sha256"}, meter=meter
        )
    with metered(f"comparing {name}", size, shown=shown) as meter:
        digits = read_back(device, poured.size, shown=name, meter=meter)
    if digits != poured.digits["sha256"]:
        raise ChyvesError(f"{disk.path}: what was written on {volume} is not the same")


def plan_unwriting(arrival: Arrival, at: str) -> Plan:
    """Return the steps that take away what `write_disks` has made."""
    return tuple(
        run("zfs", "destroy", "-r", f"{at}/{DRAFT}{disk.name}")
        for disk in arrival.old.disks
        if disk.is_written
    )


def plan_files(arrival: Arrival) -> Plan:
    """Return the steps that give a guest its files for its loader, once it is in its place."""
    return (*plan_variables(arrival), *grub_files.plan_arriving(arrival))


def plan_variables(arrival: Arrival) -> Plan:
    """Return the steps that give a guest its UEFI variables."""
    old = arrival.old
    if not old.variables or arrival.properties.get("uefi_vars") != "yes":
        return ()
    folder = folder_of(arrival.target)
    moves = {old.folder: folder} if old.dataset else {}
    target = f"{folder}/{VARIABLES_FILE}"
    # One that is there is from before the guest went to the other manager.
    return Remove(target), Copy(moved_path(old.variables, moves), target)

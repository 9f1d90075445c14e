"""Read old managers: what each has on this host, its settings and its guests."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from chyves_core.errors import HostError, UsageError
from chyves_core.guests import Inventory
from chyves_core.host import Host
from chyves_core.migration.managers import Manager, Resource
from chyves_core.migration.old import Surroundings
from chyves_core.pools import READABLE
from chyves_core.zfs import read_tree

Reader = Callable[[Host, Inventory, bool], Manager]


def find(name: str) -> Reader:
    """Return what reads the guests of a manager; raises UsageError for an unknown one."""
    from chyves_core.migration.vm_reading import read_vm_bhyve

    readers: dict[str, Reader] = {
        "iohyve": read_iohyve,
        "chyves-sh": read_chyves_sh,
        "vm-bhyve": read_vm_bhyve,
    }
    if name not in readers:
        raise UsageError(f"{name}: guests come from {', '.join(readers)}")
    return readers[name]


def read_iohyve(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all that iohyve has on this host's pools, with one zfs call."""
    from chyves_core.migration import grub_files, iohyve, iohyve_places

    pools = [pool.name for pool in inventory.storage.pools if pool.health in READABLE]
    datasets = read_tree(host, [iohyve_places.root_of(pool) for pool in pools])
    around = surroundings(host)
    words = rc_value(host, "iohyve_enable", "iohyve_flags").split()
    uplinks = [word[4:] for word in words if word.startswith("net=") and word[4:]]
    bridges = {"bridge0": uplinks[-1]} if uplinks else {}
    notes = list(iohyve_places.notes_of(datasets))
    if "YES" in (word.upper() for word in words[:1]):
        notes.append("host: iohyve would start these guests, too: sysrc iohyve_enable=NO")
    found = [
        Resource(kind, each.name.rpartition("/")[2], path)
        for each in datasets.values()
        for kind in iohyve_places.RESOURCES
        if (path := iohyve_places.resource_path(datasets, each, kind))
    ]
    return Manager(
        iohyve_places.MANAGER,
        [grub_files.with_files(host, each) for each in iohyve.guests_of(datasets, around)],
        datasets,
        found,
        bridges,
        notes,
        f"{iohyve_places.PREFIX}name",
    )


def surroundings(host: Host) -> Surroundings:
    """Return what bhyve's own choices depend on, read with one sysctl call."""
    answer = host.read("sysctl", "-n", "kern.osreldate", "kern.hostname")
    osreldate, _, hostname = answer.stdout.strip().partition("\n")
    return Surroundings(int(osreldate), hostname)


def read_chyves_sh(host: Host, inventory: Inventory, copied: bool = False) -> Manager:
    """Read all guests of chyves 0.2; unless they are copied, its layouts become ours."""
    from chyves_core.migration import chyves_sh, grub_files, taking_over

    old = taking_over.read_settings(host, inventory.storage)
    storage = inventory.storage
    steps = () if copied else taking_over.plan(storage, old)
    after = storage if copied else taking_over.afterwards(storage, old)
    bed = chyves_sh.Bed(
        storage.datasets,
        chyves_sh.taps_of(old.settings),
        surroundings(host),
        old.settings.get("consolidate_bhyve_pci_devices") == "yes",
    )
    guests = []
    for dataset in storage.datasets.values():
        if chyves_sh.is_guest(storage.datasets, dataset):
            pool, _, rest = dataset.name.partition("/")
            folder = f"/chyves/{pool}/{rest.partition('/')[2]}"
            text = host.read_text(f"{folder}/.config/.cfg") or ""
            images = files_found(host, f"{folder}/img")
            guest = chyves_sh.read_guest(bed, dataset, chyves_sh.parse(text), images)
            guests.append(grub_files.with_files(host, guest))
    found = []
    for dataset in storage.datasets.values():
        pool, *middle = dataset.name.split("/")
        if len(middle) == 3 and middle[1] in ("ISO", "Firmware") and not copied:
            path = f"/chyves/{pool}/{middle[1]}/{middle[2]}/{middle[2]}"
            found.append(Resource(middle[1], middle[2], path, dataset.name))
    return Manager(
        chyves_sh.MANAGER,
        guests,
        storage.datasets,
        found,
        notes=old.notes,
        before=steps,
        inventory=replace(inventory, storage=after),
    )


def files_found(host: Host, folder: str) -> tuple[str, ...]:
    """Return the files below a folder, as names in it, in the order in which find(1) has them."""
    top = host.path(folder)
    found: list[str] = []
    if top.is_dir():
        for entry in os.scandir(top):
            if entry.is_dir(follow_symlinks=False):
                below = files_found(host, f"{folder}/{entry.name}")
                found += [f"{entry.name}/{name}" for name in below]
            elif entry.is_file(follow_symlinks=False):
                found.append(entry.name)
    return tuple(found)


def rc_value(host: Host, *names: str) -> str:
    """Return settings of rc.conf, a line each, nothing for those that are not there.

    A small host may have no sysrc(8), or not the library of bsdconfig that it reads.
    """
    try:
        return host.read("sysrc", "-in", *names, allowed=None).stdout.strip()
    except HostError:
        return ""

"""Bring a layout into use, and adopt one that was made on another pool and copied here."""

from __future__ import annotations

import re

from chyves_core import journal, zfs
from chyves_core.guests import GUEST_PREFIX, Inventory, guests_on
from chyves_core.host import Host
from chyves_core.plan import Plan, Remove, run
from chyves_core.pools import POOL_PREFIX, Pool, Storage, layout_state
from chyves_core.zfs import Dataset

DISK_PATH = r"/dev/zvol/(?P<pool>[^/,]+)/chyves/(?P<rest>guests/[^/,]+/disk\d+)"


def is_foreign(layout: Dataset, pool: Pool) -> bool:
    """Return whether a layout was made on another pool than the one that it is on."""
    return layout_state(layout, pool.guid) == "replica"


def bring_in(host: Host, inventory: Inventory, pool: Pool, role: str) -> None:
    """Bring a layout into use: all that it needs first, what makes it count last."""
    layout = pool.layout
    assert layout is not None
    foreign = is_foreign(layout, pool)
    last: Plan = ()
    if foreign:
        host.act(*plan_place(layout, pool))
        mount_all(host, layout.name, inventory)
        host.act(*plan_paths(inventory.storage, pool), *plan_forgetting(host, pool))
        values = {f"{POOL_PREFIX}guid": pool.guid, f"{POOL_PREFIX}role": role}
        last = (zfs.set_properties([layout.name], values),)
    elif layout.own(f"{POOL_PREFIX}role") != role:
        last = (zfs.set_properties([layout.name], {f"{POOL_PREFIX}role": role}),)
    if layout.name != pool.root:
        last = (*last, run("zfs", "rename", layout.name, pool.root))
    host.act(*last)


def plan_place(layout: Dataset, pool: Pool) -> Plan:
    """Return the step that gives a copy of a layout what `install` gives one.

    It was received with another pool's mountpoint, and perhaps so that nothing mounts or changes
    it: with canmount=noauto or readonly=on.
    """
    wanted = {"mountpoint": pool.mountpoint, "exec": "off", "setuid": "off"}
    wanted |= {"canmount": "on", "readonly": "off"}
    defaults = {"canmount": "on", "readonly": "off"}
    values = {
        name: value
        for name, value in wanted.items()
        if layout.value(name, defaults.get(name, "")) != value
    }
    return (zfs.set_properties([layout.name], values),) if values else ()


def mount_all(host: Host, root: str, inventory: Inventory) -> None:
    """Mount the filesystems of a layout that are not mounted."""
    filesystems = [
        each.name
        for each in inventory.storage.datasets.values()
        if each.kind == "filesystem"
        and (each.name == root or each.name.startswith(f"{root}/"))
        and (each.name == root or each.value("canmount", "on") == "on")
    ]
    lines = host.read("zfs", "get", "-Hp", "-o", "name,value", "mounted", *filesystems).stdout
    for line in sorted(lines.splitlines()):
        name, _, mounted = line.partition("\t")
        if mounted != "yes":
            host.act(run("zfs", "mount", name))


def plan_paths(storage: Storage, pool: Pool) -> Plan:
    """Return the steps that correct paths of disks which came along from a pool that is gone."""
    steps = []
    layout = pool.layout.name if pool.layout else ""

    def correct(found: re.Match[str]) -> str:
        is_there = any(each.name == found["pool"] for each in storage.pools)
        here = f"{layout}/{found['rest']}" in storage.datasets
        path = f"/dev/zvol/{pool.root}/{found['rest']}"
        return path if here and not is_there else found.group()

    for guest in guests_on(storage, pool.name).values():
        values = {
            f"{GUEST_PREFIX}{name}": re.sub(DISK_PATH, correct, value)
            for name, value in guest.properties.items()
            if name.startswith("pcidev_") and re.sub(DISK_PATH, correct, value) != value
        }
        if values:
            steps.append(zfs.set_properties([guest.dataset], values))
    return tuple(steps)


def plan_forgetting(host: Host, pool: Pool) -> Plan:
    """Return the steps that remove what came along of the other pool's journal."""
    folder = journal.folder_of(pool.name)
    return tuple(Remove(f"{folder}/{name}") for name in host.list_folder(folder))

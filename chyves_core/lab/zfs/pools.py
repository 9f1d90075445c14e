"""Making pools: from files and devices as `zpool create` does, or from nothing for the lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.files import Files
from chyves_core.lab.zfs.model import FILESYSTEM, Pool, new_guid
from chyves_core.lab.zfs.store import Store

MIB = 1 << 20
GIB = 1 << 30
LABELS = 4 * MIB + 512 * 1024


def pool_names(lab: Lab) -> list[str]:
    """Return the names of the lab's imported pools."""
    store = Store(lab)
    with store.reading():
        return store.pool_names()


def make_pool(lab: Lab, name: str, size: int = 100 * GIB) -> None:
    """Make an empty pool of `size` bytes that lies on no device, mounted on /NAME."""
    store = Store(lab)
    with store.writing():
        add_pool(store, name, size, [{"name": "ada0p3", "state": "ONLINE"}], {})


def pool_size(device_size: int) -> int:
    """Return the size of a pool on one device of `device_size` bytes.

    Labels go off, and the rest is cut to whole metaslabs (vdev_metaslab_set_size); captures
    zpool-list and small-pool: 600 MB give 576 MB, 100 give 80, 64 give 48.
    """
    room = device_size - LABELS
    shift = 29
    if room >> shift < 16:
        shift = max(24, (room // 16).bit_length())
    return (room >> shift) << shift


def add_pool(
    store: Store,
    name: str,
    size: int,
    devices: list[dict[str, Any]],
    root_properties: dict[str, str],
    pool_properties: dict[str, str] | None = None,
) -> Pool:
    """Make a pool and its root filesystem; the caller holds the lock."""
    pool = Pool(
        name,
        {
            "guid": new_guid(),
            "size": size,
            "txg": 3,
            "next_number": 53,
            "properties": pool_properties or {},
            "devices": devices,
            "readonly": False,
            "datasets": [],
        },
    )
    root = pool.new_dataset(name, FILESYSTEM)
    root.local.update(root_properties)
    files = Files(store, pool)
    Path(files.own(root), "fs").mkdir(parents=True, exist_ok=True)
    actions: list[Action] = []
    mountpoint = root_properties.get("mountpoint", f"/{name}")
    if mountpoint.startswith("/") and root_properties.get("canmount", "on") == "on":
        actions = files.show(root, mountpoint)
    store.lab.write_state(f"zfs-pool-{pool.guid}", pool.state())
    store.write_index(name, pool.guid, exported=False)
    store.loaded[name] = pool
    store.commit(pool, actions)
    return pool

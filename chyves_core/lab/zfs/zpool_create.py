"""zpool create and zpool destroy."""

from __future__ import annotations

import os
from typing import Any

from chyves_core.lab.zfs.busy import is_busy
from chyves_core.lab.zfs.checking import BadProperty, check, split_pairs
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import FILESYSTEM, Pool
from chyves_core.lab.zfs.names import pool_name_error
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.pools import add_pool, pool_size
from chyves_core.lab.zfs.session import Session

LEAST = 64 << 20
GROUPS = ("mirror", "raidz", "raidz1", "raidz2", "raidz3")


def create(session: Session, arguments: list[str]) -> None:
    """zpool create [-fnd] [-o property=value]… [-O property=value]… [-m path] POOL DEVICE…."""
    options = parse(arguments, "fndo:O:m:R:t:")
    if not options.words:
        raise UsageError("missing pool name argument")
    if len(options.words) == 1:
        raise UsageError("missing vdev specification")
    name, devices = options.words[0], options.words[1:]
    wrong = pool_name_error(name)
    if wrong:
        raise ZfsError(f"cannot create '{name}': {wrong}")
    with session.store.writing():
        layout, size = checked_devices(session, name, devices)
        refuse(session, name, size, devices)
        root = root_properties(name, options)
        if "n" in options:
            return
        properties = dict(pair.split("=", 1) for pair in options.all("o"))
        pool = add_pool(session.store, name, pool_size(size), layout, root, properties)
        session.store.add_history(pool, session.words)


def refuse(session: Session, name: str, size: int, devices: list[str]) -> None:
    """Raise ZfsError where the pool can't be made."""
    if not session.lab.is_root:
        raise ZfsError(f"cannot use '/dev/{devices[0]}': must be a block device or regular file")
    if name in session.store.pool_names():
        raise ZfsError(f"cannot create '{name}': pool already exists")
    if size < LEAST:
        raise ZfsError(
            f"cannot create '{name}': one or more devices is less than the minimum size (64M)"
        )


def root_properties(name: str, options: Options) -> dict[str, str]:
    """Return the properties of the pool's root filesystem."""
    try:
        pairs = split_pairs(options.all("O"))
        stored = dict(check(key, value, FILESYSTEM, True) for key, value in pairs.items())
    except BadProperty as wrong:
        raise ZfsError(f"cannot create '{name}': {wrong}") from wrong
    mountpoint = options.last("m")
    if mountpoint:
        stored["mountpoint"] = mountpoint
    return stored


def checked_devices(
    session: Session, pool: str, words: list[str]
) -> tuple[list[dict[str, Any]], int]:
    """Return the layout and the size that the devices have together."""
    layout: list[dict[str, Any]] = []
    group: dict[str, Any] | None = None
    sizes: list[int] = []
    size = 0
    for word in words:
        if word in GROUPS:
            group = {"name": f"{word}-{len(layout)}", "state": "ONLINE", "parts": []}
            layout.append(group)
            sizes = []
            continue
        here = device_size(session, word)
        check_free(session, word)
        shown = word.removeprefix(str(session.lab.root)).removeprefix("/dev/")
        device = {"name": shown, "state": "ONLINE"}
        if group is None:
            layout.append(device)
            size += here
        else:
            group["parts"].append(device)
            sizes.append(here)
            size = min(sizes)
    return layout, size


def device_size(session: Session, word: str) -> int:
    """Return the bytes of a file or device; raises ZfsError where there is none."""
    if word.startswith("/"):
        path = session.lab.path_or_own(word)
    else:
        path = session.lab.path(f"/dev/{word}")
    if not path.exists():
        where = "" if word.startswith("/") else " in /dev"
        what = "no such file or directory" if word.startswith("/") else f"no such device{where}"
        more = "" if word.startswith("/") else "\nmust be a full path or shorthand device name"
        raise ZfsError(f"cannot open '{word}': {what}{more}")
    return os.stat(path).st_size


def check_free(session: Session, word: str) -> None:
    """Raise ZfsError where a device belongs to a pool that is imported."""
    shown = word.removeprefix(str(session.lab.root))
    for name in session.store.pool_names():
        pool = session.store.pool(name)
        if pool and shown.removeprefix("/dev/") in device_names(pool):
            full = shown if shown.startswith("/") else f"/dev/{shown}"
            raise ZfsError(
                "invalid vdev specification\nuse '-f' to override the following errors:\n"
                f"{full} is part of active pool '{name}'"
            )


def device_names(pool: Pool) -> list[str]:
    """Return the names of a pool's devices."""
    names = []
    for device in pool.devices:
        names += [part["name"] for part in device.get("parts", [device])]
    return names


def destroy(session: Session, arguments: list[str]) -> None:
    """zpool destroy [-f] POOL."""
    options = parse(arguments, "f")
    if not options.words:
        raise UsageError("missing pool argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    with session.store.writing():
        pool = session.store.pool(name)
        if pool is None:
            raise ZfsError(f"cannot open '{name}': no such pool")
        if not session.lab.is_root:
            raise ZfsError(f"cannot destroy '{name}': permission denied")
        hide_all(session, pool, "destroy")
        session.store.forget(pool.guid)
        remove_files(session, pool)


def hide_all(session: Session, pool: Pool, verb: str) -> None:
    """Unmount all filesystems of a pool and take its device nodes away."""
    from chyves_core.lab.zfs.mounting import relocate

    view = session.view(pool)
    for dataset in pool.datasets.values():
        if not is_busy(view.files.live(dataset)):
            continue
        if dataset.is_volume:
            raise ZfsError(f"cannot {verb} '{pool.name}': pool is busy")
        raise ZfsError(f"cannot unmount '{dataset.mounted}': pool or dataset is busy")
    actions = relocate(view, dict.fromkeys(pool.datasets))
    session.store.commit(pool, actions)


def remove_files(session: Session, pool: Pool) -> None:
    """Remove all that the lab keeps of a pool that is no more."""
    from chyves_core.lab.zfs.actions import remove

    remove(str(session.store.pool_files(pool)))
    (session.lab.state / f"zfs-pool-{pool.guid}.json").unlink(missing_ok=True)
    session.store.history_file(pool).unlink(missing_ok=True)

"""Bring the layout of a pool to the current version, one version after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chyves_core.cli import Changing
from chyves_core import locks, zfs
from chyves_core.errors import Refused
from chyves_core.host import Host
from chyves_core.layout import check_ours, shell_layout
from chyves_core.plan import Plan
from chyves_core.pools import (
    DATASET_VERSION,
    POOL_PREFIX,
    SHELL_CONFIG,
    Pool,
    Storage,
    read_storage,
    use_hint,
)

Upgrade = Callable[[Storage, Pool], Plan]


def make_whole(storage: Storage, pool: Pool) -> Plan:
    """From no version to 1: what a layout needs at least is there.

    A layout says no version where somebody took the property off, or set it to no number.
    """
    check_ours(pool)
    names = ("guests", "ISO", "Firmware", "logs") if pool.state == "primary" else ("guests",)
    return tuple(
        zfs.create_filesystem(f"{pool.root}/{name}", {})
        for name in names
        if f"{pool.root}/{name}" not in storage.datasets
    )


# What brings a layout of each version to the next one.
UPGRADES: Mapping[int, Upgrade] = {0: make_whole}


def upgrade_layout(command: Changing, name: str) -> None:
    """Bring the layout of a pool in use to the current version."""
    host = command.host
    with locks.hold(host, locks.LAYOUT, locks.NUMBERING):
        storage = read_storage(host)
        pool = storage.pool(name)
        if pool.state == "chyves-sh":
            raise told_version(host, pool)
        if not pool.active:
            raise Refused(
                f"{name}: chyves is not in use on this pool ({pool.state})", use_hint(pool)
            )
        host.act(*plan_upgrade(storage, pool, UPGRADES, DATASET_VERSION))
    if not host.dry_run:
        what = "was" if pool.version == DATASET_VERSION else "is now"
        command.say(f"{name}: the layout {what} of version {DATASET_VERSION}")


def plan_upgrade(
    storage: Storage, pool: Pool, upgrades: Mapping[int, Upgrade], current: int
) -> Plan:
    """Return the steps from a layout's version to the current one; each version is set as reached.

    So what was interrupted goes on from there. A step may be done twice.
    """
    steps: Plan = ()
    for version in range(pool.version, current):
        reached = {f"{POOL_PREFIX}version": str(version + 1)}
        steps += (*upgrades[version](storage, pool), zfs.set_properties([pool.root], reached))
    return steps


def told_version(host: Host, pool: Pool) -> Refused:
    """Return the error for a layout of chyves 0.2, with the version that its pool.cfg names."""
    error = shell_layout(pool)
    text = host.read_text(f"{pool.mountpoint}/{SHELL_CONFIG}/pool.cfg") or ""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "dataset_version":
            number = value.strip().strip("\"'")
            error.message += f", its layout has version {number}"
    return error

"""The layout that chyves keeps on a pool: how it is made."""

from __future__ import annotations

from datetime import UTC, datetime

from chyves_core.cli import Changing
from chyves_core import locks, zfs
from chyves_core.errors import Refused
from chyves_core.host import Host
from chyves_core.plan import Plan
from chyves_core.pools import (
    DATASET_VERSION,
    DOOMED,
    POOL_PREFIX,
    SHELL_HINT,
    Pool,
    Storage,
    read_storage,
    use_hint,
)


def install(command: Changing, name: str) -> None:
    """Put a layout on a pool."""
    host = command.host
    with locks.hold(host, locks.LAYOUT, locks.NUMBERING):
        steps = plan_install(read_storage(host), name)
        check_no_rest(host, name)
        host.act(*steps)
    if not host.dry_run:
        command.say(f"chyves is installed on {name}")


def plan_install(storage: Storage, name: str, now: datetime | None = None) -> Plan:
    """Return the zfs calls that put a layout on a pool; the first pool becomes the primary one.

    The role is set last: a layout without it is not in use, and installing again finishes it.
    Raises NotFound for a pool that is not there, Refused where it has a layout already.
    """
    pool = storage.pool(name)
    if pool.state == "chyves-sh":
        raise shell_layout(pool)
    if pool.state != "none":
        hint = None if pool.active else use_hint(pool)
        raise Refused(f"{name}: chyves is on this pool already ({pool.state})", hint)
    first = not any(each.state == "primary" for each in storage.pools)
    made = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    steps = []
    check_ours(pool)
    if pool.layout is None:
        # Nothing in the layout is run or set-uid on the host itself.
        options = {"mountpoint": pool.mountpoint, "exec": "off", "setuid": "off"}
        steps.append(zfs.create_filesystem(pool.root, options))
    children = ("guests", "ISO", "Firmware", "logs") if first else ("guests",)
    for child in children:
        if f"{pool.root}/{child}" not in storage.datasets:
            steps.append(zfs.create_filesystem(f"{pool.root}/{child}", {}))
    steps.append(zfs.set_properties([pool.root], pool_properties(pool, first, made)))
    return tuple(steps)


def check_no_rest(host: Host, name: str) -> None:
    """Refuse where a layout of the pool is being destroyed: two would be mounted in one place."""
    doomed = f"{name}/{DOOMED}"
    if zfs.read_tree(host, [doomed]):
        raise Refused(
            f"{name}: {doomed} is left of an uninstall that has not ended",
            f"chyves dataset {name} uninstall",
        )


def shell_layout(pool: Pool) -> Refused:
    """Return the error for a pool that chyves 0.2, the shell program, keeps its guests on."""
    return Refused(f"{pool.name}: chyves 0.2, the shell program, is on this pool", SHELL_HINT)


def check_ours(pool: Pool) -> None:
    """Refuse a dataset in the layout's place that chyves did not begin."""
    found = pool.layout
    if found and (found.kind != "filesystem" or found.own("mountpoint") != pool.mountpoint):
        raise Refused(
            f"{pool.name}: {found.name} is there, and chyves did not make it",
            f"zfs rename {found.name} {pool.name}/OTHER",
        )


def pool_properties(pool: Pool, first: bool, made: str) -> dict[str, str]:
    """Return what the layout says of itself."""
    return {
        f"{POOL_PREFIX}version": str(DATASET_VERSION),
        f"{POOL_PREFIX}creation": made,
        f"{POOL_PREFIX}guid": pool.guid,
        f"{POOL_PREFIX}role": "primary" if first else "secondary",
    }

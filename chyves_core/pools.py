"""Pools with a chyves layout: what is on each, and which of them are in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.errors import NotFound, Refused
from chyves_core.host import Host
from chyves_core.zfs import Dataset, read_tree

DATASET_VERSION = 1
GUEST_VERSION = 1

POOL_PREFIX = "chyves.pool:"
GLOBAL_PREFIX = "chyves.global:"
DEFAULT_PREFIX = "chyves.default:"

# What zpool(8) calls a pool that can be read.
READABLE = ("ONLINE", "DEGRADED")

# A layout that is being destroyed is called so: it is no layout any more, whatever is left of it.
DOOMED = "chyves_uninstalled"

# chyves 0.1 and 0.2 keep their settings in files in POOL/chyves/.config, mounted where ours is too.
SHELL_CONFIG = ".config"
SHELL_HINT = "chyves import chyves-sh"


@dataclass(frozen=True)
class Pool:
    """One pool of the host, with the layout on it where there is one.

    `state` is "primary", "secondary", "offline", "replica" (a layout that was made on another
    pool and copied here), "chyves-sh" (the layout of chyves 0.2, the shell program), "unreadable"
    (the pool has failed) or "none". One that was imported `readonly` takes no change at all.
    """

    name: str
    guid: str
    health: str
    size: str
    free: str
    state: str
    layout: Dataset | None
    readonly: bool = False

    @property
    def active(self) -> bool:
        """Whether guests on this pool count."""
        return self.state in ("primary", "secondary")

    @property
    def root(self) -> str:
        """The dataset of the layout."""
        return f"{self.name}/chyves"

    @property
    def version(self) -> int:
        """The version of the layout; 0 where it says none."""
        text = self.layout.own(f"{POOL_PREFIX}version") if self.layout else None
        return int(text) if text and text.isascii() and text.isdecimal() else 0

    @property
    def mountpoint(self) -> str:
        """The folder of the layout."""
        return f"/chyves/{self.name}"


@dataclass(frozen=True)
class Storage:
    """All that one look at the host's ZFS told: pools, and every dataset of their layouts.

    `changing` says that the command which looked may change them.
    """

    pools: tuple[Pool, ...]
    datasets: Mapping[str, Dataset]
    changing: bool = False

    @property
    def active_pools(self) -> tuple[Pool, ...]:
        """The pools whose guests count, the primary one first."""
        active = [pool for pool in self.pools if pool.active]
        return tuple(sorted(active, key=lambda pool: (pool.state != "primary", pool.name)))

    @property
    def primary(self) -> Pool:
        """The primary pool; raises NotFound where chyves was never installed on one."""
        for pool in self.pools:
            if pool.state == "primary":
                return pool
        raise self.no_primary()

    def no_primary(self) -> NotFound:
        """Return the error for a host without a primary pool; it says what there is instead."""
        likely = {pool.state: pool for pool in reversed(self.pools)}
        for state in ("unreadable", "secondary", "offline", "replica", "chyves-sh"):
            if state in likely:
                pool = likely[state]
                what = f"there is no primary pool, {pool.name} is {state}"
                return NotFound(what, use_hint(pool))
        return NotFound("no pool of this host has chyves on it", "chyves dataset POOL install")

    def pool(self, name: str) -> Pool:
        """Return the pool of that name; raises NotFound."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        raise NotFound(f"{name}: there is no such pool", "zpool list")

    def active_pool(self, name: str) -> Pool:
        """Return the pool of that name, which has to be in use."""
        pool = self.pool(name)
        if not pool.active:
            raise NotFound(
                f"{name}: chyves is not in use on this pool ({pool.state})", use_hint(pool)
            )
        return pool

    def settings(self, prefix: str) -> dict[str, str]:
        """Return the properties that the primary pool's layout has under a prefix."""
        layout = self.primary.layout
        return layout.own_with_prefix(prefix) if layout else {}


def use_hint(pool: Pool) -> str:
    """Return the command that brings a pool into use."""
    if pool.state == "chyves-sh":
        return SHELL_HINT
    if pool.state == "unreadable":
        return f"zpool status {pool.name}"
    verbs = {"secondary": "promote", "offline": "online", "replica": "online --adopt"}
    verb = verbs.get(pool.state, "install")
    return f"chyves dataset {pool.name} {verb}"


def read_storage(host: Host) -> Storage:
    """Read all pools with one zpool call and all their layouts with one zfs call.

    Raises Refused where a command that changes something meets a layout from a newer chyves.
    """
    rows = read_pool_rows(host)
    # zfs waits for ever for a pool whose input and output are suspended.
    readable = [row[0] for row in rows if row[2] in READABLE]
    roots = [f"{name}/{layout}" for name in readable for layout in ("chyves", "chyves_offline")]
    datasets = read_tree(host, roots)
    pools = tuple(make_pool(row, datasets) for row in rows)
    storage = Storage(pools, datasets, host.changes_datasets)
    heed_level(host, storage)
    if host.changes_datasets:
        refuse_newer(storage)
    return storage


def heed_level(host: Host, storage: Storage) -> None:
    """Let the host say as much as the global property stdout_level wants, where no option does."""
    if host.level_is_open and any(pool.state == "primary" for pool in storage.pools):
        level = storage.settings(GLOBAL_PREFIX).get("stdout_level", "")
        if level in ("0", "1", "2", "3"):
            host.level = int(level)


def refuse_newer(storage: Storage) -> None:
    """Raise Refused where a pool in use has a layout that this chyves does not know."""
    for pool in storage.active_pools:
        if pool.version > DATASET_VERSION:
            raise Refused(
                f"{pool.name}: its layout has version {pool.version}, this chyves knows version "
                f"{DATASET_VERSION} and changes nothing",
                "chyves version",
            )


def read_pool_rows(host: Host) -> list[list[str]]:
    """Return name, guid, health, size and free bytes of every pool, and whether it is read-only."""
    argv = ("zpool", "list", "-Hp", "-o", "name,guid,health,size,free,readonly")
    return [line.split("\t") for line in host.read(*argv).stdout.splitlines() if line]


def make_pool(row: list[str], datasets: Mapping[str, Dataset]) -> Pool:
    """Return the pool of one row of `zpool list`, and what its layout says."""
    name, guid, health, size, free, readonly = row
    layout = datasets.get(f"{name}/chyves")
    if health not in READABLE:
        return Pool(name, guid, health, size, free, "unreadable", None)
    if layout is None:
        offline = datasets.get(f"{name}/chyves_offline")
        state = "offline" if offline else "none"
        return Pool(name, guid, health, size, free, state, offline)
    if f"{layout.name}/{SHELL_CONFIG}" in datasets and layout_state(layout, guid) == "none":
        return Pool(name, guid, health, size, free, "chyves-sh", layout)
    state = layout_state(layout, guid)
    return Pool(name, guid, health, size, free, state, layout, readonly == "on")


def layout_state(layout: Dataset, guid: str) -> str:
    """Return which part a layout plays: its role, or replica where it is another pool's copy."""
    role = layout.own(f"{POOL_PREFIX}role")
    if role is None:
        return "none"
    if layout.own(f"{POOL_PREFIX}guid") != guid:
        return "replica"
    return role if role in ("primary", "secondary") else "offline"

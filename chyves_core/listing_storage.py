"""Lists of what lies on the pools: the pools themselves, ISO images, firmware, snapshots."""

from __future__ import annotations

from chyves_core.guests import Guest
from chyves_core.listing import Listed
from chyves_core.look import Look
from chyves_core.output import Moment, Row, Size
from chyves_core.pools import POOL_PREFIX, Pool


def pools(look: Look, word: str | None) -> Listed:
    """Return all pools of the host; guests are counted on those that are in use."""
    counts: dict[str, int] = {}
    for guest in look.inventory.guests.values():
        counts[guest.pool] = counts.get(guest.pool, 0) + 1
    rows = [pool_row(pool, counts.get(pool.name, 0)) for pool in look.inventory.storage.pools]
    return Listed(("pool", "role", "health", "size", "free", "guests", "version"), rows, "pools")


def pool_row(pool: Pool, guests: int) -> Row:
    """Return the row of one pool; without a layout it has neither guests nor a version."""
    own = pool.layout.own_with_prefix(POOL_PREFIX) if pool.layout else {}
    version = own.get("version", "")
    return {
        "pool": pool.name,
        "role": pool.state,
        "health": pool.health,
        "size": pool_bytes(pool.size),
        "free": pool_bytes(pool.free),
        "guests": guests if pool.active else None,
        "version": int(version) if version.isdecimal() else None,
        "guid": pool.guid,
        "dataset": pool.layout.name if pool.layout else None,
        "creation": own.get("creation"),
    }


def pool_bytes(text: str) -> Size | None:
    """Return a number of zpool list; a pool that can't be read has `-`."""
    return Size(text) if text.isdecimal() else None


def isos(look: Look, word: str | None) -> Listed:
    """Return the ISO images."""
    from chyves_core import resources

    return resource_list(look, resources.ISO, "ISO images")


def firmware(look: Look, word: str | None) -> Listed:
    """Return the firmware images."""
    from chyves_core import resources

    return resource_list(look, resources.FIRMWARE, "firmware")


def resource_list(look: Look, kind: str, what: str) -> Listed:
    """Return the resources of one kind."""
    from chyves_core import resources

    rows: list[Row] = [
        {
            "name": each.name,
            "size": Size(each.size),
            "used": Size(each.used),
            "imported": each.imported or None,
            "source": each.source or None,
            "sha256": each.sha256,
            "path": each.path,
            "dataset": each.dataset,
        }
        for each in resources.all(look.inventory.storage, kind).values()
    ]
    return Listed(("name", "size", "used", "imported", "source"), rows, what)


def snapshots(look: Look, word: str | None) -> Listed:
    """Return the guests' snapshots, each with its disks, read with one zfs call."""
    guests = look.guests([word] if word else [])
    columns = ("guest", "snapshot", "used", "creation")
    if not guests:
        return Listed(columns, [], "snapshots")
    if word:
        roots = [guest.dataset for guest in guests]
    else:
        parents = [f"{pool.root}/guests" for pool in look.inventory.storage.active_pools]
        roots = [parent for parent in parents if parent in look.inventory.storage.datasets]
    argv = ("zfs", "list", "-Hp", "-r", "-t", "snapshot", "-o", "name,used,creation")
    return Listed(columns, snapshot_rows(guests, look.host.read(*argv, *roots).stdout), "snapshots")


def snapshot_rows(guests: list[Guest], output: str) -> list[Row]:
    """Return one row for each snapshot of a guest, oldest first; `used` is with its disks."""
    by_dataset = {guest.dataset: guest for guest in guests}
    used: dict[tuple[str, str], int] = {}
    made: dict[tuple[str, str], int] = {}
    for line in output.splitlines():
        name, amount, creation = line.split("\t")
        dataset, _, snapshot = name.partition("@")
        owner = dataset if dataset in by_dataset else dataset.rpartition("/")[0]
        if owner in by_dataset:
            key = owner, snapshot
            used[key] = used.get(key, 0) + int(amount)
            made[key] = min(int(creation), made.get(key, int(creation)))
    keys = sorted(used, key=lambda key: (by_dataset[key[0]].name, made[key], key[1]))
    return [
        {
            "guest": by_dataset[owner].name,
            "snapshot": f"@{snapshot}",
            "used": Size(used[owner, snapshot]),
            "creation": Moment(made[owner, snapshot]),
            "dataset": f"{owner}@{snapshot}",
        }
        for owner, snapshot in keys
    ]

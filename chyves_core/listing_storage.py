"""Lists of what lies on the pools: the pools themselves, ISO images, firmware."""

from __future__ import annotations

from chyves_core.listing import Listed
from chyves_core.look import Look
from chyves_core.output import Digest, Row, Size
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

    return resource_list(look, resources.ISO)


def firmware(look: Look, word: str | None) -> Listed:
    """Return the firmware images."""
    from chyves_core import resources

    return resource_list(look, resources.FIRMWARE)


def resource_list(look: Look, kind: str) -> Listed:
    """Return the resources of one kind: `list iso` and `iso list` are one table."""
    from chyves_core import resources

    rows: list[Row] = [
        {
            "name": each.name,
            "size": Size(each.size),
            "used": Size(each.used),
            "imported": each.imported or None,
            "source": each.source or None,
            "sha256": Digest(each.sha256),
            "path": each.path,
            "dataset": each.dataset,
        }
        for each in resources.all(look.inventory.storage, kind).values()
    ]
    what = "ISO images" if kind == resources.ISO else "firmware"
    return Listed(("name", "size", "used", "imported", "sha256", "source"), rows, what)

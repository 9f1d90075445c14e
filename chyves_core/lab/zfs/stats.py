"""The properties that ZFS computes: sizes, numbers, dates."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chyves_core.lab.zfs.model import Pool, Snapshot
from chyves_core.lab.zfs.space import Space

if TYPE_CHECKING:
    from chyves_core.lab.zfs.values import Item

ONLY_WHEN_SET = frozenset(
    "origin clones receive_resume_token encryptionroot keystatus redact_snaps".split()
)


class Stats:
    """Computes the properties of one pool's datasets; texts as `-p` prints them."""

    def __init__(self, pool: Pool, space: Space) -> None:
        self.pool = pool
        self.space = space

    @cached_property
    def clones(self) -> dict[int, list[str]]:
        """The names of the clones of each snapshot that has any, by its number."""
        found: dict[int, list[str]] = {}
        for dataset in self.pool.datasets.values():
            if dataset.origin is not None:
                found.setdefault(dataset.origin, []).append(dataset.name)
        return found

    def shown(self, item: Item, name: str) -> str:
        """Return the text of a property, "" where `zfs get all` leaves it out."""
        if name in ONLY_WHEN_SET:
            text = self.get(item, name)
            return "" if text == "-" else text
        return self.get(item, name)

    def get(self, item: Item, name: str) -> str:
        """Return the text of a property, "-" where the item has none."""
        if item.bookmark:
            return self.of_bookmark(item, name)
        if name == "type":
            return item.kind
        if item.snap:
            return self.of_snapshot(item, item.snap, name)
        return self.of_dataset(item, name)

    def of_dataset(self, item: Item, name: str) -> str:
        """Return a property of a filesystem or volume."""
        dataset, space = item.dataset, self.space
        number = {
            "used": space.used,
            "available": space.available,
            "referenced": space.referenced,
            "usedbysnapshots": space.by_snapshots,
            "usedbydataset": space.by_dataset,
            "usedbychildren": space.by_children,
            "usedbyrefreservation": space.by_refreservation,
        }.get(name)
        if number:
            return str(number(dataset))
        if name == "written":
            return str(space.written(dataset, space.base(dataset)))
        if name in ("logicalused", "logicalreferenced"):
            return str(space.referenced(dataset) // 2)
        if name == "mounted":
            return "yes" if dataset.mounted else "no"
        if name == "origin":
            origin = self.space.origin_of(dataset)
            return f"{origin[0].name}@{origin[1].name}" if origin else "-"
        if name == "receive_resume_token":
            token: str = dataset.extra.get("partial", {}).get("token", "-")
            return token
        return self.common(name, dataset.guid, dataset.txg, dataset.creation, dataset.number)

    def of_snapshot(self, item: Item, snap: Snapshot, name: str) -> str:
        """Return a property of a snapshot."""
        dataset = item.dataset
        if name in ("used", "written"):
            place = dataset.snaps.index(snap)
            if name == "used":
                return str(self.space.snapshot_used(dataset, place))
            return str(self.snapshot_written(item, place))
        if name == "referenced":
            return str(snap.referenced)
        if name == "logicalreferenced":
            return str(snap.referenced // 2)
        if name == "defer_destroy":
            return "on" if snap.deferred else "off"
        if name == "userrefs":
            return str(len(snap.holds))
        if name == "clones":
            return ",".join(self.clones.get(snap.number, ())) or "-"
        return self.common(name, snap.guid, snap.txg, snap.creation, snap.number)

    def snapshot_written(self, item: Item, place: int) -> int:
        """Return what was written between a snapshot and the one before it."""
        snaps = item.dataset.snaps
        if place == 0:
            return snaps[0].referenced
        if snaps[place].stamp == snaps[place - 1].stamp:
            return 0
        return max(8192, snaps[place].referenced - snaps[place - 1].referenced)

    def of_bookmark(self, item: Item, name: str) -> str:
        """Return a property of a bookmark."""
        for known, guid, txg, creation in item.dataset.bookmarks:
            if known == item.bookmark:
                if name == "type":
                    return "bookmark"
                found = self.common(name, guid, txg, creation, 0)
                return "-" if name in ("objsetid", "compressratio", "refcompressratio") else found
        return "-"

    def common(self, name: str, guid: int, txg: int, creation: int, number: int) -> str:
        """Return what datasets, snapshots and bookmarks have alike."""
        return {
            "guid": str(guid),
            "createtxg": str(txg),
            "creation": str(creation),
            "objsetid": str(number),
            "compressratio": "1.00",
            "refcompressratio": "1.00",
        }.get(name, "-")

    def written_since(self, item: Item, name: str) -> str:
        """Return `written@SNAPSHOT` of a dataset."""
        since = item.dataset.snapshot(name[len("written@") :].rpartition("@")[2])
        return str(self.space.written(item.dataset, since)) if since else "-"

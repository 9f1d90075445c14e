"""Pools, datasets and snapshots as the lab keeps them, and their form in JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

FILESYSTEM = "filesystem"
VOLUME = "volume"
SNAPSHOT = "snapshot"
BOOKMARK = "bookmark"


class Snapshot:
    """One snapshot. `data` names its kept files: None where the dataset held none.

    `stamp` tells whether the dataset has changed since: equal stamps mean equal content.
    """

    __slots__ = (
        "creation", "data", "deferred", "guid", "holds", "local", "name", "number",
        "received", "referenced", "stamp", "txg", "volsize",
    )  # fmt: skip

    def __init__(self, row: list[Any]) -> None:
        self.name: str = row[0]
        self.number: int = row[1]
        self.guid: int = row[2]
        self.txg: int = row[3]
        self.creation: int = row[4]
        self.local: dict[str, str] = row[5]
        self.received: dict[str, str] = row[6]
        self.holds: dict[str, int] = row[7]
        self.referenced: int = row[8]
        self.data: int | None = row[9]
        self.stamp: int = row[10]
        self.volsize: int = row[11]
        self.deferred: bool = row[12]

    def row(self) -> list[Any]:
        """Return the JSON form."""
        return [
            self.name, self.number, self.guid, self.txg, self.creation, self.local,
            self.received, self.holds, self.referenced, self.data, self.stamp,
            self.volsize, self.deferred,
        ]  # fmt: skip


class Dataset:
    """A filesystem or a volume.

    `local` and `received` hold properties (native and user) by name; a name in `hidden` has a
    received value that `zfs inherit` put out of force. `mounted` is the path where the
    filesystem is mounted now. `origin` is the number of a clone's snapshot.
    `extra` holds what few datasets have: bookmarks, allow, partial.
    """

    __slots__ = (
        "creation", "extra", "guid", "hidden", "kind", "local", "mounted", "name", "number",
        "origin", "received", "snaps", "txg", "volblocksize", "volsize",
    )  # fmt: skip

    def __init__(self, name: str, row: list[Any]) -> None:
        self.name = name
        self.number: int = row[1]
        self.kind: str = row[2]
        self.guid: int = row[3]
        self.txg: int = row[4]
        self.creation: int = row[5]
        self.local: dict[str, str] = row[6]
        self.received: dict[str, str] = row[7]
        self.hidden: list[str] = row[8]
        self.mounted: str | None = row[9]
        self.origin: int | None = row[10]
        self.volsize: int = row[11]
        self.volblocksize: int = row[12]
        self.snaps: list[Snapshot] = [Snapshot(snap) for snap in row[13]]
        self.extra: dict[str, Any] = row[14]

    def row(self, name: str) -> list[Any]:
        """Return the JSON form under `name`, the dataset's name below its pool."""
        return [
            name, self.number, self.kind, self.guid, self.txg, self.creation, self.local,
            self.received, self.hidden, self.mounted, self.origin, self.volsize,
            self.volblocksize, [snap.row() for snap in self.snaps], self.extra,
        ]  # fmt: skip

    @property
    def is_volume(self) -> bool:
        """Whether this is a volume."""
        return self.kind == VOLUME

    @property
    def bookmarks(self) -> list[list[Any]]:
        """The bookmarks, each as [name, guid, txg, creation]."""
        found: list[list[Any]] = self.extra.get("bookmarks", [])
        return found

    def snapshot(self, name: str) -> Snapshot | None:
        """Return the snapshot of that name."""
        for snap in self.snaps:
            if snap.name == name:
                return snap
        return None


class Pool:
    """One imported pool with all its datasets, by full name."""

    def __init__(self, name: str, state: dict[str, Any]) -> None:
        self.name = name
        self.guid: int = state["guid"]
        self.size: int = state["size"]
        self.txg: int = state["txg"]
        self.next_number: int = state["next_number"]
        self.properties: dict[str, str] = state["properties"]
        self.devices: list[dict[str, Any]] = state["devices"]
        self.readonly: bool = state["readonly"]
        self.datasets: dict[str, Dataset] = {}
        for row in state["datasets"]:
            full = f"{name}/{row[0]}" if row[0] else name
            self.datasets[full] = Dataset(full, row)

    def state(self) -> dict[str, Any]:
        """Return the JSON form; names stand in it without the pool's."""
        cut = len(self.name) + 1
        return {
            "guid": self.guid,
            "size": self.size,
            "txg": self.txg,
            "next_number": self.next_number,
            "properties": self.properties,
            "devices": self.devices,
            "readonly": self.readonly,
            "datasets": [each.row(each.name[cut:]) for each in self.datasets.values()],
        }

    def new_number(self) -> int:
        """Return a number that no dataset, snapshot or kept file of this pool has had."""
        self.next_number += 1
        return self.next_number

    def new_dataset(self, name: str, kind: str) -> Dataset:
        """Add an empty dataset and return it."""
        row = [name, self.new_number(), kind, new_guid(), self.txg + 1, int(time.time())]
        made = Dataset(name, [*row, {}, {}, [], None, None, 0, 0, [], {}])
        self.datasets[name] = made
        return made

    def new_snapshot(self, dataset: Dataset, name: str) -> Snapshot:
        """Add a snapshot without content and return it."""
        row = [name, self.new_number(), new_guid(), self.txg + 1, int(time.time())]
        made = Snapshot([*row, {}, {}, {}, 0, None, 0, dataset.volsize, False])
        dataset.snaps.append(made)
        return made

    def tree(self, name: str) -> list[Dataset]:
        """Return the dataset `name` and all below it, sorted by name."""
        start = name + "/"
        below = [each for key, each in self.datasets.items() if key.startswith(start)]
        below.sort(key=lambda each: each.name)
        return [self.datasets[name], *below]

    def children(self, name: str) -> list[Dataset]:
        """Return the datasets directly below `name`, in the order that they were made."""
        start, depth = name + "/", name.count("/") + 1
        return [
            each
            for key, each in self.datasets.items()
            if key.startswith(start) and key.count("/") == depth
        ]

    def snapshots(self) -> Iterator[tuple[Dataset, Snapshot]]:
        """Yield every snapshot of the pool with its dataset."""
        for dataset in self.datasets.values():
            for snap in dataset.snaps:
                yield dataset, snap

    def origin_of(self, dataset: Dataset) -> tuple[Dataset, Snapshot] | None:
        """Return the snapshot that a clone was made from, with its dataset."""
        if dataset.origin is None:
            return None
        for owner, snap in self.snapshots():
            if snap.number == dataset.origin:
                return owner, snap
        return None

    def clones_of(self, snap: Snapshot) -> list[Dataset]:
        """Return the datasets that were cloned from a snapshot."""
        return [each for each in self.datasets.values() if each.origin == snap.number]


def new_guid() -> int:
    """Return a random 64 bit number that is not 0."""
    return int.from_bytes(os.urandom(8)) or 1

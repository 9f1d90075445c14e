"""How much room datasets take and have: measured from the real files of the lab.

The sums are those of zfsprops(7); what one dataset takes is only roughly ZFS's: allocated
bytes of its files plus the metadata of an empty dataset (captures list-Hp: 24 K, 12 K).
"""

from __future__ import annotations

import os
from functools import cached_property
from zlib import crc32

from chyves_core.lab.zfs.files import Files
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import parent_of

EMPTY_FILESYSTEM = 24576
EMPTY_VOLUME = 12288
POOL_METADATA = 86016
LEAST_CHANGE = 8192
MIB = 1 << 20
GIB = 1 << 30


def usable(size: int) -> int:
    """Return the bytes of a pool that datasets may fill (spa_get_slop_space)."""
    return size - max(min(size >> 5, 128 * GIB), min(size >> 1, 128 * MIB))


def set_number(dataset: Dataset, name: str) -> int:
    """Return a size that is set on the dataset itself, such as its quota; 0 where none is."""
    value = dataset.local.get(name)
    if value is None and name not in dataset.hidden:
        value = dataset.received.get(name)
    return int(value or 0)


class Space:
    """The room in one pool; every dataset is measured once, when it is first asked for."""

    def __init__(self, files: Files, pool: Pool) -> None:
        self.files = files
        self.pool = pool
        self.measured: dict[int, tuple[int, int]] = {}
        self.used_by_number: dict[int, int] = {}
        self.below: dict[str, list[Dataset]] = {}
        for dataset in pool.datasets.values():
            self.below.setdefault(parent_of(dataset.name), []).append(dataset)

    @cached_property
    def origins(self) -> dict[int, tuple[Dataset, Snapshot]]:
        """The snapshots that have clones, by number, with their datasets."""
        wanted = {each.origin for each in self.pool.datasets.values() if each.origin}
        if not wanted:
            return {}
        found = ((one, snap) for one, snap in self.pool.snapshots() if snap.number in wanted)
        return {snap.number: (one, snap) for one, snap in found}

    def origin_of(self, dataset: Dataset) -> tuple[Dataset, Snapshot] | None:
        """Return the snapshot that a clone was made from, with its dataset."""
        return self.origins.get(dataset.origin) if dataset.origin else None

    def measure(self, dataset: Dataset) -> tuple[int, int]:
        """Return the allocated bytes of a dataset's files, and a stamp of their state."""
        known = self.measured.get(dataset.number)
        if known is None:
            live = self.files.live(dataset)
            if dataset.is_volume:
                known = measure_volume(live)
            else:
                known = measure_folder(live, self.files.mounted_paths)
            self.measured[dataset.number] = known
        return known

    def referenced(self, dataset: Dataset) -> int:
        """Return the bytes that a dataset's present content takes."""
        empty = EMPTY_VOLUME if dataset.is_volume else EMPTY_FILESYSTEM
        return empty + self.measure(dataset)[0]

    def base(self, dataset: Dataset) -> Snapshot | None:
        """Return the snapshot that a dataset's content goes on from: its last, or its origin."""
        if dataset.snaps:
            return dataset.snaps[-1]
        origin = self.origin_of(dataset)
        return origin[1] if origin else None

    def written(self, dataset: Dataset, since: Snapshot | None) -> int:
        """Return the bytes written since a snapshot; all of them where there is none."""
        referenced = self.referenced(dataset)
        if since is None:
            return referenced
        if since.stamp == self.measure(dataset)[1]:
            return 0
        return min(referenced, max(LEAST_CHANGE, referenced - since.referenced))

    def by_dataset(self, dataset: Dataset) -> int:
        """Return usedbydataset: for a clone what it doesn't share with its origin."""
        origin = self.origin_of(dataset)
        if origin is None:
            return self.referenced(dataset)
        return self.written(dataset, origin[1])

    def by_refreservation(self, dataset: Dataset) -> int:
        """Return what is kept free for the dataset to overwrite all of its content."""
        reserved = set_number(dataset, "refreservation")
        if not reserved:
            return 0
        return max(0, reserved - self.written(dataset, self.base(dataset)))

    def snapshot_used(self, dataset: Dataset, place: int) -> int:
        """Return the bytes that only the snapshot at `place` holds."""
        snap = dataset.snaps[place]
        if place and dataset.snaps[place - 1].stamp == snap.stamp:
            return 0
        return self.lost_after(dataset, place)

    def reclaimed(self, dataset: Dataset, doomed: list[Snapshot]) -> int:
        """Return the bytes that come free when snapshots of a dataset go together.

        Content that several of them in a row have in common goes with the last of them.
        """
        numbers = {each.number for each in doomed}
        total, row_is_free = 0, False
        for place, snap in enumerate(dataset.snaps):
            same = place > 0 and dataset.snaps[place - 1].stamp == snap.stamp
            if not same:
                row_is_free = True
            row_is_free = row_is_free and snap.number in numbers
            if row_is_free:
                total += self.lost_after(dataset, place)
        return total

    def lost_after(self, dataset: Dataset, place: int) -> int:
        """Return the bytes that the snapshot at `place` has and what follows it has not."""
        snap = dataset.snaps[place]
        if place + 1 < len(dataset.snaps):
            stamp, size = dataset.snaps[place + 1].stamp, dataset.snaps[place + 1].referenced
        else:
            stamp, size = self.measure(dataset)[1], self.referenced(dataset)
        if snap.data is None or stamp == snap.stamp:
            return 0
        return min(snap.referenced, max(LEAST_CHANGE, snap.referenced - size))

    def by_snapshots(self, dataset: Dataset) -> int:
        """Return what would come free if all snapshots of the dataset went."""
        return sum(self.lost_after(dataset, place) for place in range(len(dataset.snaps)))

    def by_children(self, dataset: Dataset) -> int:
        """Return what the datasets below take, with what is reserved for them."""
        total = 0 if "/" in dataset.name else POOL_METADATA
        for child in self.below.get(dataset.name, ()):
            total += max(self.used(child), set_number(child, "reservation"))
        return total

    def used(self, dataset: Dataset) -> int:
        """Return the bytes that a dataset, its snapshots and all below it take."""
        known = self.used_by_number.get(dataset.number)
        if known is None:
            known = self.by_dataset(dataset) + self.by_snapshots(dataset)
            known += self.by_children(dataset) + self.by_refreservation(dataset)
            self.used_by_number[dataset.number] = known
        return known

    def free(self, dataset: Dataset) -> int:
        """Return what may still be written into a dataset, its refreservation left aside."""
        used = self.used(dataset)
        parent = parent_of(dataset.name)
        if parent:
            reserved = set_number(dataset, "reservation")
            room = self.free(self.pool.datasets[parent]) + max(0, reserved - used)
        else:
            room = usable(self.pool.size) - used
        quota = set_number(dataset, "quota")
        if quota:
            room = min(room, quota - used)
        return max(0, room)

    def available(self, dataset: Dataset) -> int:
        """Return the property `available`."""
        room = self.free(dataset) + self.by_refreservation(dataset)
        refquota = set_number(dataset, "refquota")
        if refquota:
            room = min(room, max(0, refquota - self.referenced(dataset)))
        return room

    def allocated(self) -> int:
        """Return the bytes of the pool that are taken, without what is only reserved."""
        total = POOL_METADATA
        for dataset in self.pool.datasets.values():
            total += self.by_dataset(dataset) + self.by_snapshots(dataset)
        return min(total, self.pool.size)


def measure_volume(path: str) -> tuple[int, int]:
    """Return the allocated bytes of a volume's file, and its time of change in nanoseconds."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_blocks * 512, found.st_mtime_ns


def measure_folder(path: str, mounted: frozenset[str]) -> tuple[int, int]:
    """Return the allocated bytes below a folder, and a stamp of names, sizes and times.

    Folders in `mounted` are other filesystems and don't count; nor do empty ones for the stamp,
    since that is what a mount point looks like after `zfs receive`.
    """
    total, stamp = 0, 0
    try:
        entries = list(os.scandir(path))
    except (FileNotFoundError, NotADirectoryError):
        return 0, 0
    for entry in entries:
        if entry.name == ".zfs" or entry.path in mounted:
            continue
        found = entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            inner, inner_stamp = measure_folder(entry.path, mounted)
            mark = f"{entry.name}/{inner_stamp}" if inner_stamp else ""
        else:
            inner = found.st_blocks * 512
            mark = f"{entry.name}:{found.st_size}:{found.st_mtime_ns}"
        total += inner
        stamp ^= crc32(mark.encode("utf-8", "surrogateescape"))
    return total, stamp

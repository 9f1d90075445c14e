"""Where the files of datasets lie, and which actions bring them where they belong."""

from __future__ import annotations

import os
from functools import cached_property

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.store import Store


class Files:
    """The files of one pool's datasets.

    A mounted filesystem is the folder `root/MOUNTPOINT`, a volume with a node the file
    `root/dev/zvol/NAME`. All else lies in `zfs/GUID/`: `NUMBER/fs`, `NUMBER/vol` what is not
    shown now, `NUMBER/covered` what a mount hides, `data/NUMBER` what a snapshot keeps.
    """

    def __init__(self, store: Store, pool: Pool) -> None:
        self.pool = pool
        self.root = str(store.lab.root)
        self.folder = str(store.pool_files(pool))
        self.store = store

    @cached_property
    def mounted_paths(self) -> frozenset[str]:
        """The folders on which filesystems of any pool are mounted."""
        paths = set()
        for name in self.store.pool_names():
            pool = self.store.pool(name)
            for dataset in pool.datasets.values() if pool else ():
                if dataset.mounted and not dataset.is_volume:
                    paths.add(self.root + dataset.mounted)
        return frozenset(paths)

    @cached_property
    def foreign_mounts(self) -> frozenset[str]:
        """The mount points of the other pools, as the host's paths."""
        paths = set()
        for name in self.store.pool_names():
            pool = self.store.pool(name)
            if pool and pool.guid != self.pool.guid:
                paths |= {each.mounted for each in pool.datasets.values() if each.mounted}
        return frozenset(paths)

    def holds_mounts(self, path: str, own: frozenset[str]) -> bool:
        """Whether filesystems of other pools, or those of this one in `own`, lie below a path."""
        start = path + "/"
        return any(each.startswith(start) for each in (*self.foreign_mounts, *own))

    def own(self, dataset: Dataset) -> str:
        """Return the dataset's folder in the store."""
        return f"{self.folder}/{dataset.number}"

    def live(self, dataset: Dataset) -> str:
        """Return where the dataset's present content lies."""
        if dataset.mounted:
            return self.root + dataset.mounted
        return f"{self.own(dataset)}/{'vol' if dataset.is_volume else 'fs'}"

    def data(self, number: int) -> str:
        """Return where the content that snapshots keep under that number lies."""
        return f"{self.folder}/data/{number}"

    @property
    def limit(self) -> str:
        """The folder up to which empty folders of device nodes are removed."""
        return f"{self.root}/dev/zvol"

    def node_of(self, name: str, volmode: str) -> str | None:
        """Return the device node that a volume gets: none with volmode=none or a blank in it.

        capture create-V-blank: GEOM refuses such a name.
        """
        if volmode == "none" or " " in name:
            return None
        return f"/dev/zvol/{name}"

    def show(self, dataset: Dataset, target: str | None) -> list[Action]:
        """Return the actions that show a dataset at `target`, or nowhere, and note it there."""
        if dataset.mounted == target:
            return []
        actions: list[Action] = []
        if dataset.is_volume:
            old = self.live(dataset)
            dataset.mounted = target
            return [["move", old, self.live(dataset), self.limit]]
        if dataset.mounted:
            actions.append(["unmount", self.own(dataset), self.root + dataset.mounted])
        dataset.mounted = target
        if target:
            os.makedirs(f"{self.own(dataset)}", exist_ok=True)
            actions.append(["mount", self.own(dataset), self.root + target])
            actions += self.snapdir(dataset)
        return actions

    def snapdir(self, dataset: Dataset) -> list[Action]:
        """Return the actions that bring a filesystem's .zfs/snapshot up to date."""
        if dataset.is_volume:
            return []
        kept = {snap.name: self.kept(snap) for snap in dataset.snaps}
        return [["snapdir", f"{self.own(dataset)}/control", self.live(dataset), kept]]

    def kept(self, snap: Snapshot) -> str:
        """Return the folder of a snapshot's content; an empty one where it has none."""
        return self.data(snap.data) if snap.data is not None else f"{self.folder}/empty"

    def forget(self, dataset: Dataset) -> list[Action]:
        """Return the actions that remove a dataset's files, nodes and mount point."""
        if dataset.is_volume:
            node = self.live(dataset)
            return [["remove", node, self.limit], ["remove", self.own(dataset)]]
        actions = []
        if dataset.mounted:
            path = self.root + dataset.mounted
            actions = [["unmount", self.own(dataset), path], ["rmdir", path]]
        return [*actions, ["remove", self.own(dataset)]]

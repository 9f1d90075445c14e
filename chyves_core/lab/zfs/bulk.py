"""Making many datasets in one step, for tests that need a big tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.model import FILESYSTEM, VOLUME, Pool
from chyves_core.lab.zfs.names import parent_of, pool_of
from chyves_core.lab.zfs.numbers import thick_reservation
from chyves_core.lab.zfs.properties import by_name, default_of
from chyves_core.lab.zfs.session import View
from chyves_core.lab.zfs.store import Store


class NewDataset:
    """One dataset that is to be made: a volume where `volsize` (bytes) is not 0.

    Snapshots have their names, and in a mapping the seconds since 1970 when they were taken.
    """

    def __init__(
        self,
        name: str,
        properties: dict[str, str] | None = None,
        volsize: int = 0,
        sparse: bool = True,
        snapshots: Iterable[str] | Mapping[str, int] = (),
    ) -> None:
        self.name = name
        self.properties = dict(properties or {})
        self.volsize = volsize
        self.sparse = sparse
        self.snapshots = snapshots if isinstance(snapshots, Mapping) else tuple(snapshots)


def make_datasets(lab: Lab, wanted: Iterable[NewDataset]) -> None:
    """Make datasets, parents before children, in one step; nothing is checked.

    Properties are stored as local ones; snapshots have the empty content.
    Raises KeyError where a pool is missing.
    """
    store = Store(lab)
    with store.writing():
        changed: dict[str, tuple[Pool, list[Action]]] = {}
        for each in wanted:
            name = pool_of(each.name)
            if name not in changed:
                pool = store.pool(name)
                if pool is None:
                    raise KeyError(name)
                changed[name] = (pool, [])
            add(store, changed[name][0], each)
        for pool, actions in changed.values():
            actions += shown(store, pool)
            store.commit(pool, actions)


def add(store: Store, pool: Pool, wanted: NewDataset) -> None:
    """Add one dataset to the pool."""
    if parent_of(wanted.name) not in pool.datasets:
        raise KeyError(parent_of(wanted.name))
    dataset = pool.new_dataset(wanted.name, VOLUME if wanted.volsize else FILESYSTEM)
    dataset.local.update(wanted.properties)
    if wanted.volsize:
        block = int(default_of(by_name()["volblocksize"], store.lab.freebsd))
        dataset.volsize, dataset.volblocksize = wanted.volsize, block
        if not wanted.sparse:
            dataset.local["refreservation"] = str(thick_reservation(wanted.volsize, block))
    for name in wanted.snapshots:
        made = pool.new_snapshot(dataset, name)
        pool.txg += 1
        if isinstance(wanted.snapshots, Mapping):
            made.creation = wanted.snapshots[name]


def shown(store: Store, pool: Pool) -> list[Action]:
    """Make the empty content of the new datasets; returns what shows them."""
    from chyves_core.lab.zfs.mounting import target_of

    view = View(store, pool)
    actions: list[Action] = []
    for dataset in sorted(pool.datasets.values(), key=lambda each: each.name):
        if dataset.mounted:
            continue
        if dataset.is_volume:
            dataset.mounted = target_of(view, dataset)
            actions.append(["volume", view.files.live(dataset), dataset.volsize])
            continue
        folder = Path(view.files.own(dataset), "fs")
        if not folder.exists():
            folder.mkdir(parents=True)
            actions += view.files.show(dataset, target_of(view, dataset))
    return actions

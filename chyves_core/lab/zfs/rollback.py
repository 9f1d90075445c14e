"""zfs rollback: a dataset's content as a snapshot kept it. User properties stay as they are."""

from __future__ import annotations

from typing import Any

from chyves_core.lab.zfs.actions import Action, remove
from chyves_core.lab.zfs.busy import is_busy
from chyves_core.lab.zfs.destroy import (
    Doomed,
    dependents,
    doom,
    full_name,
    remove_items,
    without_repeats,
)
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.sparse import copy_file, copy_folder


def rollback(session: Session, arguments: list[str]) -> None:
    """zfs rollback [-rRf] SNAPSHOT."""
    options = parse(arguments, "rRf")
    if not options.words:
        raise UsageError("missing dataset argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    if "@" not in name:
        raise ZfsError(f"cannot open '{name}': missing '@' delimiter in snapshot name")
    with session.store.writing():
        found = session.store.find_snapshot(name)
        if found is None:
            raise ZfsError(f"cannot open '{name}': dataset does not exist")
        dataset, snap = found
        pool = session.store.pool_with(name)
        doomed = later_ones(pool, dataset, snap, name, options.letters)
        refuse(session, pool, dataset)
        for one, snap_too in doomed:
            if snap_too and snap_too.holds:
                full = full_name((one, snap_too))
                raise ZfsError(f"cannot destroy '{full}': dataset is busy")
        actions = remove_items(session.view(pool), doomed)
        drop_later_bookmarks(dataset, snap)
        actions += bring_back(session.view(pool), dataset, snap)
        session.commit(pool, actions)


def later_ones(
    pool: Pool, dataset: Dataset, snap: Snapshot, name: str, letters: list[str]
) -> list[Doomed]:
    """Return what has to go: newer snapshots with -r, their clones with -R."""
    newer = dataset.snaps[dataset.snaps.index(snap) + 1 :]
    marks = newer_bookmarks(dataset, snap)
    head = f"cannot rollback to '{name}': "
    if (newer or marks) and not {"r", "R"} & set(letters):
        names = [f"{dataset.name}@{each.name}" for each in reversed(newer)]
        names += [f"{dataset.name}#{each[0]}" for each in marks]
        raise ZfsError(
            f"{head}more recent snapshots or bookmarks exist\n"
            "use '-r' to force deletion of the following snapshots and bookmarks:\n"
            + "\n".join(names)
        )
    clones = [clone for each in newer for clone in pool.clones_of(each)]
    if clones and "R" not in letters:
        raise ZfsError(
            f"{head}clones of previous snapshots exist\n"
            "use '-R' to force deletion of the following clones and dependents:\n"
            + "\n".join(dependents(pool, clones))
        )
    doomed: list[Doomed] = []
    for clone in clones:
        doomed += doom(pool, pool.tree(clone.name), True)
    return without_repeats(doomed + [(dataset, each) for each in newer])


def newer_bookmarks(dataset: Dataset, snap: Snapshot) -> list[list[Any]]:
    """Return the bookmarks of snapshots newer than `snap`."""
    return [each for each in dataset.bookmarks if each[2] > snap.txg]


def drop_later_bookmarks(dataset: Dataset, snap: Snapshot) -> None:
    """Forget the bookmarks of snapshots newer than `snap`."""
    if dataset.bookmarks:
        dataset.extra["bookmarks"] = [each for each in dataset.bookmarks if each[2] <= snap.txg]


def refuse(session: Session, pool: Pool, dataset: Dataset) -> None:
    """Raise ZfsError where the dataset can't be rolled back now."""
    head = f"cannot rollback '{dataset.name}': "
    refused = session.refusal(pool, dataset.name, "rollback")
    if refused:
        raise ZfsError(head + refused)
    if dataset.is_volume and is_busy(session.view(pool).files.live(dataset)):
        raise ZfsError(head + "dataset is busy")


def bring_back(view: View, dataset: Dataset, snap: Snapshot) -> list[Action]:
    """Copy a snapshot's content aside; returns the actions that put it in force.

    capture rollback-volsize: volsize comes back, refreservation does not.
    """
    live = view.files.live(dataset)
    coming = f"{view.files.own(dataset)}/coming"
    prepare(view, snap, dataset.is_volume, coming)
    if dataset.is_volume:
        dataset.volsize = snap.volsize
        return [["move", coming, live]]
    nested = [path for path in view.files.mounted_paths if path.startswith(live + "/")]
    return [["empty", live, nested], ["fill", coming, live]]


def prepare(view: View, snap: Snapshot, is_volume: bool, coming: str) -> None:
    """Make a copy of a snapshot's content at `coming`."""
    import os

    remove(coming)
    os.makedirs(os.path.dirname(coming), exist_ok=True)
    kept = view.files.kept(snap)
    if is_volume and snap.data is None:
        with open(coming, "wb") as volume:
            volume.truncate(snap.volsize)
        os.utime(coming, ns=(snap.stamp, snap.stamp))
    elif is_volume:
        copy_file(kept, coming)
    elif snap.data is None:
        os.makedirs(coming)
    else:
        copy_folder(kept, coming, frozenset())

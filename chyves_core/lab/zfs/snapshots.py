"""zfs snapshot and zfs bookmark."""

from __future__ import annotations

import os

from chyves_core.lab.zfs.actions import Action, remove
from chyves_core.lab.zfs.checking import BadProperty, check, split_pairs, too_long
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import name_error, pool_of
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.sparse import copy_file, copy_folder

Wanted = tuple[Dataset, str]


def snapshot(session: Session, arguments: list[str]) -> None:
    """zfs snapshot [-r] [-o property=value]… DATASET@NAME…: all in one step, or none."""
    options = parse(arguments, "ro:")
    if not options.words:
        raise UsageError("missing snapshot argument")
    try:
        pairs = split_pairs(options.all("o"))
    except BadProperty as wrong:
        raise ZfsError(str(wrong)) from wrong
    with session.store.writing():
        wanted = wanted_snapshots(session, options.words, "r" in options)
        take(session, wanted, checked(pairs))


def wanted_snapshots(session: Session, names: list[str], recursive: bool) -> list[Wanted]:
    """Return the datasets with the names of the snapshots that are to be taken."""
    wanted: list[Wanted] = []
    for name in names:
        if "@" not in name:
            raise UsageError("")
        head, _, tail = name.partition("@")
        dataset = session.store.find(head)
        if dataset is None:
            raise UsageError(f"cannot open '{head}': dataset does not exist")
        wrong = name_error(name, "snapshot")
        if wrong:
            raise ZfsError(f"cannot create snapshot '{name}': {wrong}")
        pool = session.store.pool_with(head)
        wanted += [(each, tail) for each in (pool.tree(head) if recursive else [dataset])]
    return wanted


def checked(pairs: dict[str, str]) -> dict[str, str]:
    """Return the properties for the new snapshots; only user properties will do."""
    for key, value in pairs.items():
        try:
            check(key, value, "snapshot")
        except BadProperty as wrong:
            raise ZfsError(f"cannot create snapshots : {wrong}") from wrong
        if too_long(value):
            raise ZfsError("cannot create snapshots : property value too long")
    return pairs


def take(session: Session, wanted: list[Wanted], properties: dict[str, str]) -> None:
    """Take the snapshots, or raise ZfsError and take none."""
    end = "\nno snapshots were created"
    pools = {pool_of(dataset.name) for dataset, _ in wanted}
    if len(pools) > 1 or len({dataset.number for dataset, _ in wanted}) < len(wanted):
        raise ZfsError(f"cannot create snapshots : multiple snapshots of same fs not allowed{end}")
    pool = session.store.pool_with(wanted[0][0].name)
    refusals = [session.refusal(pool, dataset.name, "snapshot") for dataset, _ in wanted]
    refused = next(filter(None, refusals), None)
    if refused:
        raise ZfsError(f"cannot create snapshots : {refused}{end if not pool.readonly else ''}")
    taken = [(dataset, name) for dataset, name in wanted if dataset.snapshot(name)]
    if taken:
        lines = [
            f"cannot create snapshot '{dataset.name}@{name}': dataset already exists"
            for dataset, name in taken
        ]
        raise ZfsError("\n".join(lines) + ("" if len(wanted) == 1 else end))
    view = session.view(pool)
    refuse_room(view, wanted)
    actions: list[Action] = []
    for dataset, name in wanted:
        snap = keep(view, dataset, name)
        snap.local.update(properties)
        actions += view.files.snapdir(dataset)
    session.commit(pool, actions)


def refuse_room(view: View, wanted: list[Wanted]) -> None:
    """Raise ZfsError where the pool is full, or a thick volume's content can't be reserved anew."""
    for dataset, _ in wanted:
        unique = view.space.written(dataset, view.space.base(dataset))
        reserved = view.space.by_refreservation(dataset)
        needed = unique if reserved or "refreservation" in dataset.local else 0
        room = view.space.free(dataset)
        if room <= 0 or needed > room:
            raise ZfsError("cannot create snapshots : out of space")


def keep(view: View, dataset: Dataset, name: str) -> Snapshot:
    """Add a snapshot and keep its content: shared with the one before where nothing changed."""
    allocated, stamp = view.space.measure(dataset)
    referenced = view.space.referenced(dataset)
    base = view.space.base(dataset)
    snap = view.pool.new_snapshot(dataset, name)
    snap.stamp, snap.referenced = stamp, referenced
    live = view.files.live(dataset)
    if base is not None and base.stamp == stamp:
        snap.data = base.data
    elif dataset.is_volume:
        if allocated:
            snap.data = snap.number
            copy_file(live, prepared(view, snap.number))
    elif has_files(live):
        snap.data = snap.number
        copy_folder(live, prepared(view, snap.number), view.files.mounted_paths)
    return snap


def has_files(folder: str) -> bool:
    """Whether a folder holds anything."""
    try:
        return any(entry != ".zfs" for entry in os.listdir(folder))
    except FileNotFoundError:
        return False


def prepared(view: View, number: int) -> str:
    """Return the path for kept content, free of what a killed command may have left there."""
    path = view.files.data(number)
    remove(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def bookmark(session: Session, arguments: list[str]) -> None:
    """zfs bookmark SNAPSHOT BOOKMARK."""
    options = parse(arguments, "")
    if len(options.words) != 2:
        raise UsageError(
            "missing snapshot argument" if not options.words else "missing bookmark argument"
        )
    source, target = options.words
    with session.store.writing():
        found = session.store.find_snapshot(source)
        if found is None:
            raise UsageError(f"cannot open '{source}': dataset does not exist")
        dataset, snap = found
        name = target.rpartition("#")[2]
        pool = session.store.pool_with(source)
        add_bookmark(session, pool, dataset, snap, name)


def add_bookmark(session: Session, pool: Pool, dataset: Dataset, snap: Snapshot, name: str) -> None:
    """Add a bookmark of a snapshot to its dataset."""
    full = f"{dataset.name}#{name}"
    refused = session.refusal(pool)
    if refused:
        raise ZfsError(f"cannot create bookmark '{full}': {refused}")
    if any(each[0] == name for each in dataset.bookmarks):
        raise ZfsError(f"cannot create bookmark '{full}': bookmark exists")
    marks = [*dataset.bookmarks, [name, snap.guid, snap.txg, snap.creation]]
    dataset.extra["bookmarks"] = marks
    session.commit(pool, [])

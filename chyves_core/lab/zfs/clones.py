"""zfs clone and zfs promote."""

from __future__ import annotations

import os

from chyves_core.lab.zfs.actions import Action, remove
from chyves_core.lab.zfs.checking import BadProperty, check, split_pairs, too_long
from chyves_core.lab.zfs.create import check_parent, make_parents
from chyves_core.lab.zfs.delegation import may
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.mounting import target_of
from chyves_core.lab.zfs.names import form_error, name_error, parent_of, pool_of
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.rollback import prepare
from chyves_core.lab.zfs.session import Session, View


def clone(session: Session, arguments: list[str]) -> None:
    """zfs clone [-p] [-o property=value]… SNAPSHOT NAME."""
    options = parse(arguments, "o:pu")
    if not options.words:
        raise UsageError("missing source dataset argument")
    if len(options.words) == 1:
        raise UsageError("missing target dataset argument")
    if len(options.words) > 2:
        raise UsageError("too many arguments")
    source, name = options.words
    try:
        pairs = split_pairs(options.all("o"))
    except BadProperty as wrong:
        raise ZfsError(str(wrong)) from wrong
    if "@" not in source:
        raise ZfsError(f"cannot open '{source}': missing '@' delimiter in snapshot name")
    with session.store.writing():
        found = session.store.find_snapshot(source)
        if found is None:
            wrong_form = form_error(source) or "dataset does not exist"
            raise ZfsError(f"cannot open '{source}': {wrong_form}")
        pool = session.store.pool_with(source)
        if "p" in options and name in pool.datasets:
            return
        check_target(session, pool, name, "p" in options)
        stored = checked(name, pairs, found[0].kind)
        make(session, pool, found, name, stored)


def check_target(session: Session, pool: Pool, name: str, with_parents: bool) -> None:
    """Raise ZfsError where no clone can be made under that name."""
    head = f"cannot create '{name}': "
    wrong = name_error(name, "dataset")
    if wrong:
        raise ZfsError(head + wrong)
    if pool_of(name) != pool.name:
        if session.store.pool(pool_of(name)) is None:
            raise ZfsError(f"{head}no such pool '{pool_of(name)}'")
        raise ZfsError(f"{head}source and target pools differ")
    if name in pool.datasets:
        raise ZfsError(f"{head}dataset already exists")
    check_parent(pool, name, head, with_parents)
    if pool.readonly:
        raise ZfsError(f"{head}pool is read-only")
    parent = parent_of(name)
    while parent not in pool.datasets:
        parent = parent_of(parent)
    if not session.lab.is_root or not may(session, pool, parent, "clone"):
        raise ZfsError(f"{head}permission denied")
    if session.view(pool).space.free(pool.datasets[parent]) <= 0:
        raise ZfsError(f"{head}out of space")


def checked(name: str, pairs: dict[str, str], kind: str) -> dict[str, str]:
    """Return the clone's own properties as they are stored."""
    try:
        stored = dict(check(key, value, kind, creating=True) for key, value in pairs.items())
    except BadProperty as wrong:
        raise ZfsError(f"cannot create '{name}': {wrong}") from wrong
    if any(":" in key and too_long(value) for key, value in stored.items()):
        raise ZfsError(f"internal error: cannot create '{name}': Argument list too long", 134)
    return stored


def make(
    session: Session,
    pool: Pool,
    found: tuple[Dataset, Snapshot],
    name: str,
    stored: dict[str, str],
) -> None:
    """Make the clone with a copy of the snapshot's content, and save it."""
    origin, snap = found
    actions = make_parents(session, pool, name)
    dataset = pool.new_dataset(name, origin.kind)
    dataset.origin = snap.number
    dataset.volsize, dataset.volblocksize = snap.volsize, origin.volblocksize
    dataset.local.update(stored)
    view = session.view(pool)
    actions += fill(view, dataset, snap)
    session.commit(pool, actions)


def fill(view: View, dataset: Dataset, snap: Snapshot) -> list[Action]:
    """Copy a snapshot's content into a new dataset; returns what shows it."""
    own = view.files.own(dataset)
    remove(own)
    os.makedirs(own, exist_ok=True)
    prepare(view, snap, dataset.is_volume, f"{own}/{'vol' if dataset.is_volume else 'fs'}")
    from chyves_core.lab.zfs.mounting import relocate

    return relocate(view, {dataset.name: target_of(view, dataset)})


def promote(session: Session, arguments: list[str]) -> None:
    """zfs promote CLONE: its origin and the snapshots before it become the clone's own."""
    options = parse(arguments, "")
    if not options.words:
        raise UsageError("missing clone filesystem argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    with session.store.writing():
        pool, dataset = session.dataset(name)
        origin = pool.origin_of(dataset)
        if origin is None:
            raise ZfsError(f"cannot promote '{name}': not a cloned filesystem")
        refused = session.refusal(pool)
        if refused:
            raise ZfsError(f"cannot promote '{name}': {refused}")
        session.commit(pool, swap(session.view(pool), dataset, *origin))


def swap(view: View, dataset: Dataset, parent: Dataset, snap: Snapshot) -> list[Action]:
    """Move the snapshots up to `snap` to the clone; its parent becomes a clone of `snap`."""
    end = parent.snaps.index(snap) + 1
    moving, parent.snaps = parent.snaps[:end], parent.snaps[end:]
    taken = [each.name for each in moving if dataset.snapshot(each.name)]
    if taken:
        raise ZfsError(
            f"cannot promote '{dataset.name}': conflicting snapshot '{taken[0]}' "
            f"from parent '{parent.name}@{taken[0]}'"
        )
    dataset.snaps = moving + dataset.snaps
    dataset.origin, parent.origin = parent.origin, snap.number
    return view.files.snapdir(dataset) + view.files.snapdir(parent)

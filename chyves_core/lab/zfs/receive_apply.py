"""Taking over a received stream: datasets, snapshots, properties and files, in one commit."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from chyves_core.lab.zfs.actions import Action, remove
from chyves_core.lab.zfs.create import make_parents
from chyves_core.lab.zfs.destroy import Doomed, remove_items, remove_snapshots
from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import FILESYSTEM, Dataset, Pool, Snapshot
from chyves_core.lab.zfs.mounting import relocate, target_of
from chyves_core.lab.zfs.properties import inheritable
from chyves_core.lab.zfs.rollback import bring_back
from chyves_core.lab.zfs.session import Session
from chyves_core.lab.zfs.snapshots import prepared


@dataclass
class Target:
    """Where a stream goes: dataset, name of the snapshot ("" keeps it), and the options."""

    name: str
    snap: str
    force: bool
    mounting: bool
    with_parents: bool
    given: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def take_over(session: Session, plan: dict[str, Any], target: Target, folder: str) -> None:
    """Make everything that the plan tells of; `folder` holds the contents by number."""
    pool = session.store.pool_with(target.name)
    actions: list[Action] = []
    if target.with_parents:
        actions += make_parents(session, pool, target.name)
    spooled: dict[int, int] = {}
    if target.force and plan["replicate"] and not plan["full"]:
        actions += drop_destroyed(session, pool, plan, target)
    for each in plan["datasets"]:
        actions += take_dataset(session, pool, each, target, folder, spooled)
    session.commit(pool, actions)


def drop_destroyed(
    session: Session, pool: Pool, plan: dict[str, Any], target: Target
) -> list[Action]:
    """Remove the datasets that the sender has no longer (zfs receive -F, zfs-receive.8)."""
    sent = {target.name + each["below"] for each in plan["datasets"]}
    gone = [each for each in pool.tree(target.name) if each.name not in sent]
    doomed: list[Doomed] = [(each, snap) for each in gone for snap in each.snaps]
    doomed += [(each, None) for each in reversed(gone)]
    return remove_items(session.view(pool), doomed)


def take_dataset(
    session: Session,
    pool: Pool,
    plan: dict[str, Any],
    target: Target,
    folder: str,
    spooled: dict[int, int],
) -> list[Action]:
    """Make or bring forward one dataset; returns what shows its new content."""
    name = target.name + plan["below"]
    dataset = pool.datasets.get(name)
    actions: list[Action] = []
    known = [snap.guid for snap in dataset.snaps] if dataset else []
    rows = [row for row in plan["snaps"] if row["guid"] not in known]
    if dataset is not None and not rows:
        take_properties(dataset, plan, target)
        return []
    if dataset is not None and plan["base"] is None and len(rows) == len(plan["snaps"]):
        actions += session.view(pool).files.forget(dataset)
        del pool.datasets[name]
        dataset = None
    fresh = dataset is None
    if dataset is None:
        dataset = pool.new_dataset(name, plan["kind"])
        dataset.volblocksize = plan["volblocksize"]
    elif plan["base"] is not None:
        newer = after_base(dataset, plan["base"])
        if target.force:
            actions += remove_snapshots(session.view(pool), [(dataset, snap) for snap in newer])
    for row in rows:
        take_snapshot(session, pool, dataset, row, target, folder, spooled)
    take_properties(dataset, plan, target)
    return actions + show_content(session, pool, dataset, fresh, target)


def after_base(dataset: Dataset, base: int) -> list[Snapshot]:
    """Return the snapshots newer than the stream's base."""
    guids = [snap.guid for snap in dataset.snaps]
    if base not in guids:
        raise ZfsError(
            f"cannot receive incremental stream: most recent snapshot of {dataset.name} "
            "does not\nmatch incremental source"
        )
    return dataset.snaps[guids.index(base) + 1 :]


def take_snapshot(
    session: Session,
    pool: Pool,
    dataset: Dataset,
    row: dict[str, Any],
    target: Target,
    folder: str,
    spooled: dict[int, int],
) -> None:
    """Add one received snapshot; contents that several share are kept once."""
    before = dataset.snaps[-1] if dataset.snaps else None
    snap = pool.new_snapshot(dataset, target.snap or row["name"])
    snap.guid, snap.creation = row["guid"], row["creation"]
    snap.stamp, snap.referenced, snap.volsize = row["stamp"], row["referenced"], row["volsize"]
    snap.received = dict(row["properties"] or {})
    snap.txg += len(dataset.snaps)
    if row["same"]:
        snap.data = before.data if before else None
    elif row["data"] is not None:
        if row["data"] not in spooled:
            spooled[row["data"]] = snap.number
            view = session.view(pool)
            os.rename(os.path.join(folder, str(row["data"])), prepared(view, snap.number))
        snap.data = spooled[row["data"]]
    dataset.volsize = snap.volsize


def take_properties(dataset: Dataset, plan: dict[str, Any], target: Target) -> None:
    """Store what came with the stream as received; -o sets, -x hides it (zfs-receive.8)."""
    if "properties" in plan:
        dataset.received = dict(plan["properties"])
        dataset.hidden = [name for name in dataset.hidden if name in dataset.received]
    hidden = list(target.left_out)
    if plan["below"]:
        hidden += [name for name in target.given if inheritable(name)]
    else:
        dataset.local.update(target.given)
    for name in hidden:
        dataset.local.pop(name, None)
        if name in dataset.received and name not in dataset.hidden:
            dataset.hidden.append(name)


def show_content(
    session: Session, pool: Pool, dataset: Dataset, fresh: bool, target: Target
) -> list[Action]:
    """Return the actions that make the last received snapshot the dataset's present content."""
    view = session.view(pool)
    last = dataset.snaps[-1]
    if not fresh:
        actions = bring_back(view, dataset, last)
        return actions + view.files.snapdir(dataset)
    remove(view.files.own(dataset))
    os.makedirs(view.files.own(dataset))
    actions = bring_back(view, dataset, last)
    if not dataset.is_volume:
        os.makedirs(f"{view.files.own(dataset)}/fs", exist_ok=True)
    if not dataset.is_volume and not target.mounting:
        return actions
    return actions + relocate(view, {dataset.name: target_of(view, dataset)})


def save_partial(session: Session, plan: dict[str, Any], target: Target, received: int) -> str:
    """Note on the destination that a receive was interrupted; returns the token to go on with."""
    from chyves_core.lab.zfs.send import token_of

    pool = session.store.pool_with(target.name)
    dataset = pool.datasets.get(target.name)
    if dataset is None:
        dataset = pool.new_dataset(target.name, plan["datasets"][0]["kind"])
        if dataset.kind == FILESYSTEM:
            folder = f"{session.view(pool).files.own(dataset)}/fs"
            os.makedirs(folder, exist_ok=True)
    snap = plan["datasets"][0]["snaps"][0]
    token = token_of(plan["toname"], snap["guid"], received)
    dataset.extra["partial"] = {"token": token}
    session.commit(pool, [])
    return token


def abort(session: Session, name: str) -> None:
    """zfs receive -A: forget what an interrupted receive left."""
    with session.store.writing():
        pool, dataset = session.dataset(name)
        if "partial" not in dataset.extra:
            raise ZfsError(f"'{name}' does not have any resumable receive state to abort")
        actions: list[Action] = []
        del dataset.extra["partial"]
        if not dataset.snaps:
            actions = session.view(pool).files.forget(dataset)
            del pool.datasets[name]
        session.commit(pool, actions)

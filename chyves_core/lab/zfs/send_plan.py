"""What a send stream holds: which snapshots of which datasets, with which properties."""

from __future__ import annotations

from typing import Any

from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import Dataset, Snapshot
from chyves_core.lab.zfs.names import form_error
from chyves_core.lab.zfs.options import Options
from chyves_core.lab.zfs.session import Session, View

Contents = list[tuple[int, str]]
STREAM_OVERHEAD = 624


def plan_of(
    session: Session, name: str, base: str | None, options: Options
) -> tuple[dict[str, Any], Contents]:
    """Return the head of the stream, and number and path of each content that follows."""
    dataset, snap = found_snapshot(session, name)
    pool = session.store.pool_with(name)
    view = session.view(pool)
    replicate = "R" in options
    every = "I" in options or replicate
    start = found_base(session, dataset, snap, base, every) if base else None
    if not session.lab.is_root:
        raise ZfsError(f"warning: cannot send '{name}': permission denied")
    tree = pool.tree(dataset.name) if replicate else [dataset]
    # What was made after the snapshot is no part of it (send_iterate_fs).
    tree = [each for each in tree if each.snapshot(snap.name) or each.txg <= snap.txg]
    missing = [each for each in tree if each.snapshot(snap.name) is None]
    if missing and "s" not in options:
        raise ZfsError(
            f"cannot send {name} recursively: snapshot {missing[0].name}@{snap.name} "
            f"does not exist\nwarning: cannot send '{name}': backup failed"
        )
    plans = [
        dataset_plan(view, each, dataset.name, snap.name, start, every, options)
        for each in tree
        if each not in missing
    ]
    plan = {"toname": name, "top": dataset.name, "full": start is None, "datasets": plans}
    plan["replicate"] = replicate
    return plan, contents_of(view, tree, plans)


def found_snapshot(session: Session, name: str) -> tuple[Dataset, Snapshot]:
    """Return the snapshot to send; a filesystem or volume itself can't be sent in the lab."""
    if "@" not in name:
        if session.store.find(name) is None:
            raise ZfsError(f"cannot open '{name}': dataset does not exist")
        raise ZfsError(
            f"warning: cannot send '{name}': target is busy; if a filesystem, "
            "it must not be mounted"
        )
    found = session.store.find_snapshot(name)
    if found is None:
        reason = form_error(name) or "dataset does not exist"
        raise ZfsError(f"cannot open '{name}': {reason}")
    return found


def found_base(
    session: Session, dataset: Dataset, snap: Snapshot, base: str, every: bool
) -> dict[str, Any]:
    """Return name, guid and transaction of the snapshot or bookmark to start from."""
    full = f"{dataset.name}@{snap.name}"
    for name, guid, txg, _ in dataset.bookmarks:
        if base == f"{dataset.name}#{name}":
            return {"name": name, "guid": guid, "txg": txg}
    found = session.store.find_snapshot(base if "@" in base else f"{dataset.name}@{base}")
    if found is None and "@" in base and not every:
        raise ZfsError(f"cannot open '{base}': dataset does not exist")
    if found is None:
        raise ZfsError(
            f"WARNING: could not send {full}:\nincremental source ({base}) does not exist"
        )
    owner, start = found
    earlier = owner is dataset and start.txg < snap.txg
    if not earlier and dataset.origin != start.number:
        raise ZfsError(f"warning: cannot send '{full}': not an earlier snapshot from the same fs")
    return {"name": start.name, "guid": start.guid, "txg": start.txg}


def dataset_plan(
    view: View,
    dataset: Dataset,
    top: str,
    last: str,
    start: dict[str, Any] | None,
    every: bool,
    options: Options,
) -> dict[str, Any]:
    """Return what the stream tells of one dataset."""
    snaps = chosen_snapshots(dataset, last, start, every)
    base = base_of(dataset, start)
    with_properties = bool({"p", "R", "b"} & set(options.letters))
    rows = []
    before: Snapshot | None = base
    base_guid = base.guid if base else None
    if start and base is None and not every:
        base_guid = start["guid"]  # a bookmark, or the origin of a clone
    for snap in snaps:
        rows.append(snapshot_plan(snap, before, with_properties))
        before = snap
    plan: dict[str, Any] = {
        "name": dataset.name,
        "below": dataset.name[len(top) :],
        "kind": dataset.kind,
        "volblocksize": dataset.volblocksize,
        "base": base_guid,
        "snaps": rows,
    }
    if with_properties:
        plan["properties"] = sent_properties(dataset, "b" in options)
    return plan


def base_of(dataset: Dataset, start: dict[str, Any] | None) -> Snapshot | None:
    """Return the dataset's own snapshot that an incremental stream starts from."""
    return dataset.snapshot(start["name"]) if start else None


def chosen_snapshots(
    dataset: Dataset, last: str, start: dict[str, Any] | None, every: bool
) -> list[Snapshot]:
    """Return the snapshots to send: the last one, or all from the start to it."""
    end = next(place for place, snap in enumerate(dataset.snaps) if snap.name == last)
    if not every:
        return [dataset.snaps[end]]
    base = base_of(dataset, start)
    first = dataset.snaps.index(base) + 1 if base else 0
    return dataset.snaps[first : end + 1]


def snapshot_plan(snap: Snapshot, before: Snapshot | None, with_properties: bool) -> dict[str, Any]:
    """Return what the stream tells of one snapshot; `data` names its content, None is empty."""
    changed = before is None or before.stamp != snap.stamp
    size = STREAM_OVERHEAD + (snap.referenced // 2 if changed else 0)
    return {
        "name": snap.name,
        "guid": snap.guid,
        "creation": snap.creation,
        "data": snap.data,
        "same": before is not None and before.data == snap.data,
        "stamp": snap.stamp,
        "referenced": snap.referenced,
        "volsize": snap.volsize,
        "properties": snap.received | snap.local if with_properties else None,
        "from": before.name if before else "",
        "size": size,
    }


def sent_properties(dataset: Dataset, received_only: bool) -> dict[str, str]:
    """Return the properties that -p, -R and -b send: set on the dataset, not inherited."""
    shown = {k: v for k, v in dataset.received.items() if k not in dataset.hidden}
    return dict(dataset.received) if received_only else shown | dataset.local


def contents_of(view: View, tree: list[Dataset], plans: list[dict[str, Any]]) -> Contents:
    """Return number and path of each content that the receiver can't have yet."""
    numbers = []
    for plan in plans:
        for snap in plan["snaps"]:
            number = snap["data"]
            if number is not None and not snap["same"] and number not in numbers:
                numbers.append(number)
    return [(number, view.files.data(number)) for number in numbers]

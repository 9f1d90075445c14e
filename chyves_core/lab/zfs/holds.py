"""zfs hold, holds and release."""

from __future__ import annotations

import time

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.human import table
from chyves_core.lab.zfs.model import Dataset, Snapshot
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session


def named(
    session: Session, name: str, recursive: bool, head_text: str = "cannot open"
) -> list[tuple[Dataset, Snapshot]]:
    """Return a snapshot, with -r also those of the same name below."""
    if "@" not in name:
        raise ZfsError(f"'{name}' is not a snapshot")
    head, _, tail = name.partition("@")
    found = session.store.find_snapshot(name)
    if found is None:
        raise ZfsError(f"{head_text} '{name}': dataset does not exist")
    if not recursive:
        return [found]
    pool = session.store.pool_with(name)
    pairs = [(each, each.snapshot(tail)) for each in pool.tree(head)]
    return [(each, snap) for each, snap in pairs if snap]


def hold(session: Session, arguments: list[str]) -> None:
    """zfs hold [-r] TAG SNAPSHOT…."""
    options = parse(arguments, "rt")
    if len(options.words) < 2:
        raise UsageError(
            "missing tag argument" if not options.words else "missing snapshot argument"
        )
    tag = options.words[0]
    with session.store.writing():
        for name in options.words[1:]:
            pool = session.store.pool_with(name)
            refused = session.refusal(pool, name.partition("@")[0], "hold")
            if refused:
                raise ZfsError(f"cannot hold snapshot '{name}': {refused}")
            for dataset, snap in named(session, name, "r" in options, "cannot hold snapshot"):
                if tag in snap.holds:
                    full = f"{dataset.name}@{snap.name}"
                    raise ZfsError(
                        f"cannot hold snapshot '{full}': tag already exists on this dataset"
                    )
                snap.holds[tag] = int(time.time())
            session.commit(pool, [])


def release(session: Session, arguments: list[str]) -> None:
    """zfs release [-r] TAG SNAPSHOT…; a deferred snapshot goes with its last hold."""
    from chyves_core.lab.zfs.destroy import remove_items

    options = parse(arguments, "r")
    if len(options.words) < 2:
        raise UsageError(
            "missing tag argument" if not options.words else "missing snapshot argument"
        )
    tag = options.words[0]
    with session.store.writing():
        for name in options.words[1:]:
            pool = session.store.pool_with(name)
            refused = session.refusal(pool, name.partition("@")[0], "release")
            if refused:
                raise ZfsError(f"cannot release hold from snapshot '{name}': {refused}")
            for dataset, snap in named(session, name, "r" in options):
                if tag not in snap.holds:
                    full = f"{dataset.name}@{snap.name}"
                    raise ZfsError(
                        f"cannot release hold from snapshot '{full}': no such tag on this dataset"
                    )
                del snap.holds[tag]
            session.commit(pool, remove_items(session.view(pool), []))


def holds(session: Session, arguments: list[str]) -> None:
    """zfs holds [-rH] SNAPSHOT…."""
    options = parse(arguments, "rHp")
    if not options.words:
        raise UsageError("missing snapshot argument")
    rows = []
    with session.store.reading():
        for name in options.words:
            for dataset, snap in named(session, name, "r" in options):
                for tag, when in snap.holds.items():
                    stamp = time.strftime("%a %b %e %k:%M %Y", time.localtime(when))
                    rows.append([f"{dataset.name}@{snap.name}", tag, stamp])
    if "H" in options:
        session.lines += ["\t".join(row) for row in rows]
    elif rows:
        session.lines += table([["NAME", "TAG", "TIMESTAMP"], *rows])

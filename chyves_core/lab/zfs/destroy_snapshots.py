"""zfs destroy of snapshots: one, a list (a,b), a range (a%b), with children and clones."""

from __future__ import annotations

from chyves_core.lab.zfs.destroy import (
    Doomed,
    announce,
    carry_out_destroy,
    dependents,
    doom,
    full_name,
    remove_snapshots,
    without_repeats,
)
from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.options import Options
from chyves_core.lab.zfs.session import Session


def destroy_snapshots(session: Session, name: str, options: Options) -> None:
    """Destroy the snapshots that DATASET@NAMES means; missing ones count only if all are."""
    head, _, names = name.partition("@")
    pool, dataset = session.dataset(head)
    datasets = pool.tree(head) if "r" in options or "R" in options else [dataset]
    chosen = [(one, snap) for one in datasets for snap in chosen_of(one, names)]
    if not chosen:
        raise ZfsError("could not find any snapshots to destroy; check snapshot names.")
    clones = [clone for _, snap in chosen for clone in pool.clones_of(snap)]
    if clones and "R" not in options and "d" not in options:
        refuse_clones(chosen, pool)
    view = session.view(pool)
    doomed: list[Doomed] = []
    for clone in clones if "R" in options else []:
        doomed += doom(pool, pool.tree(clone.name), True)
    doomed = without_repeats([*doomed, *chosen])
    reclaimed = sum(
        view.space.reclaimed(one, [snap for each, snap in chosen if each is one])
        for one in {each.number: each for each, _ in chosen}.values()
    )
    # Clones are told of only as they go.
    announce(session, list(chosen) if "n" in options else doomed, options, reclaimed)
    if "n" in options:
        return
    if "d" in options:
        defer(session, pool, chosen)
    else:
        carry_out_destroy(session, pool, name, doomed)


def chosen_of(dataset: Dataset, names: str) -> list[Snapshot]:
    """Return the snapshots of one dataset that "a,c%f" names; an open end of a range is free."""
    chosen: list[Snapshot] = []
    known = [snap.name for snap in dataset.snaps]
    for word in names.split(","):
        first, percent, last = word.partition("%")
        if not percent:
            chosen += [snap for snap in dataset.snaps if snap.name == word]
            continue
        if (first and first not in known) or (last and last not in known):
            continue
        start = known.index(first) if first else 0
        end = known.index(last) if last else len(known) - 1
        chosen += dataset.snaps[start : end + 1]
    return chosen


def refuse_clones(chosen: list[tuple[Dataset, Snapshot]], pool: Pool) -> None:
    """Raise ZfsError for the first snapshot that has clones."""
    for dataset, snap in chosen:
        clones = pool.clones_of(snap)
        if clones:
            raise ZfsError(
                f"cannot destroy '{full_name((dataset, snap))}': snapshot has dependent clones\n"
                "use '-R' to destroy the following datasets:\n"
                + "\n".join(dependents(pool, clones))
            )


def defer(session: Session, pool: Pool, chosen: list[tuple[Dataset, Snapshot]]) -> None:
    """Destroy snapshots now where nothing needs them, else mark them to go later."""
    refused = session.refusal(pool)
    if refused:
        raise ZfsError(f"cannot destroy snapshots: {refused}")
    now = []
    for dataset, snap in chosen:
        if snap.holds or pool.clones_of(snap):
            snap.deferred = True
        else:
            now.append((dataset, snap))
    session.commit(pool, remove_snapshots(session.view(pool), now))

"""zfs destroy: filesystems, volumes, snapshots and bookmarks."""

from __future__ import annotations

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.busy import is_busy
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import form_error, parent_of
from chyves_core.lab.zfs.numbers import nice
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.session import Session, View

Doomed = tuple[Dataset, Snapshot | None]


def destroy(session: Session, arguments: list[str]) -> None:
    """zfs destroy [-fnpRrvd] NAME, NAME@SNAPSHOTS or NAME#BOOKMARK."""
    options = parse(arguments, "vpndfrR")
    if not options.words:
        raise UsageError("missing dataset argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    with session.store.writing():
        if "@" in name:
            from chyves_core.lab.zfs.destroy_snapshots import destroy_snapshots

            destroy_snapshots(session, name, options)
        elif "#" in name:
            destroy_bookmark(session, name)
        else:
            destroy_dataset(session, name, options)


def destroy_bookmark(session: Session, name: str) -> None:
    """Destroy one bookmark."""
    head, _, mark = name.partition("#")
    dataset = session.store.find(head)
    left = [each for each in dataset.bookmarks if each[0] != mark] if dataset else []
    if dataset is None or len(left) == len(dataset.bookmarks):
        raise ZfsError(f"bookmark '{name}' does not exist.")
    pool = session.store.pool_with(name)
    refused = session.refusal(pool)
    if refused:
        raise ZfsError(f"cannot destroy '{name}': {refused}")
    dataset.extra["bookmarks"] = left
    session.commit(pool, [])


def destroy_dataset(session: Session, name: str, options: Options) -> None:
    """Destroy a dataset, with -r all below it and its snapshots, with -R clones too."""
    if form_error(name):
        raise ZfsError(f"cannot open '{name}': {form_error(name)}")
    if "d" in options:
        raise ZfsError(f"cannot open '{name}': missing '@' delimiter in snapshot name")
    pool, dataset = session.dataset(name)
    recursive = "r" in options or "R" in options
    if not parent_of(name) and not recursive:
        raise ZfsError(
            f"cannot destroy '{name}': operation does not apply to pools\n"
            f"use 'zfs destroy -r {name}' to destroy all datasets in the pool\n"
            f"use 'zpool destroy {name}' to destroy the pool itself"
        )
    if not recursive:
        refuse_children(pool, dataset)
    tree = pool.tree(name)
    doomed: list[Doomed] = [(dataset, None)]
    if recursive:
        doomed = doom(pool, tree, "R" in options)
    if not parent_of(name):
        doomed.pop()
    announce(session, doomed, options)
    if "n" not in options:
        carry_out_destroy(session, pool, name, doomed)


def refuse_children(pool: Pool, dataset: Dataset) -> None:
    """Raise ZfsError naming what lies below a dataset that is to go without -r."""
    below = list(reversed(pool.tree(dataset.name)))
    names = [name for each in below for name in names_of(each)][:-1]
    if names:
        raise ZfsError(
            f"cannot destroy '{dataset.name}': {dataset.kind} has children\n"
            "use '-r' to destroy the following datasets:\n" + "\n".join(names)
        )


def names_of(dataset: Dataset) -> list[str]:
    """Return the names of a dataset's snapshots, newest first, and its own."""
    snaps = [f"{dataset.name}@{snap.name}" for snap in reversed(dataset.snaps)]
    return [*snaps, dataset.name]


def clones_outside(pool: Pool, tree: list[Dataset]) -> list[Dataset]:
    """Return the clones of a tree's snapshots that do not lie in the tree."""
    numbers = {snap.number for dataset in tree for snap in dataset.snaps}
    inside = {dataset.number for dataset in tree}
    return [
        each
        for each in pool.datasets.values()
        if each.origin in numbers and each.number not in inside
    ]


def doom(pool: Pool, tree: list[Dataset], with_clones: bool) -> list[Doomed]:
    """Return what goes, in the order in which it goes; raises ZfsError where clones forbid it."""
    top = tree[0]
    outside = clones_outside(pool, tree)
    if outside and not with_clones:
        raise ZfsError(
            f"cannot destroy '{top.name}': {top.kind} has dependent clones\n"
            "use '-R' to destroy the following datasets:\n" + "\n".join(dependents(pool, outside))
        )
    doomed: list[Doomed] = []
    for clone in outside:
        if any(each is clone for each, _ in doomed) or clone.name not in pool.datasets:
            continue
        doomed += doom(pool, pool.tree(clone.name), True)
    for dataset in reversed(tree):
        doomed += [(dataset, snap) for snap in dataset.snaps]
        doomed.append((dataset, None))
    return without_repeats(doomed)


def dependents(pool: Pool, clones: list[Dataset]) -> list[str]:
    """Return the names of clones and of all that goes with each, what lies deepest first."""
    doomed = [item for clone in clones for item in doom(pool, pool.tree(clone.name), True)]
    return [full_name(item) for item in without_repeats(doomed)]


def without_repeats(doomed: list[Doomed]) -> list[Doomed]:
    """Return the list with each item only once."""
    seen: set[tuple[int, int]] = set()
    kept = []
    for dataset, snap in doomed:
        key = (dataset.number, snap.number if snap else 0)
        if key not in seen:
            seen.add(key)
            kept.append((dataset, snap))
    return kept


def full_name(item: Doomed) -> str:
    """Return the name of a dataset or snapshot."""
    dataset, snap = item
    return f"{dataset.name}@{snap.name}" if snap else dataset.name


def announce(
    session: Session, doomed: list[Doomed], options: Options, reclaimed: int | None = None
) -> None:
    """Print what -n, -v and -p tell."""
    if "v" not in options and "n" not in options:
        return
    if "v" in options:
        for item in doomed:
            if "p" in options:
                session.say(f"destroy\t{full_name(item)}")
            else:
                session.say(f"{'would' if 'n' in options else 'will'} destroy {full_name(item)}")
    if reclaimed is not None and "v" in options:
        if "p" in options:
            session.say(f"reclaim\t{reclaimed}")
        else:
            word = "would" if "n" in options else "will"
            session.say(f"{word} reclaim {nice(reclaimed)}")


def carry_out_destroy(session: Session, pool: Pool, name: str, doomed: list[Doomed]) -> None:
    """Destroy all that is doomed; what can't go stays with all above it, the rest goes.

    Snapshots of datasets that stay are of one batch, and stay only where one is held; see the
    transcript holds, and destroy_callback in zfs_main.c.
    """
    refused = session.refusal(pool, name.partition("@")[0], "destroy")
    if refused:
        raise ZfsError(f"cannot destroy '{name}': {refused}")
    view = session.view(pool)
    going = {dataset.number for dataset, snap in doomed if snap is None}
    held: dict[str, list[str]] = {}
    for dataset, snap in doomed:
        if snap and snap.holds:
            held.setdefault(dataset.name, []).append(held_text(session, dataset, snap))
    if any(dataset.name in held and dataset.number not in going for dataset, _ in doomed):
        raise ZfsError("\n".join(text for texts in held.values() for text in texts))
    actions: list[Action] = []
    kept: list[str] = []
    staying = frozenset(
        each.mounted for each in pool.datasets.values() if each.mounted and each.number not in going
    )
    for dataset, snap in doomed:
        if snap:
            continue
        why = "\n".join(held.get(dataset.name, [])) or busy_text(view, dataset, staying)
        if why:
            kept.append(dataset.name)
            session.fail(why)
        elif any(each.startswith(dataset.name + "/") for each in kept):
            session.fail(f"cannot destroy '{dataset.name}': dataset already exists")
            kept.append(dataset.name)
    gone = [(one, snap) for one, snap in doomed if one.name not in (held if snap else kept)]
    if gone:
        actions += remove_items(view, gone)
        session.commit(pool, actions)


def held_text(session: Session, dataset: Dataset, snap: Snapshot) -> str:
    """Return why a held snapshot can't go: as the captures say it, or as OpenZFS 2.3 does."""
    name = full_name((dataset, snap))
    if session.lab.freebsd < (15, 0):
        return f"cannot destroy snapshot {name}: dataset is busy"
    return (
        f"cannot destroy snapshot {name}: it's being held. "
        f"Run 'zfs holds -r {name}' to see holders."
    )


def busy_text(view: View, dataset: Dataset, staying: frozenset[str]) -> str | None:
    """Return why a dataset can't go now; staying: mount points of those that don't go."""
    inside = not dataset.is_volume and dataset.mounted
    if inside and view.files.holds_mounts(inside, staying):
        return f"cannot unmount '{inside}': pool or dataset is busy"
    if not is_busy(view.files.live(dataset)):
        return None
    if dataset.is_volume:
        return f"cannot destroy '{dataset.name}': dataset is busy"
    return f"cannot unmount '{dataset.mounted}': pool or dataset is busy"


def remove_items(view: View, doomed: list[Doomed]) -> list[Action]:
    """Take datasets and snapshots out of the pool; returns what removes their files.

    A deferred snapshot goes with its last clone (capture destroy-clone-deferred).
    """
    actions: list[Action] = []
    pool = view.pool
    for dataset, snap in doomed:
        if snap is None:
            actions += view.files.forget(dataset)
            del pool.datasets[dataset.name]
    snaps = [(one, snap) for one, snap in doomed if snap]
    snaps += [
        (one, snap)
        for one, snap in pool.snapshots()
        if snap.deferred and not snap.holds and not pool.clones_of(snap)
    ]
    return actions + remove_snapshots(view, snaps)


def remove_snapshots(view: View, doomed: list[tuple[Dataset, Snapshot]]) -> list[Action]:
    """Take snapshots out of the pool; returns what removes the content that no other keeps."""
    numbers = {snap.number for _, snap in doomed}
    actions: list[Action] = []
    for dataset in {one.number: one for one, _ in doomed}.values():
        dataset.snaps = [snap for snap in dataset.snaps if snap.number not in numbers]
        if dataset.name in view.pool.datasets:
            actions += view.files.snapdir(dataset)
    still = {snap.data for _, snap in view.pool.snapshots()}
    loose = {snap.data for _, snap in doomed if snap.data is not None} - still
    return actions + [["remove", view.files.data(number)] for number in sorted(loose)]

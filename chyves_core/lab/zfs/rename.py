"""zfs rename: datasets with all below them, and snapshots."""

from __future__ import annotations

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.create import check_parent, make_parents
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.mounting import mount_path, relocate, target_of
from chyves_core.lab.zfs.names import form_error, name_error, parent_of, pool_of
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.session import Session, View


def rename(session: Session, arguments: list[str]) -> None:
    """zfs rename [-f] [-p|-r|-u] OLD NEW."""
    options = parse(arguments, "pruf")
    if not options.words:
        raise UsageError("missing source dataset argument")
    if len(options.words) == 1:
        raise UsageError("missing target dataset argument")
    if len(options.words) > 2:
        raise UsageError("too many arguments")
    old, new = options.words
    if "r" in options and "@" not in old:
        raise UsageError("source dataset for recursive rename must be a snapshot")
    with session.store.writing():
        if "@" in old:
            rename_snapshot(session, old, new, "r" in options)
        else:
            rename_dataset(session, old, new, options)


def rename_snapshot(session: Session, old: str, new: str, recursive: bool) -> None:
    """Rename a snapshot, with -r the snapshots of that name below too."""
    head, _, before = old.partition("@")
    found = session.store.find_snapshot(old)
    if found is None:
        raise ZfsError(f"cannot open '{old}': dataset does not exist")
    if "@" not in new or new.startswith("@"):
        new = f"{head}@{new.removeprefix('@')}"
    if new.partition("@")[0] != head:
        raise ZfsError(f"cannot rename to '{new}': snapshots must be part of same dataset")
    wrong = name_error(new, "snapshot")
    if wrong:
        raise ZfsError(f"cannot rename to '{new}': {wrong}")
    pool = session.store.pool_with(old)
    refused = session.refusal(pool, head, "rename")
    if refused:
        raise ZfsError(f"cannot rename '{old}': {refused}")
    after = new.partition("@")[2]
    tree = pool.tree(head) if recursive else [found[0]]
    for dataset in tree:
        if dataset.snapshot(before) and dataset.snapshot(after):
            reason = "dataset already exists"
            if recursive:
                reason = "a child dataset already has a snapshot with the new name"
            raise ZfsError(f"cannot rename '{old}': {reason}")
    session.commit(pool, renamed_snapshots(session.view(pool), tree, before, after))


def renamed_snapshots(view: View, tree: list[Dataset], before: str, after: str) -> list[Action]:
    """Give the snapshots their new name; returns what shows it in .zfs."""
    actions: list[Action] = []
    for dataset in tree:
        snap = dataset.snapshot(before)
        if snap:
            snap.name = after
            actions += view.files.snapdir(dataset)
    return actions


def rename_dataset(session: Session, old: str, new: str, options: Options) -> None:
    """Rename a dataset; what lies below keeps its place under it."""
    if form_error(old):
        raise ZfsError(f"cannot open '{old}': {form_error(old)}")
    pool, dataset = session.dataset(old)
    if old == new:
        return
    check_target(session, pool, dataset, new, "p" in options)
    view = session.view(pool)
    actions: list[Action] = []
    if "p" in options:
        actions += make_parents(session, pool, new)
    tree = pool.tree(old)
    points = {each.number: shown_by_name(view, each) for each in tree}
    for each in tree:
        del pool.datasets[each.name]
        each.name = new + each.name[len(old) :]
        pool.datasets[each.name] = each
    after = session.view(pool)
    if "u" not in options:
        actions += relocate(after, targets_after(after, tree, points))
    else:
        actions += relocate(after, volume_targets(after, tree))
    session.commit(pool, actions)


def check_target(
    session: Session, pool: Pool, dataset: Dataset, new: str, with_parents: bool
) -> None:
    """Raise ZfsError where a dataset can't be renamed to `new`."""
    old = dataset.name
    wrong = name_error(new, "dataset")
    if wrong:
        raise ZfsError(f"cannot create '{new}': {wrong}")
    if not parent_of(new):
        raise ZfsError(f"cannot create '{new}': missing dataset name")
    if pool_of(new) != pool.name:
        raise ZfsError(f"cannot rename to '{new}': datasets must be within same pool")
    if new.startswith(old + "/"):
        raise ZfsError(
            f"cannot rename to '{new}': New dataset name cannot be a descendant of "
            "current dataset name"
        )
    if new not in pool.datasets:
        check_parent(pool, new, f"cannot create '{new}': ", with_parents)
    else:
        raise ZfsError(f"cannot rename '{old}': dataset already exists")
    if not parent_of(old):
        raise ZfsError(f"cannot rename '{old}': operation does not apply to pools")
    refused = session.refusal(pool, old, "rename")
    if refused:
        raise ZfsError(f"cannot rename '{old}': {refused}")


def shown_by_name(view: View, dataset: Dataset) -> bool:
    """Whether a dataset shows now where its properties say (and not somewhere of its own)."""
    return dataset.mounted is not None


def targets_after(view: View, tree: list[Dataset], shown: dict[int, bool]) -> dict[str, str | None]:
    """Return where the renamed datasets show: what was mounted stays so, at its new path."""
    targets: dict[str, str | None] = volume_targets(view, tree)
    for dataset in tree:
        if not dataset.is_volume:
            targets[dataset.name] = mount_path(view, dataset) if shown[dataset.number] else None
    return targets


def volume_targets(view: View, tree: list[Dataset]) -> dict[str, str | None]:
    """Return the device nodes of the renamed volumes."""
    return {each.name: target_of(view, each) for each in tree if each.is_volume}

"""zfs diff: which files differ between two snapshots, or a snapshot and now."""

from __future__ import annotations

import os

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session, View

Tree = dict[str, tuple[bool, int, int]]


def diff(session: Session, arguments: list[str]) -> None:
    """zfs diff [-FHt] SNAPSHOT [SNAPSHOT|FILESYSTEM]; -F and -t are taken and say nothing more."""
    options = parse(arguments, "FHth")
    if not options.words:
        raise UsageError("must provide at least one snapshot name")
    first = options.words[0]
    second = options.words[1] if len(options.words) > 1 else first.partition("@")[0]
    with session.store.reading():
        pool, dataset = session.dataset(first.partition("@")[0])
        view = session.view(pool)
        trees = []
        for name in (first, second):
            trees.append(walk(folder_of(view, dataset, name), view.files.mounted_paths))
        top = dataset.mounted or f"/{dataset.name}"
        for mark, path in sorted(changes(*trees), key=lambda change: change[1]):
            session.say(f"{mark}\t{top}/{path}")


def folder_of(view: View, dataset: Dataset, name: str) -> str:
    """Return where the files of a snapshot, or of the filesystem now, lie."""
    head, _, tail = name.partition("@")
    if head != dataset.name:
        raise ZfsError(f"Unable to determine path or stats for object in {name}")
    if not tail:
        return view.files.live(dataset)
    snap = dataset.snapshot(tail)
    if snap is None:
        raise ZfsError(f"cannot open '{name}': dataset does not exist")
    return view.files.kept(snap)


def walk(folder: str, leave_out: frozenset[str], below: str = "") -> Tree:
    """Return for each path below a folder: whether it is a folder, its size and time."""
    found: Tree = {}
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return found
    for entry in entries:
        if entry.name == ".zfs" or entry.path in leave_out:
            continue
        here = entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            found[below + entry.name] = (True, 0, 0)
            found |= walk(entry.path, leave_out, f"{below}{entry.name}/")
        else:
            found[below + entry.name] = (False, here.st_size, here.st_mtime_ns)
    return found


def changes(old: Tree, new: Tree) -> list[tuple[str, str]]:
    """Return the changes as zfs marks them: - removed, + made, M changed.

    A folder that was a mount point in one of the two trees is left out.
    """
    found = [("-", path) for path in old if path not in new and not old[path][0]]
    found += [("+", path) for path in new if path not in old]
    found += [("M", path) for path in new if path in old and old[path] != new[path]]
    return found

"""Changes of folders and device nodes: plain lists, so that the journal can hold them.

Each one can be carried out twice: it looks at what is there before it changes anything.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

Action = list[Any]


def carry_out(action: Action) -> None:
    """Carry out one action: its name, then its arguments."""
    known: dict[str, Callable[..., None]] = {
        "mount": mount,
        "unmount": unmount,
        "move": move,
        "remove": remove,
        "rmdir": remove_mount_point,
        "volume": make_volume,
        "resize": resize,
        "empty": empty_folder,
        "fill": fill_folder,
        "snapdir": show_snapshots,
        "link": link,
    }
    known[action[0]](*action[1:])


def mount(store: str, path: str) -> None:
    """Move the kept files `store/fs` to `path`; what stands there goes to `store/covered`."""
    files, covered = os.path.join(store, "fs"), os.path.join(store, "covered")
    if not os.path.isdir(files):
        return
    if os.path.lexists(path):
        if os.path.isdir(path) and not os.listdir(path):
            os.rmdir(path)
        else:
            os.rename(path, covered)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.rename(files, path)


def unmount(store: str, path: str) -> None:
    """Move the files at `path` back to `store/fs`; `path` shows again what it covered."""
    files, covered = os.path.join(store, "fs"), os.path.join(store, "covered")
    if not os.path.isdir(files) and os.path.isdir(path):
        os.makedirs(store, exist_ok=True)
        os.rename(path, files)
    if not os.path.lexists(path):
        if os.path.lexists(covered):
            os.rename(covered, path)
        elif os.path.isdir(os.path.dirname(path)):
            os.mkdir(path)


def move(source: str, target: str, limit: str = "") -> None:
    """Rename a file or folder, and remove the empty folders that this leaves up to `limit`."""
    if not os.path.lexists(source):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(target) and not os.path.islink(target):
        remove(target)
    os.replace(source, target)
    remove_empty(os.path.dirname(source), limit)


def remove(path: str, limit: str = "") -> None:
    """Remove a file or folder, and the empty folders that this leaves up to `limit`."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    remove_empty(os.path.dirname(path), limit)


def remove_mount_point(path: str) -> None:
    """Remove the folder that a filesystem was mounted on; one that holds files stays."""
    with contextlib.suppress(OSError):
        os.rmdir(path)


def remove_empty(folder: str, limit: str) -> None:
    """Remove `folder` and those above it while they are empty and below `limit`."""
    while limit and folder.startswith(limit + os.sep):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = os.path.dirname(folder)


def make_volume(path: str, size: int) -> None:
    """Make the file that plays a volume: `size` bytes of which none is allocated."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "ab") as volume:
        volume.truncate(size)


def resize(path: str, size: int) -> None:
    """Make a volume's file `size` bytes long."""
    if os.path.exists(path):
        os.truncate(path, size)


def empty_folder(path: str, keep: list[str]) -> None:
    """Remove what a folder holds but the folders in `keep` (where others are mounted)."""
    for entry in os.listdir(path):
        full = os.path.join(path, entry)
        if full in keep or entry == ".zfs":
            continue
        if any(kept.startswith(full + os.sep) for kept in keep):
            empty_folder(full, keep)
        else:
            remove(full)


def fill_folder(source: str, path: str) -> None:
    """Move all that `source` holds into `path`, into folders that stand there already too."""
    if not os.path.isdir(source):
        return
    for entry in os.listdir(source):
        inner, outer = os.path.join(source, entry), os.path.join(path, entry)
        if os.path.isdir(inner) and not os.path.islink(inner) and os.path.isdir(outer):
            fill_folder(inner, outer)
        else:
            os.replace(inner, outer)
    remove(source)


def show_snapshots(control: str, folder: str, snapshots: dict[str, str]) -> None:
    """Make `folder/.zfs/snapshot` show the snapshots: name and folder of each.

    ZFS keeps .zfs out of listings; a plain folder can't, so it is there only with snapshots.
    """
    shown = os.path.join(control, "snapshot")
    remove(shown)
    os.makedirs(shown)
    for name, kept in snapshots.items():
        os.makedirs(kept, exist_ok=True)
        os.symlink(kept, os.path.join(shown, name))
    link = os.path.join(folder, ".zfs")
    if os.path.lexists(link):
        os.unlink(link)
    if snapshots and os.path.isdir(folder):
        os.symlink(control, link)


def link(source: str, path: str) -> None:
    """Make the symbolic link `path`."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.symlink(source, path)

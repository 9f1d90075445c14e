"""Copies of files and folders: sparse, with times, and as clones where the machine can."""

from __future__ import annotations

import errno
import os
import stat
import sys

BLOCK = 1 << 20
FICLONE = 0x40049409


def copy_file(source: str, target: str) -> None:
    """Copy a file with mode and times; holes stay holes."""
    with open(source, "rb") as one, open(target, "wb") as two:
        size = os.fstat(one.fileno()).st_size
        two.truncate(size)
        if size and not cloned(one.fileno(), two.fileno()):
            for start, end in ranges(one.fileno(), size):
                copy_range(one.fileno(), two.fileno(), start, end)
    keep_times(source, target)


def keep_times(source: str, target: str) -> None:
    """Give the copy the mode and times of its source."""
    found = os.stat(source)
    os.chmod(target, stat.S_IMODE(found.st_mode))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def cloned(source: int, target: int) -> bool:
    """Let the file system share the blocks (Linux: btrfs, xfs); False where it can't."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def ranges(file: int, size: int) -> list[tuple[int, int]]:
    """Return the parts of a file that hold data; all of it where the system can't tell."""
    if not hasattr(os, "SEEK_DATA"):
        return [(0, size)]
    found = []
    place = 0
    while place < size:
        try:
            start = os.lseek(file, place, os.SEEK_DATA)
            end = os.lseek(file, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            return [(0, size)]
        found.append((start, end))
        place = end
    return found


def copy_range(source: int, target: int, start: int, end: int) -> None:
    """Copy a part of a file; blocks of zeros are left out."""
    while start < end:
        chunk = os.pread(source, min(BLOCK, end - start), start)
        if not chunk:
            return
        if chunk.count(0) != len(chunk):
            os.pwrite(target, chunk, start)
        start += len(chunk)


def copy_folder(source: str, target: str, leave_out: frozenset[str]) -> None:
    """Copy what a folder holds; folders in `leave_out` (other filesystems) become empty ones."""
    os.makedirs(target, exist_ok=True)
    for entry in list(os.scandir(source)):
        copy = os.path.join(target, entry.name)
        if entry.name == ".zfs":
            continue
        if entry.path in leave_out:
            os.mkdir(copy)
        elif entry.is_symlink():
            os.symlink(os.readlink(entry.path), copy)
        elif entry.is_dir():
            copy_folder(entry.path, copy, leave_out)
        elif entry.is_file():
            copy_file(entry.path, copy)
    keep_times(source, target)

"""Copy a file, unpack it on the way, and compute its checksums: block by block."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from chyves_core.errors import ChyvesError, HostError, NotFound
from chyves_core.progress import Meter

BLOCK = 1 << 20
# What each ending says about a file, and the program that unpacks it by hand.
UNPACKERS = {".xz": "xz", ".gz": "gzip", ".bz2": "bzip2"}
NOT_UNPACKED = {".zst": "zstd"}


class Readable(Protocol):
    """What can be read block by block: a file, or what unpacks one."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...


@dataclass(frozen=True)
class Poured:
    """What a file turned out to be: its size in bytes, and its checksums by algorithm."""

    size: int
    digits: dict[str, str]


def compression(file_name: str) -> str:
    """Return the ending (`.xz`, `.gz`, `.bz2`) by which a file is compressed, or nothing."""
    ending = os.path.splitext(file_name)[1].lower()
    if ending in NOT_UNPACKED:
        program = NOT_UNPACKED[ending]
        raise ChyvesError(
            f"{file_name}: files of {program} are not unpacked here",
            f"{program} -d {file_name}, and then import what comes out",
        )
    return ending if ending in UNPACKERS else ""


def open_file(path: Path, shown: str) -> BinaryIO:
    """Open a regular file that has something in it; raises NotFound or ChyvesError."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ChyvesError(f"{shown}: is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise ChyvesError(f"{shown}: is not a regular file")
        if status.st_size == 0:
            raise ChyvesError(f"{shown}: is empty")
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{shown}: there is no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ChyvesError(f"{shown}: cannot be read: {reason}") from error


def unpacked(file: BinaryIO, ending: str) -> Readable:
    """Return what reads the inside of a compressed file, or the file itself where it is none."""
    if ending == ".xz":
        import lzma

        return lzma.open(file)
    if ending == ".gz":
        import gzip

        return gzip.open(file)
    if ending == ".bz2":
        import bz2

        return bz2.open(file)
    return file


def pour(
    source: Path,
    target: Path | None,
    *,
    shown: str,
    ending: str = "",
    algorithms: Iterable[str] = (),
    meter: Meter | None = None,
) -> Poured:
    """Read a file whole, unpack it by its ending, write it to `target`, return what it was.

    `shown` is what errors call the file. The target is on the disk when this returns. Raises
    ChyvesError for a file that is not what its ending says or is cut off, HostError where
    writing fails; a part of the target may be there then.
    """
    import hashlib

    digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    size = 0
    with open_file(source, shown) as raw:
        inside = unpacked(raw, ending)
        with writing(target or Path(os.devnull)) as out:
            while block := read_block(inside, shown, ending):
                size += len(block)
                for digest in digests.values():
                    digest.update(block)
                write_block(out, block, shown)
                if meter:
                    meter.show(raw.tell())
            if target:
                finish(out, shown)
    if size == 0:
        raise ChyvesError(f"{shown}: has nothing in it")
    return Poured(size, {name: digest.hexdigest() for name, digest in digests.items()})


def read_block(file: Readable, shown: str, ending: str, most: int = BLOCK) -> bytes:
    """Return the next block; what zlib, lzma and bz2 have to say becomes one error."""
    try:
        return file.read(most)
    except EOFError as error:
        raise ChyvesError(
            f"{shown}: is cut off, the end of the {ending} file is missing"
        ) from error
    except Exception as error:
        # lzma.LZMAError and zlib.error are known only once their modules are imported; a bad
        # .gz or .bz2 is an OSError without a number.
        if isinstance(error, OSError) and error.errno:
            raise ChyvesError(f"{shown}: cannot be read: {error.strerror}") from error
        raise ChyvesError(f"{shown}: is damaged, or no {ending} file at all ({error})") from error


def writing(target: Path) -> FileIO:
    """Open the target, without a buffer that could fail when it is closed; raises HostError."""
    try:
        return FileIO(target, "wb")
    except OSError as error:
        raise HostError(f"cannot write {target.name}: {error.strerror}") from error


def write_block(out: FileIO, block: bytes, shown: str) -> None:
    """Write one block; raises HostError, in clear words where the pool is full."""
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[out.write(rest) :]
    except OSError as error:
        raise no_room(error, shown) from error


def finish(out: FileIO, shown: str) -> None:
    """Bring all that was written to the disk; a full pool may show only now."""
    try:
        os.fsync(out.fileno())
    except OSError as error:
        raise no_room(error, shown) from error


def no_room(error: OSError, shown: str) -> HostError:
    """Return the error for a file that could not be written to its end."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HostError(f"{shown}: does not fit, the primary pool is full", "zfs list -o space")
    return HostError(f"{shown}: cannot be written: {error.strerror}")

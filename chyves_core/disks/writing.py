"""Write an image on a volume's device node, and read it back."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO

from chyves_core.errors import ChyvesError, HostError
from chyves_core.progress import Meter
from chyves_core.unpacking import BLOCK, Poured, Readable, open_file, read_block, unpacked

# A device is written and read in whole sectors; volumes have such of 512 bytes.
SECTOR = 4096
NODE_SECONDS = 20.0


def wait_for_node(device: Path, shown: str) -> None:
    """Wait for the device node of a volume; it may come some seconds later (captures README 15)."""
    deadline = time.monotonic() + NODE_SECONDS
    while not device.exists():
        if time.monotonic() > deadline:
            raise HostError(f"{shown}: the device node did not come in {NODE_SECONDS:.0f} s")
        time.sleep(0.05)


def write_image(
    source: Path,
    device: Path,
    *,
    shown: str,
    ending: str,
    algorithms: set[str],
    meter: Meter,
) -> Poured:
    """Write the inside of a file on a new volume and return what it was.

    Blocks of zeros are passed over, as a new volume is all zeros. `shown` is what errors call
    the file.
    """
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    place = 0
    with open_file(source, shown) as raw, open_device(device, shown) as target:
        size = target.seek(0, os.SEEK_END)
        inside = unpacked(raw, ending)
        while block := read_full(inside, shown, ending):
            if place + len(block) > size:
                raise ChyvesError(f"{shown}: has grown while it was read")
            for digest in digests.values():
                digest.update(block)
            if block.count(0) != len(block):
                write_at(target, place, block, shown)
            place += len(block)
            meter.show(raw.tell())
        flush(target, shown)
    return Poured(place, {name: digest.hexdigest() for name, digest in digests.items()})


def open_device(device: Path, shown: str) -> BinaryIO:
    """Open a device node for writing; nothing is ever made in its place."""
    try:
        opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(f"{shown}: {device.name} cannot be opened: {error.strerror}") from error
    return open(opened, "r+b", buffering=0)


def read_full(file: Readable, shown: str, ending: str) -> bytes:
    """Return a whole block, fewer bytes only at the end: a device takes no odd pieces."""
    block = read_block(file, shown, ending)
    while block and len(block) < BLOCK:
        more = read_block(file, shown, ending, BLOCK - len(block))
        if not more:
            break
        block += more
    return block


def write_at(target: BinaryIO, place: int, block: bytes, shown: str) -> None:
    """Write one block; the last one is filled up with zeros to whole sectors."""
    rest = memoryview(block + bytes(-len(block) % SECTOR))
    try:
        while rest:
            done = os.pwrite(target.fileno(), rest, place)
            rest, place = rest[done:], place + done
    except OSError as error:
        raise not_written(error, shown) from error


def flush(target: BinaryIO, shown: str) -> None:
    """Bring all that was written to the disk, where the device can be asked for that.

    `zfs set` behind it waits for the same transaction group in any case.
    """
    try:
        os.fsync(target.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP):
            raise not_written(error, shown) from error


def not_written(error: OSError, shown: str) -> HostError:
    """Return the error for an image that could not be written to its end."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HostError(f"{shown}: does not fit, the pool is full", "zfs list -o space")
    return HostError(f"{shown}: cannot be written: {error.strerror}")


def read_back(device: Path, size: int, *, shown: str, meter: Meter) -> str:
    """Return the SHA256 digits of the first `size` bytes of a volume."""
    digest = hashlib.sha256()
    place = 0
    try:
        opened = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        with open(opened, "rb", buffering=0) as volume:
            while place < size:
                block = os.pread(volume.fileno(), BLOCK, place)
                if not block:
                    break
                digest.update(block[: size - place])
                place += len(block)
                meter.show(min(place, size))
    except OSError as error:
        raise HostError(f"{shown}: cannot be read back: {error.strerror}") from error
    return digest.hexdigest()

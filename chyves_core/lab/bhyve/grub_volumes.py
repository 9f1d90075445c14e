"""GRUB's devices: the device map of grub-bhyve, partitions, and the file systems on them.

What can be read: ISO 9660 (Rock Ridge, Joliet, plain), ext2/3/4 and FAT, on a whole image or
in an MBR (primary and logical) or GPT partition. Not: LVM, XFS, Btrfs, UFS, FFS.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

SECTOR = 512


class FileSystem(Protocol):
    """A file system that is only read. `uuid` is spelled as GRUB's search command spells it."""

    label: str
    uuid: str

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no file of that path."""


class GrubError(Exception):
    """What GRUB prints after "error: "."""


class Volume(NamedTuple):
    """A part of an image file: `start` and `size` are in bytes."""

    image: BinaryIO
    start: int
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the volume; less than asked for at its end."""
        self.image.seek(self.start + offset)
        return self.image.read(max(0, min(length, self.size - offset)))


class Partition(NamedTuple):
    """An entry of a partition table: `scheme` is GRUB's word, msdos or gpt; offsets in bytes."""

    scheme: str
    number: int
    start: int
    size: int


def read_device_map(text: str) -> dict[str, str]:
    """Return {"hd0": "/dev/zvol/…"} for the lines `(hd0) /dev/zvol/…` of a device map.

    A path ends at the first blank (hostdisk.c, read_device_map).
    """
    devices: dict[str, str] = {}
    for line in text.splitlines():
        found = re.match(r"\s*\(([^)]+)\)\s*(\S+)", line)
        if found and not line.lstrip().startswith("#"):
            devices[found[1]] = found[2]
    return devices


def open_volume(devices: dict[str, Path], name: str) -> Volume:
    """Return the volume of GRUB's name ("cd0", "hd0,msdos2", "hd0,1"); raises GrubError."""
    disk_name, comma, partition_name = name.partition(",")
    image_path = devices.get(disk_name)
    if image_path is None:
        raise GrubError(f"disk `{name}' not found")
    try:
        image = open(image_path, "rb")  # noqa: SIM115
    except OSError as error:
        raise GrubError(f"cannot open `{image_path}': {error.strerror}") from error
    disk = Volume(image, 0, image.seek(0, 2))
    if not comma:
        return disk
    for partition in partitions(disk):
        if partition_name in (f"{partition.scheme}{partition.number}", str(partition.number)):
            return Volume(image, partition.start, partition.size)
    raise GrubError("no such partition")


def volume_names(devices: dict[str, Path]) -> Iterator[str]:
    """Yield the name of every disk and of every partition on it; `host` is no disk."""
    for name in devices:
        if name == "host":
            continue
        try:
            disk = open_volume(devices, name)
        except GrubError:
            continue
        yield name
        for partition in partitions(disk):
            yield f"{name},{partition.scheme}{partition.number}"


def open_file_system(volume: Volume) -> FileSystem:
    """Return the file system of a volume; raises GrubError where it is none of the known."""
    from chyves_core.lab.bhyve.grub_ext import open_ext
    from chyves_core.lab.bhyve.grub_fat import open_fat
    from chyves_core.lab.bhyve.grub_iso9660 import open_iso9660

    for opener in (open_iso9660, open_ext, open_fat):
        file_system = opener(volume)
        if file_system is not None:
            return file_system
    raise GrubError("unknown filesystem")


def partitions(disk: Volume) -> list[Partition]:
    """Return the partitions of a disk, by their number; none where it has no table."""
    first = disk.read(0, SECTOR)
    if len(first) < SECTOR or first[510:] != b"\x55\xaa":
        return []
    header = disk.read(SECTOR, SECTOR)
    if header.startswith(b"EFI PART"):
        return _gpt_partitions(disk, header)
    return _mbr_partitions(disk, first)


def _gpt_partitions(disk: Volume, header: bytes) -> list[Partition]:
    entries_at, count, entry_size = struct.unpack_from("<QII", header, 72)
    table = disk.read(entries_at * SECTOR, count * entry_size)
    found: list[Partition] = []
    for number in range(1, len(table) // entry_size + 1):
        entry = table[(number - 1) * entry_size : number * entry_size]
        if any(entry[:16]):
            first, last = struct.unpack_from("<QQ", entry, 32)
            found.append(Partition("gpt", number, first * SECTOR, (last - first + 1) * SECTOR))
    return found


def _mbr_partitions(disk: Volume, first: bytes) -> list[Partition]:
    found: list[Partition] = []
    for number in range(1, 5):
        kind, start, size = _mbr_entry(first, number - 1)
        if kind in (0x05, 0x0F, 0x85):
            found += _logical_partitions(disk, start)
        elif kind and size:
            found.append(Partition("msdos", number, start * SECTOR, size * SECTOR))
    return sorted(found, key=lambda partition: partition.number)


def _logical_partitions(disk: Volume, extended: int) -> list[Partition]:
    """Follow the chain of tables in an extended partition; logical ones count from 5."""
    found: list[Partition] = []
    table_at = extended
    for number in range(5, 64):
        table = disk.read(table_at * SECTOR, SECTOR)
        if len(table) < SECTOR or table[510:] != b"\x55\xaa":
            break
        kind, start, size = _mbr_entry(table, 0)
        if kind and size:
            found.append(Partition("msdos", number, (table_at + start) * SECTOR, size * SECTOR))
        next_kind, next_start, _ = _mbr_entry(table, 1)
        if not next_kind:
            break
        table_at = extended + next_start
    return found


def _mbr_entry(table: bytes, index: int) -> tuple[int, int, int]:
    """Return (type, first sector, sectors) of one of the four entries."""
    entry = table[446 + 16 * index : 462 + 16 * index]
    start, size = struct.unpack_from("<II", entry, 8)
    return entry[4], start, size

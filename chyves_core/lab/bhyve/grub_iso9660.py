"""Read files out of an ISO 9660 image (ECMA-119), with Rock Ridge or Joliet names."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chyves_core.lab.bhyve.grub_volumes import Volume

BLOCK = 2048


class Entry(NamedTuple):
    """One file or folder: `at` is its first block, `size` is in bytes."""

    name: str
    at: int
    size: int
    is_folder: bool


class Iso9660:
    """An ISO 9660 volume; names compare as written with Rock Ridge, else without case."""

    def __init__(self, volume: Volume, primary: bytes, joliet: bytes | None) -> None:
        self.volume = volume
        self.label = primary[40:72].decode("ascii", "replace").strip()
        self.uuid = _uuid(primary)
        root = _record(primary[156:190])
        self.skip, self.rock_ridge = self._rock_ridge(root)
        self.joliet = joliet is not None and not self.rock_ridge
        self.root = _record(joliet[156:190]) if joliet is not None and self.joliet else root

    def _rock_ridge(self, root: Entry) -> tuple[int, bool]:
        """Return how many bytes of each system use area to skip, and whether names are there."""
        block = self.volume.read(root.at * BLOCK, BLOCK)
        if not block or not block[0]:
            return 0, False
        area = _system_use(block[: block[0]])
        if area[:2] != b"SP":
            return 0, False
        return area[6], True

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no file of that path."""
        entry: Entry | None = self.root
        for part in path.split("/"):
            if part and entry is not None:
                entry = self._child(entry, part) if entry.is_folder else None
        if entry is None or entry.is_folder:
            return None
        return self.volume.read(entry.at * BLOCK, entry.size)

    def _child(self, folder: Entry, name: str) -> Entry | None:
        for entry in self._entries(folder):
            same = entry.name == name if self.rock_ridge else entry.name.lower() == name.lower()
            if same:
                return entry
        return None

    def _entries(self, folder: Entry) -> Iterator[Entry]:
        """Yield what a folder holds; a record never crosses the end of a block."""
        data = self.volume.read(folder.at * BLOCK, folder.size)
        for start in range(0, len(data), BLOCK):
            position = start
            while position < start + BLOCK and position < len(data) and data[position]:
                record = data[position : position + data[position]]
                position += data[position]
                if record[33:34] not in (b"\0", b"\1") or record[32] != 1:
                    yield _record(record)._replace(name=self._name(record))

    def _name(self, record: bytes) -> str:
        raw = record[33 : 33 + record[32]]
        if self.joliet:
            return raw.decode("utf-16-be", "replace").partition(";")[0]
        if self.rock_ridge:
            name = self._rock_ridge_name(_system_use(record)[self.skip :])
            if name:
                return name
        return raw.decode("ascii", "replace").partition(";")[0].rstrip(".")

    def _rock_ridge_name(self, area: bytes) -> str:
        """Join the NM fields of a system use area and of its continuations (CE)."""
        name = b""
        while len(area) >= 4 and area[2] >= 4:
            field, area = area[: area[2]], area[area[2] :]
            if field[:2] == b"NM":
                name += field[5:]
            elif field[:2] == b"CE":
                block, _, offset, _, length = struct.unpack_from("<IIIII", field, 4)
                area += self.volume.read(block * BLOCK + offset, length)
        return name.decode("utf-8", "replace")


def open_iso9660(volume: Volume) -> Iso9660 | None:
    """Return the file system, or None where the volume holds none of this kind."""
    primary = joliet = None
    for number in range(16, 64):
        descriptor = volume.read(number * BLOCK, BLOCK)
        if descriptor[1:6] != b"CD001" or descriptor[0] == 255:
            break
        if descriptor[0] == 1:
            primary = descriptor
        elif descriptor[0] == 2 and descriptor[88:90] == b"%/":
            joliet = descriptor
    return Iso9660(volume, primary, joliet) if primary else None


def _record(record: bytes) -> Entry:
    """Return what a directory record says, without its name."""
    at, size = struct.unpack_from("<I4xI", record, 2)
    return Entry("", at, size, bool(record[25] & 2))


def _system_use(record: bytes) -> bytes:
    """Return the bytes behind the name, which is padded to an even offset."""
    return record[33 + record[32] + (record[32] + 1) % 2 :]


def _uuid(primary: bytes) -> str:
    """Return the modification time, or where it is empty the creation, as GRUB's UUID of a CD."""
    for start in (830, 813):
        digits = primary[start : start + 16].decode("ascii", "replace")
        if digits.isdecimal() and digits.strip("0"):
            parts = [digits[0:4]] + [digits[i : i + 2] for i in range(4, 16, 2)]
            return "-".join(parts)
    return ""

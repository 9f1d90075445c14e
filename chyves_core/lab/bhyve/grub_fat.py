"""Read files out of a FAT12, FAT16 or FAT32 file system, with long names."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chyves_core.lab.bhyve.grub_volumes import Volume

ENTRY = 32
FOLDER, VOLUME_LABEL, LONG_NAME = 0x10, 0x08, 0x0F


class Entry(NamedTuple):
    """One file or folder; `size` is in bytes."""

    name: str
    short_name: str
    cluster: int
    size: int
    is_folder: bool


class Fat:
    """A FAT volume; names compare without case."""

    def __init__(self, volume: Volume, boot: bytes) -> None:
        self.volume = volume
        self.sector, per_cluster, reserved, tables, root_entries, sectors16, _, fat16 = (
            struct.unpack_from("<HBHBHHBH", boot, 11)
        )
        self.cluster = self.sector * per_cluster
        fat_size = fat16 or struct.unpack_from("<I", boot, 36)[0]
        sectors = sectors16 or struct.unpack_from("<I", boot, 32)[0]
        root_sectors = -(-root_entries * ENTRY // self.sector)
        self.root_at = (reserved + tables * fat_size) * self.sector
        self.root_size = root_sectors * self.sector
        self.data_at = self.root_at + self.root_size
        clusters = (sectors - self.data_at // self.sector) // per_cluster
        # As GRUB: FAT32 is told by its missing 16-bit size, the other two by their clusters.
        self.bits = 32 if not fat16 else 12 if clusters < 4085 else 16
        self.root_cluster = struct.unpack_from("<I", boot, 44)[0] if self.bits == 32 else 0
        self.table = volume.read(reserved * self.sector, fat_size * self.sector)
        extended = 67 if self.bits == 32 else 39
        serial = struct.unpack_from("<I", boot, extended)[0]
        self.uuid = f"{serial >> 16:04X}-{serial & 0xFFFF:04X}"
        self.label = boot[extended + 4 : extended + 15].decode("ascii", "replace").strip()

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no file of that path."""
        entry: Entry | None = Entry("", "", self.root_cluster, 0, True)
        for part in path.split("/"):
            if part and entry is not None:
                entry = self._child(entry, part) if entry.is_folder else None
        if entry is None or entry.is_folder:
            return None
        return self._chain(entry.cluster)[: entry.size]

    def _child(self, folder: Entry, name: str) -> Entry | None:
        if folder.cluster:
            data = self._chain(folder.cluster)
        else:
            data = self.volume.read(self.root_at, self.root_size)
        for entry in _entries(data):
            if name.lower() in (entry.name.lower(), entry.short_name.lower()):
                return entry
        return None

    def _chain(self, cluster: int) -> bytes:
        """Return the data of a chain of clusters; one that runs in a circle ends there."""
        parts: list[bytes] = []
        seen: set[int] = set()
        end = {12: 0xFF8, 16: 0xFFF8, 32: 0xFFFFFF8}[self.bits]
        while 2 <= cluster < end and cluster not in seen:
            seen.add(cluster)
            at = self.data_at + (cluster - 2) * self.cluster
            parts.append(self.volume.read(at, self.cluster))
            cluster = self._next(cluster)
        return b"".join(parts)

    def _next(self, cluster: int) -> int:
        if self.bits == 32:
            return int(struct.unpack_from("<I", self.table, cluster * 4)[0] & 0xFFFFFFF)
        if self.bits == 16:
            return int(struct.unpack_from("<H", self.table, cluster * 2)[0])
        pair = int(struct.unpack_from("<H", self.table, cluster + cluster // 2)[0])
        return pair >> 4 if cluster % 2 else pair & 0xFFF


def open_fat(volume: Volume) -> Fat | None:
    """Return the file system, or None where the volume holds none of this kind."""
    boot = volume.read(0, 512)
    if len(boot) < 512 or boot[510:] != b"\x55\xaa":
        return None
    if b"FAT" not in boot[54:62] and b"FAT" not in boot[82:90]:
        return None
    return Fat(volume, boot)


def _entries(data: bytes) -> Iterator[Entry]:
    """Yield what a folder holds; the parts of a long name stand before the entry they name."""
    long_name = ""
    for position in range(0, len(data) - ENTRY + 1, ENTRY):
        raw = data[position : position + ENTRY]
        if not raw[0]:
            return
        if raw[0] == 0xE5:
            long_name = ""
        elif raw[11] == LONG_NAME:
            text = (raw[1:11] + raw[14:26] + raw[28:32]).decode("utf-16-le", "replace")
            long_name = text.partition("\0")[0].rstrip("\uffff") + long_name
        elif not raw[11] & VOLUME_LABEL:
            high, low, size = struct.unpack_from("<H4xHI", raw, 20)
            short = _short_name(raw)
            yield Entry(long_name or short, short, high << 16 | low, size, bool(raw[11] & FOLDER))
            long_name = ""
        else:
            long_name = ""


def _short_name(raw: bytes) -> str:
    name, extension = (part.decode("ascii", "replace").rstrip() for part in (raw[:8], raw[8:11]))
    return f"{name}.{extension}" if extension else name

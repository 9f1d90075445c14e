"""Read files out of an ext2, ext3 or ext4 file system (Documentation/filesystems/ext4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chyves_core.lab.bhyve.grub_volumes import Volume

MAGIC = 0xEF53
ROOT_INODE = 2
FOLDER, SYMLINK, REGULAR = 0x4000, 0xA000, 0x8000
USES_EXTENTS = 0x80000
HAS_64_BIT = 0x80
MOST_LINKS = 8
EXTENT_MAGIC = 0xF30A
UNWRITTEN = 32768


class Inode(NamedTuple):
    """A file: `blocks` are the 60 bytes that say where its data is, `size` is in bytes."""

    kind: int
    size: int
    flags: int
    blocks: bytes


class Ext:
    """An ext file system; symbolic links are followed."""

    def __init__(self, volume: Volume, superblock: bytes) -> None:
        self.volume = volume
        self.block = 1024 << struct.unpack_from("<I", superblock, 24)[0]
        self.first_block, self.inodes_per_group = (
            struct.unpack_from("<I", superblock, at)[0] for at in (20, 40)
        )
        revision, self.inode_size = 0, 128
        revision = struct.unpack_from("<I", superblock, 76)[0]
        if revision:
            self.inode_size = struct.unpack_from("<H", superblock, 88)[0]
        has_64_bit = struct.unpack_from("<I", superblock, 96)[0] & HAS_64_BIT
        self.group_size = struct.unpack_from("<H", superblock, 254)[0] if has_64_bit else 32
        raw = superblock[104:120].hex()
        self.uuid = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
        self.label = superblock[120:136].split(b"\0")[0].decode("utf-8", "replace")

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, or None where there is no file of that path."""
        inode = self._find(path, MOST_LINKS)
        if inode is None or inode.kind != REGULAR:
            return None
        return self._content(inode)

    def _find(self, path: str, links: int) -> Inode | None:
        """Return the inode of a path; at most `links` symbolic links are followed."""
        inode = self._inode(ROOT_INODE)
        parts = [part for part in path.split("/") if part and part != "."]
        for number, part in enumerate(parts):
            child = self._child(inode, part)
            if child is None:
                return None
            inode = self._inode(child)
            if inode.kind == SYMLINK:
                if not links:
                    return None
                target = self._target(inode)
                before = "" if target.startswith("/") else "/".join(parts[:number])
                return self._find("/".join((before, target, *parts[number + 1 :])), links - 1)
        return inode

    def _target(self, inode: Inode) -> str:
        raw = inode.blocks[: inode.size] if inode.size < 60 else self._content(inode)
        return raw.decode("utf-8", "replace")

    def _child(self, folder: Inode, name: str) -> int | None:
        """Return the inode number of a name in a folder, or None."""
        if folder.kind != FOLDER:
            return None
        wanted = name.encode()
        data = self._content(folder)
        position = 0
        while position + 8 <= len(data):
            number, length, name_length = struct.unpack_from("<IHB", data, position)
            if number and data[position + 8 : position + 8 + name_length] == wanted:
                return int(number)
            position += max(length, 8)
        return None

    def _inode(self, number: int) -> Inode:
        group, index = divmod(number - 1, self.inodes_per_group)
        table_at = (self.first_block + 1) * self.block + group * self.group_size
        descriptor = self.volume.read(table_at, self.group_size)
        table = struct.unpack_from("<I", descriptor, 8)[0]
        if self.group_size >= 64:
            table |= struct.unpack_from("<I", descriptor, 40)[0] << 32
        raw = self.volume.read(table * self.block + index * self.inode_size, 128)
        mode, low, flags, high = struct.unpack_from("<H2xI24xI72xI", raw, 0)
        return Inode(mode & 0xF000, low | high << 32, flags, raw[40:100])

    def _content(self, inode: Inode) -> bytes:
        """Return the data of an inode; blocks without a place on the disk are zeros."""
        content = bytearray(inode.size)
        runs = self._extents(inode.blocks) if inode.flags & USES_EXTENTS else self._pointed(inode)
        for logical, count, physical in runs:
            start = logical * self.block
            data = self.volume.read(physical * self.block, count * self.block)
            data = data[: max(0, inode.size - start)]
            content[start : start + len(data)] = data
        return bytes(content)

    def _extents(self, node: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield (logical block, blocks, physical block) of an extent tree."""
        magic, entries, _, depth = struct.unpack_from("<HHHH", node, 0)
        if magic != EXTENT_MAGIC:
            return
        for position in range(12, 12 + 12 * entries, 12):
            if depth:
                low, high = struct.unpack_from("<4xIH", node, position)
                child = (low | high << 32) * self.block
                yield from self._extents(self.volume.read(child, self.block))
            else:
                logical, count, high, low = struct.unpack_from("<IHHI", node, position)
                if count <= UNWRITTEN:
                    yield logical, count, low | high << 32

    def _pointed(self, inode: Inode) -> Iterator[tuple[int, int, int]]:
        """Yield (logical block, 1, physical block) of the old way: direct and indirect blocks."""
        pointers = struct.unpack("<15I", inode.blocks)
        logical = 0
        for depth, group in (
            (0, pointers[:12]),
            *((d, pointers[11 + d : 12 + d]) for d in (1, 2, 3)),
        ):
            for pointer in group:
                for physical in self._leaves(pointer, depth):
                    if logical * self.block >= inode.size:
                        return
                    if physical:
                        yield logical, 1, physical
                    logical += 1

    def _leaves(self, pointer: int, depth: int) -> Iterator[int]:
        """Yield the data blocks under a pointer, 0 for each that is not there."""
        if not depth:
            yield pointer
            return
        per_block = self.block // 4
        if not pointer:
            yield from (0 for _ in range(per_block**depth))
            return
        for child in struct.unpack(
            f"<{per_block}I", self.volume.read(pointer * self.block, self.block)
        ):
            yield from self._leaves(child, depth - 1)


def open_ext(volume: Volume) -> Ext | None:
    """Return the file system, or None where the volume holds none of this kind."""
    superblock = volume.read(1024, 1024)
    if len(superblock) < 1024 or struct.unpack_from("<H", superblock, 56)[0] != MAGIC:
        return None
    return Ext(volume, superblock)

"""The lab's send stream: frames of one letter, a length and a body. Not ZFS's own format.

H: the plan (JSON), P: padding, D: a kept content begins (JSON), F: a file, folder or link in it
(JSON), B: bytes of that file (8 bytes of offset first), E: the end.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from typing import IO, Any

from chyves_core.lab.zfs.sparse import BLOCK, ranges

FRAME = struct.Struct(">cQ")
OFFSET = struct.Struct(">Q")
MAGIC = b"chyves lab zfs stream 1\n"
PADDING = 1 << 17


class Cut(Exception):
    """The stream ended too early."""


def write_frame(out: IO[bytes], letter: bytes, body: bytes) -> None:
    """Write one frame."""
    out.write(FRAME.pack(letter, len(body)))
    out.write(body)


def write_json(out: IO[bytes], letter: bytes, body: dict[str, Any]) -> None:
    """Write one frame whose body is JSON."""
    write_frame(out, letter, json.dumps(body).encode())


def read_exactly(source: IO[bytes], size: int) -> bytes:
    """Read `size` bytes; raises Cut where there are fewer."""
    body = source.read(size)
    if len(body) < size:
        raise Cut
    return body


def read_frame(source: IO[bytes]) -> tuple[bytes, bytes]:
    """Read one frame: its letter and body."""
    letter, size = FRAME.unpack(read_exactly(source, FRAME.size))
    return letter, read_exactly(source, size)


def write_content(out: IO[bytes], number: int, path: str) -> None:
    """Write the content that lies at `path`: the file of a volume, or a folder's files."""
    write_json(out, b"D", {"data": number})
    write_entry(out, path, "")


def write_entry(out: IO[bytes], path: str, name: str) -> None:
    """Write a file, a link, or a folder with all that it holds."""
    found = os.lstat(path)
    head = {"path": name, "mode": stat.S_IMODE(found.st_mode), "mtime": found.st_mtime_ns}
    if stat.S_ISLNK(found.st_mode):
        write_json(out, b"F", head | {"link": os.readlink(path)})
    elif stat.S_ISDIR(found.st_mode):
        for entry in sorted(os.listdir(path)):
            write_entry(out, os.path.join(path, entry), f"{name}/{entry}")
        write_json(out, b"F", head | {"folder": True})
    elif stat.S_ISREG(found.st_mode):
        write_json(out, b"F", head | {"size": found.st_size})
        write_bytes(out, path)


def write_bytes(out: IO[bytes], path: str) -> None:
    """Write the parts of a file that hold data."""
    with open(path, "rb") as source:
        size = os.fstat(source.fileno()).st_size
        for start, end in ranges(source.fileno(), size):
            while start < end:
                chunk = os.pread(source.fileno(), min(BLOCK, end - start), start)
                if not chunk:
                    break
                if chunk.count(0) != len(chunk):
                    write_frame(out, b"B", OFFSET.pack(start) + chunk)
                start += len(chunk)


class Spool:
    """Writes the contents of a stream into `folder`, one file or folder for each number."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.base = ""
        self.path = ""
        self.times: list[tuple[str, int]] = []
        self.received = 0

    def read(self, source: IO[bytes]) -> None:
        """Read all contents up to the end of the stream; raises Cut where it ends early."""
        os.makedirs(self.folder, exist_ok=True)
        while True:
            letter, body = read_frame(source)
            self.received += len(body)
            if letter == b"D":
                self.base = os.path.join(self.folder, str(json.loads(body)["data"]))
            elif letter == b"F":
                self.take_entry(json.loads(body))
            elif letter == b"B":
                self.take_bytes(body)
            elif letter == b"E":
                break
        for path, when in self.times:
            os.utime(path, ns=(when, when), follow_symlinks=False)

    def take_entry(self, head: dict[str, Any]) -> None:
        """Make the file, folder or link that a frame tells of."""
        self.path = self.base + head["path"]
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        if "link" in head:
            os.symlink(head["link"], self.path)
        elif "folder" in head:
            os.makedirs(self.path, exist_ok=True)
            os.chmod(self.path, head["mode"])
        else:
            with open(self.path, "wb") as target:
                target.truncate(head["size"])
            os.chmod(self.path, head["mode"])
        self.times.append((self.path, head["mtime"]))

    def take_bytes(self, body: bytes) -> None:
        """Write bytes into the file that came last."""
        (start,) = OFFSET.unpack_from(body)
        with open(self.path, "r+b") as target:
            target.seek(start)
            target.write(memoryview(body)[OFFSET.size :])


def read_plan(source: IO[bytes]) -> dict[str, Any] | None:
    """Read the head of a stream; None where this is no stream."""
    if source.read(len(MAGIC)) != MAGIC:
        return None
    try:
        letter, body = read_frame(source)
    except Cut:
        return None
    plan: dict[str, Any] = json.loads(body)
    return plan if letter == b"H" else None

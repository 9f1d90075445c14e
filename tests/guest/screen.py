"""A look at a guest's screen through its VNC port (RFC 6143)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

RAW = 0


@dataclass(frozen=True)
class Picture:
    """What a screen showed: four bytes a pixel, row by row."""

    width: int
    height: int
    pixels: bytes

    def lit(self, top: int, bottom: int) -> int:
        """Return how many pixels between two rows are not black."""
        rows = memoryview(self.pixels)[top * self.width * 4 : bottom * self.width * 4]
        return sum(any(rows[at : at + 3]) for at in range(0, len(rows), 4))


def take_picture(connection: socket.socket) -> Picture:
    """Return what the screen behind a VNC connection shows now, and end the connection."""
    with connection as viewer:
        assert read(viewer, 12) == b"RFB 003.008\n"
        viewer.sendall(b"RFB 003.008\n")
        kinds = read(viewer, read(viewer, 1)[0])
        assert 1 in kinds, "a screen without a password"
        viewer.sendall(b"\x01")
        assert read(viewer, 4) == bytes(4), "security result"
        viewer.sendall(b"\x01")
        width, height = struct.unpack(">HH", read(viewer, 4))
        read(viewer, 16)
        read(viewer, struct.unpack(">I", read(viewer, 4))[0])
        # 32 bits a pixel, depth 24, little endian, true colour, 8 bits for each of three.
        pixel_format = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        viewer.sendall(b"\x00\x00\x00\x00" + pixel_format)
        viewer.sendall(struct.pack(">BBHi", 2, 0, 1, RAW))
        viewer.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        return Picture(width, height, read_update(viewer, width, height))


def read_update(viewer: socket.socket, width: int, height: int) -> bytes:
    """Return the pixels of a whole screen, from the rectangles that the server sends."""
    pixels = bytearray(width * height * 4)
    missing = width * height
    while missing > 0:
        kind = read(viewer, 1)[0]
        assert kind == 0, f"not an update of the frame buffer: {kind}"
        for _ in range(struct.unpack(">xH", read(viewer, 3))[0]):
            left, top, wide, high, encoding = struct.unpack(">HHHHi", read(viewer, 12))
            assert encoding == RAW
            for row in range(top, top + high):
                at = (row * width + left) * 4
                pixels[at : at + wide * 4] = read(viewer, wide * 4)
            missing -= wide * high
    return bytes(pixels)


def read(viewer: socket.socket, size: int) -> bytes:
    """Return exactly so many bytes."""
    found = b""
    while len(found) < size:
        more = viewer.recv(size - len(found))
        assert more, "the connection was closed"
        found += more
    return found

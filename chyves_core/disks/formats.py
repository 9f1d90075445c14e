"""What an image file holds: a raw disk, or the format of another virtual machine monitor.

qemu-img reads those. An image that stands on other files (backing files, extents elsewhere) is
refused: a stranger's image could name any file of this host.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chyves_core.errors import ChyvesError, HostError
from chyves_core.host import Host
from chyves_core.plan import Run, run
from chyves_core.unpacking import open_file, read_block, unpacked

RAW = "raw"
# Where the formats have their signs; the names are qemu's.
SIGNS = (
    ("qcow2", 0, b"QFI\xfb"),
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vdi", 64, b"\x7f\x10\xda\xbe"),
    ("vhdx", 0, b"vhdxfile"),
    ("vpc", 0, b"conectix"),
)
ENDINGS = {".qcow2": "qcow2", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx"}
# qcow2: where the name of a backing file stands, and the bit of an external data file.
QCOW2_BACKING, QCOW2_FEATURES, QCOW2_DATA_FILE = 8, 72, 4


@dataclass(frozen=True)
class Image:
    """One image to write: its file on this machine, its format, its ending, its size in bytes."""

    path: Path
    format: str
    ending: str
    size: int


def sniff(path: Path, shown: str, ending: str) -> str:
    """Return the format of an image by its first bytes; a packed one is unpacked so far.

    Raises ChyvesError for one that is not what its name says, or stands on another file.
    """
    with open_file(path, shown) as raw:
        head = read_block(unpacked(raw, ending), shown, ending)
    found = next((name for name, at, sign in SIGNS if head[at : at + len(sign)] == sign), RAW)
    wanted = by_name(shown[: len(shown) - len(ending)] if ending else shown)
    if wanted not in (RAW, found):
        raise ChyvesError(f"{shown}: is damaged, or no {wanted} image at all")
    if found == "qcow2":
        check_qcow2(head, shown)
    return found


def by_name(name: str) -> str:
    """Return the format that a file's name tells, without the ending by which it is packed."""
    return ENDINGS.get(os.path.splitext(name)[1].lower(), RAW)


def check_qcow2(head: bytes, shown: str) -> None:
    """Refuse a qcow2 image that stands on another file, before qemu-img gets to see it."""
    backing = int.from_bytes(head[QCOW2_BACKING : QCOW2_BACKING + 8])
    version = int.from_bytes(head[4:8])
    features = int.from_bytes(head[QCOW2_FEATURES : QCOW2_FEATURES + 8]) if version > 2 else 0
    if backing or features & QCOW2_DATA_FILE:
        raise ChyvesError(
            f"{shown}: stands on another file",
            f"qemu-img convert -O qcow2 {shown} WHOLE.qcow2 makes one that stands alone",
        )


def read_size(host: Host, path: Path, format: str, shown: str) -> int:
    """Return how large the disk in an image is, as qemu-img knows it."""
    argv = ("qemu-img", "info", "--output=json", "-f", format, str(path))
    try:
        info = json.loads(host.read(*argv).stdout)
    except HostError as error:
        if "is not installed" in error.message:
            raise ChyvesError(
                f"{shown}: is a {format} image, and qemu-img is not installed",
                "pkg install qemu-tools",
            ) from error
        raise ChyvesError(f"{shown}: is no {format} image: {error.message}") from error
    check_alone(info, path, shown)
    return int(info["virtual-size"])


def check_alone(info: dict[str, Any], path: Path, shown: str) -> None:
    """Refuse an image that has parts outside of its own folder."""
    extents = info.get("format-specific", {}).get("data", {}).get("extents", [])
    others = [each["filename"] for each in extents if "filename" in each]
    folder = os.path.realpath(path.parent)
    strange = [name for name in others if os.path.dirname(os.path.realpath(name)) != folder]
    if info.get("backing-filename") or strange:
        named = info.get("backing-filename") or strange[0]
        raise ChyvesError(f"{shown}: stands on another file, {named}")


def convert(image: Image, device: str, *, watched: bool) -> Run:
    """Return the step that writes an image on a new volume, which is all zeros."""
    words = ("-n", "--target-is-zero", "-f", image.format, "-O", RAW)
    progress = ("-p",) if watched else ()
    return run("qemu-img", "convert", *progress, *words, str(image.path), device)


def compare(image: Image, device: str) -> Run:
    """Return the step that fails where a volume does not hold an image and zeros behind it."""
    return run("qemu-img", "compare", "-f", image.format, "-F", RAW, str(image.path), device)

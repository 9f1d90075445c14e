"""What is on the disks of guests that do not run: read and written through their device nodes."""

from __future__ import annotations

from pathlib import Path

from tests.endtoend.hosts.base import Host
from tests.endtoend.running import until

# Device nodes are read and written in whole sectors.
SECTOR = 512


def node(host: Host, dataset: str) -> Path:
    """Return the device node of a volume; it can come some seconds after the volume."""
    path = host.path(f"/dev/zvol/{dataset}")
    until(host, path.exists)
    return path


def write(host: Host, dataset: str, text: str) -> None:
    """Write a text on the first sector of a volume."""
    with open(node(host, dataset), "r+b", buffering=0) as volume:
        volume.write(text.encode().ljust(SECTOR, b"\0"))


def read(host: Host, dataset: str) -> str:
    """Return the text on the first sector of a volume."""
    with open(node(host, dataset), "rb", buffering=0) as volume:
        return volume.read(SECTOR).rstrip(b"\0").decode()

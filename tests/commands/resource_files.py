"""Files to import, and what the host holds of a resource: for the tests of resources."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

CONTENT = b"an image that guests boot from\n" * 5000


def make_file(folder: Path, name: str, content: bytes = CONTENT) -> str:
    """Make a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def properties(host: Any, dataset: str) -> dict[str, str]:
    """Return the properties of a resource that are set on its dataset."""
    argv = ("zfs", "get", "-Hp", "-s", "local", "-o", "property,value", "all", dataset)
    lines = host.run(*argv).stdout.splitlines()
    pairs = dict(line.split("\t", 1) for line in lines)
    prefix = "chyves.resource:"
    return {key[len(prefix) :]: pairs[key] for key in pairs if key.startswith(prefix)}


def installed(host: Any, name: str, kind: str = "ISO") -> bytes:
    """Return the content of a resource; its file is the only one in its folder, and read-only."""
    folder = host.root / "chyves" / "zroot" / kind / name
    assert os.listdir(folder) == [name]
    assert (folder / name).stat().st_mode & 0o777 == 0o444
    return (folder / name).read_bytes()


def names(host: Any, kind: str = "iso") -> list[str]:
    """Return the names that `list` shows."""
    return [line for line in host.output(kind, "list", "-H", "-o", "name").split("\n") if line]


def resource_datasets(host: Any) -> list[str]:
    """Return all datasets below ISO and Firmware, those of half-made resources too."""
    return [
        name
        for name in host.datasets()
        if name.startswith(("zroot/chyves/ISO/", "zroot/chyves/Firmware/"))
    ]

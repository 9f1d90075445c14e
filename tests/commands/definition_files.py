"""Files of definitions, for the tests of export, diff and apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import LabHost

CHANGING = ("create", "set", "inherit", "destroy", "rename", "snapshot", "rollback", "clone")


def write(folder: Path, *lines: str, name: str = "guests.conf") -> str:
    """Write a file of definitions and return its path."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def exported(host: LabHost, guests: str, file: Path) -> str:
    """Export guests to a file and return its text."""
    host.chyves(guests, "export", "-qy", str(file))
    return file.read_text(encoding="utf-8")


def edit(file: Path, *changes: tuple[str, str]) -> None:
    """Replace parts of a file, each of which has to be there."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def changes(host: LabHost) -> list[list[str]]:
    """Return the zfs calls that change something, since the log was emptied."""
    return [argv for argv in host.commands("zfs") if argv[1] in CHANGING]


def own(host: LabHost, dataset: str, name: str) -> str:
    """Return a property of chyves that is set on a dataset, `-` where it is not."""
    argv = ("zfs", "get", "-Hp", "-s", "local", "-o", "value", f"chyves:{name}", dataset)
    return host.run(*argv).stdout.rstrip("\n") or "-"


def size(host: LabHost, disk: str) -> int:
    """Return the bytes of a zvol."""
    return int(host.run("zfs", "get", "-Hp", "-o", "value", "volsize", disk).stdout)

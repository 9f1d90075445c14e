"""Looking at a lab: what is set below datasets, and how a guest would be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import LabHost


def below(lab: LabHost, *parts: str) -> list[str]:
    """All that is set on the datasets whose names have these parts, and their guids."""
    argv = ("zfs", "get", "-Hp", "-t", "all", "-o")
    sources = ("-s", "local,received")
    lines = lab.run(*argv, "name,property,value,source", *sources, "all").stdout.splitlines()
    lines += lab.run(*argv, "name,value", "guid").stdout.splitlines()
    return sorted(line for line in lines if any(part in line.split("\t")[0] for part in parts))


def planned(lab: LabHost, name: str) -> str:
    """The whole command line with which chyves would start a guest."""
    lines = [line.removeprefix("# ") for line in lab.output(name, "start", "-n").splitlines()]
    # A line with -k comes first, where this release has it.
    return [line for line in lines if line.startswith("bhyve ")][-1]

"""Looking at a host: what is set below datasets, and how guests would be started."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from typing import Protocol


class Looked(Protocol):
    """A lab, or a host of the end-to-end cases."""

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the host."""

    def output(self, *words: str) -> str:
        """Return what a chyves command prints."""


def below(host: Looked, *parts: str, roots: Iterable[str] = ()) -> list[str]:
    """All that is set on the datasets whose names have these parts, and their guids.

    Only what is at and below `roots` is read, where any are named.
    """
    argv = ("zfs", "get", "-Hp", *(("-r",) if roots else ()), "-t", "all", "-o")
    sources = ("-s", "local,received")
    shown = "name,property,value,source"
    lines = host.run(*argv, shown, *sources, "all", *roots).stdout.splitlines()
    lines += host.run(*argv, "name,value", "guid", *roots).stdout.splitlines()
    return sorted(line for line in lines if any(part in line.split("\t")[0] for part in parts))


def planned(host: Looked, *names: str) -> dict[str, str]:
    """The whole command lines with which chyves would start guests, all in one go."""
    shown = host.output(",".join(names), "start", "-n").splitlines()
    lines = [line.removeprefix("# ") for line in shown]
    # A line with -k comes first, where this release has it; the last one of a guest counts.
    found = [line for line in lines if line.startswith("bhyve ")]
    return {line.rpartition(" ")[2].removeprefix("chy-"): line for line in found}

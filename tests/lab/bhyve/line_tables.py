"""The tables of command lines in lines/: which are taken, which refused and how."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

LINES = Path(__file__).with_name("lines")
BASE = "bhyve -A -H -P -m 64M -s 0,hostbridge -s 31,lpc -l bootrom,/vm/halt.rom"
USAGE = "<usage>"

Release = tuple[int, int]


class RefusedLine(NamedTuple):
    """A line that a release refuses; `errors` and `output` are lines, without their ends."""

    release: Release
    source: str
    command: str
    status: int
    errors: tuple[str, ...]
    output: tuple[str, ...]


class AcceptedLine(NamedTuple):
    """A line that a release takes."""

    release: Release
    command: str


def arguments(command: str) -> list[str]:
    """Return the words of a command of the tables behind "bhyve"."""
    return shlex.split(whole(command))[1:]


def whole(command: str) -> str:
    """Return the command as it would be typed."""
    return BASE + command.removeprefix("BASE") if command.startswith("BASE") else command


def refused_lines(name: str) -> list[RefusedLine]:
    """Return the entries of lines/NAME.txt."""
    blocks = _without_comments(name).split("\n\n")
    return [_refused(block.strip("\n").split("\n")) for block in blocks if block.strip()]


def _refused(lines: list[str]) -> RefusedLine:
    release, _, source = lines[0].partition(" <- ")
    command, status = lines[1].removeprefix("$ "), lines[2].removeprefix("= ")
    errors = tuple(line.removeprefix("  ") for line in lines[3:] if line.startswith("  "))
    output = tuple(line.removeprefix("> ") for line in lines[3:] if line.startswith("> "))
    return RefusedLine(_release(release), source, command, int(status), errors, output)


def accepted_lines() -> list[AcceptedLine]:
    """Return the entries of lines/accepted.txt, one for each release."""
    entries = []
    for line in _without_comments("accepted").splitlines():
        releases, _, command = line.partition("    ")
        entries += [AcceptedLine(_release(word), command.strip()) for word in releases.split()]
    return entries


def _release(text: str) -> Release:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _without_comments(name: str) -> str:
    text = (LINES / f"{name}.txt").read_text()
    return "\n".join(line for line in text.split("\n") if not line.startswith("#"))

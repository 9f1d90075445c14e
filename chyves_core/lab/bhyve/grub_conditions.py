"""GRUB's test and search commands: what a boot menu asks before it boots."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from chyves_core.lab.bhyve.grub_volumes import (
    GrubError,
    open_file_system,
    open_volume,
    volume_names,
)

SIGNS = {
    "-eq": (0,),
    "-ne": (-1, 1),
    "-lt": (-1,),
    "-le": (-1, 0),
    "-gt": (1,),
    "-ge": (0, 1),
}
"""The signs of left minus right with which each comparison of numbers holds."""

SHORT_OPTIONS = {"-f": "--file", "-l": "--label", "-u": "--fs-uuid", "-s": "--set"}


def holds(words: list[str], read: Callable[[str], bytes | None]) -> bool:
    """Return whether a test holds: strings, numbers, files, `!`, `-a` and `-o`.

    `read` returns the content of a file, or None where it cannot be had.
    """
    for joint, combine in (("-o", any), ("-a", all)):
        if joint in words:
            at = words.index(joint)
            return combine((holds(words[:at], read), holds(words[at + 1 :], read)))
    if words[:1] == ["!"]:
        return not holds(words[1:], read)
    if len(words) == 3:
        return _compare(words[0], words[1], words[2])
    if len(words) == 2:
        return _test_one(words[0], words[1], read)
    return len(words) == 1 and words[0] != ""


def _test_one(operator: str, word: str, read: Callable[[str], bytes | None]) -> bool:
    if operator in ("-n", "-z"):
        return (operator == "-n") == bool(word)
    content = read(word)
    if operator == "-s":
        return bool(content)
    return operator in ("-e", "-f") and content is not None


def _compare(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    numbers = [int(word) if re.fullmatch(r"-?\d+", word) else 0 for word in (left, right)]
    sign = (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    return sign in SIGNS.get(operator, ())


def search(devices: dict[str, Path], arguments: list[str]) -> tuple[str, str]:
    """Run `search --file|--label|--fs-uuid [--set[=NAME]] WHAT`; raises GrubError.

    Returns the first volume that fits and the variable that shall name it, "" for none.
    """
    variable, by, wanted = "", "--file", ""
    for word in arguments:
        option, _, value = word.partition("=")
        option = SHORT_OPTIONS.get(option, option)
        if option == "--set":
            variable = value or "root"
        elif option in ("--file", "--label", "--fs-uuid"):
            by = option
        elif not option.startswith("-"):
            wanted = word
    for name in volume_names(devices):
        if _fits(devices, name, by, wanted):
            return name, variable
    raise GrubError(f"no such device: {wanted}")


def _fits(devices: dict[str, Path], name: str, by: str, wanted: str) -> bool:
    try:
        volume = open_volume(devices, name)
        with volume.image:
            file_system = open_file_system(volume)
            if by == "--label":
                return file_system.label == wanted
            if by == "--fs-uuid":
                return file_system.uuid.lower() == wanted.lower()
            return file_system.read(wanted) is not None
    except GrubError:
        return False

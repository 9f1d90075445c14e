"""Checksums that a user hands over, to compare a file with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chyves_core.errors import ChyvesError, Refused, UsageError

if TYPE_CHECKING:
    from chyves_core.cli import Changing

# The number of hexadecimal digits tells the algorithm.
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
FORMS = "md5, sha1, sha256 or sha512, as ALGORITHM:DIGITS or just the digits"
QUESTION = "Checksum (md5, sha1, sha256 or sha512; empty to go without): "


@dataclass(frozen=True)
class Checksum:
    """What a file's checksum has to be: its algorithm, and lower case hexadecimal digits."""

    algorithm: str
    digits: str

    def check(self, name: str, digits: str) -> None:
        """Raise ChyvesError where a file turned out to have other digits."""
        if digits != self.digits:
            raise ChyvesError(
                f"{name}: the {self.algorithm} checksum is wrong, nothing was imported",
                f"expected {self.digits}, the file has {digits}",
            )


def read_checksum(text: str) -> Checksum:
    """Return the checksum that `sha256:9f86d0…` or bare digits mean; raises UsageError."""
    words = text.strip()
    algorithm, separator, digits = words.rpartition(":")
    algorithm, digits = algorithm.strip().lower().replace("-", ""), digits.strip().lower()
    if not separator:
        fitting = [name for name, length in DIGITS.items() if length == len(digits)]
        algorithm = fitting[0] if fitting else ""
    if algorithm not in DIGITS or not re.fullmatch("[0-9a-f]+", digits):
        raise UsageError(f"{words!r} is not a checksum", FORMS)
    if len(digits) != DIGITS[algorithm]:
        raise UsageError(
            f"{words!r} is not a checksum: {algorithm} has {DIGITS[algorithm]} digits, "
            f"these are {len(digits)}"
        )
    return Checksum(algorithm, digits)


def ask_checksum(command: Changing) -> Checksum | None:
    """Return the checksum that is given at the terminal; None where nobody is asked or has none."""
    from chyves_core.cli import at_terminal

    if command.yes or command.dry_run or not at_terminal():
        return None
    try:
        answer = input(QUESTION).strip()
    except EOFError:
        print()
        raise Refused("nothing was imported") from None
    return read_checksum(answer) if answer else None

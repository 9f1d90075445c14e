"""Read the property bhyveload_flags: which flags of bhyveload(8) a user may add, and which not."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from chyves_core.errors import UsageError

# bhyveload.c, main(): the same letters from FreeBSD 10.3 on, but for C.
OPTIONS = "CSc:d:e:h:l:m:"
MADE_BY_CHYVES = {
    "c": "-c is made from the property serial",
    "m": "-m is made from the property ram",
    "S": "-S is taken from the property bargs, as bhyve needs it too",
}


@dataclass(frozen=True)
class LoaderFlag:
    """One flag of bhyveload with its value, which is empty for -C."""

    letter: str
    value: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The flag on a command line."""
        return (f"-{self.letter}", self.value) if f"{self.letter}:" in OPTIONS else (self.shown,)

    @property
    def shown(self) -> str:
        """The flag without its value."""
        return f"-{self.letter}"


def read_flags(text: str) -> tuple[LoaderFlag, ...]:
    """Return the flags in their order; raises UsageError for what can't be passed to bhyveload."""
    import getopt

    try:
        words = shlex.split(text)
        found, rest = getopt.getopt(words, OPTIONS)
    except ValueError as error:
        raise UsageError(f"cannot be split into words: {error}") from error
    except getopt.GetoptError as error:
        raise UsageError(f"is not for bhyveload(8): {error.msg}") from error
    if rest or "--" in words:
        raise UsageError(
            f"{(rest or ['--'])[0]} is no flag; the name of the VM is made from the guest's"
        )
    flags = tuple(LoaderFlag(name[1:], value) for name, value in found)
    for flag in flags:
        check_flag(flag)
    if sum(flag.letter == "l" for flag in flags) > 1:
        raise UsageError("-l can only be given once")
    return flags


def check_flag(flag: LoaderFlag) -> None:
    """Refuse a flag that chyves makes itself, or a value that bhyveload would trip over."""
    if flag.letter in MADE_BY_CHYVES:
        raise UsageError(MADE_BY_CHYVES[flag.letter])
    if flag.letter in "dhl" and not flag.value.startswith("/"):
        # The loader's working directory is not the user's.
        raise UsageError(f"{flag.shown} {flag.value}: must be a path from / on")
    if flag.letter == "e" and not re.match(r"[^=\s]+=", flag.value):
        raise UsageError(f"-e {flag.value}: must be NAME=VALUE")

"""What can go wrong, and with which exit status a command then ends."""

from __future__ import annotations

from collections.abc import Iterable

OK, FAILED, USAGE, NOT_FOUND, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 130


class ChyvesError(Exception):
    """Something the user is told in one line, with a second line that helps where there is one."""

    status = FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(ChyvesError):
    """The command line, or a value in it, is not what the command takes."""

    status = USAGE


class NotFound(ChyvesError):
    """A guest, pool, resource or the like that is not there."""

    status = NOT_FOUND


class Refused(ChyvesError):
    """Possible, but not as things are: it needs force or --yes, or the guest runs or is locked."""

    status = REFUSED


class HostError(ChyvesError):
    """A program of the host failed; the message carries its own words."""


def did_you_mean(word: str, known: Iterable[str], otherwise: str, mark: str = "") -> str:
    """Return the hint that names what is nearly called so, the nearest first; or another hint.

    `mark` is what stands before the names on a command line.
    """
    from difflib import SequenceMatcher

    near = [
        (-SequenceMatcher(None, each.lower(), word.lower()).ratio(), each)
        for each in dict.fromkeys(known)
    ]
    names = [f"{mark}{name}" for unlike, name in sorted(near) if unlike <= -0.6]
    return f"did you mean {', '.join(names[:3])}?" if names else otherwise

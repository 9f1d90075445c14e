"""What the doctor finds, and how it can be mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chyves_core.host import Host
from chyves_core.output import Row


@dataclass(frozen=True)
class Mend:
    """How --fix ends a finding, while it holds the locks.

    `destroys` says what could be somebody's data and would be gone for good: that is asked about.
    """

    locks: tuple[str, ...]
    act: Callable[[Host], object]
    destroys: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: whose it is, what is wrong, what mends it.

    `command` is for the user to type. A `note` is worth knowing, and nothing is wrong.
    """

    subject: str
    problem: str
    command: str
    mend: Mend | None = None
    note: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes two findings the same one."""
        return self.subject, self.problem

    @property
    def row(self) -> Row:
        """The finding as one row of a list."""
        return {
            "subject": self.subject,
            "problem": self.problem,
            "command": self.command,
            "fix": self.mend is not None,
            "note": self.note,
        }

"""Ways in which a zfs or zpool command ends early."""

from __future__ import annotations


class ZfsError(Exception):
    """The command failed: `text` goes to standard error, `status` is its exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class UsageError(Exception):
    """The command line is wrong: `text`, then the usage of the command; status 2."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

"""How bhyve says no."""

from __future__ import annotations


class Refused(Exception):
    """bhyve ends before the guest runs.

    `message` goes to standard error and `output` to standard output, both without their last
    newline; `status` is the exit status.
    """

    def __init__(self, message: str, status: int, output: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.output = output

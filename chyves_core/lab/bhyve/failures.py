"""How a device of bhyve fails to start."""

from __future__ import annotations

STALE = "No such file or directory"
"""What strerror(3) says when nothing set errno: bhyve prints it all the same (captures fact 8)."""


class DeviceFailed(Exception):
    """A device could not be opened: bhyve prints `lines` (standard error) and `output` before
    "device emulation initialization error: REASON" and ends with 4."""

    def __init__(self, lines: list[str], reason: str = STALE, output: str = "") -> None:
        super().__init__(reason)
        self.lines = lines
        self.reason = reason
        self.output = output


class Crash(Exception):
    """bhyve ends by a signal instead of a message; `text` is what it prints before."""

    def __init__(self, signal_number: int, text: str = "") -> None:
        super().__init__(text)
        self.signal_number = signal_number
        self.text = text

"""How a device of bhyve fails to start."""

from __future__ import annotations

from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release, error_status

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

    def refusal(self, freebsd: Release) -> Refused:
        """Return how bhyve of that release ends, the output left out; 10.x has no last line."""
        first = "D" if freebsd >= (15, 0) else "d"  # main has the capital; 14: not known
        last = f"{first}evice emulation initialization error: {self.reason}"
        lines = [*self.lines, last] if freebsd >= (11, 0) else self.lines
        return Refused("\n".join(lines), error_status(freebsd))


class Crash(Exception):
    """bhyve ends by a signal instead of a message; `text` is what it prints before."""

    def __init__(self, signal_number: int, text: str = "") -> None:
        super().__init__(text)
        self.signal_number = signal_number
        self.text = text

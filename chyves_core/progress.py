"""One line on the terminal that tells how far a copy is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chyves_core.host import SAYS_PROGRESS, Host
from chyves_core.sizes import show_size

SECONDS_BETWEEN = 0.2


class Meter:
    """Shows bytes, per cent and rate; shows nothing at all where it is switched off."""

    def __init__(self, name: str, total: int, *, shown: bool) -> None:
        self.name = name
        self.total = total
        self.shown = shown
        self.started = self.last = time.monotonic()

    def show(self, done: int) -> None:
        """Tell that `done` bytes of the total are done, a few times a second at most."""
        now = time.monotonic()
        if self.shown and (now - self.last >= SECONDS_BETWEEN or done >= self.total):
            self.last = now
            rate = done / max(now - self.started, 0.001)
            self._print(f"{self.name}  {progress_text(done, self.total, rate)}")

    def _print(self, text: str) -> None:
        # \033[K: the rest of the line is cleared.
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the line away again."""
        if self.shown:
            self._print("")


def progress_text(done: int, total: int, rate: float) -> str:
    """Return ` 45%  1.20G of 2.60G  180M/s`."""
    # The size of a ZFS stream is only an estimate.
    percent = min(100, 100 * done // total) if total else 100
    return f"{percent:3}%  {show_size(done)} of {show_size(total)}  {show_size(int(rate))}/s"


@contextmanager
def metered(name: str, total: int, *, shown: bool) -> Iterator[Meter]:
    """Give a meter for the time of the block; its line is gone afterwards, whatever happens."""
    meter = Meter(name, total, shown=shown)
    try:
        yield meter
    finally:
        meter.end()


def watched(host: Host) -> bool:
    """Return whether to show progress: it is for people only, and for those who want to see it."""
    return host.level >= SAYS_PROGRESS and sys.stdout.isatty() and sys.stderr.isatty()

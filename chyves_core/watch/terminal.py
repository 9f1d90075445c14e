"""The full screen of `watch`, with curses(3): whatever ends it, the terminal is as it was."""

from __future__ import annotations

import contextlib
import curses
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from chyves_core.errors import INTERRUPTED, OK, ChyvesError
from chyves_core.output import Row
from chyves_core.watch import table

# What a screen needs: to move the cursor, and to be cleared.
NEEDED = ("cup", "clear")
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

Rows = Callable[[], Sequence[Row]]


class Ended(Exception):
    """A signal has ended the watching."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def watch(read: Rows, title: Callable[[], str], interval: float) -> int:
    """Show what `read` returns until somebody quits; return the exit status.

    Raises ChyvesError for a terminal that has no such screen.
    """
    check_terminal()
    with signals_end_it():
        try:
            return curses.wrapper(run, read, title, interval)
        except Ended as ended:
            return INTERRUPTED if ended.number == signal.SIGINT else 128 + ended.number


def check_terminal() -> None:
    """Refuse a terminal on which nothing can be placed; curses itself would exit there."""
    hint = "chyves watch --once"
    try:
        curses.setupterm(fd=sys.stdout.fileno())
    except curses.error as error:
        raise ChyvesError(f"this terminal is not known: {error}", hint) from None
    if not all(curses.tigetstr(name) for name in NEEDED):
        raise ChyvesError("this terminal has no screen that can be renewed", hint)


@contextlib.contextmanager
def signals_end_it() -> Iterator[None]:
    """Let signals end the watching in good order: curses.wrapper puts the terminal back."""

    def end(number: int, frame: FrameType | None) -> None:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(screen: curses.window, read: Rows, title: Callable[[], str], interval: float) -> int:
    """Draw, and wait for a key or for the next time to draw."""
    with contextlib.suppress(curses.error):
        curses.curs_set(0)
    key, first = "n", 0
    found: Sequence[Row] = read()
    due = time.monotonic() + interval
    while True:
        first = max(0, min(first, len(found) - 1))
        draw(screen, table.sorted_rows(found, key), title(), first)
        screen.timeout(max(0, round(1000 * (due - time.monotonic()))))
        pressed = screen.getch()
        letter = chr(pressed) if 0 < pressed < 256 else ""
        if letter in ("q", "Q", "\x1b"):
            return OK
        if letter in table.SORTS:
            key = letter
        first += {curses.KEY_DOWN: 1, curses.KEY_UP: -1}.get(pressed, 0)
        if time.monotonic() >= due:
            found = read()
            due = time.monotonic() + interval


def draw(screen: curses.window, rows: Sequence[Row], title: str, first: int) -> None:
    """Draw everything anew; curses sends only what has changed."""
    height, width = screen.getmaxyx()
    screen.erase()
    # The last column stays free: a character in the last corner would scroll the screen.
    for place, line in enumerate(table.screen(rows, title, height, width - 1, first)):
        look = curses.A_REVERSE if place == 1 else curses.A_NORMAL
        with contextlib.suppress(curses.error):
            screen.addstr(place, 0, line.ljust(width - 1) if place == 1 else line, look)
    screen.refresh()

"""Long work that is whole or not there: what it made is taken away again where it stops."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.plan import Plan

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt(*_: object) -> None:
    """Stop what runs, as Ctrl-C does."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def taken_back_on_failure(host: Host, undo: Plan, left: str) -> Iterator[None]:
    """Carry out `undo` where the block fails or is interrupted; `left` is what it takes away.

    A closed terminal and SIGTERM count as Ctrl-C meanwhile.
    """
    with handling(interrupt):
        try:
            yield
        except BaseException as error:
            for number in STOPPING:
                signal.signal(number, signal.SIG_IGN)
            failures = host.try_to(*undo)
            if failures and isinstance(error, ChyvesError):
                error.hint = f"{left} is left half made: {failures[0]}"
            raise


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let nobody interrupt the block: a few steps that belong together."""
    with handling(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def handling(
    handler: Callable[[int, FrameType | None], object] | signal.Handlers,
) -> Iterator[None]:
    """Handle the signals that stop a command in this way for the time of the block.

    Those that are ignored already stay so.
    """
    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)

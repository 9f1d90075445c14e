"""What is said where a pool has no room for something.

captures zfs: create-V-toobig, volsize-toobig, small-create, small-snap, small-recv, quota.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.sizes import show_size

FULL = (
    "out of space",
    "greater than available space",
    "quota exceeded",
    "No space left on device",
    "pool is full",
)


def is_full(error: ChyvesError) -> bool:
    """Return whether a host command failed because a pool, or a quota on it, has no room."""
    return any(words in error.message for words in FULL)


def read_free(host: Host, dataset: str) -> int:
    """Return the bytes that can still be written below a dataset."""
    answer = host.read("zfs", "get", "-Hp", "-o", "value", "available", dataset)
    return int(answer.stdout.strip() or 0)


def does_not_fit(who: str, what: str, free: int, pool: str) -> ChyvesError:
    """Return the error for something that has no room on a pool."""
    return ChyvesError(
        f"{who}: {what} does not fit, there is {show_size(free)} free on {pool}; "
        "nothing was changed",
        f"zfs list -o space -r {pool}",
    )


@contextmanager
def told(host: Host, who: str, what: str, parent: str) -> Iterator[None]:
    """Tell in these words where what is made within, below `parent`, finds no room.

    Where that happens, nothing of it may be left behind: what is free is read then.
    """
    try:
        yield
    except ChyvesError as error:
        if not is_full(error):
            raise
        try:
            free = read_free(host, parent)
        except ChyvesError:
            raise error from None
        raise does_not_fit(who, what, free, parent.partition("/")[0]) from error

"""Locks: who may change what at once. A lock ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator

from chyves_core import journal
from chyves_core.errors import HostError, NotFound, Refused
from chyves_core.host import Host
from chyves_core.names import GUEST_NAME, refuse_list

LOCK_FOLDER = "/var/run/chyves/locks"
NUMBERING = "numbering"
# Which datasets are where: pools coming and going, guests and resources moving between them.
LAYOUT = "dataset"
# How long a command waits for a lock before it looks whether a hook is what it waits for.
LOOK_SECONDS = 1.0


def guest_lock(name: str) -> str:
    """Return the name of the lock for the life cycle of one guest; raises for what is no name."""
    refuse_list(name)
    if not re.fullmatch(GUEST_NAME, name):
        raise NotFound(f"{name!r}: no guest can have this name", "chyves list")
    return f"guest-{name}"


@contextlib.contextmanager
def hold(
    host: Host, *names: str, seconds: float = 10.0, interrupted: bool = False
) -> Iterator[None]:
    """Hold the locks for the time of the block; in a dry run nothing is locked.

    They are taken in sorted order, so that two commands never wait for each other. Raises
    Refused, naming the holder, where one is not free after `seconds`, and where a change of
    what they protect was interrupted, unless the caller means to end it (`interrupted`).
    """
    if host.dry_run:
        yield
        return
    with contextlib.ExitStack() as stack:
        deadline = time.monotonic() + seconds
        for name in sorted(set(names)):
            stack.enter_context(_hold_one(host, name, deadline))
        if not interrupted:
            journal.refuse_interrupted(host, names)
        yield


@contextlib.contextmanager
def hold_for_change(host: Host, title: str, *names: str, seconds: float = 10.0) -> Iterator[bool]:
    """Hold the locks of a change that has a journal; yields whether it is done already.

    That is so where the very same change was interrupted before: it is ended first.
    """
    with hold(host, *names, seconds=seconds, interrupted=True):
        yield journal.resume(host, title, names)


@contextlib.contextmanager
def _hold_one(host: Host, name: str, deadline: float) -> Iterator[None]:
    path = host.path(f"{LOCK_FOLDER}/{name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HostError(f"cannot lock {LOCK_FOLDER}/{name}.lock: {error.strerror}") from error
    with open(descriptor, "r+") as lock_file:
        look = time.monotonic() + LOOK_SECONDS
        while not _try_lock(lock_file.fileno()):
            if time.monotonic() > min(look, deadline):
                _refuse_for_hook(host, name)
                look += LOOK_SECONDS
            if time.monotonic() > deadline:
                holder = lock_file.read().strip() or "another process"
                what = name.partition("-")[2] or name
                raise Refused(f"{what}: is being changed by {holder}", "try again in a moment")
            time.sleep(0.05)
        lock_file.truncate(0)
        lock_file.write(f"chyves {os.environ.get('CHYVES_COMMAND', '')} (pid {os.getpid()})\n")
        lock_file.flush()
        yield


def _refuse_for_hook(host: Host, name: str) -> None:
    """Raise Refused where what holds a guest's lock waits for a hook: that can take long."""
    kind, _, guest = name.partition("-")
    if kind != "guest":
        return
    from chyves_core.supervise.running_hook import PRESTART, find_running

    found = find_running(host, guest)
    if found:
        ends = f"chyves {guest} stop ends it" if found.when == PRESTART else "try again later"
        raise Refused(f"{guest}: {found.says}", ends)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""nmdm(4): null-modem pairs `/dev/nmdm50A` and `/dev/nmdm50B`.

Each end is a symbolic link to a pseudo-terminal. A small relay process, started by the first
`open_nmdm`, copies what is written to one end to the other. It ends, and takes the links with
it, when both ends have been closed for LINGER seconds. Any program of the machine may open an
end (`cu -l`, `cat`, `screen`) while the pair exists; the ends start raw and without echo.

What is written while the other end is closed is kept, up to BUFFER bytes, for the next one who
opens it: a real nmdm drops it or blocks the writer.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.modules import has_module
from chyves_core.lab.host.state import read_host

BUFFER = 8 << 10
OPEN_BUFFER = 256 << 10
LINGER = 3.0
LAB_LOOK = 5.0
"""How often a relay with two open ends looks whether its lab is still there."""

LOOK = 0.2
"""How often a closed end is looked at, in seconds: nothing tells a master that it was opened."""

NAME = re.compile(r"/dev/nmdm([^/]*)([AB])")


class NoSuchDevice(Exception):
    """A path that nmdm(4) makes no device for."""


def open_nmdm(lab: Lab, name: str) -> int:
    """Open `/dev/nmdm50A` and return the file descriptor, raw and without echo.

    Makes the pair and its relay where they are missing. Raises NoSuchDevice for other names.
    """
    import tty

    found = NAME.fullmatch(name.removeprefix(str(lab.root)))
    if not found:
        raise NoSuchDevice(name)
    unit, end = found[1], found[2]
    with _unit_lock(lab, unit):
        if not _has_relay(lab, unit):
            _start_relay(lab, unit)
        terminal = os.open(_link(lab, unit, end), os.O_RDWR | os.O_NOCTTY)
        tty.setraw(terminal)
        return terminal


def has_driver(lab: Lab) -> bool:
    """Return whether nmdm.ko is loaded: without it no pair can be made."""
    return has_module(read_host(lab), "nmdm")


def _link(lab: Lab, unit: str, end: str) -> Path:
    return lab.root / "dev" / f"nmdm{unit}{end}"


@contextlib.contextmanager
def _unit_lock(lab: Lab, unit: str) -> Iterator[None]:
    """Hold the pair: a relay does not end while someone opens it."""
    with open(_folder(lab) / f"{unit}.lock", "a") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def _folder(lab: Lab) -> Path:
    folder = lab.run / "nmdm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _has_relay(lab: Lab, unit: str) -> bool:
    """Return whether a relay serves the pair: it holds a lock as long as it lives."""
    with open(_folder(lab) / f"{unit}.relay", "a") as relay_file:
        try:
            fcntl.flock(relay_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start_relay(lab: Lab, unit: str) -> None:
    """Fork the relay off, away from the caller's terminal and open files; wait for its links."""
    ready_out, ready_in = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                _detach(ready_in)
                _Relay(lab, unit).serve(ready_in)
        finally:
            os._exit(0)
    os.close(ready_in)
    os.waitpid(child, 0)
    os.read(ready_out, 1)
    os.close(ready_out)


def _detach(keep: int) -> None:
    """Close what the caller had open, so that its pipes end with it; restore its signals."""
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number != signal.SIGTERM else signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, keep)
    os.closerange(keep + 1, 1024)
    os.chdir("/")


class _End:
    """One end of the pair, seen from the relay."""

    def __init__(self, link: Path) -> None:
        import pty
        import tty

        self.master, terminal = pty.openpty()
        tty.setraw(terminal)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(terminal))
        os.close(terminal)
        os.set_blocking(self.master, False)
        self.link = link
        self.is_open = False
        self.waiting = bytearray()

    def look(self) -> bytes:
        """Return what was written to this end; find out whether somebody has it open."""
        if not select.select([self.master], [], [], 0)[0]:
            self.is_open = True
            return b""
        try:
            data = os.read(self.master, 4096)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.is_open = bool(data)
        return data

    def take(self, data: bytes) -> None:
        """Queue data for the reader of this end; the oldest is dropped where it is too much."""
        self.waiting += data
        excess = len(self.waiting) - (OPEN_BUFFER if self.is_open else BUFFER)
        if excess > 0:
            del self.waiting[:excess]

    def pass_on(self) -> None:
        """Give the reader as much as it takes now."""
        try:
            written = os.write(self.master, self.waiting[:4096])
        except BlockingIOError:
            return
        except OSError:
            self.is_open = False
            return
        del self.waiting[:written]


class _Relay:
    def __init__(self, lab: Lab, unit: str) -> None:
        self.lab, self.unit = lab, unit
        self.alive = open(_folder(lab) / f"{unit}.relay", "a")  # noqa: SIM115
        fcntl.flock(self.alive, fcntl.LOCK_EX)
        self.ends = [_End(_link(lab, unit, end)) for end in "AB"]

    def serve(self, ready: int) -> None:
        """Copy between the ends until both have been closed for a while.

        A lab that somebody has removed ends its relays, too, whoever has an end open.
        """
        os.write(ready, b"!")
        os.close(ready)
        closed_since = time.monotonic()
        while True:
            self._wait()
            self._copy()
            if not any(end.link.is_symlink() for end in self.ends):
                return
            if any(end.is_open for end in self.ends):
                closed_since = time.monotonic()
            elif time.monotonic() - closed_since > LINGER and self._end():
                return

    def _wait(self) -> None:
        readers = [end.master for end in self.ends if end.is_open]
        writers = [end.master for end in self.ends if end.is_open and end.waiting]
        select.select(readers, writers, [], LAB_LOOK if len(readers) == 2 else LOOK)

    def _copy(self) -> None:
        for end, other in (self.ends, self.ends[::-1]):
            data = end.look()
            if data:
                other.take(data)
        for end in self.ends:
            if end.is_open and end.waiting:
                end.pass_on()

    def _end(self) -> bool:
        """Take the pair away unless somebody has just opened it."""
        try:
            with _unit_lock(self.lab, self.unit):
                self._copy()
                if any(end.is_open for end in self.ends):
                    return False
                for end in self.ends:
                    end.link.unlink(missing_ok=True)
                return True
        except FileNotFoundError:
            return True

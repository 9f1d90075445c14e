"""cu(1): talk to a serial line, here one end of an nmdm(4) pair.

`~.` and `~^D` at the start of a line hang up. The lab always uses this program, so that a
console behaves the same on every machine.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import sys
from typing import IO

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.nmdm import NoSuchDevice, has_driver, open_nmdm
from chyves_core.lab.host.processes import forget, register

USAGE = "usage: cu [-ehot] [-a acu] [-l line] [-s speed] [-#] [phone-number]"
LINK_DOWN = 3


def main(arguments: list[str], lab: Lab) -> int:
    """Connect the terminal with a line until either side hangs up."""
    try:
        options, _ = parse_options(arguments, "a:ehl:op:s:t0123456789")
    except BadOption as bad:
        print(f"cu: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    line = dict(options).get("l")
    if line is None:
        print(USAGE, file=sys.stderr)
        return 1
    name = line if line.startswith("/") else f"/dev/{line}"
    lock = _lock(lab, name)
    if lock is None:
        return _fail("all ports busy")
    try:
        terminal = _open(lab, name)
    except OSError as error:
        print(f"{name}: {error.strerror}", file=sys.stderr)
        return _fail("link down")
    register(lab, "cu", " ".join(["cu", *arguments]))
    print("Connected\r" if os.isatty(0) else "Connected", flush=True)
    try:
        _talk(terminal)
    finally:
        forget(lab)
        lock.close()
    return 0


def _fail(text: str) -> int:
    print(text)
    return LINK_DOWN


def _lock(lab: Lab, name: str) -> IO[str] | None:
    """Take the line for ourselves, as cu does with a file in /var/spool/lock."""
    folder = lab.run / "lines"
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / name.replace("/", "%"), "a")  # noqa: SIM115
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _open(lab: Lab, name: str) -> int:
    if not lab.is_root:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        if has_driver(lab):
            return open_nmdm(lab, name)
        raise NoSuchDevice(name)
    except NoSuchDevice:
        return os.open(lab.path(name), os.O_RDWR | os.O_NOCTTY)


def _talk(terminal: int) -> None:
    """Copy both ways; a terminal is raw meanwhile."""
    import termios
    import tty

    if not os.isatty(0):
        _copy(terminal)
        return
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        _copy(terminal)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        print("\n[EOT]", flush=True)


def _copy(terminal: int) -> None:
    typing = _Typing()
    sources = [terminal, 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal in ready:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                data = b""
            if not data:
                return
            _write_all(1, data)
        if 0 in ready:
            typed = os.read(0, 1024)
            if not typed:
                sources = [terminal]
                continue
            if typing.take(typed):
                return
            _write_all(terminal, typing.out())


def _write_all(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


class _Typing:
    """What the user types, with the escapes that begin with a tilde taken out."""

    def __init__(self) -> None:
        self.at_start = True
        self.tilde = False
        self.pending = bytearray()

    def take(self, typed: bytes) -> bool:
        """Take what was typed; return True where it asks to hang up."""
        for byte in typed:
            if self.tilde:
                self.tilde = False
                if byte in b".\x04":
                    return True
                if byte != ord("~"):
                    self.pending += b"~"
            elif byte == ord("~") and self.at_start:
                self.tilde = True
                continue
            self.pending.append(byte)
            self.at_start = byte in b"\r\n"
        return False

    def out(self) -> bytes:
        """Return what goes to the line, and forget it."""
        data = bytes(self.pending)
        self.pending.clear()
        return data

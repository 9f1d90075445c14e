"""Keep what a loader says on its console, for the moment when it has to be ended.

A pair of nmdm(4) keeps nothing for an end that nobody has open, and what comes in there goes out
again as long as the end echoes (captures README 18). So the console's end is opened, without echo,
before the loader starts; and left as soon as somebody sits down at it with cu(1).
"""

from __future__ import annotations

import os
import re
import select
import termios
import time

from chyves_core.host import Host
from chyves_core.supervise.folder import RunFolder

SAID = "loader.said"
READY = "loader.heard"
KEPT_BYTES = 4096
LOOK_SECONDS = 1.0
NO_CONSOLE = "-"


def listen(host: Host, name: str) -> None:
    """Write the last that a guest's loader says to its run folder, until a cu comes or a signal.

    Ends with its supervisor, too.
    """
    folder = RunFolder(name)
    console = folder.read(host, "loader.limit").partition(" ")[2]
    path = f"/dev/{console}"
    terminal = open_quietly(host, path)
    host.act(folder.write(READY, ""))
    kept, looked = b"", 0.0
    supervisor = os.getppid()
    while os.getppid() == supervisor and console != NO_CONSOLE:
        if time.monotonic() - looked >= LOOK_SECONDS:
            if somebody_is_at(host, console):
                return
            looked = time.monotonic()
        if terminal is None:
            time.sleep(0.1)
            terminal = open_quietly(host, path)
        elif select.select([terminal], [], [], LOOK_SECONDS)[0]:
            heard = read_some(terminal)
            kept = (kept + heard)[-KEPT_BYTES:]
            if folder.exists(host):
                host.act(folder.write(SAID, kept.decode(errors="replace")))


def open_quietly(host: Host, path: str) -> int | None:
    """Open a terminal without waiting for its other end, raw and without echo; None without one."""
    try:
        terminal = os.open(host.path(path), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None
    mode = termios.tcgetattr(terminal)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] |= termios.CLOCAL
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
    return terminal


def read_some(terminal: int) -> bytes:
    """Return what has come in; a loader that has closed its end is waited for."""
    try:
        heard = os.read(terminal, KEPT_BYTES)
    except OSError:
        heard = b""
    if not heard:
        time.sleep(0.2)
    return heard


def somebody_is_at(host: Host, console: str) -> bool:
    """Return whether a cu(1) is on the console."""
    pattern = rf"^([^ ]*/)?cu .*{re.escape(console)}( |$)"
    return host.read("pgrep", "-f", pattern, allowed=(0, 1)).status == 0


def plain_lines(said: str) -> list[str]:
    """Return the lines of what was said, without what moves the cursor and colours the text."""
    text = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[A-Z=>78])", "\n", said)
    lines = ("".join(char for char in line if char.isprintable()) for line in text.splitlines())
    return [line.strip() for line in lines if line.strip()]

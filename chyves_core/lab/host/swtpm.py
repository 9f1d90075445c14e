"""swtpm(8) from packages: a TPM 2.0 on a Unix socket, as far as bhyve talks to one.

It takes one client, answers each command with success and no data, and keeps a state file. Where
it differs from swtpm: it knows no TPM.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import NoReturn

from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import forget, register

STATE_FILE = "tpm2-00.permall"
HEADER = struct.Struct(">HII")
NO_SESSIONS = 0x8001
WITH_VALUE = (
    "tpmstate",
    "server",
    "ctrl",
    "log",
    "flags",
    "pid",
    "key",
    "migration-key",
    "locality",
)
ALONE = ("tpm2", "terminate", "daemon")


class Wrong(Exception):
    """A command line that swtpm does not take."""


def main(arguments: list[str], lab: Lab) -> int:
    """Open the socket; then go to the background, or stay, and serve one client."""
    try:
        chosen = read(arguments)
        state = Path(lab.path(words(chosen["tpmstate"])["dir"]))
        listener = listen(lab.path(words(chosen["server"])["path"]))
    except Wrong as wrong:
        print(f"swtpm: {wrong}", file=sys.stderr)
        return 1
    if not state.is_dir():
        print(
            f"swtpm: Could not open lockfile: {state}: No such file or directory", file=sys.stderr
        )
        return 1
    if "log" in chosen:
        lab.path(words(chosen["log"])["file"]).touch()
    sys.stdout.flush()
    if "daemon" in chosen:
        ready, told = os.pipe()
        if os.fork():
            os.close(told)
            return 0 if os.read(ready, 1) else 1
        go_to_background()
    title = " ".join(["swtpm", *arguments])
    register(lab, "swtpm", title)
    if "daemon" in chosen:
        os.write(told, b"1")
    try:
        play(listener, state, once="terminate" in chosen)
    finally:
        forget(lab)
        with contextlib.suppress(OSError):
            lab.path(words(chosen["server"])["path"]).unlink()
        if "daemon" in chosen:
            # Its caller has gone on long ago.
            os._exit(0)
    return 0


def read(arguments: list[str]) -> dict[str, str]:
    """Return the options of `swtpm socket`; raises Wrong."""
    if arguments[:1] != ["socket"]:
        raise Wrong(f"Unsupported TPM interface {arguments[:1]}")
    chosen: dict[str, str] = {}
    rest = arguments[1:]
    while rest:
        option = rest.pop(0)
        name = option.removeprefix("--")
        if name in ALONE:
            chosen[name] = ""
        elif name in WITH_VALUE and rest:
            chosen[name] = rest.pop(0)
        else:
            raise Wrong(f"unrecognized option `{option}'")
    if "server" not in chosen or words(chosen["server"]).get("type") != "unixio":
        raise Wrong("--server type=unixio is the one that the lab has")
    if "dir" not in words(chosen.get("tpmstate", "")):
        raise Wrong("Error: Missing TPM state directory")
    return chosen


def words(text: str) -> dict[str, str]:
    """Return the words of `type=unixio,path=/a`."""
    return dict(word.partition("=")[::2] for word in text.split(","))


def listen(path: Path) -> socket.socket:
    """Open the socket; from its folder, as the lab's own path is longer than a host's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.getcwd()
    try:
        path.unlink(missing_ok=True)
        os.chdir(path.parent)
        listener.bind(path.name)
    except OSError as error:
        raise Wrong(f"Could not open UnixIO socket: {error.strerror}") from error
    finally:
        os.chdir(before)
    path.chmod(0o600)
    listener.listen(1)
    return listener


def go_to_background() -> None:
    """Do what daemon(3) does."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def play(listener: socket.socket, state: Path, *, once: bool) -> None:
    """Serve clients, only one with `once`, until SIGTERM."""
    signal.signal(signal.SIGTERM, end)
    file = state / STATE_FILE
    if not file.exists():
        file.write_bytes(os.urandom(16))
        file.chmod(0o600)
    with contextlib.suppress(SystemExit):
        while True:
            client, _ = listener.accept()
            answer(client)
            if once:
                return


def end(number: int, frame: object) -> NoReturn:
    """End at SIGTERM, whatever is being waited for."""
    raise SystemExit(0)


def answer(client: socket.socket) -> None:
    """Answer each command of a client with TPM_RC_SUCCESS."""
    with client, contextlib.suppress(OSError):
        while client.recv(4096):
            client.sendall(HEADER.pack(NO_SESSIONS, HEADER.size, 0))

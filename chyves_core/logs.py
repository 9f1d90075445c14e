"""Logs: one file a month for each guest and for the host, one line an event.

The lines are those of chyves 0.2: `2026-11-22T21:31:27Z - [info] - text`, times in UTC. A guest's
file is GUEST/logs/YYYY-MM.log in its folder, the host's POOL/logs/YYYY-MM.log on the primary pool.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from chyves_core.errors import HostError
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.output import escape
from chyves_core.pools import Storage
from chyves_core.settings import Settings, global_settings

# What syslog(3) calls a level by another name.
SYSLOG_LEVELS = {"error": "err"}
LOG_FILE = re.compile(r"\d{4}-\d{2}\.log")


@dataclass(frozen=True)
class Folders:
    """The folders whose logs get a line about a guest, or about the host; None: no line there."""

    guest: str | None
    host: str | None


@dataclass(frozen=True)
class Place:
    """A place in a log: a file of it, as the host names it, and a position in bytes."""

    file: str
    position: int


def folders(settings: Settings, storage: Storage, guest_folder: str | None) -> Folders:
    """Return where lines go, as the global properties log_to_file and log_mode say.

    `guest_folder` is Guest.folder, None for what is about the host alone: that goes to the
    host's log in every mode.
    """
    if not settings.enabled("log_to_file"):
        return Folders(None, None)
    host_folder = storage.primary.mountpoint
    if guest_folder is None:
        return Folders(None, host_folder)
    mode = settings["log_mode"]
    return Folders(
        guest_folder if mode != "host" else None, host_folder if mode != "guest" else None
    )


def write(
    host: Host, guest_folder: str | None, host_folder: str | None, level: str, text: str
) -> None:
    """Append one line to the log of a guest, of the host, or of both; in a dry run to none.

    `level` is info, warning or error. `text` holds no secrets; line breaks in it are escaped.
    A log that can't be written is told on standard error, and stops nothing. In the host's log
    the guest's name is put in front; with no guest's folder, `text` has to name it (`about`).
    """
    if host.dry_run:
        return
    if guest_folder:
        append(host, guest_folder, level, text)
        text = about(guest_folder.rpartition("/")[2], text)
    if host_folder:
        append(host, host_folder, level, text)


def about(guest: str, text: str) -> str:
    """Return a text about a guest as it stands in the host's log."""
    return f"{guest}: {text}"


def log(host: Host, storage: Storage, guest: Guest | None, level: str, text: str) -> None:
    """Write a line about a guest, or with None about the host, as the global properties say."""
    settings = global_settings(storage)
    where = folders(settings, storage, guest.folder if guest else None)
    full = about(guest.name, text) if guest else text
    write(host, where.guest, where.host, level, text if where.guest else full)
    if settings.enabled("log_to_syslog") and not host.dry_run:
        tell_syslogd(host, level, full)


def tell_syslogd(host: Host, level: str, text: str) -> None:
    """Give one line to syslogd(8) by logger(1), as daemon.LEVEL; a failure stops nothing."""
    priority = f"daemon.{SYSLOG_LEVELS.get(level, level)}"
    try:
        host.read("logger", "-t", "chyves", "-p", priority, "--", escape(text))
    except HostError as error:
        print(f"chyves: {error}", file=sys.stderr)


def append(host: Host, folder: str, level: str, text: str) -> None:
    """Append one line to this month's file in FOLDER/logs with one write, so that none mix."""
    now = datetime.now(UTC)
    line = f"{now:%Y-%m-%dT%H:%M:%SZ} - [{level}] - {escape(text)}\n"
    logs = host.path(f"{folder}/logs")
    try:
        # Only this one folder is made: a guest's own may be missing because it is not mounted.
        logs.mkdir(mode=0o750, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(logs / f"{now:%Y-%m}.log", flags, 0o640)
        try:
            os.write(descriptor, line.encode("utf-8", "backslashreplace"))
        finally:
            os.close(descriptor)
    except OSError as error:
        print(f"chyves: cannot write a log in {folder}/logs: {error.strerror}", file=sys.stderr)


def bring_lines(host: Host, source: str, target: str) -> None:
    """Append to the logs in FOLDER `target` the lines of those in `source` that they lack."""
    for path in files(host, source):
        name = path.rpartition("/")[2]
        there = Counter(read_from(host, Place(f"{target}/logs/{name}", 0))[0])
        missing = []
        for line in read_from(host, Place(path, 0))[0]:
            there[line] -= 1
            if there[line] < 0:
                missing.append(line)
        if host.dry_run:
            print(f"cat {path} >> {target}/logs/{name}")
        elif missing:
            append_lines(host, f"{target}/logs/{name}", missing)


def append_lines(host: Host, path: str, lines: Iterable[str]) -> None:
    """Append whole lines to a log; they are on the disk when this returns."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        with open(host.path(path), "ab") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise HostError(f"cannot write {path}: {error.strerror}") from error


def files(host: Host, folder: str) -> list[str]:
    """Return the log files of a folder, the oldest month first."""
    names = [name for name in host.list_folder(f"{folder}/logs") if LOG_FILE.fullmatch(name)]
    return [f"{folder}/logs/{name}" for name in names]


def source(inventory: Inventory, name: str) -> tuple[str, str]:
    """Return the folder that holds the log of a guest or of `host`, and whose lines count in it.

    With log_mode=host a guest has no log of its own: then the lines about it are in the host's.
    """
    host_folder = inventory.storage.primary.mountpoint
    if name == "host":
        return host_folder, ""
    guest = inventory.guest(name)
    if global_settings(inventory.storage)["log_mode"] == "host":
        return host_folder, guest.name
    return guest.folder, ""


def last_lines(host: Host, folder: str, count: int, only: str = "") -> tuple[list[str], Place]:
    """Return the last lines of a log, the oldest first, and the place behind them.

    They may reach over several months. With `only`, just the lines about that guest, in the
    host's log.
    """
    found: deque[str] = deque()
    end = Place("", 0)
    for name in reversed(files(host, folder)):
        lines, position = read_from(host, Place(name, 0))
        end = end if end.file else Place(name, position)
        missing = count - len(found)
        found.extendleft(reversed(list(about_only(lines, only))[-missing:] if missing else []))
        if len(found) >= count:
            break
    return list(found), end


def follow(
    host: Host, folder: str, place: Place, only: str = "", pause: float = 0.5
) -> Iterator[str]:
    """Return the lines that come to a log behind a place, for ever; over a month's end too."""
    while True:
        if place.file:
            lines, position = read_from(host, place)
            yield from about_only(lines, only)
            place = Place(place.file, position)
        later = [name for name in files(host, folder) if name > place.file]
        if later:
            place = Place(later[0], 0)
        else:
            time.sleep(pause)


def about_only(lines: Iterable[str], guest: str) -> Iterator[str]:
    """Return the lines about a guest in the host's log; all of them where `guest` is empty."""
    for line in lines:
        if not guest or line.partition("] - ")[2].startswith(about(guest, "")):
            yield line


def read_from(host: Host, place: Place) -> tuple[list[str], int]:
    """Return the whole lines behind a place, and the position behind them.

    A file that became shorter is read anew.
    """
    try:
        with open(host.path(place.file), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = place.position if place.position <= size else 0
            file.seek(start)
            text = file.read()
    except FileNotFoundError:
        return [], 0
    whole = text[: text.rfind(b"\n") + 1]
    return whole.decode("utf-8", "surrogateescape").split("\n")[:-1], start + len(whole)

"""ps(1): the processes of the lab's host."""

from __future__ import annotations

import sys
from collections.abc import Callable

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.processes import Process, Vitals, all_processes, vitals

DEFAULT_COLUMNS = ["pid", "tt", "state", "time", "command"]
USAGE = """\
usage: ps [-aCcdefHhjlmrSTuvwXxZ] [-O fmt | -o fmt] [-G gid[,gid...]]
          [-J jid[,jid...]] [-M core] [-N system]
          [-p pid[,pid...]] [-t tty[,tty...]] [-U user[,user...]]
       ps [-L]"""


def _state(process: Process, now: Vitals) -> str:
    """Return the state as FreeBSD writes it: a bhyve runs in capability mode (C)."""
    letter = {"T": "T", "t": "T", "R": "R", "D": "D"}.get(now.state, "S")
    if process.name == "daemon":
        return f"{letter}s"
    mode = "C" if process.titled else ""
    return letter + mode + ("" if process.daemon else "+")


def _command(process: Process) -> str:
    return f"{process.title} ({process.name})" if process.titled else process.title


def _cpu_time(seconds: float) -> str:
    """Return computing time as ps shows it: minutes, seconds, hundredths."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}:{rest:05.2f}"


COLUMNS: dict[str, tuple[str, bool, Callable[[Process, Vitals], str]]] = {
    "pid": ("PID", True, lambda process, now: str(process.pid)),
    "ppid": ("PPID", True, lambda process, now: str(now.ppid)),
    "rss": ("RSS", True, lambda process, now: str(now.rss)),
    "vsz": ("VSZ", True, lambda process, now: str(now.rss * 4)),
    "state": ("STAT", False, _state),
    "user": ("USER", False, lambda process, now: "root"),
    "tt": ("TT", False, lambda process, now: " -"),
    "time": ("TIME", True, lambda process, now: _cpu_time(now.cpu)),
    "ucomm": ("UCOMM", False, lambda process, now: process.name),
    "comm": ("COMMAND", False, lambda process, now: process.name),
    "command": ("COMMAND", False, lambda process, now: _command(process)),
    "jid": ("JID", True, lambda process, now: "0"),
    "wchan": ("WCHAN", False, lambda process, now: "select"),
}
"""Heading, whether the column is aligned to the right, and its text."""

INIT = Process(1, "", "init", "/sbin/init", False, True)
INIT_VITALS = Vitals(0, "S", 1148, "")
"""The one process that every host has."""

SAME = {"args": "command", "stat": "state", "vsize": "vsz", "tty": "tt", "comm": "comm"}


def main(arguments: list[str], lab: Lab) -> int:
    """List processes; 1 where there is none to list."""
    try:
        options, _ = parse_options(_with_dash(arguments), "acdefHhjlmrSTuvwXxAZO:o:p:t:U:G:J:")
    except BadOption as bad:
        print(f"ps: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    columns: list[tuple[str, str]] = []
    chosen: list[int] | None = None
    for letter, value in options:
        if letter == "o":
            columns += _columns(value)
        elif letter == "p":
            chosen = (chosen or []) + _numbers(value)
    if any(name not in COLUMNS for name, _ in columns):
        wrong = next(name for name, _ in columns if name not in COLUMNS)
        print(f"ps: {wrong}: keyword not found", file=sys.stderr)
        return 1
    columns = columns or [(name, COLUMNS[name][0]) for name in DEFAULT_COLUMNS]
    rows = _rows(lab, chosen, columns)
    _print_table(rows, columns)
    return 0 if rows else 1


def _with_dash(arguments: list[str]) -> list[str]:
    """Let `ps ax` mean `ps -ax`."""
    if arguments and arguments[0].isalpha():
        return [f"-{arguments[0]}", *arguments[1:]]
    return arguments


def _columns(text: str) -> list[tuple[str, str]]:
    """Return (column, heading) of `pid,ppid` or `pid=`; an empty heading prints none.

    ps(1): a heading "spans the rest of the argument", so that `pid=,ppid=` is the one column
    `pid` headed ",ppid=".
    """
    before, equals, heading = text.partition("=")
    names = [SAME.get(name, name) for name in before.replace(",", " ").split()]
    columns = [(name, COLUMNS[name][0] if name in COLUMNS else "") for name in names]
    if equals and columns:
        columns[-1] = (columns[-1][0], heading)
    return columns


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.replace(",", " ").split() if word.isdecimal()]


def _rows(lab: Lab, chosen: list[int] | None, columns: list[tuple[str, str]]) -> list[list[str]]:
    processes = [INIT, *all_processes(lab)]
    if chosen is not None:
        known = {process.pid: process for process in processes}
        found = [known.get(pid) or _stranger(pid) for pid in chosen]
        processes = [process for process in found if process is not None]
    rows = []
    for process in processes:
        now = INIT_VITALS if process is INIT else vitals(process.pid)
        if now is not None:
            rows.append([COLUMNS[name][2](process, now) for name, _ in columns])
    return rows


def _stranger(pid: int) -> Process | None:
    """Return a process of the machine that is not the lab's: asked for by number, it is shown."""
    now = vitals(pid)
    if now is None:
        return None
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        words = ["?"]
    return Process(pid, now.started, words[0].rpartition("/")[2], " ".join(words), False, False)


def _print_table(rows: list[list[str]], columns: list[tuple[str, str]]) -> None:
    headings = [heading for _, heading in columns]
    table = [headings, *rows] if any(headings) else rows
    widths = [max([len(row[place]) for row in table], default=0) for place in range(len(columns))]
    widths = [max(3, w) if c[0] == "tt" else w for w, c in zip(widths, columns, strict=True)]
    for row in table:
        cells = []
        for place, cell in enumerate(row):
            right = COLUMNS[columns[place][0]][1]
            last = place == len(row) - 1
            cells.append(
                cell.rjust(widths[place]) if right else cell if last else cell.ljust(widths[place])
            )
        print(" ".join(cells).rstrip())

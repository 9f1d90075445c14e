"""The processes of the lab's host: what ps(1) and pgrep(1) show, whoever started them.

Each program that stays (bhyve, cu, daemon and what it starts) writes one file,
`run/processes/PID.json`. A file whose process is gone, or whose number another process has got
since, counts for nothing and is removed by the next reader.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from chyves_core.lab.home import Lab


class Process(NamedTuple):
    """One process: `name` is the command's name (`bhyve`), `title` what `ps -o command` shows.

    A process that set its own title (`bhyve: web1`) has `titled` set: ps(1) then shows its name
    in brackets behind it. `daemon` marks one that has no terminal.
    """

    pid: int
    started: str
    name: str
    title: str
    titled: bool
    daemon: bool


class Vitals(NamedTuple):
    """What the machine says of a process: parent, state letter, resident kilobytes, start.

    `cpu` are the seconds that it has computed.
    """

    ppid: int
    state: str
    rss: int
    started: str
    cpu: float = 0.0


def vitals(pid: int) -> Vitals | None:
    """Return the state of a process of this machine, or None where it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _vitals_by_ps(pid)
    except ProcessLookupError:
        return None
    words = text[text.rindex(")") + 2 :].split()
    if words[0] in "ZX":
        return None
    kilobytes = int(words[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
    cpu = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return Vitals(int(words[1]), words[0], kilobytes, words[19], cpu)


def _vitals_by_ps(pid: int) -> Vitals | None:
    """Ask the machine's own ps(1): on macOS there is no /proc."""
    import subprocess

    columns = ["-o", "ppid=", "-o", "state=", "-o", "rss=", "-o", "lstart="]
    command = ["/bin/ps", *columns, "-p", str(pid)]
    words = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    if len(words) < 4 or words[1].startswith("Z"):
        return None
    return Vitals(int(words[0]), words[1][0], int(words[2]), " ".join(words[3:]))


def is_alive(pid: int, started: str) -> bool:
    """Return whether that very process still runs: the number alone may have been given anew."""
    now = vitals(pid)
    return now is not None and now.started == started


def process_folder(lab: Lab) -> Path:
    """Return the folder with one file for each process."""
    return lab.run / "processes"


def register(
    lab: Lab, name: str, title: str, *, titled: bool = False, pid: int | None = None
) -> Process:
    """Make a process known to ps(1), or change its title; without `pid` the caller itself."""
    number = os.getpid() if pid is None else pid
    now = vitals(number)
    daemon = name == "daemon" or _has_no_terminal(lab, number)
    process = Process(number, now.started if now else "", name, title, titled, daemon)
    folder = process_folder(lab)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{number}.draft"
    draft.write_text(json.dumps(process))
    os.replace(draft, folder / f"{number}.json")
    return process


def _has_no_terminal(lab: Lab, pid: int) -> bool:
    """Return whether the process leads its own session or runs in that of a daemon(8)."""
    try:
        session = os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return False
    if session == pid:
        return True
    known = _read(process_folder(lab) / f"{session}.json")
    return known is not None and known.daemon


def forget(lab: Lab, pid: int | None = None) -> None:
    """Take a process off the list; without `pid` the caller itself."""
    number = os.getpid() if pid is None else pid
    (process_folder(lab) / f"{number}.json").unlink(missing_ok=True)


def all_processes(lab: Lab) -> list[Process]:
    """Return the living processes of the lab by their number."""
    try:
        files = [file for file in process_folder(lab).iterdir() if file.suffix == ".json"]
    except FileNotFoundError:
        return []
    found: list[Process] = []
    for file in files:
        process = _read(file)
        if process is None:
            continue
        if is_alive(process.pid, process.started):
            found.append(process)
        else:
            file.unlink(missing_ok=True)
    return sorted(found)


def _read(file: Path) -> Process | None:
    try:
        return Process(*json.loads(file.read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return None

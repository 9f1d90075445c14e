"""Is a file or folder in use by a process? Asked of /proc where there is one, else of lsof."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from chyves_core.lab.home import Lab
from chyves_core.lab.host.state import read_host


def is_busy(path: str) -> bool:
    """Whether another process has `path`, or something below it, open or as its folder."""
    return any(held == path or held.startswith(path + "/") for held in held_paths())


@cache
def held_paths() -> frozenset[str]:
    """Return what the processes that this user may look at hold open; asked once a command."""
    shown = shown_by_ctl()
    if os.path.isdir("/proc/self/fd"):
        return frozenset((*shown, *from_proc()))
    return frozenset((*shown, *from_lsof()))


def shown_by_ctl() -> list[str]:
    """Return the files that ctl(4) has open for its units."""
    folder = os.environ.get("CHYVES_LAB")
    if not folder:
        return []
    lab = Lab(Path(folder))
    luns = read_host(lab).get("ctl", {}).get("luns", [])
    return [os.path.realpath(lab.path(lun["options"]["file"])) for lun in luns]


def from_proc() -> list[str]:
    """Return open files and working folders from Linux's /proc."""
    held = []
    own = str(os.getpid())
    for process in os.listdir("/proc"):
        if not process.isdigit() or process == own:
            continue
        links = [f"/proc/{process}/cwd"]
        try:
            links += [entry.path for entry in os.scandir(f"/proc/{process}/fd")]
        except OSError:
            continue
        for link in links:
            try:
                held.append(os.readlink(link))
            except OSError:
                continue
    return held


def from_lsof() -> list[str]:
    """Return the open files and working folders of this user as lsof(8) tells, on macOS."""
    import subprocess

    words = ["lsof", "-n", "-P", "-w", "-F", "pn", "-u", str(os.getuid())]
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError:
        return []
    held = []
    own = False
    for line in os.fsdecode(done.stdout).splitlines():
        if line.startswith("p"):
            own = line[1:] == str(os.getpid())
        elif line.startswith("n") and not own:
            held.append(line[1:])
    return held

"""Is a file or folder in use by a process? Asked of /proc where there is one, else of lsof."""

from __future__ import annotations

import os


def is_busy(path: str) -> bool:
    """Whether another process has `path`, or something below it, open or as its folder."""
    if os.path.isdir("/proc/self/fd"):
        return any(held == path or held.startswith(path + "/") for held in held_paths())
    return lsof_knows(path)


def held_paths() -> list[str]:
    """Return what the processes that this user may look at hold open, from Linux's /proc."""
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


def lsof_knows(path: str) -> bool:
    """Ask lsof(8), which macOS has, who uses a file, or anything below a folder."""
    import subprocess

    where = ["+D", path] if os.path.isdir(path) else [path]
    try:
        found = subprocess.run(["lsof", "-t", *where], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return bool(found.stdout.split())

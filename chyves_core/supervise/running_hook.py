"""The hook of a guest that runs now: what it is, and how it is ended.

hook.sh writes its process into /var/run/chyves/hooks/GUEST.WHEN.pid before it becomes the hook.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.plan import Run, run
from chyves_core.runtime import RUN_FOLDER, read_processes

PRESTART, POSTSTART, PRESTOP, POSTSTOP, REBOOT = (
    "prestart",
    "poststart",
    "prestop",
    "poststop",
    "reboot",
)
MOMENTS = (PRESTART, POSTSTART, PRESTOP, POSTSTOP, REBOOT)
AT_WORK = f"{RUN_FOLDER}/hooks"
FILES = ("environment", "said", "pid")
# hook.sh lets timeout(1) kill a hook that has not ended this long after it was asked.
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class RunningHook:
    """A hook that runs, the moment that it is for, and its process."""

    when: str
    pid: int

    @property
    def says(self) -> str:
        """What keeps others from changing the guest."""
        return f"its {self.when} hook runs (pid {self.pid})"

    @property
    def ending(self) -> Run:
        """The step that ends it."""
        return run("kill", "-TERM", str(self.pid), allowed=(0, 1))


def pid_file(guest: str, when: str) -> str:
    """Return the file that holds the process of a guest's hook."""
    return f"{AT_WORK}/{guest}.{when}.pid"


def find_running(host: Host, guest: str) -> RunningHook | None:
    """Return the hook of exactly this guest that runs now; ps is read only where one may.

    A file that a killed command left names a process that has gone, or is another one by now.
    """
    there = host.list_folder(AT_WORK)
    found = [when for when in MOMENTS if f"{guest}.{when}.pid" in there]
    if not found:
        return None
    running = {each.pid: each.command for each in read_processes(host)}
    for when in found:
        text = (host.read_text(pid_file(guest, when)) or "").strip()
        if text.isdigit() and running.get(int(text), "").endswith(f" {when} {guest}"):
            return RunningHook(when, int(text))
    return None


def end_prestart(host: Host, guest: str) -> bool:
    """End the prestart hook of a guest that is being started; return whether there is one."""
    found = find_running(host, guest)
    if found is None or found.when != PRESTART:
        return False
    host.act(found.ending)
    return True


def end_orphan(host: Host, guest: str) -> None:
    """End the prestart hook of a start that was killed; the caller holds the guest's lock.

    What such a start has left of it goes. Raises ChyvesError where it does not end.
    """
    asked = end_prestart(host, guest)
    if host.dry_run:
        return
    deadline = time.monotonic() + 2 * GRACE_SECONDS
    while asked and (left := find_running(host, guest)) and left.when == PRESTART:
        if time.monotonic() > deadline:
            raise ChyvesError(f"{guest}: {left.says}", f"kill -KILL {left.pid}")
        time.sleep(0.1)
    for file in host.list_folder(AT_WORK):
        if file in (f"{guest}.{PRESTART}.{kind}" for kind in FILES):
            host.remove(f"{AT_WORK}/{file}")

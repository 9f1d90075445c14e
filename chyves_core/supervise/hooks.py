"""Hooks: the administrator's own programs, run when a guest starts, stops, or boots again.

They are the executables in HOOKS/WHEN.d, in the order of their names. Each gets WHEN and the
guest's name as words, and the guest's properties as environment; libexec/lib/hook.sh runs it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal

from chyves_core.cli import report
from chyves_core import logs
from chyves_core.errors import ChyvesError, HostError
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.plan import Run
from chyves_core.pools import read_storage
from chyves_core.supervise.running_hook import (
    AT_WORK,
    POSTSTART,
    POSTSTOP,
    PRESTART,
    PRESTOP,
    REBOOT,
    pid_file,
)
from chyves_core.supervise.scripts import script

__all__ = ["POSTSTART", "POSTSTOP", "PRESTART", "PRESTOP", "REBOOT", "find", "run"]

HOOKS = "/usr/local/etc/chyves/hooks"
# A hook that hangs must not keep the guest's lock, or the host from shutting down.
SECONDS = 300.0
LATE, UNSAFE = 124, 126
# A timeout(1) that was asked to end says so in its status, or ends by the same signal.
TERMINATED = (128 + signal.SIGTERM, -signal.SIGTERM)
# What editors and packages leave beside a file is no hook.
NO_HOOK = re.compile(r"\..*|.*(~|\.(bak|orig|rej|sample|dist|pkgnew|pkgsave))")


def find(host: Host, when: str) -> list[str]:
    """Return the paths of the hooks for a moment, in their order; most hosts have none."""
    folder = f"{HOOKS}/{when}.d"
    paths = [f"{folder}/{name}" for name in host.list_folder(folder) if not NO_HOOK.fullmatch(name)]
    return [path for path in paths if is_program(host, path)]


def is_program(host: Host, path: str) -> bool:
    """Return whether a path is a file that can be run."""
    place = host.path(path)
    return place.is_file() and os.access(place, os.X_OK)


def run(host: Host, guest: Guest, when: str, *, ending: str = "", seconds: float = SECONDS) -> None:
    """Run the hooks for a moment; what they say goes into the guest's log.

    Raises HostError for the first that fails before a start. Later nothing can be held up any
    more: there a failure is told, and the next hook runs. `seconds` is for all of them together.
    """
    import time

    deadline = time.monotonic() + seconds
    for path in find(host, when):
        words = (when, guest.name)
        if host.dry_run:
            print(Run((path, *words)))
            continue
        try:
            left = max(1.0, deadline - time.monotonic())
            run_one(host, guest, path, words, ending, left)
        except ChyvesError as error:
            if when == PRESTART:
                raise
            report(error)


def run_one(
    host: Host, guest: Guest, path: str, words: tuple[str, str], ending: str, seconds: float
) -> None:
    """Run one hook; raises HostError with its last words where it fails."""
    draft = f"{AT_WORK}/{guest.name}.{words[0]}"
    environment, said = f"{draft}.environment", f"{draft}.said"
    process = pid_file(guest.name, words[0])
    try:
        host.write(environment, assignments(guest, words[0], ending), 0o600)
        files = [str(host.path(each)) for each in (environment, said, process, path)]
        limit = f"{seconds:.0f}"
        done = host.read("sh", script("hook.sh"), limit, *files, *words, allowed=None)
        text = host.read_text(said) or ""
    finally:
        host.remove(environment)
        host.remove(said)
        host.remove(process)
    title = f"{words[0]} hook {path.rpartition('/')[2]}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    problem = problem_of(done.status, seconds)
    if problem and lines:
        problem = f"{problem}: {lines.pop()}"
    keep(host, guest, title, lines, problem)
    if problem:
        raise HostError(f"{guest.name}: {title} {problem}", f"chyves {guest.name} log")


def problem_of(status: int, seconds: float) -> str:
    """Return in words what went wrong with a hook, empty where nothing did."""
    if status == 0:
        return ""
    if status == LATE:
        return f"took longer than {seconds:.0f} s"
    if status in TERMINATED:
        return "was ended"
    return "was refused" if status == UNSAFE else f"failed (status {status})"


def keep(host: Host, guest: Guest, title: str, lines: list[str], problem: str) -> None:
    """Write into the guest's log what a hook said at the end, and what went wrong."""
    if not lines and not problem:
        return
    storage = read_storage(host)
    for line in lines[-20:]:
        logs.log(host, storage, guest, "info", f"{title}: {line}")
    if problem:
        logs.log(host, storage, guest, "error", f"{title} {problem}")


def assignments(guest: Guest, when: str, ending: str) -> str:
    """Return a hook's environment, as sh reads it."""
    found = environment(guest, when, ending)
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in found.items())


def environment(guest: Guest, when: str, ending: str = "") -> dict[str, str]:
    """Return what a hook is told: the guest, and each property as guest_NAME, but no secret.

    What can't stand in the name of a variable is written as `_`.
    """
    declared = [each.name for each in guest.schema.properties if not each.optional]
    names = sorted({*declared, *guest.properties})
    told = {
        "CHYVES_HOOK": when,
        "CHYVES_GUEST": guest.name,
        "CHYVES_POOL": guest.pool,
        "CHYVES_DATASET": guest.dataset,
        "CHYVES_VM": guest.vm_name,
        "CHYVES_DISKS": " ".join(disk.device for disk in guest.disks),
    }
    if ending:
        told["CHYVES_ENDING"] = ending
    for name in names:
        if not (guest.schema.is_secret(name) or name.endswith("password")):
            told[f"guest_{re.sub('[^a-z0-9_]', '_', name)}"] = guest.value(name).replace("\0", "")
    return told

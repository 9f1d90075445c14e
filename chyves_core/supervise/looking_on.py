"""Look on at a guest that was just started: whether it runs, or how it ended at once."""

from __future__ import annotations

import time

from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.supervise.folder import RunFolder

# How long `start` looks on at least, and at most for a bhyve that makes its devices ready.
LOOK_ON_SECONDS = 1.0
BEGIN_SECONDS = 20.0
PREPARE_SECONDS = 120.0


def look_on(host: Host, guest: Guest) -> str:
    """Watch a guest that was just started, and return its phase: loading or running.

    Raises ChyvesError with its last words where it ended at once.
    """
    name, folder = guest.name, RunFolder(guest.name)
    deadline = time.monotonic() + PREPARE_SECONDS
    steady: float | None = None
    while time.monotonic() < deadline:
        ending = host.read_text(folder.ending)
        if ending is not None:
            return told_ending(name, ending)
        phase = folder.read(host, "phase")
        if phase and not phase.startswith("ended"):
            if steady is None:
                steady = time.monotonic()
                deadline = steady + PREPARE_SECONDS
            looked_on = time.monotonic() - steady
            if looked_on >= LOOK_ON_SECONDS:
                runtime = read_runtime(host)
                check_supervised(host, name, runtime)
                if phase != "running" or looked_on > BEGIN_SECONDS or has_begun(guest, runtime):
                    return phase
        time.sleep(0.05)
    raise ChyvesError(f"{name}: did not come up in {PREPARE_SECONDS:.0f} s", f"chyves {name} log")


def has_begun(guest: Guest, runtime: Runtime) -> bool:
    """Return whether a guest's bhyve has all its devices, or waits for a viewer of its screen.

    It takes its title just before the guest's first instruction (bhyverun.c; captures bhyve_run
    fbuf-wait), so one that still shows its command line may refuse it yet: on a slow host, or with
    much memory to wire, that takes seconds.
    """
    bhyve = runtime.bhyve(guest.name)
    if bhyve is None:
        return False
    waits = guest.value("uefi_vnc_pause_until_client_connect") == "yes"
    return waits or bhyve.command.startswith("bhyve: ")


def check_supervised(host: Host, name: str, runtime: Runtime) -> None:
    """Raise ChyvesError where a guest that seems to run has no supervisor any more."""
    if runtime.supervisor(name) is None and host.read_text(RunFolder(name).ending) is None:
        raise ChyvesError(f"{name}: its supervisor has gone", f"chyves {name} reclaim")


def told_ending(name: str, ending: str) -> str:
    """Return how a guest ended; raises ChyvesError where it ended badly."""
    kind, _, text = ending.strip().partition(" ")
    if kind == "ok":
        return text
    raise ChyvesError(f"{name}: {text}", f"chyves {name} log")

"""Stop guests: ask with the ACPI power button, or kill; and clear up what was left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

from chyves_core import locks
from chyves_core.errors import ChyvesError, HostError, Refused
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.names import vm_name
from chyves_core.plan import Step, run
from chyves_core.runtime import Runtime, read_processes, read_runtime
from chyves_core.supervise import hooks
from chyves_core.supervise.boot_step import remove_folder, take_down
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.running_hook import end_orphan, end_prestart

# rc.conf(5): the host's own shutdown gives everything 90 seconds (rcshutdown_timeout).
STOP_SECONDS = 90
# Clearing up starts Python once more, for which an emulated host takes its time.
KILL_SECONDS = 60
GONE_SECONDS = 10


def plan_stop(guest: Guest, runtime: Runtime, *, force: bool) -> tuple[Step, ...]:
    """Return the steps that make a guest end; bhyve(8): SIGTERM is the ACPI power button.

    The processes are the guest's own, found by its exact VM name. A loader can only be killed.
    The file `stop` keeps the supervisor from another boot, and holds which bhyve was asked.
    """
    folder = RunFolder(guest.name)
    bhyve, loader = runtime.bhyve(guest.name), runtime.loader(guest.name)
    steps: list[Step] = [folder.write("stop", str(bhyve.pid) if bhyve else "")]
    if loader:
        steps.append(run("kill", "-KILL", str(loader.pid), allowed=(0, 1)))
    if bhyve:
        signal = "-KILL" if force else "-TERM"
        steps.append(run("kill", signal, str(bhyve.pid), allowed=(0, 1)))
    return tuple(steps)


def ask_to_stop(host: Host, guest: Guest, *, force: bool) -> None:
    """Make one guest end, without waiting for it; raises Refused where it does not run.

    One that is held up by its prestart hook runs, too: its start ends with the hook.
    """
    if end_prestart(host, guest.name):
        return
    with locks.hold(host, locks.guest_lock(guest.name), interrupted=True):
        runtime = read_runtime(host)
        if not runtime.is_running(guest.name):
            raise not_running(guest, runtime)
        if runtime.supervisor(guest.name) and not RunFolder(guest.name).exists(host):
            return  # it has just ended by itself
        host.act(*plan_stop(guest, runtime, force=force))


def not_running(guest: Guest, runtime: Runtime) -> ChyvesError:
    """Return the error for a guest that should run and does not."""
    if runtime.has_vmm(guest.name):
        text = f"{guest.name}: does not run, but its VM was left behind"
        return ChyvesError(text, f"chyves {guest.name} reclaim")
    return ChyvesError(f"{guest.name}: is not running")


def wait_for_end(
    host: Host,
    guests: Sequence[Guest],
    seconds: float,
    progress: Callable[[str], None],
    *,
    force: bool = False,
) -> dict[str, str]:
    """Wait until the guests have ended; return how each did, those that have not are missing.

    `progress` is told once a second which ones are still waited for. `force` is how they were
    asked.
    """
    ended: dict[str, str] = {}
    started = time.monotonic()
    told = 0.0
    while True:
        ended |= {each.name: read_ending(host, each) for each in guests if has_ended(host, each)}
        waiting = [guest for guest in guests if guest.name not in ended]
        elapsed = time.monotonic() - started
        if not waiting or elapsed > seconds:
            wait_until_gone(host, list(ended))
            return ended
        if elapsed - told >= 1.0:
            told = elapsed
            look_after(host, waiting, force=force)
            names = ", ".join(guest.name for guest in waiting)
            progress(f"waiting for {names} ({seconds - elapsed:.0f} s)")
        time.sleep(0.05)


def wait_until_gone(host: Host, names: Sequence[str]) -> None:
    """Wait until supervisors that have cleared up are gone too: it is a matter of milliseconds."""
    deadline = time.monotonic() + KILL_SECONDS
    while time.monotonic() < deadline:
        processes = Runtime(frozenset(), read_processes(host))
        if not any(processes.supervisor(name) for name in names):
            return
        time.sleep(0.02)


def has_ended(host: Host, guest: Guest) -> bool:
    """Return whether a guest that ran has ended and was cleared up: its run folder goes last."""
    return not RunFolder(guest.name).exists(host)


def read_ending(host: Host, guest: Guest) -> str:
    """Return in words how a guest ended."""
    text = host.read_text(RunFolder(guest.name).ending) or ""
    return text.strip().partition(" ")[2] or "ended"


def look_after(host: Host, guests: Sequence[Guest], *, force: bool) -> None:
    """Bring guests nearer to their end that do not get there by themselves.

    It clears up where bhyve is gone and its supervisor was killed before it, and asks a bhyve
    that began only just after `stop` had looked for it.
    """
    runtime = read_runtime(host)
    for guest in guests:
        if not runtime.is_running(guest.name):
            with (
                contextlib.suppress(Refused),  # its start was given up, and clears up itself
                locks.hold(host, locks.guest_lock(guest.name), seconds=0, interrupted=True),
            ):
                clear(host, guest)
        elif was_not_asked(host, guest, runtime):
            with contextlib.suppress(ChyvesError):  # it ends just now, or somebody else is at it
                ask_to_stop(host, guest, force=force)


def was_not_asked(host: Host, guest: Guest, runtime: Runtime) -> bool:
    """Return whether the guest's bhyve is another one than was asked to stop."""
    bhyve = runtime.bhyve(guest.name)
    return bhyve is not None and RunFolder(guest.name).read(host, "stop") != str(bhyve.pid)


def kill(host: Host, guest: Guest) -> None:
    """End a guest at once and take away all that it had on the host."""
    ask_to_stop(host, guest, force=True)
    if host.dry_run:
        return
    if not wait_for_end(host, [guest], KILL_SECONDS, lambda text: None, force=True):
        raise ChyvesError(f"{guest.name}: could not be killed", f"chyves {guest.name} reclaim")


def clear(host: Host, guest: Guest) -> None:
    """Take away what is left of a guest that no process keeps running.

    A run folder says that its prestart hooks were run, and its poststop hooks were not.
    """
    end_orphan(host, guest.name)
    take_down(host, guest.name)
    folder = RunFolder(guest.name)
    if folder.exists(host):
        starting = host.path(folder.file("starting")).exists()
        ending = "its start was interrupted" if starting else "its supervisor was killed"
        hooks.run(host, guest, hooks.POSTSTOP, ending=ending)
    remove_folder(host, folder)


def reclaim(host: Host, guest: Guest) -> bool:
    """Destroy what a guest that does not run has left on the host; return whether there was any.

    Raises Refused where it runs.
    """
    with locks.hold(host, locks.guest_lock(guest.name), interrupted=True):
        runtime = read_runtime(host)
        if runtime.is_running(guest.name):
            raise Refused(f"{guest.name}: is running", f"chyves {guest.name} stop force")
        left = runtime.has_vmm(guest.name) or RunFolder(guest.name).exists(host)
        clear(host, guest)
        if not host.dry_run and not vm_goes(host, guest.name):
            raise HostError(f"{guest.name}: its VM is still there")
        return left


def vm_goes(host: Host, name: str) -> bool:
    """Return whether a guest's VM goes that was destroyed.

    The kernel takes it away some time after bhyvectl: destroy_dev_sched_cb in vmm_dev.c.
    """
    deadline = time.monotonic() + GONE_SECONDS
    while vm_name(name) in host.list_folder("/dev/vmm"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

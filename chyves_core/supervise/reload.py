"""Restart a guest's bhyve with the properties that it has now."""

from __future__ import annotations

import time

from chyves_core import locks
from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.plan import run
from chyves_core.runtime import read_runtime
from chyves_core.supervise.boot import plan_boot, read_surroundings
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.stop import not_running


def reload(host: Host, guest: Guest, seconds: float) -> None:
    """Shut a guest down and boot it again; raises what planning raises before it is touched.

    Its supervisor does the booting: bhyve's end then counts as a reboot.
    """
    folder = RunFolder(guest.name)
    iso = folder.read(host, "iso") or None
    plan_boot(host, read_surroundings(host, read_inventory(host)), guest, iso)
    with locks.hold(host, locks.guest_lock(guest.name)):
        runtime = read_runtime(host)
        bhyve = runtime.bhyve(guest.name)
        if bhyve is None or runtime.supervisor(guest.name) is None:
            raise not_running(guest, runtime)
        boots = folder.read(host, "boots")
        host.act(folder.write("reload", ""))
        host.act(run("kill", "-TERM", str(bhyve.pid), allowed=(0, 1)))
    if not host.dry_run:
        wait_for_boot(host, guest, boots, seconds)


def wait_for_boot(host: Host, guest: Guest, boots: str, seconds: float) -> None:
    """Wait until the guest's count of boots is another one; raises ChyvesError where it ends."""
    folder = RunFolder(guest.name)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not folder.exists(host):
            raise ChyvesError(f"{guest.name}: did not come back", f"chyves {guest.name} log")
        if folder.read(host, "boots") != boots and folder.read(host, "phase"):
            return
        time.sleep(0.05)
    host.act(*folder.remove("reload"))
    raise ChyvesError(
        f"{guest.name}: did not shut down in {seconds:.0f} s", f"chyves {guest.name} stop force"
    )

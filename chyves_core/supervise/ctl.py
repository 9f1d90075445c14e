"""The units of ctl(4) behind a guest's virtio-scsi disks: made for each boot, gone with it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from chyves_core import locks
from chyves_core.bhyve import ctl
from chyves_core.bhyve.ctl import Target
from chyves_core.bhyve.devices.scsi import Unit
from chyves_core.errors import ChyvesError, HostError
from chyves_core.host import Host
from chyves_core.supervise.folder import RunFolder

LOCK = "ctl"
NOTE = "ctl.ports"


def has_ctl(host: Host) -> bool:
    """Return whether ctl(4) is there."""
    return "ctl" in host.list_folder("/dev/cam")


def read_target(host: Host) -> Target:
    """Return the host's units and ports, nothing where ctl(4) is not loaded."""
    if not has_ctl(host):
        return Target()
    devices = host.read("ctladm", "devlist", "-x").stdout
    return ctl.parse(devices, host.read("ctladm", "portlist", "-x").stdout)


def bring_up(host: Host, guest: str, units: Sequence[Unit]) -> None:
    """Make a guest's units and their ports anew; where that fails, none of them is left."""
    if not units and not has_ctl(host):
        return
    with locks.hold(host, LOCK, seconds=60):
        ctl.check_free(clear(host, guest), units)
        if not units:
            return
        try:
            make(host, guest, units)
        except (ChyvesError, KeyboardInterrupt):
            with contextlib.suppress(ChyvesError):
                clear(host, guest)
            raise


def make(host: Host, guest: str, units: Sequence[Unit]) -> None:
    """Make units and ports; a port that is not mapped yet stands in the note."""
    folder = RunFolder(guest)
    host.act(*ctl.plan_units(units))
    host.act(folder.write(NOTE, "".join(f"{unit.port}\n" for unit in units)))
    made: list[str] = []
    for unit in units:
        try:
            host.act(ctl.plan_port(unit))
        except HostError:
            # Somebody else has just made a port of this name.
            host.act(folder.write(NOTE, "".join(made)))
            raise
        made.append(f"{unit.port}\n")
    host.act(*ctl.plan_maps(read_target(host), units), *folder.remove(NOTE))


def clear(host: Host, guest: str) -> Target:
    """Take away a guest's units and ports, and return what is left."""
    folder = RunFolder(guest)
    noted = folder.read(host, NOTE).split()
    target = read_target(host)
    host.act(*ctl.plan_removal(target, guest, noted))
    if noted:
        host.act(*folder.remove(NOTE))
    return target.without(guest, noted)


def take_down(host: Host, guest: str) -> None:
    """Take away what a guest that does not run has in ctl(4); what can't go, doctor tells."""
    if has_ctl(host):
        with contextlib.suppress(ChyvesError), locks.hold(host, LOCK, seconds=60):
            clear(host, guest)


def show(host: Host, guest: str, units: Sequence[Unit]) -> None:
    """Print what a boot would do; the numbers are those that are free now."""
    if not units:
        return
    left = clear(host, guest)
    ctl.check_free(left, units)
    host.act(*ctl.plan_units(units), *(ctl.plan_port(unit) for unit in units))
    host.act(*ctl.plan_maps(ctl.foreseen(left, units), units))

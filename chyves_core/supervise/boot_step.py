"""What the supervisor of one guest asks for: prepare a boot, and clear up when all is over."""

from __future__ import annotations

import contextlib
import time

from chyves_core import locks, logs
from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.names import vm_name
from chyves_core.network import nat_use, netgraph_use
from chyves_core.network.design import Design
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.network.plan import plan_down, plan_release, plan_up
from chyves_core.plan import run
from chyves_core.runtime import read_runtime
from chyves_core.settings import Settings
from chyves_core.supervise import ctl, hooks
from chyves_core.supervise.boot import plan_boot, plan_host, read_surroundings
from chyves_core.supervise.ending import Ending, explain
from chyves_core.supervise.folder import RunFolder, read_boots, running_guest
from chyves_core.supervise.going_back import go_back_at_reboot
from chyves_core.supervise.listening import SAID, plain_lines
from chyves_core.supervise.swtpm import end_swtpm

NETWORK_LOCK = "network"
# How long poststart hooks wait for a bhyve that is begun together with them.
BHYVE_SECONDS = 10.0


def prepare(host: Host, name: str, *, first: bool) -> None:
    """Ready everything for the next boot of a guest, from its properties as they are now.

    Raises what a plan raises: the guest is then not booted.
    """
    inventory = read_inventory(host)
    guest = running_guest(host, inventory, name)
    around = read_surroundings(host, inventory)
    folder = RunFolder(name)
    boots = read_boots(host, folder)
    iso = folder.read(host, "iso") or None
    if iso and not first and is_ejected(guest, around.settings, boots):
        logs.log(host, inventory.storage, guest, "info", f"ISO {iso} ejected")
        host.act(*folder.remove("iso"))
        iso = None
    if not first:
        hooks.run(host, guest, hooks.REBOOT)
        go_back_at_reboot(host, inventory.storage, guest)
    boot = plan_boot(host, around, guest, iso)
    host.act(*boot.before, *plan_host(around))
    bring_up(host, guest, around.design, around.settings)
    wait_for_nodes(host, guest)
    end_swtpm(host, name)
    ctl.bring_up(host, name, boot.machine.units)
    host.act(*boot.beside)
    host.act(*boot.files, *folder.remove("phase"), folder.write("boots", f"{boots + 1}\n"))
    text = f"boots{f' from the ISO {iso}' if iso else ''}" if first else f"reboot {boots}"
    logs.log(host, inventory.storage, guest, "info", text)


def wait_for_nodes(host: Host, guest: Guest) -> None:
    """Wait for the device nodes of a guest's disks: of disks just renamed they come late, too."""
    from chyves_core.disks.writing import wait_for_node

    for disk in guest.disks:
        wait_for_node(host.path(disk.device), disk.device)


def is_ejected(guest: Guest, settings: Settings, reboots: int) -> bool:
    """Return whether the ISO goes out at this reboot; 0 keeps it in for good."""
    own = guest.properties.get("eject_iso_on_n_reboot")
    limit = int(own) if own else settings.number("eject_iso_on_n_reboot")
    return 0 < limit <= reboots


def after_start(host: Host, name: str) -> None:
    """Run the hooks for a guest that has just been started, as soon as its bhyve is there."""
    guest = running_guest(host, read_inventory(host), name)
    deadline = time.monotonic() + BHYVE_SECONDS
    while time.monotonic() < deadline:
        runtime = read_runtime(host)
        if runtime.bhyve(name) and runtime.has_vmm(name):
            hooks.run(host, guest, hooks.POSTSTART)
            return
        time.sleep(0.1)


def clear_up(host: Host, name: str, status: str) -> None:
    """Write down how the guest ended, and take away what its run made; its run folder goes last."""
    folder = RunFolder(name)
    log = host.read_text(folder.file("bhyve.log")) or ""
    ending = explain(status, log, plain_lines(folder.read(host, SAID)))
    guest = None
    with contextlib.suppress(ChyvesError):
        guest = log_ending(host, name, ending)
    with locks.hold(host, locks.guest_lock(name), seconds=60):
        take_down(host, name)
    # Not under the lock: a hook may want to take a snapshot. The supervisor is still there, so the
    # guest can't be started or deleted meanwhile.
    if guest:
        hooks.run(host, guest, hooks.POSTSTOP, ending=ending.text)
    with locks.hold(host, locks.guest_lock(name), seconds=60):
        word = "ok" if ending.clean else "failed"
        host.write(folder.ending, f"{word} {ending.text}\n", 0o600)
        remove_folder(host, folder)


def log_ending(host: Host, name: str, ending: Ending) -> Guest:
    """Write into the guest's log how it ended; return the guest."""
    inventory = read_inventory(host)
    guest = running_guest(host, inventory, name)
    logs.log(host, inventory.storage, guest, "info" if ending.clean else "error", ending.text)
    return guest


def bring_up(host: Host, guest: Guest, design: Design, settings: Settings) -> None:
    """Make the guest's taps, and their bridges, where they are not as they should be."""
    with locks.hold(host, NETWORK_LOCK, seconds=60):
        plan = plan_up(guest, design, read_interfaces(host))
        try:
            host.act(*plan)
            nat_use.bring_up(host, guest, settings)
            netgraph_use.bring_up(host, guest, settings)
        except (ChyvesError, KeyboardInterrupt):
            host.try_to(*plan_down(guest.name, read_interfaces(host), nat_use.natted(host)))
            nat_use.clear_up(host)
            netgraph_use.clear_up(host, guest.name)
            raise


def take_down(host: Host, name: str, *, keep_taps: bool = False) -> None:
    """End the guest's swtpm, destroy its VM and take down its taps and units, where they are.

    Taps that are kept belong to the host from then on.
    """
    end_swtpm(host, name)
    if vm_name(name) in host.list_folder("/dev/vmm"):
        host.try_to(run("bhyvectl", f"--vm={vm_name(name)}", "--destroy"))
    ctl.take_down(host, name)
    with locks.hold(host, NETWORK_LOCK, seconds=60):
        interfaces = read_interfaces(host)
        netgraph_use.clear_up(host, name)
        if keep_taps:
            host.try_to(*plan_release(name, interfaces))
            return
        host.try_to(*plan_down(name, interfaces, nat_use.natted(host)))
        nat_use.clear_up(host)


def remove_folder(host: Host, folder: RunFolder) -> None:
    """Remove a guest's run folder."""
    import shutil

    if not host.dry_run:
        shutil.rmtree(host.path(folder.path), ignore_errors=True)

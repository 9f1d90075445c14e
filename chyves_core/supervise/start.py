"""Start guests: plan all of them, then bring up each one's network and hand it to a supervisor."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chyves_core.cli import for_each
from chyves_core import locks, resources
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.network import nat_use, netgraph_use
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.network.plan import check_there, sketch_up
from chyves_core.network.sketch import Sketch
from chyves_core.plan import Plan, Run, Write, run
from chyves_core.runtime import SUPERVISOR, Runtime, read_runtime
from chyves_core.supervise import ctl, hooks
from chyves_core.supervise.boot import (
    Boot,
    Surroundings,
    command_line,
    plan_boot,
    plan_host,
    read_surroundings,
)
from chyves_core.supervise.boot_step import bring_up, remove_folder, take_down
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.going_back import START, go_back, plan_back, title_of
from chyves_core.supervise.looking_on import told_ending
from chyves_core.supervise.scripts import script
from chyves_core.supervise.stop import clear, wait_until_gone
from chyves_core.uniqueness import SHARED_INTERFACE


@dataclass(frozen=True)
class Start:
    """One guest that is to be started: the snapshot it goes back to before, and its first boot."""

    guest: Guest
    iso: str | None
    back: Plan
    boot: Boot


def plan_starts(
    host: Host, inventory: Inventory, guests: Sequence[Guest], iso: str | None
) -> tuple[Surroundings, list[Start]]:
    """Return the starts of all the guests; an error of any of them is raised before any starts.

    Raises Refused for a guest that runs already, or whose resources another one has.
    """
    if iso:
        resources.find(inventory.storage, "ISO", iso)
    around = read_surroundings(host, inventory)
    nat_use.check_guests(host, guests, around.settings)
    netgraph_use.check_guests(host, guests, around.settings)
    runtime = read_runtime(host)
    taken = taken_by_running(inventory, runtime)
    for guest in guests:
        check_can_start(guest, runtime, taken)
        taken |= dict.fromkeys(claims(guest), f"{guest.name}, which is started too")
    sketch_networks(host, around, guests)
    return around, [
        Start(guest, iso, plan_back(host, guest, START), plan_boot(host, around, guest, iso))
        for guest in guests
    ]


def sketch_networks(host: Host, around: Surroundings, guests: Sequence[Guest]) -> None:
    """Refuse guests whose networks could not come up; in system mode all that lacks is named."""
    sketch = Sketch(read_interfaces(host))
    if not around.design.automatic:
        check_there(guests, sketch.interfaces)
    for guest in guests:
        check_netmap(host, guest)
        sketch_up(sketch, guest, around.design)


def check_netmap(host: Host, guest: Guest) -> None:
    """Refuse a guest on a vale(4) switch where the kernel has no netmap(4)."""
    switches = [each for each in guest.interfaces if each.startswith("vale")]
    if switches and "netmap" not in host.list_folder("/dev"):
        text = f"{guest.name}: {switches[0]} needs netmap(4), and there is no /dev/netmap"
        raise Refused(text, "kldload netmap")


def check_can_start(guest: Guest, runtime: Runtime, taken: Mapping[str, str]) -> None:
    """Refuse a guest that runs, or that needs what is `taken` by another one.

    Two bhyves share one nmdm, and two open one disk, without a word (captures README 6 and 18).
    """
    if runtime.is_running(guest.name):
        raise Refused(f"{guest.name}: is running already")
    for name, what in claims(guest).items():
        if name in taken:
            raise Refused(f"{guest.name}: {name} is {what} of {taken[name]}")


def taken_by_running(inventory: Inventory, runtime: Runtime) -> dict[str, str]:
    """Return what the guests that run have, and by whom it is taken."""
    return {
        name: f"{guest.name}, which runs"
        for guest in inventory.guests.values()
        if runtime.is_running(guest.name)
        for name in claims(guest)
    }


def claims(guest: Guest) -> dict[str, str]:
    """Return what no two guests can have at the same time, and what each thing is."""
    found = dict.fromkeys((disk.device for disk in guest.disks), "a disk")
    for name, value in guest.properties.items():
        device = value.partition(",")[2].partition(",")[0]
        if name.startswith("pcidev_") and device.startswith("/dev/zvol/"):
            found[device] = "a disk"
    own = (each for each in guest.interfaces if not SHARED_INTERFACE.fullmatch(each))
    found |= dict.fromkeys(own, "an interface")
    if guest.value("serial"):
        found[guest.value("serial")] = "the console"
    if guest.value("loader") == "uefi" and guest.value("uefi_console_output") == "vnc":
        found[f"port {guest.value('uefi_vnc_port')}"] = "the VNC port"
    return found


def supervisor(host: Host, guest: Guest) -> Run:
    """Return the step that starts the supervisor of a guest, away from this terminal."""
    return run("daemon", "-cf", *supervisor_words(host, guest))


def supervisor_words(host: Host, guest: Guest) -> tuple[str, ...]:
    """Return the supervisor's command line; the guest's name comes last, it is found by that."""
    root = os.environ["CHYVES_ROOT"]
    folder = str(host.path(RunFolder(guest.name).path))
    keeper = script(SUPERVISOR)
    return ("/bin/sh", keeper, f"{root}/bin/chyves", folder, guest.vm_name, guest.name)


def show(host: Host, around: Surroundings, starts: Sequence[Start]) -> None:
    """Print what starting would do: the dry run."""
    host.act(*plan_host(around))
    sketch = Sketch(read_interfaces(host))
    for start in starts:
        hooks.run(host, start.guest, hooks.PRESTART)
        host.act(*start.back, *start.boot.before)
        planned = len(sketch.steps)
        sketch_up(sketch, start.guest, around.design)
        host.act(*sketch.steps[planned:])
        nat_use.bring_up(host, start.guest, around.settings)
        netgraph_use.bring_up(host, start.guest, around.settings)
        print(supervisor(host, start.guest))
        ctl.show(host, start.guest.name, start.boot.machine.units)
        host.act(*start.boot.beside)
        if start.boot.loader:
            print(Run(start.boot.loader.argv))
        machine = start.boot.machine
        print(Run(command_line(machine)))
        if machine.file:
            print("# that file holds what these flags of bhyve(8) say:")
            print(f"# {Run(machine.flags)}")
        for step in start.boot.files:
            if isinstance(step, Write) and not step.path.endswith(".argv"):
                print(step)


def launch(host: Host, around: Surroundings, start: Start) -> None:
    """Start one guest; where that fails, what was made for it is taken away again."""
    name = start.guest.name
    lock = locks.guest_lock(name)
    with (
        locks.hold_for_change(host, title_of(name), lock),
        begun(host, around, start.guest),
    ):
        ready(host, around, start)
        host.act(supervisor(host, start.guest))


@contextmanager
def begun(host: Host, around: Surroundings, guest: Guest) -> Iterator[None]:
    """Begin a start, which goes on within; where that fails, what was made is taken away again.

    What an earlier run has left goes first. From then on the guest has a run folder: whatever
    comes, hooks of prestart are followed by those of poststop.
    """
    folder = RunFolder(guest.name)
    if not folder.exists(host):
        wait_until_gone(host, [guest.name])
    runtime = read_runtime(host)
    check_can_start(guest, runtime, taken_by_running(around.inventory, runtime))
    if folder.exists(host) or runtime.has_vmm(guest.name):
        clear(host, guest)
    host.remove(folder.ending)
    host.act(folder.write("dataset", f"{guest.dataset}\n"), folder.write("starting", ""))
    try:
        yield
    except (ChyvesError, KeyboardInterrupt) as error:
        take_down(host, guest.name)
        hooks.run(host, guest, hooks.POSTSTOP, ending=f"could not be started: {error}")
        remove_folder(host, RunFolder(guest.name))
        raise


def ready(host: Host, around: Surroundings, start: Start) -> None:
    """Bring up a guest's network and write what its supervisor reads."""
    folder = RunFolder(start.guest.name)
    hooks.run(host, start.guest, hooks.PRESTART)
    if go_back(host, around.inventory.storage, start.guest, START):
        boot = plan_boot(host, around, start.guest, start.iso)
        start = replace(start, boot=boot)
    host.act(*start.boot.before)
    bring_up(host, start.guest, around.design, around.settings)
    ctl.take_down(host, start.guest.name)
    host.act(*folder.remove("starting"))
    if start.iso:
        host.act(folder.write("iso", f"{start.iso}\n"))
    host.act(*start.boot.files)


def choose(host: Host, inventory: Inventory, words: str) -> list[Guest]:
    """Return the guests to start: with `all`, those that run already and templates are left out."""
    guests = inventory.select(words)
    if words != "all":
        return guests
    runtime = read_runtime(host)
    return [each for each in guests if not each.is_template and not runtime.is_running(each.name)]


def launch_all(
    host: Host, around: Surroundings, starts: Sequence[Start]
) -> tuple[int, list[Guest]]:
    """Launch all guests; return the worst status of those that failed, and those that did not."""
    launched: list[Guest] = []

    def launch_one(start: Start) -> None:
        launch(host, around, start)
        launched.append(start.guest)

    worst = for_each(starts, lambda start: start.guest.name, launch_one)
    return worst, launched


def stay(host: Host, around: Surroundings, start: Start) -> str:
    """Start one guest with its supervisor on this terminal, and return how the guest ended.

    Raises ChyvesError with its last words where it ended badly.
    """
    host.act(*plan_host(around))
    name = start.guest.name
    lock = locks.guest_lock(name)
    with (
        locks.hold_for_change(host, title_of(name), lock),
        begun(host, around, start.guest),
    ):
        ready(host, around, start)
    host.interactive(supervisor_words(host, start.guest))
    return told_ending(name, host.read_text(RunFolder(name).ending) or "failed it was interrupted")

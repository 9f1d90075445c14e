"""What guests that do not run have left on the host: VMs, taps, run folders, bridges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chyves_core import locks
from chyves_core.doctor.finding import Finding, Mend
from chyves_core.doctor.unfinished import acting
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.look import Look
from chyves_core.names import GUEST_NAME, VM_PREFIX
from chyves_core.network import netgraph, netgraph_use
from chyves_core.network.bridges import drop_unused
from chyves_core.network.design import owner_of
from chyves_core.network.nat_use import natted
from chyves_core.network.sketch import Sketch
from chyves_core.runtime import RUN_FOLDER
from chyves_core.supervise import ctl, stop
from chyves_core.supervise.boot_step import NETWORK_LOCK, remove_folder, take_down
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.running_hook import PRESTART, find_running


def remains_of_guests(look: Look) -> Iterator[Finding]:
    """Find VMs, taps, units of ctl(4) and run folders of guests that do not run."""
    remains: dict[str, list[str]] = {}
    for vm in sorted(look.runtime.vmm):
        if vm.startswith(VM_PREFIX):
            remains.setdefault(vm.removeprefix(VM_PREFIX), []).append(f"/dev/vmm/{vm}")
    for each in look.interfaces.values():
        owner = owner_of(each)
        if owner:
            remains.setdefault(owner, []).append(each.name)
    for lun in ctl.read_target(look.host).luns:
        if lun.owner:
            remains.setdefault(lun.owner, []).append(f"unit {lun.number} of ctl(4)")
    for file in look.host.list_folder(netgraph.FOLDER):
        switch, is_mark, user = file.partition(".")
        if is_mark:
            remains.setdefault(user, []).append(switch)
    for name in look.host.list_folder(f"{RUN_FOLDER}/guests"):
        remains.setdefault(name, []).append(f"{RUN_FOLDER}/guests/{name}")
    for name, left in sorted(remains.items()):
        if look.runtime.is_running(name) or not re.fullmatch(GUEST_NAME, name):
            continue
        hook = find_running(look.host, name)
        if hook and hook.when == PRESTART:
            command = f"chyves {name} stop ends it"
            yield Finding(name, f"is being started, {hook.says}", command, note=True)
            continue
        problem = f"does not run, and has left {', '.join(left)}"
        command = (
            f"chyves {name} reclaim" if name in look.inventory.guests else "chyves doctor --fix"
        )

        guest = look.inventory.guests.get(name)

        def clear(host: Host, name: str = name, guest: Guest | None = guest) -> None:
            if guest:
                stop.clear(host, guest)
            else:
                take_down(host, name)
                remove_folder(host, RunFolder(name))

        yield Finding(name, problem, command, Mend((locks.guest_lock(name),), clear))


def unused_bridges(look: Look) -> Iterator[Finding]:
    """Find bridges and vlans that chyves made and that nobody uses."""
    sketch = Sketch(look.interfaces, natted(look.host))
    drop_unused(sketch)
    for step in sketch.steps:
        mend = Mend((NETWORK_LOCK,), acting((step,)))
        problem = "was made for guests, and none uses it"
        yield Finding(step.argv[1], problem, str(step), mend)


def unused_switches(look: Look) -> Iterator[Finding]:
    """Find switches of netgraph(4) that chyves made and that nobody uses."""
    for switch in netgraph_use.unused(look.host):

        def clear(host: Host, switch: str = switch) -> None:
            host.act(*netgraph_use.plan_clearing(host, switch))

        problem = "was made for guests, and none uses it"
        command = f"ngctl shutdown {netgraph.node_of(switch)}:"
        yield Finding(switch, problem, command, Mend((NETWORK_LOCK,), clear))

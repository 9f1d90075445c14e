"""Guests that start with the host: in which order, what each waits for, and who did not come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from chyves_core import logs
from chyves_core.errors import ChyvesError, NotFound
from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.network.design import Design
from chyves_core.network.netgraph import ports_of
from chyves_core.runtime import Runtime, read_runtime
from chyves_core.settings import global_settings
from chyves_core.supervise import start
from chyves_core.supervise.boot import plan_host
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.looking_on import look_on


@dataclass(frozen=True)
class Turn:
    """One guest's turn: interfaces that its bridges need, and seconds before the next turn."""

    guest: str
    delay: int
    awaited: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.guest}\t{self.delay}\t{' '.join(self.awaited)}"


def boot_order(inventory: Inventory, runtime: Runtime) -> list[Guest]:
    """Return the guests that start with the host and do not run yet, the highest rcboot first."""
    waiting = [
        each
        for each in inventory.guests.values()
        if number(each, "rcboot") > 0 and not runtime.is_running(each.name)
    ]
    return sorted(waiting, key=lambda guest: (-number(guest, "rcboot"), guest.name))


def doubtful(inventory: Inventory, runtime: Runtime) -> list[str]:
    """Return the names that two guests have, of which one starts with the host, and do not run."""
    wanted = {each.name for each in inventory.places.values() if number(each, "rcboot") > 0}
    return sorted(name for name in wanted if not runtime.is_running(name))


def number(guest: Guest, name: str) -> int:
    """Return a number of a guest; what zfs(8) was told and is none counts as 0: no boot stops."""
    text = guest.value(name)
    return int(text) if text.isascii() and text.isdecimal() else 0


def turns(names: Iterable[str], inventory: Inventory) -> list[Turn]:
    """Return the turns of guests, in their order; starting what is no guest tells its error."""
    design = Design.from_settings(global_settings(inventory.storage))
    found = []
    for name in names:
        guest = inventory.guests.get(name)
        if guest is None:
            found.append(Turn(name, 0, ()))
        else:
            delay = number(guest, "rcboot_delay")
            found.append(Turn(name, delay, awaited_interfaces(guest, design)))
    return found


def named(inventory: Inventory, words: Iterable[str]) -> list[str]:
    """Return the names that words mean; a word that means no guest stays as it is."""
    found: list[str] = []
    for word in words:
        try:
            found += inventory.names(word)
        except NotFound:
            found.append(word)
    return list(dict.fromkeys(found))


def awaited_interfaces(guest: Guest, design: Design) -> tuple[str, ...]:
    """Return what has to be there before a guest's bridges can be: what they are attached to.

    In system mode chyves makes no bridge, and the bridges themselves have to be there. A vlan that
    chyves makes itself needs its parent.
    """
    bridges = [guest.value(f"{tap}_bridge") for tap in guest.interfaces if tap.startswith("tap")]
    found = [design.uplink(each) if design.automatic else each for each in bridges if each]
    found += [design.uplink(switch) for _, switch, _ in ports_of([guest]) if design.automatic]
    made = {name: vlan.parent for name, vlan in design.vlans.items() if design.automatic}
    return tuple(dict.fromkeys(made.get(each, each) for each in found if each))


def start_with_host(host: Host, inventory: Inventory, guest: Guest) -> str:
    """Start one guest and return its phase; why it could not be started is kept for `status`.

    Raises what starting it raises.
    """
    try:
        around, starts = start.plan_starts(host, inventory, [guest], None)
        host.act(*plan_host(around))
        start.launch(host, around, starts[0])
    except ChyvesError as error:
        keep_reason(host, inventory, guest, error)
        raise
    return look_on(host, guest)


def keep_reason(host: Host, inventory: Inventory, guest: Guest, error: ChyvesError) -> None:
    """Write down why a guest could not be started, where how it ended last would stand."""
    if read_runtime(host).is_running(guest.name):
        return
    text = f"could not be started: {error.message.removeprefix(f'{guest.name}: ')}"
    with contextlib.suppress(ChyvesError):
        host.write(RunFolder(guest.name).ending, f"failed {text}\n", 0o600)
        logs.log(host, inventory.storage, guest, "error", text)


def missing(host: Host, guests: Iterable[Guest]) -> list[str]:
    """Return a line for each guest: that it should run and does not, and why as far as is known."""
    return [f"{each.name}: should run, {why_not(host, each)}" for each in guests]


def missing_twice(inventory: Inventory, names: Iterable[str]) -> list[str]:
    """Return a line for each name that two guests have: starting either would be a guess."""
    errors = {name: inventory.error_of_twice(name).message for name in names}
    return [
        f"{name}: should run, {text.removeprefix(f'{name}: ')}" for name, text in errors.items()
    ]


def why_not(host: Host, guest: Guest) -> str:
    """Return why a guest does not run: how it ended last, since the host was started."""
    _, _, text = (host.read_text(RunFolder(guest.name).ending) or "").strip().partition(" ")
    return text or "was not started since the host was"

"""Give guests network interfaces, and take them away again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chyves_core import journal, locks, zfs
from chyves_core.bhyve import slots
from chyves_core.bhyve.machine import all_slots
from chyves_core.disks.images import image_paths
from chyves_core.errors import NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.network import netgraph
from chyves_core.network.design import BRIDGE_NAME, owner_of, tap_mark
from chyves_core.network.ifconfig import read_interfaces
from chyves_core.numbering import Taken, read_taken
from chyves_core.plan import Plan, run
from chyves_core.runtime import read_runtime
from chyves_core.settings import Settings, default_settings, global_settings
from chyves_core.supervise.boot_step import NETWORK_LOCK
from chyves_core.uniqueness import check_interfaces

INTERFACE = r"tap\d{1,5}|vale\d{1,3}(:\d{1,3})?|netgraph\d{1,3}(:\d{1,3})?"
FORMS = "tap, tap{n}, vale{s}[:{p}] or netgraph{s}[:{p}]"
SWITCHES = ("vale", "netgraph")


@dataclass(frozen=True)
class Nic:
    """An interface that a guest got: its bridge, address, PCI slot, and whether the guest runs."""

    name: str
    bridge: str
    mac: str
    slot: slots.Place
    running: bool


@contextmanager
def changing(host: Host, name: str) -> Iterator[tuple[Inventory, Guest]]:
    """Hold the lock of a guest and that of numbers while its interfaces are changed."""
    with locks.hold(host, locks.NUMBERING, locks.guest_lock(name), seconds=60):
        inventory = read_inventory(host)
        guest = inventory.guest(name)
        if guest.is_template:
            raise Refused(f"{name}: is a template", f"chyves {name} set template=no")
        yield inventory, guest


def check_bridge_name(word: str) -> str:
    """Return the name of a bridge; raises UsageError for what is none."""
    if not re.fullmatch(BRIDGE_NAME, word, re.ASCII):
        raise UsageError(f"{word}: a bridge is bridge{{n}}")
    return word


def add(host: Host, guest_name: str, word: str, bridge: str | None) -> Nic:
    """Give a guest an interface: a tap with the next free number, a certain tap, or a vale port."""
    if word != "tap" and not re.fullmatch(INTERFACE, word, re.ASCII):
        raise UsageError(f"{word}: an interface is {FORMS}")
    if bridge is not None:
        check_bridge_name(bridge)
        if word.startswith(SWITCHES):
            raise UsageError(f"{word}: is on a switch of its own, not on {bridge}")
    with changing(host, guest_name) as (inventory, guest):
        settings = global_settings(inventory.storage)
        taken = read_taken(host, inventory.storage)
        name = name_of(word, taken, settings)
        check_free(host, inventory, guest, name)
        mac = taken.new_mac()
        default = default_settings(inventory.storage)["bridge"]
        on = "" if name.startswith(SWITCHES) else bridge or default
        values = {"net_ifaces": ",".join((*guest.interfaces, name)), f"{name}_mac": mac}
        if on:
            values[f"{name}_bridge"] = on
        places = new_slots(host, guest, name, consolidate=settings.enabled(slots.CONSOLIDATE))
        values["pci_slots"] = slots.show_slots(places)
        full = {f"{GUEST_PREFIX}{key}": value for key, value in values.items()}
        host.act(zfs.set_properties([guest.dataset], full))
        return Nic(name, on, mac, places[name], read_runtime(host).is_running(guest.name))


def name_of(word: str, taken: Taken, settings: Settings) -> str:
    """Return the name of a new interface: the next free one where the word leaves it open."""
    if word == "tap":
        return taken.next_tap(settings.number("tap_start_offset"))
    if re.fullmatch(netgraph.SWITCH, word, re.ASCII):
        return taken.next_vale(word)
    port = netgraph.split_port(word)
    if port and port[1] < netgraph.FIRST_PORT:
        raise UsageError(f"{word}: ports 0 and 1 are for the uplink of {port[0]}")
    return word


def check_free(host: Host, inventory: Inventory, guest: Guest, name: str) -> None:
    """Refuse an interface that a guest has, or that something else on the host uses."""
    if name in guest.interfaces:
        raise Refused(f"{guest.name}: has {name} already")
    after = ",".join((*guest.interfaces, name))
    check_interfaces(inventory, {guest.name: {"net_ifaces": after}})
    there = read_interfaces(host).get(name)
    if there and (there.opened_by or there.description not in ("", tap_mark(guest.name, name))):
        by = f"process {there.opened_by}" if there.opened_by else f"{there.description!r}"
        raise Refused(f"{guest.name}: {name} is in use by {by}", f"ifconfig {name}")


def new_slots(host: Host, guest: Guest, name: str, *, consolidate: bool) -> dict[str, slots.Place]:
    """Return the PCI slots of a guest's devices, those that are there first, and a new one."""
    kept = all_slots(guest, image_paths(host, guest), consolidate=consolidate)
    try:
        return slots.assign(kept, [name], consolidate=consolidate)
    except Refused as error:
        raise Refused(f"{guest.name}: {error.message}", error.hint) from None


def remove(host: Host, guest_name: str, name: str) -> bool:
    """Take an interface off a guest, with all that is its; return whether the guest runs.

    Its tap goes too, unless the guest has it open: then it goes when the guest stops or reboots.
    """
    title = f"network {guest_name} remove {name}"
    lock = locks.guest_lock(guest_name)
    with locks.hold_for_change(host, title, lock, seconds=60) as ended:
        if ended:
            return False
        inventory = read_inventory(host)
        guest = inventory.guest(guest_name)
        if name not in guest.interfaces:
            hint = f"chyves {guest.name} get net_ifaces"
            raise NotFound(f"{guest.name}: has no interface {name}", hint)
        steps, undo = plan_removal(guest, name)
        journal.carry_out(host, guest.pool, journal.Entry(title, (lock,), steps, undo))
        with locks.hold(host, NETWORK_LOCK, seconds=60):
            there = read_interfaces(host).get(name)
            if there and owner_of(there) == guest.name and not there.opened_by:
                host.try_to(run("ifconfig", name, "destroy"))
        return read_runtime(host).is_running(guest.name)


def plan_removal(guest: Guest, name: str) -> tuple[Plan, Plan]:
    """Return the zfs calls that take an interface off, and those that bring it back."""
    left = [each for each in guest.interfaces if each != name]
    places = slots.release(slots.parse_slots(guest.value("pci_slots")), [name])
    values = {"net_ifaces": ",".join(left), "pci_slots": slots.show_slots(places)}
    own = [f"{name}_mac", f"{name}_bridge"]
    gone = [each for each in own if each in guest.properties]
    steps = (
        zfs.set_properties([guest.dataset], prefixed(values)),
        *(zfs.inherit([guest.dataset], f"{GUEST_PREFIX}{each}") for each in gone),
    )
    before = {each: guest.properties[each] for each in (*values, *gone) if each in guest.properties}
    return steps, (zfs.set_properties([guest.dataset], prefixed(before)),)


def prefixed(values: dict[str, str]) -> dict[str, str]:
    """Return properties of a guest under the names that ZFS has for them."""
    return {f"{GUEST_PREFIX}{name}": value for name, value in values.items()}

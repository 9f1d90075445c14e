"""Bring guests to the current version of guest properties, one version after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chyves_core.cli import Changing
from chyves_core import locks, zfs
from chyves_core.bhyve import slots
from chyves_core.bhyve.machine import all_slots
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY, Guest, read_inventory
from chyves_core.host import Host
from chyves_core.numbering import Taken, new_serial, read_taken
from chyves_core.plan import Plan
from chyves_core.pools import GUEST_VERSION
from chyves_core.runtime import read_runtime
from chyves_core.settings import Settings, default_settings, global_settings


@dataclass(frozen=True)
class Surroundings:
    """What an upgrade takes missing values from; `images` are the guest's image files."""

    taken: Taken
    global_: Settings
    defaults: Settings
    images: tuple[str, ...]


Upgrade = Callable[[Guest, Surroundings], dict[str, str]]

# What turns the properties of each version into those of the next one. Version 1 is the first.
UPGRADES: Mapping[int, Upgrade] = {}


def upgrade_guest(command: Changing, name: str) -> None:
    """Bring one guest to the current version, and give it what of its identity is missing."""
    host = command.host
    with locks.hold(host, locks.NUMBERING, locks.guest_lock(name), seconds=60):
        inventory = read_inventory(host)
        guest = inventory.guest(name)
        if read_runtime(host).is_running(name):
            raise Refused(f"{name}: is running", f"chyves {name} stop")
        storage = inventory.storage
        around = Surroundings(
            read_taken(host, storage),
            global_settings(storage),
            default_settings(storage),
            read_images(host, guest),
        )
        plan = plan_upgrade(guest, around, UPGRADES, GUEST_VERSION)
        host.act(*plan)
    if not host.dry_run:
        what = "is now" if plan else "was"
        command.say(f"{name}: {what} whole, and of version {GUEST_VERSION}")


def read_images(host: Host, guest: Guest) -> tuple[str, ...]:
    """Return the paths of a guest's image files."""
    folder = f"{guest.folder}/img"
    return tuple(f"{folder}/{name}" for name in host.list_folder(folder))


def plan_upgrade(
    guest: Guest, around: Surroundings, upgrades: Mapping[int, Upgrade], current: int
) -> Plan:
    """Return the steps that bring a guest to the current version; that is set last.

    Nothing that the guest has is changed, but by a step from one version to the next.
    """
    text = guest.value("chyves_guest_version")
    version = int(text) if text.isascii() and text.isdecimal() else current
    values: dict[str, str] = {}
    for each in range(version, current):
        values |= upgrades[each](guest, around)
    values = {**missing(guest, around), **values}
    steps: Plan = tuple(
        zfs.set_properties([disk.dataset], {f"{GUEST_PREFIX}disk_serial": new_serial()})
        for disk in guest.disks
        if not disk.properties.get("disk_serial")
    )
    if values:
        full = {f"{GUEST_PREFIX}{name}": value for name, value in values.items()}
        steps += (zfs.set_properties([guest.dataset], full),)
    if text != str(current):
        steps += (zfs.set_properties([guest.dataset], {VERSION_PROPERTY: str(current)}),)
    return steps


def missing(guest: Guest, around: Surroundings) -> dict[str, str]:
    """Return what a guest of the current version has and this one lacks: its identity."""
    taken, global_ = around.taken, around.global_
    make: dict[str, Callable[[], str]] = {
        "uuid": taken.new_uuid,
        "serial": lambda: taken.next_nmdm(global_.number("console_start_offset")),
        "uefi_vnc_port": lambda: taken.next_port(global_.number("uefi_vnc_port_start_offset")),
    }
    for each in guest.interfaces:
        if each.startswith("tap"):
            make[f"{each}_mac"] = taken.new_mac
            make[f"{each}_bridge"] = lambda: around.defaults["bridge"]
    values = {name: new() for name, new in make.items() if not guest.properties.get(name)}
    kept = slots.show_slots(
        all_slots(guest, around.images, consolidate=global_.enabled(slots.CONSOLIDATE))
    )
    if kept != guest.value("pci_slots"):
        values["pci_slots"] = kept
    return values

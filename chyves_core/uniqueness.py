"""What no two guests may have beside single values: an interface, the serial number of a disk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chyves_core.errors import Refused
from chyves_core.guests import Inventory

# A switch without a port gives each guest a port of its own.
SHARED_INTERFACE = re.compile(r"vale\d+")


def check_interfaces(inventory: Inventory, given: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse interfaces, by guest in `net_ifaces`, that another guest has or gets."""
    after = {name: guest.interfaces for name, guest in inventory.guests.items()}
    for guest, values in given.items():
        if "net_ifaces" in values:
            after[guest] = tuple(values["net_ifaces"].split(","))
    owners: dict[str, str] = {}
    # Those that were named come last, so that they are the ones that are told.
    for guest in sorted(after, key=lambda name: "net_ifaces" in given.get(name, {})):
        for interface in after[guest]:
            owner = owners.setdefault(interface, guest)
            shared = not interface or SHARED_INTERFACE.fullmatch(interface)
            if owner != guest and not shared and "net_ifaces" in given.get(guest, {}):
                raise Refused(f"{guest}: {interface} is taken by {owner}")


def check_disk_serials(inventory: Inventory, given: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse serial numbers, by guest and disk, that another disk has or gets."""
    after = {
        (guest.name, disk.name): disk.properties.get("disk_serial", "")
        for guest in inventory.guests.values()
        for disk in guest.disks
    }
    wanted = {(guest, disk): serial for guest in given for disk, serial in given[guest].items()}
    after |= wanted
    for (guest, disk), serial in wanted.items():
        for other, other_serial in after.items():
            if other_serial == serial and other != (guest, disk):
                raise Refused(f"{guest}: {disk} serial={serial} is taken by {' '.join(other)}")

"""NUMA domains of the guest: the properties numa_{n}."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.errors import Refused
from chyves_core.guests import Guest

AMD64_ONLY = True
PREFIX = "numa_"
# bhyve(8) of main.
MOST_DOMAINS = 8


def names(guest: Guest) -> list[str]:
    """Return the names of the guest's domains; raises Refused for what bhyve does not take."""
    found = numbered(guest, PREFIX)
    if found and guest.value("loader") != "uefi":
        raise Refused(
            f"{guest.name}: {found[0]} needs loader=uefi", f"chyves {guest.name} set loader=uefi"
        )
    numbers = [int(name.removeprefix(PREFIX)) for name in found]
    if numbers != list(range(len(numbers))) or len(numbers) > MOST_DOMAINS:
        raise Refused(f"{guest.name}: NUMA domains count from numa_0 to numa_{MOST_DOMAINS - 1}")
    return found


def since(guest: Guest) -> str:
    """Return the release that brought it: bhyve(8) of 15.1 has no -n, that of main has."""
    return "16.0"


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument, in the words with which libvirt calls bhyve: id=0,size=4G,cpus=0-3."""
    number = name.removeprefix(PREFIX)
    value = f"id={number},{guest.properties[name]}"
    return Argument("-n", value, (name,), f"NUMA domain {number}")

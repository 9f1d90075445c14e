"""How the firmware is told about the machine, and items that it finds there: fwcfg, fwcfg_{n}."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.guests import Guest

SINCE = "14.0"
AMD64_ONLY = True
NAME = "fwcfg"


def names(guest: Guest) -> list[str]:
    """Return the names of the properties that the guest has."""
    return [*([NAME] if guest.properties.get(NAME) else []), *numbered(guest, "fwcfg_")]


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument; bhyve(8): items are found only with fwcfg=qemu."""
    value = guest.properties[name]
    if name == NAME:
        return Argument("-l", f"fwcfg,{value}", (NAME,), "how the firmware is told of the machine")
    return Argument("-f", value, (name,), f"item {value.partition(',')[0]} for the firmware")

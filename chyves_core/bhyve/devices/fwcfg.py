"""Items that the firmware finds: the properties fwcfg_{n}; how it finds them is fwcfg."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.guests import Guest

AMD64_ONLY = True
SINCE = "14.0"
"""Captures bhyve help-l: 13.2 has none. 14.0's TPM tells the firmware of itself by it."""


def names(guest: Guest) -> list[str]:
    """Return the names of the guest's items."""
    return numbered(guest, "fwcfg_")


def since(guest: Guest) -> str:
    """Return the release that brought it."""
    return SINCE


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument; bhyve(8): items are found only with fwcfg=qemu."""
    value = guest.properties[name]
    return Argument("-f", value, (name,), f"item {value.partition(',')[0]} for the firmware")

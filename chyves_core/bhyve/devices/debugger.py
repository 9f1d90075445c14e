"""The port on which a debugger can stop the guest: the property gdb."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.guests import Guest

SINCE = "12.0"
AMD64_ONLY = False
NAME = "gdb"


def names(guest: Guest) -> list[str]:
    """Return the setting's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument; bhyve(8): [w][address:]port, w waits for the debugger."""
    return Argument("-G", guest.properties[NAME], (NAME,), "port for a debugger (gdb)")

"""The port on which a debugger can stop the guest: the property gdb."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.guests import Guest

AMD64_ONLY = False
NAME = "gdb"


def names(guest: Guest) -> list[str]:
    """Return the setting's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def since(guest: Guest) -> str:
    """Return the release that brought it: with an address it came later.

    -G PORT is in bhyve(8) of 12.2 and 13.0, an address before it in that of 14.3; bhyve of 13.2
    resolves one (captures bhyve). Before, it is not known exactly.
    """
    return "13.2" if ":" in guest.properties[NAME] else "12.0"


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument; bhyve(8): [w][address:]port, w waits for the debugger."""
    return Argument("-G", guest.properties[NAME], (NAME,), "port for a debugger (gdb)")

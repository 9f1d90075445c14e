"""The layout of the keyboard that a VNC viewer sends: the property keyboard."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.guests import Guest

AMD64_ONLY = True
NAME = "keyboard"


def names(guest: Guest) -> list[str]:
    """Return the setting's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def since(guest: Guest) -> str:
    """Return the release that brought it.

    bhyve(8) of 13.0 has no -K, captures bhyve h: 13.2 has it. 13.1 is not known exactly.
    """
    return "13.2"


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument."""
    return Argument("-K", guest.properties[NAME], (NAME,), "layout of the keyboard")

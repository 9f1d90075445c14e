"""The layout of the keyboard that a VNC viewer sends: the property keyboard."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument
from chyves_core.guests import Guest

SINCE = "13.2"
AMD64_ONLY = True
NAME = "keyboard"


def names(guest: Guest) -> list[str]:
    """Return the setting's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def argument(guest: Guest, name: str, run_folder: str) -> Argument:
    """Return the argument."""
    return Argument("-K", guest.properties[NAME], (NAME,), "layout of the keyboard")

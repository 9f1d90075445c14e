"""A sound card that plays and records through the host's: the property sound."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.slots import Place
from chyves_core.guests import Guest

SINCE = "13.0"
"""r349335, June 2019: in the source of 13.0, not in that of 12.2."""

NAME = "sound"


def names(guest: Guest) -> list[str]:
    """Return the device's name, where the guest has it."""
    return [NAME] if guest.properties.get(NAME) else []


def argument(guest: Guest, name: str, place: Place, run_folder: str) -> Argument:
    """Return the device."""
    words = guest.properties[NAME].split(",")
    return device(place, "hda", *words, sources=(NAME,), says="sound card")

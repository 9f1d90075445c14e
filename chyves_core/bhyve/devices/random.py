"""A source of random numbers: the property random."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.slots import Place
from chyves_core.guests import Guest

SINCE = "10.3"
"""bhyve(8) of 10.4 has it; 10.3, the oldest host there is for chyves, is not known exactly."""

NAME = "random"


def names(guest: Guest) -> list[str]:
    """Return the device's name, where the guest has it."""
    return [NAME] if guest.value(NAME) == "yes" else []


def argument(guest: Guest, name: str, place: Place, run_folder: str) -> Argument:
    """Return the device."""
    return device(place, "virtio-rnd", sources=(NAME,), says="random numbers from the host")

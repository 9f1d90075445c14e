"""Keyboards and mice of the host that a guest has for its own: the properties virtio_input_{n}."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.bhyve.slots import Place
from chyves_core.guests import Guest

SINCE = "13.2"
"""Captures bhyve help-s: 13.2 has it; 13.1 is not known exactly."""


def names(guest: Guest) -> list[str]:
    """Return the names of the guest's input devices."""
    return numbered(guest, "virtio_input_")


def argument(guest: Guest, name: str, place: Place, run_folder: str) -> Argument:
    """Return the device."""
    path = guest.properties[name]
    return device(place, "virtio-input", path, sources=(name,), says=f"the host's {path}")

"""Folders of the host that a guest can mount: the properties share_{n} (virtio-9p)."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.bhyve.slots import Place
from chyves_core.guests import Guest

SINCE = "13.0"
"""src 8294a283a164, 3 October 2020, between 12.2 and 13.0; captures bhyve help-s: 13.2 has it."""


def names(guest: Guest) -> list[str]:
    """Return the names of the guest's shares."""
    return numbered(guest, "share_")


def argument(guest: Guest, name: str, place: Place, run_folder: str) -> Argument:
    """Return the device; the guest mounts the share by its name."""
    words = guest.properties[name].split(",")
    share, _, path = words[0].partition("=")
    says = f"the host's folder {path}, mounted as {share}"
    return device(place, "virtio-9p", *words, sources=(name,), says=says)

"""Devices in bhyve's own words, and devices of the host passed through: pcidev_{n}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chyves_core.bhyve import slots
from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices import shares, sound, virtio_console, virtio_input
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.network import netgraph

PREFIX = "pcidev_"
PASSTHRU = "passthru"
PHYSICAL = r"passthru,(?:pci\d+:)?(?:pci)?(\d+)[/:](\d+)[/:]([0-7])(?:,.*)?"

SINCE = {
    "nvme": "12.0",
    "virtio-scsi": "12.0",
    "fbuf": "11.0",
    "xhci": "11.0",
    "virtio-9p": shares.SINCE,
    "virtio-console": virtio_console.SINCE,
    "virtio-input": virtio_input.SINCE,
    "hda": sound.SINCE,
}
NETWORK_CARDS = ("virtio-net", "e1000")
BACKENDS = {"netgraph": netgraph.SINCE, "slirp": "14.1"}
"""What network cards stand on beside taps and vale; slirp is not in bhyve(8) of October 2023, and
whether 14.1 or 14.2 got it is not known exactly."""


def devices(guest: Guest, places: Mapping[str, Place], facts: HostFacts) -> Iterator[Argument]:
    """Yield the devices that the properties name, each in its place."""
    for name in names(guest):
        model, *words = guest.properties[name].split(",")
        check_release(guest.name, name, guest.properties[name], facts)
        if model == PASSTHRU:
            check_passthru(guest, name, facts)
            says = f"the host's device {words[0]}"
        else:
            says = f"a device of the user's own: {model}"
        yield device(places[name], model, *words, sources=(name,), says=says)


def check_release(owner: str, name: str, value: str, facts: HostFacts) -> None:
    """Refuse a device, or what stands behind a network card, that came with a later release."""
    model, *words = value.split(",")
    backend = words[0] if words and model in NETWORK_CARDS else ""
    for what, since in ((model, SINCE.get(model)), (backend, BACKENDS.get(backend))):
        if since and not facts.is_at_least(since):
            raise Refused(
                f"{owner}: {name}: {what} needs FreeBSD {since}",
                f"chyves {owner} unset {name}",
            )


def names(guest: Guest) -> list[str]:
    """Return the names of the guest's properties pcidev_{n}, in the order of n."""
    found = [name for name in guest.properties if name.startswith(PREFIX)]
    return sorted(found, key=lambda name: int(name.removeprefix(PREFIX)))


def assign(guest: Guest, places: Mapping[str, Place], *, consolidate: bool) -> dict[str, Place]:
    """Return the places with one for each custom device.

    Functions of one physical slot stay together in one slot of the guest, for a driver may look
    for its siblings; each keeps its function's number where that is free.
    """
    assigned = dict(places)
    for name in names(guest):
        if name in assigned and not assigned[name].has_port:
            continue
        physical = physical_slot(guest.properties[name])
        if physical is None:
            assigned = slots.assign(assigned, [name], consolidate=consolidate)
            continue
        beside = sibling_place(guest, assigned, name)
        if beside is None:
            assigned = slots.assign(assigned, [name], consolidate=consolidate, alone=[name])
            continue
        function = int(physical[2])
        order = (function, *(each for each in slots.FUNCTIONS if each != function))
        offers = (Place(beside.slot, each) for each in order)
        free = [each for each in offers if each not in assigned.values()]
        if not free:
            raise slots.full(name, assigned, consolidate=True)
        assigned[name] = free[0]
    return assigned


def physical_slot(value: str) -> tuple[str, str, str] | None:
    """Return bus, slot and function of a device of the host; None for all others."""
    found = re.fullmatch(PHYSICAL, value, re.ASCII)
    return (found[1], found[2], found[3]) if found else None


def sibling_place(guest: Guest, places: Mapping[str, Place], name: str) -> Place | None:
    """Return the place of another function of the same physical slot, None where there is none."""
    physical = physical_slot(guest.properties[name])
    for other in names(guest):
        theirs = physical_slot(guest.properties[other])
        if other != name and other in places and theirs and physical and theirs[:2] == physical[:2]:
            return places[other]
    return None


def check_passthru(guest: Guest, name: str, facts: HostFacts) -> None:
    """Refuse a device of the host where the host has no way to give it to a guest."""
    if facts.is_arm64:
        raise Refused(
            f"{guest.name}: {name}: passthru needs amd64", f"chyves {guest.name} unset {name}"
        )
    if facts.has_iommu is False:
        raise Refused(
            f"{guest.name}: {name}: this host has no IOMMU (VT-d or AMD-Vi), or it is switched off",
            "VT-d or AMD-Vi on in the firmware; on AMD also hw.vmm.amdvi.enable=1 in loader.conf",
        )

"""PCI slots: a device keeps the one that it first got, so that a guest never sees a device move.

They are kept in the guest's property pci_slots: `disk0=4,tap50=16`. A device that shares its slot
stands on a function of it, `tap51=16:1`; a disk that shares an AHCI controller with others hangs
on a port of it, `disk1=5.1` or `disk1=5:2.1`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from chyves_core.errors import Refused

HOSTBRIDGE = 0
CD = 3
DISKS = range(4, 16)
INTERFACES = range(16, 29)
OTHERS = range(24, 29)
FRAMEBUFFER = 29
TABLET = 30
LPC = 31
SHARED = range(1, 29)
FUNCTIONS = range(8)
PORTS = range(32)
NO_PORT = -1

CONSOLIDATE = "consolidate_bhyve_pci_devices"
AHCI_DISK = "ahci-hd"

PLACE = r"(\d{1,3})(?::([0-7]))?(?:\.(\d{1,2}))?"


class Place(NamedTuple):
    """Where a device stands on PCI bus 0; `port` is NO_PORT but for a disk on a shared AHCI."""

    slot: int
    function: int = 0
    port: int = NO_PORT

    @property
    def has_port(self) -> bool:
        """Whether the device hangs on an AHCI controller that it shares."""
        return self.port != NO_PORT

    @property
    def address(self) -> str:
        """What bhyve's -s begins with."""
        return f"{self.slot}:{self.function}" if self.function else f"{self.slot}"

    def __str__(self) -> str:
        return f"{self.address}.{self.port}" if self.has_port else self.address


def parse_place(text: str) -> Place | None:
    """Return the place that a text means, or None."""
    found = re.fullmatch(PLACE, text, re.ASCII)
    if not found:
        return None
    slot, function, port = found.groups()
    return Place(int(slot), int(function or 0), int(port) if port else NO_PORT)


def parse_slots(text: str) -> dict[str, Place]:
    """Return the place of each device; words that are no pair are passed over."""
    places = {}
    for pair in text.split(","):
        device, _, words = pair.partition("=")
        place = parse_place(words)
        if device and place:
            places[device] = place
    return places


def unreadable(text: str) -> list[str]:
    """Return the words of the property that say no place of a device, or one that is taken."""
    places: dict[str, Place] = {}
    wrong = []
    for pair in text.split(",") if text else ():
        device, _, words = pair.partition("=")
        place = parse_place(words)
        if not device or place is None or any(clash(place, each) for each in places.values()):
            wrong.append(pair)
        else:
            places[device] = place
    return wrong


def show_slots(places: Mapping[str, Place]) -> str:
    """Return the places as the property holds them, in the order of the slots."""
    ordered = sorted(places.items(), key=lambda item: (item[1], item[0]))
    return ",".join(f"{device}={place}" for device, place in ordered)


def clash(one: Place, other: Place) -> bool:
    """Return whether two devices can't have these places at once."""
    if one[:2] != other[:2]:
        return False
    return one.port == other.port or not (one.has_port and other.has_port)


def range_of(device: str) -> range:
    """Return the slots that a device of this kind is first looked for in."""
    if device.startswith(("disk", "img")):
        return DISKS
    return INTERFACES if device.startswith(("tap", "vale", "netgraph")) else OTHERS


def assign(
    places: Mapping[str, Place],
    devices: Iterable[str],
    *,
    consolidate: bool = False,
    ahci: Collection[str] = (),
    alone: Collection[str] = (),
) -> dict[str, Place]:
    """Return the places with one for each device; those that have one keep it.

    A new device gets the first free slot of its kind's range, then any free one. With
    `consolidate` devices share slots, eight to each, and the disks named by `ahci` share AHCI
    controllers, 32 to each; those named by `alone` share nothing. Raises Refused where the machine
    is full.
    """
    assigned = dict(places)
    for device in devices:
        kept = assigned.get(device)
        if kept and not (kept.has_port and device not in ahci):
            continue
        assigned.pop(device, None)
        shares = consolidate and device not in alone
        offers = offer_places(device, shares, shares_ahci=device in ahci)
        place = first_free(offers, assigned.values())
        if place is None:
            raise full(device, assigned, consolidate=consolidate)
        assigned[device] = place
    return assigned


def offer_places(device: str, consolidate: bool, *, shares_ahci: bool) -> Iterator[Place]:
    """Yield the places that a new device can have, in the order in which they are tried."""
    for slot in (*range_of(device), *SHARED):
        if not consolidate:
            yield Place(slot)
            continue
        for function in FUNCTIONS:
            if shares_ahci:
                yield from (Place(slot, function, port) for port in PORTS)
            else:
                yield Place(slot, function)


def first_free(offers: Iterable[Place], taken: Collection[Place]) -> Place | None:
    """Return the first place that no device stands in the way of.

    A whole slot is free when nothing at all stands in it; so a device that does not share its slot
    never gets one that others share.
    """
    full_slots = {place.slot for place in taken}
    for place in offers:
        alone = place == Place(place.slot)
        if alone and place.slot in full_slots:
            continue
        if place.slot != CD and not any(clash(place, other) for other in taken):
            return place
    return None


def full(device: str, assigned: Mapping[str, Place], *, consolidate: bool) -> Refused:
    """Return the refusal of a device for which the machine has no place: it lists all others."""
    return Refused(
        f"no PCI slot is free for {device}: {show_slots(assigned)}",
        None if consolidate else f"chyves global set {CONSOLIDATE}=yes",
    )


def release(places: Mapping[str, Place], devices: Iterable[str]) -> dict[str, Place]:
    """Return the places without those of devices that are gone for good."""
    gone = set(devices)
    return {device: place for device, place in places.items() if device not in gone}

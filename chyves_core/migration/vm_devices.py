"""Interfaces, devices of the host and extras of a guest of vm-bhyve, and the slots they had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chyves_core.bhyve.slots import Place, parse_place
from chyves_core.migration import derived
from chyves_core.migration.old import OldNic
from chyves_core.migration.vm_config import numbered

if TYPE_CHECKING:
    from chyves_core.migration.vm_bhyve import Reading

PLAIN_TAP = re.compile(r"tap\d{1,5}")


def read_nics(reading: Reading) -> None:
    """Note the network interfaces."""
    slot, function = int(reading.own.get("network_slot_start", "15")), 0
    for number in numbered(reading.own, "network", "_type"):
        own = {
            each: reading.own.get(f"network{number}_{each}", "")
            for each in ("type", "switch", "mac", "device", "slot")
        }
        if own["slot"]:
            slot, function = int(own["slot"]), 0
        place = Place(slot, function)
        function += 1
        tap = own["device"] if PLAIN_TAP.fullmatch(own["device"]) else f"new{number}"
        bridge = reading.bed.bridges.get(own["switch"], "")
        if own["switch"] and not bridge:
            said = f"network{number}_switch={own['switch']}"
            reading.draft.leave(said, "there is no bridge for this switch: it is on bridge0")
        mac = own["mac"].lower() or derived.mac(reading.name, place)
        reading.nics.append(OldNic(tap, mac, place, bridge))
        reading.draft.say(
            f"network{number}_mac={own['mac']}", f"mac={mac} on {bridge or 'bridge0'}"
        )
    kinds = {reading.own[f"network{n}_type"] for n in numbered(reading.own, "network", "_type")}
    if kinds:
        kind = reading.own["network0_type"]
        reading.draft.carry("bhyve_net_type", kind, reading.old("network0_type"))
    if len(kinds) > 1:
        why = "all interfaces of a guest are of one type here"
        reading.draft.leave(f"network_types={','.join(sorted(kinds))}", why)


def passthru(reading: Reading) -> None:
    """Note the devices of the host that it is given."""
    slot, function, last = int(reading.own.get("passthru_slot_start", "20")), 0, ""
    for number in numbered(reading.own, "passthru", ""):
        device, equals, wanted = reading.own[f"passthru{number}"].partition("=")
        place = parse_place(wanted) if equals else None
        if place is None:
            bus = device.partition("/")[0]
            if last and bus != last:
                slot, function = slot + 1, 0
            place, last, function = Place(slot, function), bus, function + 1
        reading.pci += 1
        if reading.draft.carry(
            f"pcidev_{reading.pci}", f"passthru,{device}", reading.old(f"passthru{number}")
        ):
            reading.places[f"pcidev_{reading.pci}"] = place


def extras(reading: Reading) -> None:
    """Note random numbers, sound and virtio consoles."""
    if reading.yes("virt_random") and reading.draft.carry(
        "random", "yes", reading.old("virt_random")
    ):
        reading.places["random"] = Place(int(reading.own.get("virt_random_slot", "26")))
    if reading.yes("sound"):
        play = f"play={reading.own.get('sound_play', '/dev/dsp0')}"
        rec = f",rec={reading.own['sound_rec']}" if reading.own.get("sound_rec") else ""
        if reading.draft.carry("sound", play + rec, reading.old("sound")):
            reading.places["sound"] = Place(int(reading.own.get("sound_slot", "28")))
    for number in numbered(reading.own, "virt_console", ""):
        text = reading.own[f"virt_console{number}"]
        name = str(number) if text.lower() in ("yes", "on", "1") else text
        old = reading.old(f"virt_console{number}")
        if reading.draft.carry(f"virtio_console_{number + 1}", name, old):
            reading.places["virtio_console"] = Place(
                int(reading.own.get("virt_console_slot", "27"))
            )

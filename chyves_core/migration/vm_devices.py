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


KINDS = {"virtio-net": "network", "e1000": "network"}
SWITCHES = ("vale", "netgraph")
DEVICES = "[bhyve devices: "


def seen_in(log: str) -> dict[str, list[Place]]:
    """Return where a log of vm-bhyve says that devices stood at the last start, by their kind."""
    lines = [line for line in log.splitlines() if DEVICES in line]
    found: dict[str, list[Place]] = {}
    words = lines[-1].partition(DEVICES)[2].rstrip("]").split() if lines else []
    for word in words:
        where, _, rest = word.partition(",")
        place, model = parse_place(where), rest.partition(",")[0]
        if place and model:
            found.setdefault(KINDS.get(model, model), []).append(place)
    return found


def stood(reading: Reading, kind: str, number: int) -> list[Place]:
    """Return where devices of a kind stood, if the log has as many and no setting says it."""
    own = (name for name in reading.own if re.fullmatch(rf"{kind}(\d+)?_slot(_start)?", name))
    seen = reading.seen.get(kind, [])
    return seen if len(seen) == number and not any(own) else []


def read_nics(reading: Reading) -> None:
    """Note the network interfaces."""
    slot, function = int(reading.own.get("network_slot_start", "15")), 0
    numbers = numbered(reading.own, "network", "_type")
    seen = stood(reading, "network", len(numbers))
    for number in numbers:
        given = reading.own.get(f"network{number}_slot", "")
        if given:
            slot, function = int(given), 0
        read_nic(reading, number, seen[number] if seen else Place(slot, function))
        function += 1
    kinds = {reading.own[f"network{n}_type"] for n in numbers}
    if kinds:
        kind = reading.own["network0_type"]
        reading.draft.carry("bhyve_net_type", kind, reading.old("network0_type"))
    if len(kinds) > 1:
        why = "all interfaces of a guest are of one type here"
        reading.draft.leave(f"network_types={','.join(sorted(kinds))}", why)


def read_nic(reading: Reading, number: int, place: Place) -> None:
    """Note one network interface: a tap on a bridge, or a port of a switch."""
    own = {
        each: reading.own.get(f"network{number}_{each}", "") for each in ("switch", "mac", "device")
    }
    tap = own["device"] if PLAIN_TAP.fullmatch(own["device"]) else f"new{number}"
    bridge = reading.bed.bridges.get(own["switch"], "")
    if own["switch"] and not bridge:
        said = f"network{number}_switch={own['switch']}"
        reading.draft.leave(said, "there is no bridge for this switch: it is on bridge0")
    mac = own["mac"].lower() or derived.mac(reading.name, place)
    switch = bridge if bridge.startswith(SWITCHES) else ""
    nic = OldNic(tap, mac, place, "" if switch else bridge, switch=switch)
    reading.nics.append(nic)
    said = f"network{number}_mac={own['mac']}"
    reading.draft.say(said, f"mac={mac} on {bridge or 'bridge0'}", f"slot {place}")


def passthru(reading: Reading) -> None:
    """Note the devices of the host that it is given."""
    slot, function, last = int(reading.own.get("passthru_slot_start", "20")), 0, ""
    numbers = numbered(reading.own, "passthru", "")
    seen = stood(reading, "passthru", len(numbers))
    for number in numbers:
        device, equals, wanted = reading.own[f"passthru{number}"].partition("=")
        place = parse_place(wanted) if equals else None
        if place is None:
            bus = device.partition("/")[0]
            if last and bus != last:
                slot, function = slot + 1, 0
            place, last, function = Place(slot, function), bus, function + 1
            place = seen[number] if seen else place
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
        reading.places["random"] = extra(reading, "virtio-rnd", "virt_random_slot", 26)
    if reading.yes("sound"):
        play = f"play={reading.own.get('sound_play', '/dev/dsp0')}"
        rec = f",rec={reading.own['sound_rec']}" if reading.own.get("sound_rec") else ""
        if reading.draft.carry("sound", play + rec, reading.old("sound")):
            reading.places["sound"] = extra(reading, "hda", "sound_slot", 28)
    for number, (old, name) in enumerate(consoles(reading), 1):
        if reading.draft.carry(f"virtio_console_{number}", name, old):
            place = extra(reading, "virtio-console", "virt_console_slot", 27)
            reading.places["virtio_console"] = place


def consoles(reading: Reading) -> list[tuple[str, str]]:
    """Return the settings that make virtio consoles, each with the name of its port."""
    # An older vm-bhyve had a number of them instead.
    text = reading.own.get("virt_consoles", "")
    old = reading.old("virt_consoles")
    found = [(old, f"port{n}") for n in range(1, int(text) + 1)] if text.isdigit() else []
    for number in numbered(reading.own, "virt_console", ""):
        text = reading.own[f"virt_console{number}"]
        name = str(number) if text.lower() in ("yes", "on", "1") else text
        found.append((reading.old(f"virt_console{number}"), name))
    return found[:16]


def extra(reading: Reading, model: str, setting: str, slot: int) -> Place:
    """Return where the only device of a model stood."""
    seen = reading.seen.get(model, [])
    given = reading.own.get(setting, "")
    return seen[0] if seen and not given else Place(int(given or slot))

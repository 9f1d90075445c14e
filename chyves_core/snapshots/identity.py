"""What a guest that goes back in time can't have back, as another guest has got it since.

Taps, the console, the VNC port, UUID and addresses: what was taken is replaced by what the guest
has now, else by something free, and everything that names it follows. What the guest has at
present stays its own, even where an exact copy has it too: going back changes no identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chyves_core.bhyve.slots import parse_slots, show_slots
from chyves_core.guests import GUEST_PREFIX
from chyves_core.network.design import Design, tap_mark
from chyves_core.network.ifconfig import Interface
from chyves_core.numbering import Taken
from chyves_core.pools import Storage
from chyves_core.settings import Settings

SWITCH_PORT = r"((?:vale|netgraph)\d+):(\d+)"


@dataclass(frozen=True)
class Others:
    """Who has what: `owners` are guests by tap, nmdm, port, UUID, address or serial of a disk.

    `interfaces` are those of the host, `free` gives numbers that nobody has.
    """

    owners: Mapping[str, str]
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    free: Taken = field(default_factory=Taken)


def read_owners(storage: Storage, dataset: str) -> dict[str, str]:
    """Return which guest has what, without the guest at `dataset` itself; of all layouts."""
    owners: dict[str, str] = {}
    for each in storage.datasets.values():
        if each.name == dataset or each.name.startswith(f"{dataset}/"):
            continue
        own = each.own_with_prefix(GUEST_PREFIX)
        guest = each.name.rpartition("/guests/")[2].partition("/")[0]
        values = [*own.get("net_ifaces", "").split(",")]
        values += [own.get(name, "") for name in ("serial", "uefi_vnc_port", "disk_serial")]
        values.append(own.get("uuid", "").lower())
        values += [value.lower() for name, value in own.items() if name.endswith("_mac")]
        owners |= {value: guest for value in values if value}
    return owners


def repair(
    guest: str, values: dict[str, str], now: Mapping[str, str], others: Others, wanted: Settings
) -> list[str]:
    """Replace in `values`, which a guest is to have again, what it can't have; say what and why.

    `now` is what the guest has at present, `wanted` the host's global properties.
    """
    notes = repair_interfaces(guest, values, now, others, wanted)
    owners, free = others.owners, others.free
    fresh: dict[str, Callable[[], str]] = {
        "serial": lambda: free.next_nmdm(wanted.number("console_start_offset")),
        "uefi_vnc_port": lambda: free.next_port(wanted.number("uefi_vnc_port_start_offset")),
        "uuid": free.new_uuid,
    }
    fresh |= {name: free.new_mac for name in values if name.endswith("_mac")}
    for name, new in fresh.items():
        old = values.get(name, "")
        owner = owners.get(old.lower())
        mine = now.get(name, "")
        if not old or not owner or mine.lower() == old.lower():
            continue
        values[name] = mine if mine and mine.lower() not in owners else new()
        notes.append(f"{name}={old} is {owner}'s now: it gets {values[name]}")
    return notes


def repair_interfaces(
    guest: str, values: dict[str, str], now: Mapping[str, str], others: Others, wanted: Settings
) -> list[str]:
    """Replace the interfaces that something else has; address, bridge and PCI slot follow."""
    before = [name for name in values.get("net_ifaces", "").split(",") if name]
    present = [name for name in now.get("net_ifaces", "").split(",") if name]
    spare = [name for name in present if name not in others.owners and name not in before]
    notes, after = [], []
    for name in before:
        owner = owner_of(guest, name, present, others)
        if owner:
            new = next_interface(name, spare, others, wanted)
            notes.append(f"{name} is {owner}'s now: it gets {new}")
            rename_interface(values, name, new)
            after.append(new)
        else:
            after.append(name)
    if after:
        values["net_ifaces"] = ",".join(after)
    return notes


def owner_of(guest: str, name: str, present: list[str], others: Others) -> str | None:
    """Return who has an interface that a guest is to have again; None where nobody has it."""
    if name in present:
        return None
    owner = others.owners.get(name)
    there = others.interfaces.get(name)
    if owner or there is None:
        return owner
    return None if there.description == tap_mark(guest, name) else "something else"


def next_interface(name: str, spare: list[str], others: Others, wanted: Settings) -> str:
    """Return what takes the place of an interface: one that the guest has now, else a free one."""
    port = re.fullmatch(SWITCH_PORT, name)
    kind = port.group(1) if port else "tap"
    mine = next((each for each in spare if each.startswith(kind)), None)
    if mine:
        spare.remove(mine)
        return mine
    if not port:
        return others.free.next_tap(wanted.number("tap_start_offset"))
    number = int(port.group(2))
    while f"{kind}:{number}" in others.owners:
        number += 1
    return f"{kind}:{number}"


def rename_interface(values: dict[str, str], old: str, new: str) -> None:
    """Let what belongs to one interface belong to another; its PCI slot stays."""
    for part in ("mac", "bridge"):
        if f"{old}_{part}" in values:
            values[f"{new}_{part}"] = values.pop(f"{old}_{part}")
    slots = parse_slots(values.get("pci_slots", ""))
    if old in slots:
        slots[new] = slots.pop(old)
        values["pci_slots"] = show_slots(slots)


def missing_bridges(
    values: Mapping[str, str],
    now: Mapping[str, str],
    interfaces: Mapping[str, Interface],
    design: Design,
) -> list[str]:
    """Return words on bridges that a guest has again, that are not there, and nothing attaches."""
    notes = []
    present = {value for name, value in now.items() if name.endswith("_bridge")}
    known = {"", *present, *interfaces, *design.attached}
    for tap in values.get("net_ifaces", "").split(","):
        bridge = values.get(f"{tap}_bridge", "")
        if bridge in known:
            continue
        will = "it will be made, a private one" if design.automatic else "it has to be made"
        notes.append(f"{bridge}, the bridge of {tap}, is not on this host: {will}")
    return notes

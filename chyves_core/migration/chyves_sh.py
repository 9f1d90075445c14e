"""Read the guests of chyves 0.1 and 0.2, the shell program: they stay in their place.

POOL/chyves has .config with pool.cfg and global.cfg, guests/.defaults, and for each guest a dataset
.config with .cfg; before that, properties of ZFS with older names. From its chyves-guest-start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.bhyve.old_orders import SHARED_AHCI_SINCE, chyves_sh_order
from chyves_core.bhyve.slots import Place
from chyves_core.errors import UsageError
from chyves_core.guests import DISK_NAME, GUEST_PREFIX, VERSION_PROPERTY
from chyves_core.migration import derived
from chyves_core.migration.devices import ZVOL
from chyves_core.migration.old import Draft, OldDisk, OldGuest, OldNic, Surroundings
from chyves_core.names import vm_name
from chyves_core.pools import SHELL_CONFIG
from chyves_core.properties.schema import Schema, load_schema
from chyves_core.zfs import Dataset

MANAGER = "chyves-sh"
NEWEST = 300
OLD_NAMES = {
    "con": "serial",
    "fw": "uefi_firmware",
    "uefi_mouse_type": "uefi_vnc_mouse_type",
    "uefi_pause_until_vnc_client_connect": "uefi_vnc_pause_until_client_connect",
}
# These become what the interfaces and devices are made of, or are chyves' own.
APART = re.compile(
    r"net_ifaces|tap\d+_mac|pcidev_\d+|virtio_block_options_disk\d+|chyves_guest_version"
)
EMPTY = ("", "-")
TAP_MEMBERS = re.compile(r"(bridge\d+)_tap_members")
WHY = {
    "creation": "it says when chyves 0.2 made it",
    "persist": "a guest that reboots comes back",
    "guest_role": "the property template says it",
}


@dataclass(frozen=True)
class Bed:
    """What guests are read from: all datasets of the layouts, and the bridge of each tap."""

    datasets: Mapping[str, Dataset]
    bridges: Mapping[str, str]
    around: Surroundings
    consolidate: bool


def parse(text: str) -> dict[str, str]:
    """Return the values of a .cfg file: NAME=VALUE a line, the value as it is."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, equals, value in pairs if equals and name}


def is_guest(datasets: Mapping[str, Dataset], dataset: Dataset) -> bool:
    """Return whether a filesystem is a guest of chyves 0.2 that has not been taken over."""
    parts = dataset.name.split("/")
    in_place = len(parts) == 4 and parts[1:3] == ["chyves", "guests"]
    if dataset.kind != "filesystem" or not in_place or parts[3].startswith("."):
        return False
    if f"{dataset.name}/{SHELL_CONFIG}" in datasets:
        return dataset.own(VERSION_PROPERTY) is None
    # Before the files there were properties, with a version of four digits.
    return re.fullmatch(r"0\d{3}", dataset.own(VERSION_PROPERTY) or "") is not None


def taps_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the bridge of each tap, from bridge{n}_tap_members."""
    found: dict[str, str] = {}
    for name, value in settings.items():
        match = TAP_MEMBERS.fullmatch(name)
        if match:
            found |= dict.fromkeys(re.findall(r"tap\d+", value), match[1])
    return found


def storable(schema: Schema, values: Mapping[str, str]) -> dict[str, str]:
    """Return those of the old settings that chyves has, too, with a value that it takes."""
    found = {}
    for name, value in values.items():
        if schema.find(name) and value not in EMPTY:
            try:
                found[name] = schema.check(name, value)
            except UsageError:
                continue
    return found


def read_guest(bed: Bed, dataset: Dataset, values: Mapping[str, str]) -> OldGuest:
    """Return one guest; `values` are those of its file, or nothing."""
    reading = Reading(bed, dataset, values or dataset.own_with_prefix(GUEST_PREFIX))
    return reading.read()


class Reading:
    """One guest while it is read."""

    def __init__(self, bed: Bed, dataset: Dataset, values: Mapping[str, str]) -> None:
        self.bed, self.dataset = bed, dataset
        self.own = {OLD_NAMES.get(name, name): value for name, value in values.items()}
        self.name = dataset.name.rpartition("/")[2]
        self.draft = Draft(load_schema("guest"))

    def read(self) -> OldGuest:
        """Go through all properties and return the guest."""
        draft, own = self.draft, self.own
        self.properties()
        disks = self.disks()
        custom = self.custom()
        taps = [each for each in own.get("net_ifaces", "").split(",") if each not in EMPTY]
        places = chyves_sh_order(
            [disk.name for disk in disks],
            taps,
            custom,
            osreldate=self.bed.around.osreldate,
            tablet=self.has_tablet,
        )
        if self.bed.consolidate:
            why = "chyves 0.2 put several devices into one slot: look which they are in the guest"
            draft.say("consolidate_bhyve_pci_devices=yes", "", why)
        nics = [self.nic(tap, places[tap]) for tap in taps if tap.startswith("tap")]
        if len(nics) < len(taps):
            others = ",".join(tap for tap in taps if not tap.startswith("tap"))
            draft.leave(f"net_ifaces={others}", "chyves network GUEST add gives it such again")
        pool, _, rest = self.dataset.name.partition("/")
        return OldGuest(
            MANAGER,
            self.name,
            pool,
            self.dataset.name,
            f"/chyves/{pool}/{rest.partition('/')[2]}",
            vm_name(self.name),
            draft.values,
            tuple(disks),
            tuple(nics),
            {name: place for name, place in places.items() if name not in taps},
            draft.kept,
            tuple(draft.lines),
            tuple(draft.problems),
            draft.values.get("uefi_firmware", ""),
        )

    def properties(self) -> None:
        """Carry the properties that have a word here, and say what is left of the others."""
        draft, own = self.draft, self.own
        version = own.get("chyves_guest_version", "")
        if version.isdigit() and int(version) > NEWEST:
            draft.problems.append(f"has guest version {version}, chyves 0.2 went up to 0300")
        draft.values["bhyve_disk_type"] = "ahci-hd"
        for name in sorted(own):
            if own[name] in EMPTY or APART.fullmatch(name):
                continue
            if draft.schema.find(name):
                draft.carry(name, own[name], f"{name}={own[name]}")
            else:
                draft.leave(f"{name}={own[name]}", WHY.get(name, "chyves has no word for it"))
        if own.get("loader") == "uefi":
            draft.say("null.iso in slot 3", "", "the guest has no empty drive any more")

    @property
    def has_tablet(self) -> bool:
        """Whether a tablet stood behind the disks."""
        own = self.own
        screen = own.get("loader") == "uefi" and own.get("uefi_console_output") == "vnc"
        return screen and own.get("uefi_vnc_mouse_type") == "usb3"

    def disks(self) -> list[OldDisk]:
        """Return the disks in the order of their numbers, and carry over their options."""
        found = []
        for each in self.bed.datasets.values():
            parent, _, last = each.name.rpartition("/")
            if parent == self.dataset.name and each.kind == "volume" and DISK_NAME.fullmatch(last):
                found.append(self.disk(each, last))
        return sorted(found, key=lambda disk: int(disk.name[4:]))

    def disk(self, dataset: Dataset, name: str) -> OldDisk:
        """Return one disk."""
        options = self.own.get(f"virtio_block_options_{name}", "")
        said = f"virtio_block_options_{name}={options}"
        if options and self.bed.around.osreldate >= SHARED_AHCI_SINCE:
            self.draft.leave(said, "chyves 0.2 did not pass it on, from FreeBSD 12 on")
            options = ""
        elif options:
            self.draft.carry(f"virtio_block_options_{name}", options, said)
        path = f"{ZVOL}{dataset.name}"
        serial = derived.disk_serial(path, options, osreldate=self.bed.around.osreldate)
        self.draft.say(name, f"{name} serial={serial}")
        return OldDisk(name, dataset.name, serial=serial)

    def custom(self) -> list[str]:
        """Carry over the devices; returns them in the order in which they got slots."""
        names = [name for name in self.own if name.startswith("pcidev_")]
        names = [each for each in names if self.draft.carry(each, self.own[each], each)]
        return sorted(
            names, key=lambda name: (not self.own[name].startswith("passthru,"), self.own[name])
        )

    def nic(self, tap: str, place: Place) -> OldNic:
        """Return one interface."""
        own = self.own.get(f"{tap}_mac", "").lower()
        mac = own if own not in EMPTY else derived.mac(vm_name(self.name), place)
        bridge = self.bed.bridges.get(tap, "bridge0")
        self.draft.say(f"net_ifaces={tap}", f"{tap} mac={mac} on {bridge}", f"slot {place}")
        return OldNic(tap, mac, place, bridge)

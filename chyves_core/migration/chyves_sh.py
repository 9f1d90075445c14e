"""Read the guests of chyves 0.1 and 0.2, the shell program: they stay in their place.

POOL/chyves has .config with pool.cfg and global.cfg, guests/.defaults, and for each guest a dataset
.config with .cfg; before that, properties of ZFS with older names. From its chyves-guest-start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chyves_core.bhyve.old_orders import ShellHost, chyves_sh_order
from chyves_core.bhyve.slots import FRAMEBUFFER, Place
from chyves_core.errors import UsageError
from chyves_core.guests import GUEST_PREFIX, VERSION_PROPERTY
from chyves_core.migration import chyves_sh_disks, derived
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
    r"net_ifaces|tap\d+_mac|pcidev_\d+|virtio_block_options_.*|disk\d+_(description|notes)"
    r"|chyves_guest_version"
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
    """What guests are read from: all datasets of the layouts, and the bridge of each tap.

    `consolidates` is whether chyves 0.2 put devices of a kind into one slot.
    """

    datasets: Mapping[str, Dataset]
    bridges: Mapping[str, str]
    around: Surroundings
    consolidates: bool


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


def read_guest(
    bed: Bed, dataset: Dataset, values: Mapping[str, str], images: Sequence[str] = ()
) -> OldGuest:
    """Return one guest; `values` are those of its file, or nothing, `images` the files in img."""
    reading = Reading(bed, dataset, values or dataset.own_with_prefix(GUEST_PREFIX), images)
    return reading.read()


class Reading:
    """One guest while it is read."""

    def __init__(
        self, bed: Bed, dataset: Dataset, values: Mapping[str, str], images: Sequence[str]
    ) -> None:
        self.bed, self.dataset, self.images = bed, dataset, images
        named = {OLD_NAMES.get(name, name): value for name, value in values.items()}
        # Before the files there were properties, which had a colon here.
        self.own = {re.sub(r"^pcidev:", "pcidev_", name): value for name, value in named.items()}
        self.name = dataset.name.rpartition("/")[2]
        self.draft = Draft(load_schema("guest"))
        self.disks: list[OldDisk] = []

    @property
    def version(self) -> int:
        """The guest's version, the newest one where there is none that could be read."""
        text = self.own.get("chyves_guest_version", "")
        return int(text) if text.isdigit() else NEWEST

    @property
    def shares_ahci(self) -> bool:
        """Whether its disks were on one AHCI controller."""
        host = ShellHost(self.bed.around.osreldate, self.bed.consolidates)
        return host.shares_ahci(self.version, self.draft.values["bhyve_disk_type"])

    def read(self) -> OldGuest:
        """Go through all properties and return the guest."""
        draft, own = self.draft, self.own
        self.properties()
        custom = self.custom()
        disks = chyves_sh_disks.read_disks(self)
        taps = [each for each in own.get("net_ifaces", "").split(",") if each not in EMPTY]
        places = chyves_sh_order(
            disks,
            taps,
            custom,
            shares_ahci=self.shares_ahci,
            consolidates=self.bed.consolidates,
            uefi=own.get("loader") == "uefi",
            tablet=self.has_tablet,
        )
        self.first(disks)
        nics = [self.nic(tap, places[tap]) for tap in taps if tap in places]
        pool, _, rest = self.dataset.name.partition("/")
        return OldGuest(
            MANAGER,
            self.name,
            pool,
            self.dataset.name,
            f"/chyves/{pool}/{rest.partition('/')[2]}",
            vm_name(self.name),
            draft.values,
            tuple(self.disks),
            tuple(nics),
            self.kept(places, disks, taps),
            draft.kept,
            tuple(draft.lines),
            tuple(draft.problems),
            draft.values.get("uefi_firmware", ""),
        )

    def kept(
        self, places: Mapping[str, Place], disks: Sequence[str], taps: Sequence[str]
    ) -> dict[str, Place]:
        """Return the places that disks and devices can keep, and say which can't."""
        found = {}
        for name, place in places.items():
            is_screens = self.has_screen and place.slot >= FRAMEBUFFER
            # A device of the user's own can't share a controller.
            if is_screens or (place.has_port and name.startswith("pcidev_")):
                self.draft.say(f"{name} in slot {place}", f"{name} elsewhere", "it is taken here")
            elif name not in taps:
                found[name] = place
        for name in (*disks, *taps):
            if name not in places:
                new = name if name in disks else ""
                self.draft.say(name, new, "chyves 0.2 had no slot for it")
        return found

    def first(self, disks: Sequence[str]) -> None:
        """Carry over that bhyveload was given the first disk alone, and say which one that was."""
        loader = self.draft.values.get("loader", "bhyveload")
        if len(disks) < 2 or loader == "uefi":
            return
        if disks[0].startswith("img/") and self.disks:
            why = f"chyves boots {self.disks[0].name}: the image comes behind the volumes"
            self.draft.say(f"boots {disks[0]}", "", why)
        if loader == "bhyveload":
            self.draft.carry("bhyveload_disks", "first", disks[0], "bhyveload was given it alone")

    def properties(self) -> None:
        """Carry the properties that have a word here, and say what is left of the others."""
        draft, own = self.draft, self.own
        version = own.get("chyves_guest_version", "")
        if self.version > NEWEST:
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
    def has_screen(self) -> bool:
        """Whether the guest had a screen."""
        return self.own.get("loader") == "uefi" and self.own.get("uefi_console_output") == "vnc"

    @property
    def has_tablet(self) -> bool:
        """Whether a tablet stood behind the disks."""
        return self.has_screen and self.own.get("uefi_vnc_mouse_type") == "usb3"

    def custom(self) -> dict[str, str]:
        """Carry over the devices; returns them with their values."""
        own = self.own
        names = [name for name in own if re.fullmatch(r"pcidev_\d+", name)]
        return {name: own[name] for name in names if self.draft.carry(name, own[name], name)}

    def nic(self, name: str, place: Place) -> OldNic:
        """Return one interface: a tap, or a port of a switch vale{s}."""
        own = self.own.get(f"{name}_mac", "").lower()
        mac = own if own not in EMPTY else derived.mac(vm_name(self.name), place)
        is_tap = name.startswith("tap")
        bridge = self.bed.bridges.get(name, "bridge0") if is_tap else ""
        on = f" on {bridge}" if bridge else ""
        self.draft.say(f"net_ifaces={name}", f"{name} mac={mac}{on}", f"slot {place}")
        return OldNic(name, mac, place, bridge, switch="" if is_tap else name.partition(":")[0])

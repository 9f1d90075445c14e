"""Read the guests of iohyve: one look at POOL/iohyve, and what each property becomes.

From iohyve 0.7.9 (ioh-guest, ioh-disk, ioh-tap, ioh-zfs). A guest is a filesystem at exactly
POOL/iohyve/NAME with iohyve:name of its own; what lies deeper is a copy of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chyves_core.bhyve.old_orders import iohyve_order
from chyves_core.migration import derived
from chyves_core.migration.devices import OWN_DISK, ZVOL, Device, parse_device
from chyves_core.migration.iohyve_places import MANAGER, PREFIX, SWAPPED, folder_of, is_guest
from chyves_core.migration.old import Draft, Line, OldDisk, OldGuest, OldNic, Surroundings
from chyves_core.properties.schema import load_schema
from chyves_core.zfs import Dataset

PCIDEV = re.compile(r"pcidev:(\d{1,9})")
MAC = re.compile(r"mac_(tap\d+)")
# What `clone` makes of `date`: Thu_Nov_26_10:11:12_UTC_2026.
DATE = re.compile(r"\w{3}_+\w{3}_+\d{1,2}_\d\d:\d\d:\d\d_\w+_\d{4}")
YES = ("YES", "yes", "1", "on")


def guests_of(datasets: Mapping[str, Dataset], around: Surroundings) -> list[OldGuest]:
    """Return the guests among the datasets of all iohyve roots, in the order of their names."""
    found = [each for each in datasets.values() if is_guest(each)]
    return [read_guest(datasets, each, around) for each in found]


def read_guest(datasets: Mapping[str, Dataset], dataset: Dataset, around: Surroundings) -> OldGuest:
    """Return one guest with all that becomes of it."""
    reading = Reading(datasets, dataset, around)
    reading.read()
    return reading.guest


class Reading:
    """One guest while it is read."""

    def __init__(
        self, datasets: Mapping[str, Dataset], dataset: Dataset, around: Surroundings
    ) -> None:
        self.datasets = datasets
        self.dataset = dataset
        self.around = around
        self.own = dict(dataset.own_with_prefix(PREFIX))
        swapped = dataset.own_with_prefix(SWAPPED)
        self.misspelt = {name for name in swapped if name not in self.own}
        self.own = {**swapped, **self.own}
        self.name = self.own["name"]
        self.vm_name = f"ioh-{self.name}"
        self.draft = Draft(load_schema("guest"))
        self.is_uefi = self.own.get("loader") == "uefi"
        # iohyve before it knew VNC gave UEFI guests fixed slots.
        self.before_vnc = not any(name in self.own for name in ("vnc", "utc", "template"))
        self.disks: list[OldDisk] = []
        self.custom: dict[str, Device] = {}
        self.order: list[str] = []

    def read(self) -> None:
        """Go through all properties."""
        if self.name != self.dataset.name.rpartition("/")[2]:
            self.draft.say(self.dataset.name, self.name, "iohyve goes by the property name")
        self.simple()
        self.flags()
        self.screen()
        self.first_disk()
        for name in sorted(self.own, key=lambda name: f"{name}\t{self.own[name]}"):
            if PCIDEV.fullmatch(name):
                self.device(name)
        self.unattached()
        self.nics = self.interfaces()
        self.identity()
        self.rest()

    @property
    def guest(self) -> OldGuest:
        """The guest as it was read."""
        return OldGuest(
            MANAGER,
            self.name,
            self.dataset.name.partition("/")[0],
            self.dataset.name,
            folder_of(self.datasets, self.dataset.name),
            self.vm_name,
            self.draft.values,
            tuple(self.disks),
            tuple(self.nics),
            {name: self.places[name] for name in self.order},
            self.draft.kept,
            tuple(self.draft.lines),
            tuple(self.draft.problems),
            self.draft.values.get("uefi_firmware", ""),
        )

    def old(self, name: str) -> str:
        """Return a property as the user knows it."""
        return f"{'iohvye:' if name in self.misspelt else ''}{name}={self.own[name]}"

    def simple(self) -> None:
        """Carry over what is only called otherwise."""
        names = {"cpu": "cpu", "ram": "ram", "loader": "loader", "os": "os", "con": "serial"}
        for old, new in names.items():
            if self.own.get(old, "-") != "-":
                self.draft.carry(new, self.own[old], self.old(old))
        text = self.own.get("description", "-")
        shown = text.replace("_", " ") if DATE.fullmatch(text) else text
        if text != "-":
            self.draft.carry("description", shown, self.old("description"))
        starts = self.own.get("boot") in YES
        if "boot" in self.own:
            self.draft.carry("rcboot", "1" if starts else "0", self.old("boot"))
        if self.own.get("template") in YES:
            why = "it can be cloned, and is not started"
            self.draft.carry("template", "yes", self.old("template"), why)

    def flags(self) -> None:
        """Carry over the flags for bhyve; blanks are _ in them, and UTC is a flag for UEFI only."""
        text = self.own.get("bargs", "-A_-H_-P").replace("_", " ")
        utc = self.is_uefi and self.own.get("utc") in YES
        old = self.old("bargs") if "bargs" in self.own else "bargs"
        why = "utc=YES is the flag -u" if utc else ""
        self.draft.carry("bargs", f"{text} -u" if utc else text, old, why)

    def screen(self) -> None:
        """Carry over firmware and screen."""
        draft, own = self.draft, self.own
        if own.get("fw", "-") != "-":
            draft.carry("uefi_firmware", own["fw"], self.old("fw"))
        if own.get("vnc") not in YES or not self.is_uefi:
            return
        draft.carry("uefi_console_output", "vnc", self.old("vnc"), "the screen moves to slot 29")
        for old, new in (("vnc_ip", "uefi_vnc_ip"), ("vnc_port", "uefi_vnc_port")):
            if own.get(old, "-") != "-":
                draft.carry(new, own[old], self.old(old))
        size = f"{own.get('vnc_w', '800')}x{own.get('vnc_h', '600')}"
        draft.carry("uefi_vnc_res", size, f"vnc_w={own.get('vnc_w', '800')} vnc_h=...")
        waits = "yes" if own.get("vnc_wait") in YES else "no"
        old = f"vnc_wait={own.get('vnc_wait', '-')}"
        draft.carry("uefi_vnc_pause_until_client_connect", waits, old)
        tablet = "usb3" if own.get("vnc_tablet") in YES else "ps2"
        draft.carry("uefi_vnc_mouse_type", tablet, f"vnc_tablet={own.get('vnc_tablet', '-')}")

    def first_disk(self) -> None:
        """Note disk0, which iohyve attaches always, whether it is there or not."""
        self.draft.values["bhyve_disk_type"] = "ahci-hd"
        self.order.append("disk0")
        size = self.own.get("sectorsize", "512" if self.before_vnc else "-")
        options = f"sectorsize={size}" if self.is_uefi and size != "-" else ""
        dataset = f"{self.dataset.name}/disk0"
        if dataset not in self.datasets:
            self.draft.say("disk0", "", "is not there; its slot stays empty")
            return
        if options:
            self.draft.carry("virtio_block_options_disk0", options, options)
        self.add_disk("disk0", dataset, options)

    def add_disk(self, name: str, dataset: str, options: str, why: str = "") -> None:
        """Note a volume of the guest."""
        serial = self.serial(f"{ZVOL}{dataset}", options)
        self.disks.append(OldDisk(name, dataset, serial=serial))
        size = self.datasets[dataset].value("volsize", "0")
        self.draft.say(dataset, f"{name} serial={serial}", why or f"{int(size) >> 20}M")

    def serial(self, path: str, options: str) -> str:
        """Return the serial number that the guest has seen."""
        return derived.disk_serial(path, options, osreldate=self.around.osreldate)

    def device(self, name: str) -> None:
        """Note what a property pcidev:{n} attaches: a disk of the guest, or any other device."""
        device = parse_device(self.own[name])
        new = name.replace(":", "_")
        dataset = device.dataset
        parent, _, last = dataset.rpartition("/")
        attached = {disk.dataset for disk in self.disks}
        if parent != self.dataset.name or not OWN_DISK.fullmatch(last):
            self.other_device(name, new, device)
        elif dataset in attached or dataset not in self.datasets:
            why = "is attached already" if dataset in attached else "is not there"
            self.draft.leave(self.old(name), f"{dataset} {why}")
            self.order.append(new)
        elif device.model == "ahci-hd" and device.has_plain_options:
            if device.options:
                self.draft.carry(f"virtio_block_options_{last}", device.options, self.old(name))
            self.add_disk(last, dataset, device.options, f"pcidev:{new[7:]} is the guest's own")
            self.order.append(last)
        else:
            serial = self.serial(device.backend, device.options)
            self.disks.append(OldDisk(f"kept-{last}", dataset, serial=serial))
            self.other_device(name, new, device)

    def other_device(self, name: str, new: str, device: Device) -> None:
        """Carry over a device as it is; a volume of another pool stays where it is."""
        self.order.append(new)
        self.draft.carry(new, self.own[name], self.old(name), self.say_of(device.dataset))

    def say_of(self, dataset: str) -> str:
        """Return what is to be said of a volume that a device stands on."""
        parent = dataset.rpartition("/")[0]
        if not dataset or parent == self.dataset.name:
            return ""
        if dataset not in self.datasets and dataset.split("/")[1:2] == ["iohyve"]:
            return "is not there: the guest can't start with it"
        owner = self.datasets.get(parent)
        if owner and is_guest(owner):
            return f"is a disk of {owner.own(f'{PREFIX}name')}: never run both"
        return "stays where it is"

    def unattached(self) -> None:
        """Note volumes that no property attaches: chyves would attach them if they were disks."""
        attached = {disk.dataset for disk in self.disks}
        for each in self.datasets.values():
            parent, _, last = each.name.rpartition("/")
            is_disk = parent == self.dataset.name and OWN_DISK.fullmatch(last)
            if is_disk and each.kind == "volume" and each.name not in attached:
                why = "iohyve did not attach it: it keeps what it has, and is no disk"
                self.disks.append(OldDisk(f"kept-{last}", each.name))
                self.draft.say(each.name, f"kept-{last}", why)

    def interfaces(self) -> list[OldNic]:
        """Return the network interfaces, each with the address that the guest has seen."""
        taps = {}
        for entry in self.own.get("tap", "-").split(","):
            tap, _, uplink = entry.partition("=")
            if re.fullmatch(r"tap\d{1,5}", tap, re.ASCII):
                taps[tap] = uplink or self.own.get("net", "-")
            elif tap not in ("", "-"):
                self.draft.leave(f"tap={tap}", "is no tap")
        devices = self.order[1:]
        self.places = iohyve_order(
            self.order[:1],
            devices,
            list(taps),
            uefi=self.is_uefi,
            before_vnc=self.before_vnc,
        )
        nics = []
        for tap, uplink in taps.items():
            place = self.places[tap]
            mac = self.own.get(f"mac_{tap}", "-").lower()
            address = mac if mac != "-" else derived.mac(self.vm_name, place)
            why = f"slot {place}" if mac != "-" else f"slot {place}; bhyve had made it of that"
            self.draft.say(f"tap={tap}", f"{tap} mac={address}", why)
            nics.append(OldNic(tap, address, place, uplink="" if uplink == "-" else uplink))
        return nics

    def identity(self) -> None:
        """Note the UUID, which bhyve has made up."""
        made = derived.guest_uuid(self.vm_name, self.around.hostname)
        why = "bhyve's own; what the guest says counts: kenv smbios.system.uuid, dmidecode"
        self.draft.carry("uuid", made, "uuid", why)
        if len([disk for disk in self.disks if disk.is_own]) > 1:
            why = "iohyve lets bhyveload see disk0 alone"
            if self.draft.values.get("loader") == "bhyveload":
                self.draft.carry("bhyveload_disks", "first", "disk0", why)

    def rest(self) -> None:
        """Say what has no word in chyves, and is kept beside."""
        for name, why in LEFT.items():
            if self.own.get(name, "-") != "-":
                self.draft.leave(self.old(name), why)
        done = {*KNOWN, *LEFT}
        told = {line.old.partition("=")[0].removeprefix(SWAPPED) for line in self.draft.lines}
        for name in sorted(SAID_BY_OTHERS.keys() & self.own.keys() - told):
            self.draft.lines.append(Line(self.old(name), "", SAID_BY_OTHERS[name]))
        for name in sorted(self.own):
            if name not in done and not PCIDEV.fullmatch(name) and not MAC.fullmatch(name):
                self.draft.leave(self.old(name), "chyves has no word for it")
        if self.own.get("persist") == "0":
            self.draft.leave(self.old("persist"), "a guest that reboots comes back here")
        size = self.own.get("size", "-")
        if size != "-":
            self.draft.lines.append(Line(self.old("size"), "", "the volume's own size counts"))


KNOWN = frozenset(
    "name size cpu ram loader os con description boot template bargs utc fw vnc vnc_ip vnc_port "
    "vnc_w vnc_h vnc_wait vnc_tablet sectorsize tap net persist".split()
)
SAID_BY_OTHERS = {
    "template": "it is none",
    "utc": "counts for UEFI guests only",
    "vnc": "the guest has no screen",
    "vnc_ip": "the guest has no screen",
    "vnc_port": "the guest has no screen",
    "sectorsize": "counts for UEFI guests only",
    "net": "the interfaces are on the bridge that leads there",
}
LEFT = {
    "install": "it is iohyve's note of the last boot",
    "autogrub": "the property os says what GRUB does",
    "bhyve_path": "chyves takes bhyve from PATH",
}

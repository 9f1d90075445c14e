"""Send a guest to iohyve: the way back, and for guests that were never there."""

from __future__ import annotations

from collections.abc import Mapping

from chyves_core.bhyve import slots
from chyves_core.guests import Guest, Inventory
from chyves_core.migration import grub_files, iohyve, iohyve_places, leaving
from chyves_core.migration.arrival import disk_path, folder_of
from chyves_core.migration.devices import ZVOL, parse_device
from chyves_core.migration.iohyve_words import MAY_BE_MISSING, MEANS, UNKNOWN, simple
from chyves_core.migration.leaving import Departure
from chyves_core.migration.old import FROM, RENUMBERED, Line, OldGuest, Surroundings
from chyves_core.network.design import PRIVATE
from chyves_core.plan import Plan
from chyves_core.zfs import Dataset, create_filesystem

P = iohyve_places.PREFIX


class Leaving:
    """One guest that goes to iohyve, while it is planned."""

    def __init__(
        self,
        inventory: Inventory,
        guest: Guest,
        there: Mapping[str, Dataset],
        around: Surroundings,
        grub_texts: Mapping[str, str],
    ) -> None:
        self.grub_texts = grub_texts
        self.inventory, self.guest, self.there, self.around = inventory, guest, there, around
        self.dataset = inventory.storage.datasets[guest.dataset]
        self.own = self.dataset.own_with_prefix(P)
        self.target = self.place()
        self.lines: list[Line] = []
        pairs = guest.properties.get(RENUMBERED, "").split(",")
        self.former = {new: old for old, _, new in (pair.partition("=") for pair in pairs) if new}
        inside = f"{guest.dataset}/"
        volumes = [
            each.name.removeprefix(inside)
            for each in inventory.storage.datasets.values()
            if each.name.startswith(inside) and each.kind == "volume"
        ]
        own = {disk.name for disk in guest.disks}
        self.disks = {
            name: leaving.free_disk(own, name) if name.startswith(leaving.KEPT) else name
            for name in volumes
        }

    def place(self) -> str:
        """Return where the guest goes: where it was, if it still has its name."""
        manager, _, dataset = self.guest.properties.get(FROM, "").partition(" ")
        same = self.own.get("name") == self.guest.name and dataset.startswith(f"{self.guest.pool}/")
        if manager == iohyve_places.MANAGER and same:
            return dataset
        return f"{iohyve_places.root_of(self.guest.pool)}/{self.guest.name}"

    def departure(self) -> Departure:
        """Return the guest as it leaves."""
        wanted = {**simple(self.guest, self.then), **self.network()}
        wanted |= self.custom(wanted)
        values, gone = self.changes(wanted)
        after = self.read_after(values, gone)
        wanted_macs = self.macs(after)
        values |= wanted_macs
        after = self.read_after(values, gone)
        self.say(values, after)
        again = {**after.kept, **after.values}
        taps = self.here
        again["net_ifaces"] = ",".join(taps.get(nic.tap, "") for nic in after.nics)
        for nic in after.nics:
            tap = taps.get(nic.tap, nic.tap)
            again[f"{tap}_mac"] = nic.mac
            again[f"{tap}_bridge"] = self.guest.value(f"{tap}_bridge")
        for name in ("serial", "uefi_vnc_port"):
            if self.guest.value(name) in self.former:
                again[name] = self.guest.value(name)
        if self.guest.value("uefi_console_output") == "serial":
            again["uefi_vnc_port"] = self.guest.value("uefi_vnc_port")
        again |= {
            name: value
            for name, value in self.guest.properties.items()
            if name.startswith("pcidev_")
            and f"{P}{name.replace('_', ':')}" in {**self.full, **values}
        }
        files = self.files()
        return Departure(
            self.guest,
            iohyve_places.MANAGER,
            self.target,
            values,
            (*gone, *leaving.found_again(self.guest, again)),
            self.disks,
            tuple(self.lines),
            self.before(),
            files,
        )

    def files(self) -> Plan:
        """Return the steps that put a guest's own menu for GRUB where iohyve looks for it."""
        folder = iohyve_places.folder_in(self.there, self.target)
        if self.grub_texts and not folder.startswith("/"):
            why = f"{self.target} is mounted nowhere, iohyve wants them in /iohyve"
            self.lines.append(Line(", ".join(self.grub_texts), "", why))
            return ()
        old, new = disk_path(self.guest.dataset), disk_path(self.target)
        moves = {f"{old}/{name}": f"{new}/{there}" for name, there in self.disks.items()}
        moves |= {old: new, self.guest.folder: folder}
        return grub_files.plan_leaving(self.guest, self.grub_texts, folder, moves)

    def then(self, number: str) -> str:
        """Return a tap, nmdm or port as it was before the import gave it another number."""
        return self.former.get(number, number)

    @property
    def here(self) -> dict[str, str]:
        """The taps of the guest here, by what they are there."""
        return {self.then(name): name for name in self.guest.interfaces}

    @property
    def full(self) -> dict[str, str]:
        """The properties of iohyve that the guest has, with their full names."""
        return {f"{P}{name}": value for name, value in self.own.items()}

    def network(self) -> dict[str, str]:
        """Return the taps, each with the interface that its bridge leads to, if not bridge0."""
        prefix = "chyves.global:"
        settings = self.inventory.storage.settings(prefix)
        taps = []
        for name in self.guest.interfaces:
            if not name.startswith("tap"):
                self.lines.append(Line(f"net_ifaces={name}", "", "iohyve knows taps only"))
                continue
            bridge = self.guest.value(f"{name}_bridge")
            uplink = settings.get(f"{bridge}_phy_attach", "")
            leads = uplink and uplink != PRIVATE and bridge not in ("", "bridge0")
            tap = self.then(name)
            taps.append(f"{tap}={uplink}" if leads else tap)
        return {"tap": ",".join(taps) or "-"}

    def custom(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Return the properties pcidev:{n}: devices in bhyve's words, and the further disks."""
        found = {}
        for name in sorted(self.guest.properties):
            if name.startswith("pcidev_"):
                text = self.back(self.guest.properties[name])
                found[name.replace("_", ":")] = text
        disks = [self.target_disk(disk.name) for disk in self.guest.disks if disk.name != "disk0"]
        present = {name: value for name, value in self.own.items() if name.startswith("pcidev:")}
        numbers = [int(name[7:]) for name in (*present, *found)]
        for disk in disks:
            known = [name for name, value in present.items() if parse_device(value).dataset == disk]
            if known:
                found[known[0]] = self.with_options(present[known[0]], disk)
                continue
            numbers.append(max(numbers, default=0) + 1)
            found[f"pcidev:{numbers[-1]}"] = self.with_options(f"ahci-hd,{ZVOL}{disk}", disk)
        return found

    def target_disk(self, name: str) -> str:
        """Return the dataset that a disk will be."""
        return f"{self.target}/{self.disks.get(name, name)}"

    def with_options(self, text: str, disk: str) -> str:
        """Return a device with the block options that the disk has here."""
        device = parse_device(text)
        name = f"virtio_block_options_{disk.rpartition('/')[2]}"
        options = self.guest.properties.get(name, "")
        return ",".join(part for part in (device.model, device.backend, options) if part)

    def back(self, text: str) -> str:
        """Return a device with the path and serial number that it has had there."""
        device = parse_device(text)
        here = f"{self.guest.dataset}/"
        if device.dataset.startswith(here):
            disk = device.dataset.removeprefix(here)
            parts = [
                each for each in device.options.split(",") if not each.startswith("ser=BHYVE-")
            ]
            backend = f"{ZVOL}{self.target_disk(disk)}"
            return ",".join(part for part in (device.model, backend, *parts) if part)
        folder = folder_of(self.guest.dataset)
        if device.backend.startswith(f"{folder}/"):
            there = iohyve_places.folder_in(self.there, self.target)
            return text.replace(folder, there, 1)
        return text

    def changes(self, wanted: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return what has to be set for iohyve, and which of its properties go.

        A property that means what the guest is here stays as it is, letter for letter.
        """
        now = self.read_after({}, ())
        values = {}
        for name, value in wanted.items():
            if name in ("persist", "size") and name in self.own:
                continue
            meanings = MEANS.get(name, ())
            same = meanings and all(
                now.values.get(each, self.guest.schema.default(each)) == self.meaning(each)
                for each in meanings
            )
            if not (same and self.has(name)) and self.own.get(name) != value:
                if name == "tap" and self.same_taps(value):
                    continue
                values[f"{P}{name}"] = value
        pci = [name for name in self.own if name.startswith("pcidev:") and name not in wanted]
        return values, tuple(f"{P}{name}" for name in pci)

    def has(self, name: str) -> bool:
        """Return whether iohyve's property is there, or would say nothing new."""
        swapped = self.dataset.own_with_prefix(iohyve_places.SWAPPED)
        return name in self.own or name in swapped or name in MAY_BE_MISSING

    def meaning(self, name: str) -> str:
        """Return a property of the guest as iohyve can say it."""
        value = self.guest.value(name)
        if name in ("serial", "uefi_vnc_port"):
            return self.then(value)
        if name == "rcboot":
            return "0" if value == "0" else "1"
        return value

    def same_taps(self, wanted: str) -> bool:
        """Return whether the taps that iohyve has are the same, whatever it says of uplinks."""
        names = [each.partition("=")[0] for each in self.own.get("tap", "-").split(",")]
        return names == [each.partition("=")[0] for each in wanted.split(",")]

    def read_after(self, values: Mapping[str, str], gone: tuple[str, ...]) -> OldGuest:
        """Return how an import would read the guest once it is there."""
        inside = self.guest.dataset
        properties = {
            name: pair for name, pair in self.dataset.properties.items() if name not in gone
        }
        properties |= {name: (value, "local") for name, value in values.items()}
        properties.setdefault(f"{P}name", (self.guest.name, "local"))
        after = {self.target: Dataset(self.target, properties)}
        for name, new in self.disks.items():
            place = f"{self.target}/{new}"
            source = self.inventory.storage.datasets[f"{inside}/{name}"]
            after[place] = Dataset(place, source.properties)
        root = iohyve_places.root_of(self.guest.pool)
        mounted = {"type": ("filesystem", "-"), "mountpoint": ("/iohyve", "local")}
        after[root] = self.there.get(root, Dataset(root, mounted))
        return iohyve.read_guest(after, after[self.target], self.around)

    def macs(self, after: OldGuest) -> dict[str, str]:
        """Return the addresses that bhyve would not make up again there."""
        return {
            f"{P}mac_{nic.tap}": mac
            for nic in after.nics
            if (mac := self.guest.value(f"{self.here.get(nic.tap, '')}_mac")) and mac != nic.mac
        }

    def say(self, values: Mapping[str, str], after: OldGuest) -> None:
        """Write the lines of the preview."""
        for name, value in values.items():
            self.lines.append(Line("", f"{name.removeprefix(P)}={value}", ""))
        places = dict(after.places)
        places |= {self.here.get(nic.tap, nic.tap): nic.place for nic in after.nics}
        for device, place in slots.parse_slots(self.guest.value("pci_slots")).items():
            if device in places and places[device] != place:
                why = "iohyve gives slots anew at each start"
                self.lines.append(Line(f"{device} in slot {place}", f"slot {places[device]}", why))
        for name in UNKNOWN:
            known = self.guest.schema.find(name)
            if known and self.guest.properties.get(name, known.default) not in (known.default, ""):
                why = "iohyve has no word for it; it stays on the dataset"
                self.lines.append(Line(name, "", why))
        if after.values.get("uuid") != self.guest.value("uuid"):
            why = "iohyve has bhyve make up another one"
            self.lines.append(Line(f"uuid={self.guest.value('uuid')}", "", why))
        kind = self.guest.value("bhyve_disk_type")
        if kind != "ahci-hd":
            why = "the guest's system has to find its disks as AHCI"
            self.lines.append(Line(f"bhyve_disk_type={kind}", "ahci-hd", why))
        if self.guest.value("uefi_firmware"):
            path = f"/iohyve/Firmware/{self.guest.value('uefi_firmware')}"
            self.lines.append(Line("uefi_firmware", path, "has to be there: iohyve cpfw FILE"))

    def before(self) -> Plan:
        """Return the steps that make iohyve's place on the pool, as its setup does."""
        root = iohyve_places.root_of(self.guest.pool)
        if root in self.there:
            return ()
        return (
            create_filesystem(root, {"mountpoint": self.mountpoint}),
            create_filesystem(f"{root}/ISO", {}),
            create_filesystem(f"{root}/Firmware", {}),
        )

    @property
    def mountpoint(self) -> str:
        """Where iohyve mounts what is on a pool that it did not have: the first one is /iohyve."""
        is_first = not any(name.count("/") == 1 for name in self.there)
        return "/iohyve" if is_first else f"/iohyve/{self.guest.pool}"

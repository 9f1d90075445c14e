"""Read the guests of vm-bhyve: a folder or dataset each, with NAME.conf, started by lib/vm-run.

Slots: disks from 4 on, one slot each with UEFI and one function each without; interfaces on the
functions of slot 15, passthru devices of 20; random 26, consoles 27, sound 28.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.bhyve.slots import Place
from chyves_core.migration import derived, vm_devices
from chyves_core.migration.devices import ZVOL, Device
from chyves_core.migration.old import Draft, OldDisk, OldGuest, OldNic, Surroundings
from chyves_core.migration.vm_config import Store, is_yes, numbered
from chyves_core.properties.schema import load_schema
from chyves_core.zfs import Dataset

MANAGER = "vm-bhyve"
LOADERS = {
    "bhyveload": "bhyveload",
    "grub": "grub-bhyve",
    "uefi": "uefi",
    "uefi-csm": "uefi",
    "uefi-devel": "uefi",
    "uefi-custom": "uefi",
}
FIRMWARE = {"uefi-csm": "BHYVE_UEFI_CSM.fd", "uefi-devel": "BHYVE_UEFI_CODE-devel.fd"}
VARIABLES = "uefi-vars.fd"
ZVOLS = ("zvol", "sparse-zvol")
DISK_TYPES = ("virtio-blk", "ahci-hd", "nvme")
# Taken note of where they count; the others are kept under imported_*.
KNOWN = re.compile(
    r"loader|memory|cpu|cpu_(sockets|cores|threads)|uuid|graphics(_port|_listen|_res|_vga|_wait)?"
    r"|vnc_password|xhci_mouse|uefi_vars|utctime|ignore_msr|wired_memory|bhyve_options|virt_random"
    r"|disk\d+_(name|type|dev|opts|slot)|network\d+_(type|switch|mac|device|slot)|passthru\d+"
    r"|sound(_play|_rec)?|virt_console\d+|(hostbridge|install|disk|network|passthru)_slot(_start)?"
    r"|(virt_random|virt_console|sound|xhci|fbuf|lpc)_slot"
)


@dataclass(frozen=True)
class Bed:
    """What guests are read from: their store, all datasets of it, and the bridge of each switch.

    `files` are those of all guests with their lengths; `boots` the guests that start with the
    host, in their order.
    """

    store: Store
    datasets: Mapping[str, Dataset]
    bridges: Mapping[str, str]
    boots: tuple[str, ...]
    delay: str
    around: Surroundings
    files: Mapping[str, int]
    primary: str


def read_guest(bed: Bed, name: str, values: Mapping[str, str], lock: str = "") -> OldGuest:
    """Return one guest with all that becomes of it; `lock` is the host that runs it."""
    reading = Reading(bed, name, values)
    # On this host /dev/vmm tells, and a lock may have been left behind.
    if lock and lock != bed.around.hostname:
        reading.draft.problems.append(f"is locked by {lock}, {reading.folder}/run.lock")
    reading.read()
    return reading.guest


class Reading:
    """One guest while it is read."""

    def __init__(self, bed: Bed, name: str, values: Mapping[str, str]) -> None:
        self.bed, self.name, self.own = bed, name, dict(values)
        self.folder = f"{bed.store.folder}/{name}"
        dataset = f"{bed.store.dataset}/{name}" if bed.store.dataset else ""
        self.dataset = dataset if dataset in bed.datasets else ""
        self.draft = Draft(load_schema("guest"))
        self.loader = self.own.get("loader", "")
        self.is_uefi = self.loader.partition("-")[0] == "uefi"
        self.disks: list[OldDisk] = []
        self.nics: list[OldNic] = []
        self.places: dict[str, Place] = {}
        self.pci = 0

    @property
    def guest(self) -> OldGuest:
        """The guest as it was read."""
        pool = self.dataset.partition("/")[0] or self.bed.primary
        return OldGuest(
            MANAGER,
            self.name,
            pool,
            self.dataset,
            self.folder,
            self.name,
            self.draft.values,
            tuple(self.disks),
            tuple(self.nics),
            self.places,
            self.draft.kept,
            tuple(self.draft.lines),
            tuple(self.draft.problems),
            "BHYVE_UEFI.fd" if self.loader == "uefi-custom" else "",
            variables if (variables := f"{self.folder}/{VARIABLES}") in self.bed.files else "",
        )

    def old(self, name: str) -> str:
        """Return a setting as the user knows it; a password is not shown."""
        return f"{name}={'***' if 'password' in name else self.own.get(name, '')}"

    def yes(self, name: str, default: str = "no") -> bool:
        """Return whether a setting is on."""
        return is_yes(self.own.get(name, default))

    def read(self) -> None:
        """Go through all settings."""
        self.system()
        self.flags()
        self.boot()
        self.screen()
        self.read_disks()
        vm_devices.read_nics(self)
        vm_devices.passthru(self)
        vm_devices.extras(self)
        for name in sorted(self.own):
            if not KNOWN.fullmatch(name):
                self.draft.leave(self.old(name), WHY.get(name, "chyves has no word for it"))

    def system(self) -> None:
        """Carry over loader, memory and CPUs, and the UUID."""
        draft = self.draft
        draft.carry("loader", LOADERS.get(self.loader, self.loader), self.old("loader"))
        if self.loader in FIRMWARE:
            draft.carry("uefi_firmware", FIRMWARE[self.loader], self.old("loader"))
        if self.loader == "uefi-custom":
            draft.carry("uefi_firmware", "BHYVE_UEFI.fd", self.old("loader"))
        draft.carry("ram", self.own.get("memory", "256M"), self.old("memory"))
        parts = [
            (each, self.own.get(f"cpu_{each}", "")) for each in ("sockets", "cores", "threads")
        ]
        topology = [f"{each}={value}" for each, value in parts if value]
        cpu = self.own.get("cpu", "1")
        wanted = ",".join((f"cpus={cpu}", *topology)) if topology else cpu
        draft.carry("cpu", wanted, self.old("cpu"))
        if self.own.get("uuid"):
            draft.carry("uuid", self.own["uuid"].lower(), self.old("uuid"))

    def flags(self) -> None:
        """Carry over the flags that vm-bhyve puts together."""
        words = ["-H", "-w"] if self.is_uefi else ["-A", "-H", "-P"]
        words += ["-w"] if self.yes("ignore_msr") and not self.is_uefi else []
        words += self.own.get("bhyve_options", "").split()
        words += ["-S"] if self.yes("wired_memory") else []
        words += ["-u"] if self.yes("utctime", "yes") else []
        self.draft.carry("bargs", " ".join(words), "bhyve_options, utctime, ...")

    def boot(self) -> None:
        """Carry over whether it starts with the host; the first one of vm_list comes first."""
        if self.name not in self.bed.boots:
            return
        place = self.bed.boots.index(self.name)
        rank = str(len(self.bed.boots) - place)
        self.draft.carry("rcboot", rank, f"vm_list={self.name}", f"number {place + 1} of vm_list")
        if self.bed.delay:
            self.draft.carry("rcboot_delay", self.bed.delay, f"vm_delay={self.bed.delay}")

    def screen(self) -> None:
        """Carry over screen, pointer and UEFI variables."""
        draft = self.draft
        if self.is_uefi and self.yes("uefi_vars"):
            draft.carry(
                "uefi_vars", "yes", self.old("uefi_vars"), "the file of variables comes too"
            )
        if not (self.is_uefi and self.yes("graphics")):
            return
        why = "the screen moves to slot 29, a tablet to 30"
        draft.carry("uefi_console_output", "vnc", self.old("graphics"), why)
        draft.carry("uefi_vnc_ip", self.own.get("graphics_listen", "0.0.0.0"), "graphics_listen")
        names = {"graphics_port": "uefi_vnc_port", "graphics_vga": "uefi_vnc_vga"}
        for old, new in {**names, "vnc_password": "uefi_vnc_password"}.items():
            if self.own.get(old):
                self.carry_hidden(new, old)
        draft.carry("uefi_vnc_res", self.own.get("graphics_res", "1024x768"), "graphics_res")
        waits = "yes" if self.yes("graphics_wait", "auto") else "no"
        draft.carry("uefi_vnc_pause_until_client_connect", waits, self.old("graphics_wait"))
        pointer = "usb3" if self.yes("xhci_mouse") else "ps2"
        draft.carry("uefi_vnc_mouse_type", pointer, self.old("xhci_mouse"))

    def carry_hidden(self, new: str, old: str) -> None:
        """Carry over a setting; what is secret does not get into the preview."""
        if self.draft.carry(new, self.own[old], self.old(old)) and "password" in new:
            self.draft.lines[-1] = type(self.draft.lines[-1])(self.old(old), f"{new}=***")

    def read_disks(self) -> None:
        """Note all disks: those of one kind are the guest's disks, others devices beside them."""
        numbers = numbered(self.own, "disk", "_name")
        kind = self.own.get("disk0_type", "virtio-blk")
        self.draft.values["bhyve_disk_type"] = kind if kind in DISK_TYPES else "virtio-blk"
        slot = int(self.own.get("disk_slot_start", "4"))
        function = 0
        for number in numbers:
            given = self.own.get(f"disk{number}_slot")
            if given:
                slot, function = int(given), 0
            elif function >= 8:
                slot, function = slot + 1, 0
            self.disk(number, Place(slot, function))
            if self.is_uefi:
                slot += 1
            else:
                function += 1
        if self.own.get("ahci_device_limit", "1") not in ("", "1"):
            why = "disks get a controller each: a guest that knows them by it sees them elsewhere"
            self.draft.leave(self.old("ahci_device_limit"), why)

    def disk(self, number: int, place: Place) -> None:
        """Note one disk."""
        own = self.own
        name, kind = own[f"disk{number}_name"], own.get(f"disk{number}_type", "virtio-blk")
        options, where = own.get(f"disk{number}_opts", ""), own.get(f"disk{number}_dev", "file")
        path = self.path_of(name, where)
        parts = options.split(",")
        told = [each.partition("=")[2] for each in parts if each.startswith(("ser=", "serial="))]
        options = ",".join(each for each in parts if not each.startswith(("ser=", "serial=")))
        made = derived.disk_serial(path, options, osreldate=self.bed.around.osreldate)
        serial = told[0] if told else made
        is_zvol = where in ZVOLS and path.removeprefix(ZVOL) in self.bed.datasets
        device = Device(kind, path, options)
        fits = kind == self.draft.values["bhyve_disk_type"] and device.has_plain_options
        said = f"disk{number}_name={name}"
        is_file = where not in (*ZVOLS, "custom", "iscsi")
        if is_file and path not in self.bed.files:
            self.draft.problems.append(f"{path} is not there")
        # Firmware needs no loader that has to find the disk: it can stay the file that it is.
        is_ours = is_zvol or (is_file and not (self.dataset and self.is_uefi))
        if is_ours and fits:
            dataset = path.removeprefix(ZVOL) if is_zvol else ""
            new = f"disk{number}"
            self.disks.append(OldDisk(new, dataset, "" if is_zvol else path, serial))
            self.places[new] = place
            why = "written on a volume" if not is_zvol else ""
            self.draft.say(said, f"{new} serial={serial}", why)
            if options:
                self.draft.carry(f"virtio_block_options_{new}", options, f"disk{number}_opts")
            return
        self.pci += 1
        new = f"pcidev_{self.pci}"
        if is_ours:
            dataset = path.removeprefix(ZVOL) if is_zvol else ""
            kept = OldDisk(f"kept-disk{number}", dataset, "" if is_zvol else path, serial)
            self.disks.append(kept)
        elif is_file:
            self.disks.append(OldDisk(f"kept-disk{number}", "", path, serial))
        self.places[new] = place
        more = f"ser={told[0]}" if told else ""
        text = ",".join(part for part in (kind, path, options, more) if part)
        self.draft.carry(new, text, said, "stays a file" if is_file else "stays where it is")

    def path_of(self, name: str, where: str) -> str:
        """Return the path of a disk, as vm::get_disk_path makes it."""
        if where in ZVOLS:
            return f"{ZVOL}{self.bed.store.dataset}/{self.name}/{name}"
        return name if where in ("custom", "iscsi") else f"{self.folder}/{name}"


WHY = {
    "prestart": "chyves runs no scripts of a guest before it starts",
    "debug": "chyves keeps what bhyve says in the guest's log",
    "comports": "com1 is the console; chyves GUEST set com2=/dev/nmdm{n}A gives more",
    "hostbridge": "every guest has one",
    "on_restart": "a guest that reboots comes back",
    "on_fault": "a guest that crashed stays down",
    "grub_run_partition": "the property os says what GRUB does; chyves list profiles",
}

"""Read the guests of vm-bhyve: a folder or dataset each, with NAME.conf, started by lib/vm-run.

Slots: disks from 4 on; interfaces on the functions of slot 15, passthru devices of 20; random 26,
consoles 27, sound 28. In older versions these followed the disks; the guest's log says where.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chyves_core.bhyve.slots import Place
from chyves_core.migration import grub_files, vm_devices, vm_disks
from chyves_core.migration.old import Draft, OldDisk, OldGuest, OldNic, Surroundings, imported_name
from chyves_core.migration.vm_config import Store, is_yes
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
GRUB_RUN = re.compile(r"grub_run(\d+|_partition|_dir|_file)")
# Taken note of where they count; the others are kept under imported_*.
KNOWN = re.compile(
    r"loader|uefi|memory|cpu|cpu_(sockets|cores|threads)|uuid|graphics(_port|_listen|_res|_vga|_wait)?"
    r"|vnc_password|xhci_mouse|uefi_vars|utctime|ignore_msr|wired_memory|bhyve_options|virt_random"
    r"|grub_run(\d+|_partition|_dir|_file)|disk\d+_(name|type|dev|opts|slot)|network\d+_(type|switch|mac|device|slot)|passthru\d+"
    r"|sound(_play|_rec)?|virt_consoles?\d*|(hostbridge|install|disk|network|passthru)_slot(_start)?"
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


def read_guest(
    bed: Bed, name: str, values: Mapping[str, str], lock: str = "", log: str = ""
) -> OldGuest:
    """Return one guest with all that becomes of it; `lock` is the host that runs it.

    `log` is vm-bhyve's of this guest: it says where devices stood at the last start.
    """
    reading = Reading(bed, name, values, vm_devices.seen_in(log))
    # On this host /dev/vmm tells, and a lock may have been left behind.
    if lock and lock != bed.around.hostname:
        reading.draft.problems.append(f"is locked by {lock}, {reading.folder}/run.lock")
    reading.read()
    return reading.guest


class Reading:
    """One guest while it is read."""

    def __init__(
        self,
        bed: Bed,
        name: str,
        values: Mapping[str, str],
        seen: Mapping[str, list[Place]],
    ) -> None:
        self.seen = seen
        self.bed, self.name, self.own = bed, name, dict(values)
        self.folder = f"{bed.store.folder}/{name}"
        dataset = f"{bed.store.dataset}/{name}" if bed.store.dataset else ""
        self.dataset = dataset if dataset in bed.datasets else ""
        self.draft = Draft(load_schema("guest"))
        # Before there was loader=uefi, there was uefi=yes or csm.
        before = "uefi-csm" if self.own.get("uefi") == "csm" else "uefi" * self.yes("uefi")
        self.loader = before or self.own.get("loader", "")
        self.is_grub = self.loader == "grub"
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
            {grub_files.MENU: grub_files.menu_of_vm_bhyve(self.own)} if self.is_grub else {},
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
        vm_disks.read_disks(self)
        vm_devices.read_nics(self)
        vm_devices.passthru(self)
        vm_devices.extras(self)
        for name in sorted(self.own):
            if not KNOWN.fullmatch(name):
                self.draft.leave(self.old(name), why_left(name))

    def system(self) -> None:
        """Carry over loader, memory and CPUs, and the UUID."""
        draft = self.draft
        said = self.old("uefi" if self.own.get("uefi") else "loader")
        draft.carry("loader", LOADERS.get(self.loader, self.loader), said)
        if self.is_grub:
            draft.carry("os", "custom", "grub_run...", "the file grub/grub.cfg boots what it did")
            told = (name for name in self.own if GRUB_RUN.fullmatch(name))
            draft.kept.update({imported_name(name): self.own[name] for name in told})
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
        words += ["-S"] if self.yes("wired_memory") or self.own.get("passthru0") else []
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


def why_left(name: str) -> str:
    """Return why a setting is not carried over."""
    if re.fullmatch(r"grub_install\d+", name):
        return "to install anew: the property os, see chyves list profiles"
    return WHY.get(name, "chyves has no word for it")


WHY = {
    "prestart": "chyves runs no scripts of a guest before it starts",
    "debug": "chyves keeps what bhyve says in the guest's log",
    "comports": "com1 is the console; chyves GUEST set com2=/dev/nmdm{n}A gives more",
    "hostbridge": "every guest has one",
    "on_restart": "a guest that reboots comes back",
    "on_fault": "a guest that crashed stays down",
}

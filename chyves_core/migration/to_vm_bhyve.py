"""Send a guest to vm-bhyve: its dataset below vm_dir, and a NAME.conf that says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chyves_core.bhyve import bargs, slots
from chyves_core.guests import Guest, Inventory
from chyves_core.loaders import grub, loader
from chyves_core.migration import derived, grub_files, vm_bhyve
from chyves_core.migration.devices import parse_device
from chyves_core.migration.leaving import Departure
from chyves_core.migration.old import PREFIX, Line
from chyves_core.migration.vm_config import Store
from chyves_core.plan import Copy, Remove, Step, Write
from chyves_core.zfs import Dataset

LOADERS = {"bhyveload": "bhyveload", "grub-bhyve": "grub", "uefi": "uefi"}
FIRMWARE = {name: loader for loader, name in vm_bhyve.FIRMWARE.items()}
ALWAYS = {"uefi": ("-H", "-w"), "bhyveload": ("-A", "-H", "-P"), "grub": ("-A", "-H", "-P")}


NO_WORD = re.compile(
    r"groups|description|notes|template|tpm|gdb|cpu_pin|limit_.*|cloud_.*|revert_to_snapshot"
    r"|eject_iso_on_n_reboot|bhyveload_.*|virtio_console_\d+|rcboot_delay"
)


class Leaving:
    """One guest that goes to vm-bhyve, while it is planned; `switches` are there, by bridge."""

    def __init__(
        self,
        inventory: Inventory,
        guest: Guest,
        store: Store,
        switches: Mapping[str, str],
        present: Mapping[str, str],
        osreldate: int,
        menu: str = "",
        step: grub.Step | None = None,
    ) -> None:
        self.menu, self.step = menu, step
        self.osreldate = osreldate
        self.inventory, self.guest, self.store = inventory, guest, store
        self.switches, self.present = switches, present
        self.lines: list[Line] = []
        self.target = f"{store.dataset}/{guest.name}"
        self.folder = f"{store.folder}/{guest.name}"

    def departure(self) -> Departure:
        """Return the guest as it leaves."""
        wanted = {**self.system(), **self.screen(), **self.disks(), **self.network()}
        wanted |= {**self.sound(), **self.custom(), **self.grub()}
        self.say_unknown()
        # What chyves has no word for stays as it was in a file that is still there.
        unknown = {
            name: value
            for name, value in self.present.items()
            if not vm_bhyve.KNOWN.fullmatch(name)
        }
        self.slots()
        return Departure(
            self.guest,
            vm_bhyve.MANAGER,
            self.target,
            {},
            tuple(f"chyves:{name}" for name in ("chyves_guest_version", *self.stored())),
            self.volumes(),
            tuple(self.lines),
            files=self.files({**unknown, **wanted}),
        )

    def stored(self) -> list[str]:
        """Return what chyves keeps for itself; the rest stays on the dataset, NAME.conf counts."""
        names = sorted(self.guest.properties)
        return [name for name in names if name == "pci_slots" or name.startswith("imported_")]

    def volumes(self) -> dict[str, str]:
        """Return the guest's volumes; they keep their names."""
        inside = f"{self.guest.dataset}/"
        datasets: Mapping[str, Dataset] = self.inventory.storage.datasets
        found = [each.name for each in datasets.values() if each.name.startswith(inside)]
        names = [name.removeprefix(inside) for name in found if datasets[name].kind == "volume"]
        return {name: name for name in names}

    def files(self, values: Mapping[str, str]) -> tuple[Step, ...]:
        """Return the steps that write NAME.conf, and give the UEFI variables their name."""
        text = "".join(f'{name}="{value}"\n' for name, value in values.items())
        for name, value in values.items():
            shown = "***" if "password" in name else value
            if self.present.get(name) != value:
                self.lines.append(Line("", f"{name}={shown}"))
        secret = "vnc_password" in values
        shown_text = text if not secret else "(with a password)\n"
        steps: tuple[Step, ...] = (
            Write(
                f"{self.folder}/{self.guest.name}.conf",
                text,
                0o600 if secret else 0o644,
                shown_text,
            ),
        )
        if self.guest.value("uefi_vars") == "yes":
            # What the guest has written since counts.
            steps += (Remove(f"{self.folder}/uefi-vars.fd"),)
            steps += (Copy(f"{self.folder}/uefi_vars.fd", f"{self.folder}/uefi-vars.fd"),)
        return steps

    def system(self) -> dict[str, str]:
        """Return loader, CPUs, memory, flags and UUID."""
        guest = self.guest
        loader = LOADERS[guest.value("loader")]
        firmware = guest.value("uefi_firmware")
        found = {"loader": FIRMWARE.get(firmware, loader)}
        if firmware and firmware not in FIRMWARE:
            found["loader"] = "uefi-custom"
            why = f"has to be {self.store.folder}/.config/BHYVE_UEFI.fd"
            self.lines.append(Line(f"uefi_firmware={firmware}", "loader=uefi-custom", why))
        parts = dict(
            part.partition("=")[::2] for part in guest.value("cpu").split(",") if "=" in part
        )
        found["cpu"] = parts.pop("cpus", "") or guest.value("cpu")
        if parts and "=" in found["cpu"]:
            product = 1
            for value in parts.values():
                product *= int(value)
            found["cpu"] = str(product)
        found |= {f"cpu_{name}": value for name, value in parts.items()}
        found["memory"] = guest.value("ram")
        flags = bargs.parse(guest.value("bargs"))
        taken = {"-u": "utctime", "-S": "wired_memory"}
        more = [
            " ".join(part for part in (flag, value) if part)
            for flag, value in flags
            if flag not in ALWAYS[loader] and flag not in taken
        ]
        names = {flag for flag, _ in flags}
        found["utctime"] = "yes" if "-u" in names else "no"
        if "-S" in names:
            found["wired_memory"] = "yes"
        if more:
            found["bhyve_options"] = " ".join(more)
        found["uuid"] = guest.value("uuid")
        if guest.value("random") == "yes":
            found["virt_random"] = "yes"
        return found

    def grub(self) -> dict[str, str]:
        """Return what GRUB does; a menu that was written here can't be told."""
        if self.step:
            return grub_files.words_for_vm_bhyve(self.step)
        if self.guest.value("loader") != "grub-bhyve":
            return {}
        kept = {
            name.removeprefix(PREFIX): value
            for name, value in {**self.guest.properties, **self.present}.items()
            if vm_bhyve.GRUB_RUN.fullmatch(name.removeprefix(PREFIX))
        }
        if self.menu != grub_files.menu_of_vm_bhyve(kept):
            how = "its lines have to be in grub_run{n}"
            self.lines.append(Line(f"{loader.custom_folder(self.guest)}/grub.cfg", "", how))
        return kept

    def sound(self) -> dict[str, str]:
        """Return what is played and recorded."""
        words = dict(
            word.partition("=")[::2] for word in self.guest.value("sound").split(",") if word
        )
        return (
            {"sound": "yes", **{f"sound_{name}": value for name, value in words.items()}}
            if (words)
            else {}
        )

    def say_unknown(self) -> None:
        """Say what the guest has and vm-bhyve has no word for."""
        why = "vm-bhyve has no word for it; it stays on the dataset"
        for name, value in sorted(self.guest.properties.items()):
            known = self.guest.schema.find(name)
            if known and NO_WORD.fullmatch(name) and value not in ("", known.default):
                self.lines.append(Line(name, "", why))
        if self.guest.value("rcboot") != "0":
            how = f"sysrc vm_list+={self.guest.name} starts it with the host"
            self.lines.append(Line("rcboot", "", how))

    def screen(self) -> dict[str, str]:
        """Return what is shown over VNC, and the UEFI variables."""
        value = self.guest.value
        found = {"uefi_vars": "yes"} if value("uefi_vars") == "yes" else {}
        if value("uefi_console_output") != "vnc":
            return found
        found |= {
            "graphics": "yes",
            "graphics_listen": value("uefi_vnc_ip"),
            "graphics_port": value("uefi_vnc_port"),
            "graphics_res": value("uefi_vnc_res"),
            "graphics_wait": value("uefi_vnc_pause_until_client_connect"),
            "xhci_mouse": "yes" if value("uefi_vnc_mouse_type") == "usb3" else "no",
        }
        if value("uefi_vnc_password"):
            found["vnc_password"] = value("uefi_vnc_password")
        return found

    def disks(self) -> dict[str, str]:
        """Return the disks, each with its serial number, and block devices of pcidev_{n}."""
        found: dict[str, str] = {}
        number = 0
        kind = self.guest.value("bhyve_disk_type")
        for disk in self.guest.disks:
            options = self.guest.properties.get(f"virtio_block_options_{disk.name}", "")
            serial = disk.properties.get("disk_serial", "")
            path = f"/dev/zvol/{self.target}/{disk.name}"
            made = derived.disk_serial(path, options, osreldate=self.osreldate)
            told = f"ser={serial}" if serial and serial != made else ""
            more = [part for part in (options, told) if part]
            found |= self.one_disk(number, kind, disk.name, "zvol", ",".join(more))
            number += 1
        for name in sorted(self.guest.properties):
            device = parse_device(self.guest.properties[name])
            if name.startswith("pcidev_") and device.is_block:
                inside = f"/dev/zvol/{self.guest.dataset}/"
                there = f"/dev/zvol/{self.target}/"
                path = device.backend.replace(inside, there, 1)
                path = path.replace(f"{self.guest.folder}/", f"{self.folder}/", 1)
                found |= self.one_disk(number, device.model, path, "custom", device.options)
                number += 1
        return found

    def one_disk(
        self, number: int, kind: str, name: str, where: str, options: str
    ) -> dict[str, str]:
        """Return the settings of one disk."""
        found = {
            f"disk{number}_type": kind,
            f"disk{number}_name": name,
            f"disk{number}_dev": where,
        }
        return {**found, f"disk{number}_opts": options} if options else found

    def network(self) -> dict[str, str]:
        """Return the interfaces, each with its address and the switch that its bridge is there."""
        found: dict[str, str] = {}
        for number, name in enumerate(self.guest.interfaces):
            port = name.partition(":")[0]
            kind = "" if port.startswith("tap") else port.rstrip("0123456789")
            bridge = port if kind else self.guest.value(f"{name}_bridge")
            found[f"network{number}_type"] = self.guest.value("bhyve_net_type")
            found[f"network{number}_mac"] = self.guest.value(f"{name}_mac")
            if bridge in self.switches:
                found[f"network{number}_switch"] = self.switches[bridge]
            else:
                how = f"-t {kind}" if kind else f"-t manual -b {bridge}"
                old = name if kind else f"{name}_bridge={bridge}"
                self.lines.append(Line(old, "", f"vm switch create {how} NAME"))
        return found

    def custom(self) -> dict[str, str]:
        """Return the devices of the host that it is given; others are not carried over."""
        found: dict[str, str] = {}
        for name in sorted(self.guest.properties):
            if not name.startswith("pcidev_"):
                continue
            text = self.guest.properties[name]
            device = parse_device(text)
            if device.model == "passthru":
                found[f"passthru{len(found)}"] = device.backend
            elif not device.is_block:
                self.lines.append(Line(f"{name}={text}", "", "vm-bhyve has no word for it"))
        return found

    def slots(self) -> None:
        """Say which devices stand in another slot there."""
        uefi = self.guest.value("loader") == "uefi"
        disks = enumerate(self.guest.disks)
        there = {disk.name: slots.Place(4 + n) if uefi else slots.Place(4, n) for n, disk in disks}
        there |= {name: slots.Place(15, n) for n, name in enumerate(self.guest.interfaces)}
        for name, place in slots.parse_slots(self.guest.value("pci_slots")).items():
            if name in there and there[name] != place:
                why = "vm-bhyve gives slots by their order"
                self.lines.append(Line(f"{name} in slot {place}", f"slot {there[name]}", why))

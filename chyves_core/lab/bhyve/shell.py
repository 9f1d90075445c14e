"""The commands of the stand-in guest, once somebody has logged in."""

from __future__ import annotations

import time
from collections.abc import Callable

from chyves_core.lab.bhyve import media
from chyves_core.lab.bhyve.machine import MEGABYTE, Machine, PciDevice
from chyves_core.lab.home import Lab

STATUS = {"reboot": 0, "poweroff": 1, "halt": 2, "panic": 3, "fail": 4}
"""Commands that end the guest, and bhyve's status then (bhyve(8), EXIT STATUS)."""

HELP = """\
diskinfo, disks      the disks and their sizes
echo WORD...         say it
exit                 back to the login prompt
fail                 let bhyve end with an error (4)
halt                 stop the CPUs (2)
help                 this list
hostname             the name of the VM
ifconfig             the network cards
install              make the first disk bootable
panic                triple fault (3)
pciconf -l           the PCI devices by slot
poweroff             power off (1); also shutdown -p now
reboot               restart (0); also shutdown -r now
uname [-a]           the system
uptime               how long it runs
"""


class Shell:
    """The guest's shell: it only knows the machine that it runs on."""

    def __init__(self, machine: Machine, lab: Lab, booted: float) -> None:
        self.machine = machine
        self.lab = lab
        self.booted = booted
        self.commands: dict[str, Callable[[list[str]], str]] = {
            "diskinfo": self.diskinfo,
            "disks": self.diskinfo,
            "echo": lambda words: " ".join(words) + "\n",
            "help": lambda words: HELP,
            "hostname": lambda words: f"{machine.name}\n",
            "ifconfig": self.ifconfig,
            "install": self.install,
            "pciconf": self.pciconf,
            "uname": self.uname,
            "uptime": self.uptime,
        }

    def run(self, line: str) -> tuple[str, int | None]:
        """Run one line; return its output, and bhyve's status where the guest ends."""
        words = line.split()
        if not words:
            return "", None
        name, rest = words[0], words[1:]
        if name == "shutdown":
            name = "poweroff" if "-p" in rest else "reboot" if "-r" in rest else name
        if name in STATUS:
            return farewell(name), STATUS[name]
        if name in self.commands:
            return self.commands[name](rest), None
        return f"{name}: not found\n", None

    def uname(self, words: list[str]) -> str:
        """Answer as the stand-in system that it is."""
        if words == ["-a"]:
            return f"Standin {self.machine.name} 1.0 chyves-lab amd64\n"
        return "Standin\n"

    def uptime(self, words: list[str]) -> str:
        """Tell the seconds since the boot."""
        return f"up {int(time.monotonic() - self.booted)} seconds\n"

    def pciconf(self, words: list[str]) -> str:
        """List the devices as BUS:SLOT:FUNCTION, model and options."""
        lines = [describe(device) for device in self.machine.devices]
        return "".join(f"{line}\n" for line in lines)

    def diskinfo(self, words: list[str]) -> str:
        """List the disks: slot, model, bytes, path in the host."""
        lines = []
        for disk in media.disks_of(self.machine, self.lab):
            kind = "cd" if disk.is_cd else "disk"
            place = address(disk.device)
            lines.append(f"{place}\t{disk.device.emulation}\t{kind}\t{disk.size}\t{disk.path}\n")
        return "".join(lines)

    def ifconfig(self, words: list[str]) -> str:
        """List the network cards: slot, model, MAC address, backend in the host."""
        cards = [d for d in self.machine.devices if d.emulation in ("virtio-net", "e1000")]
        lines = []
        for number, card in enumerate(cards):
            ether = card.option("mac") or generated_mac(card, self.machine.name)
            backend = card.options[0] if card.options else "none"
            place = f"{address(card)}\t{card.emulation}\tether {ether.lower()}"
            lines.append(f"net{number}\t{place}\t{backend}\n")
        return "".join(lines)

    def install(self, words: list[str]) -> str:
        """Write onto the first disk, so that it boots without the CD."""
        disk = media.install(self.machine, self.lab)
        return f"installed on {disk.path}\n" if disk else "install: no disk\n"


def farewell(command: str) -> str:
    """Return what the console shows last."""
    return {
        "reboot": "Rebooting...\n",
        "poweroff": "Powering off...\n",
        "halt": "The operating system has halted.\n",
        "panic": "panic: asked for on the console\n",
        "fail": "fatal: asked for on the console\n",
    }[command]


def address(device: PciDevice) -> str:
    """Return bus:slot:function."""
    return f"{device.bus}:{device.slot}:{device.function}"


def describe(device: PciDevice) -> str:
    """Return one line about a device."""
    return "\t".join([address(device), device.emulation, ",".join(device.options)]).rstrip()


def greeting(machine: Machine) -> str:
    """Return the boot banner."""
    shape = machine.topology
    cores = f"{shape.sockets} sockets, {shape.cores} cores, {shape.threads} threads"
    return (
        f"\nStand-in guest of the chyves lab, booting {machine.name}\n"
        f"cpu: {machine.cpus} ({cores})\n"
        f"memory: {machine.memory // MEGABYTE} MB\n"
        + "".join(f"pci: {describe(device)}\n" for device in machine.devices)
    )


def generated_mac(card: PciDevice, name: str) -> str:
    """Return the address that bhyve gives a card without `mac=`: from its slot and the VM's name.

    bhyve's net_genmac(): the OUI and the first bytes of MD5("SLOT-FUNCTION-NAME").
    """
    import hashlib

    text = f"{card.slot}-{card.function}-{name}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return "58:9c:fc:" + digest[:3].hex(":")

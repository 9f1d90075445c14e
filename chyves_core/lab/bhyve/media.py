"""What a guest boots from: the first bytes of its CD or disk, and scripts for tests in them.

A medium that begins with the line `#chyves-guest` tells the stand-in guest what to do, one
`word: value` a line:

    boot: reboot [N]    reboot at once, the first N boots (1) after the last power-off
    boot: poweroff      power off at once; also `halt`, `triple` (triple fault), `error`
    boot: hang          never get as far as a login prompt
    acpi: off           do not heed the power button
    delay: SECONDS      wait before the login prompt
    shutdown: SECONDS   wait between the power button and the end
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from chyves_core.lab.bhyve.machine import Machine, PciDevice
from chyves_core.lab.home import Lab

MARK = b"#chyves-guest"
INSTALLED = b"#chyves-guest\n# installed by the stand-in guest\n"
SCRIPT_SIZE = 4096
ISO9660_PLACE, ISO9660_SIZE = 32768, 4096
HEAD_SIZE = 65536


class Script(NamedTuple):
    """What a boot medium tells the stand-in guest; `boot` is empty for an ordinary boot."""

    boot: str = ""
    times: int = 0
    acpi: bool = True
    delay: float = 0.0
    shutdown: float = 0.0


class Disk(NamedTuple):
    """One disk or CD of the guest, with the slot it is in and its place in the host."""

    device: PciDevice
    path: str
    is_cd: bool
    file: Path

    @property
    def size(self) -> int:
        """Its size in bytes."""
        try:
            with open(self.file, "rb") as opened:
                return opened.seek(0, 2)
        except OSError:
            return 0


def disks_of(machine: Machine, lab: Lab) -> list[Disk]:
    """Return the guest's disks and CDs in the order of their slots."""
    found: list[Disk] = []
    for device in machine.devices:
        for path, is_cd in _paths(device):
            found.append(Disk(device, path, is_cd, lab.path_or_own(path)))
    return found


def _paths(device: PciDevice) -> list[tuple[str, bool]]:
    if device.emulation in ("virtio-blk", "nvme", "ahci-hd", "ahci-cd"):
        first = device.options[0] if device.options else ""
        is_path = first and not first.startswith("ram=")
        return [(first, device.emulation == "ahci-cd")] if is_path else []
    if device.emulation == "ahci":
        ports = [word for word in device.options if word.startswith(("hd:", "cd:"))]
        return [(word[3:], word.startswith("cd:")) for word in ports]
    return []


def is_bootable(file: Path) -> bool:
    """Return whether a medium holds something: it is not all zero where boot code stands.

    That is its first 64 KiB, in which MBR, GPT and the ISO 9660 descriptors lie.
    """
    try:
        with open(file, "rb") as medium:
            head = medium.read(HEAD_SIZE)
    except OSError:
        return False
    return any(head)


def boot_medium(machine: Machine, lab: Lab) -> Disk | None:
    """Return what the guest boots from: the first CD that holds something, else a disk."""
    disks = [disk for disk in disks_of(machine, lab) if is_bootable(disk.file)]
    return min(disks, key=lambda disk: not disk.is_cd, default=None)


def read_script(file: Path) -> Script:
    """Return what the medium tells the stand-in guest to do."""
    try:
        with open(file, "rb") as medium:
            head = medium.read(SCRIPT_SIZE)
    except OSError:
        return Script()
    script = Script()
    if not head.startswith(MARK):
        return script
    for line in head.partition(b"\0")[0].decode(errors="replace").splitlines():
        word, _, value = line.partition(":")
        script = _take_line(script, word.strip(), value.split())
    return script


def _take_line(script: Script, word: str, values: list[str]) -> Script:
    if not values:
        return script
    if word == "boot":
        times = int(values[1]) if len(values) > 1 and values[1].isdecimal() else 1
        return script._replace(boot=values[0], times=times)
    if word == "acpi":
        return script._replace(acpi=values[0] != "off")
    if word in ("delay", "shutdown"):
        seconds = float(values[0])
        return (
            script._replace(delay=seconds) if word == "delay" else script._replace(shutdown=seconds)
        )
    return script


def install(machine: Machine, lab: Lab) -> Disk | None:
    """Write a boot mark onto the guest's first disk and return it."""
    for disk in disks_of(machine, lab):
        if not disk.is_cd:
            with open(disk.file, "r+b") as medium:
                medium.write(INSTALLED.ljust(512, b"\0"))
            return disk
    return None

"""The QEMU command line for a bhyve machine: pure, nothing is opened or started here.

The board is q35 with nothing on it but its host bridge (00:00.0) and its ISA bridge (00:1f.0),
which is where bhyve's hostbridge and lpc are put as a rule; every other slot, 1 to 30, is the
guest's own, so that a device is seen at the very PCI address that the bhyve line names. (The
older `pc` board has its ISA bridge fixed in slot 1.) An lpc in another slot than 31 works, the
guest then sees it in 31 all the same. Buses above 0 have no counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from chyves_core.lab.bhyve.machine import Machine
from chyves_core.lab.bhyve.qemu_devices import (
    CannotEmulateError,
    Locate,
    Plug,
    device_arguments,
    escape,
)

QEMU = "qemu-system-x86_64"
MEGABYTE = 1 << 20
BOARD = "q35,usb=off,sata=off,smbus=off,vmport=off,hpet=off"


class Firmware(NamedTuple):
    """How the firmware is given to QEMU: as one ROM, or as flash chips (code, variables)."""

    rom: Path | None = None
    code: Path | None = None
    variables: Path | None = None


class Loaded(NamedTuple):
    """The kernel that a boot loader put into the guest's memory before bhyve ran."""

    kernel: Path
    initrd: Path | None
    command_line: str


class QemuFiles(NamedTuple):
    """What the machine needs of the machine that QEMU runs on.

    `locate` says where a path of the lab's host lies; `terminals` maps com ports to terminals
    of this machine; `monitor` is the descriptor of a socket for QMP that QEMU inherits; `log`
    is the file where QEMU notes resets of the CPU; `plugs` has the wires of taps.
    """

    locate: Locate
    firmware: Firmware
    loaded: Loaded | None
    terminals: dict[int, str]
    monitor: int
    log: Path
    plugs: Mapping[str, Plug] = MappingProxyType({})


def qemu_arguments(machine: Machine, files: QemuFiles) -> list[str]:
    """Return QEMU's argv for the machine; raises CannotEmulateError.

    QEMU ends when the guest resets itself (-no-reboot), as bhyve does, and waits to be told to
    run (-S): an end before the first word over QMP would go unseen. Plain emulation is used
    everywhere, so that a guest behaves the same with and without /dev/kvm.
    """
    if any(name.startswith("tpm.") for name in machine.config):
        raise CannotEmulateError("a TPM cannot be had under QEMU here")
    arguments = [QEMU, "-name", f"guest={escape(machine.name)}", "-machine", BOARD]
    arguments += ["-accel", "tcg,tb-size=128", "-cpu", "max,la57=off"]
    arguments += ["-nodefaults", "-no-user-config", "-no-reboot", "-S", "-vga", "none"]
    arguments += ["-display", "none", "-d", "cpu_reset", "-D", str(files.log)]
    arguments += _processors_and_memory(machine)
    if machine.uuid:
        arguments += ["-uuid", machine.uuid]
    arguments += ["-rtc", "base=utc" if "u" in machine.flags else "base=localtime"]
    arguments += _firmware(files.firmware) + _kernel(files.loaded)
    arguments += _monitor(files.monitor) + _serial(machine, files.terminals)
    for device in machine.devices:
        arguments += device_arguments(device, machine.name, files.locate, files.plugs)
    if machine.gdb:
        arguments += ["-gdb", f"tcp:{machine.gdb if ':' in machine.gdb else ':' + machine.gdb}"]
    return arguments


def waits_for_viewer(machine: Machine) -> bool:
    """Whether fbuf says `wait`: the guest runs as soon as a VNC viewer has come."""
    return any(d.emulation == "fbuf" and d.option("wait") for d in machine.devices)


def waits_for_debugger(machine: Machine) -> bool:
    """Whether -G says `w`: the guest runs when a debugger lets it."""
    return machine.config.get("gdb.wait", "").lower() in ("true", "on", "yes", "1")


def vnc_password(machine: Machine) -> str | None:
    """Return the password of the frame buffer; it is told to QEMU over QMP, never in argv."""
    for device in machine.devices:
        if device.emulation == "fbuf":
            return device.option("password")
    return None


def _processors_and_memory(machine: Machine) -> list[str]:
    shape = machine.topology
    smp = f"{machine.cpus},sockets={shape.sockets},cores={shape.cores},threads={shape.threads}"
    return ["-smp", smp, "-m", f"{-(-machine.memory // MEGABYTE)}M"]


def _firmware(firmware: Firmware) -> list[str]:
    if firmware.rom:
        return ["-bios", str(firmware.rom)]
    arguments: list[str] = []
    if firmware.code:
        chip = f"if=pflash,unit=0,format=raw,readonly=on,file={escape(str(firmware.code))}"
        arguments += ["-drive", chip]
    if firmware.variables:
        chip = "if=pflash,unit=1,format=raw,file.locking=off"
        arguments += ["-drive", f"{chip},file={escape(str(firmware.variables))}"]
    return arguments


def _kernel(loaded: Loaded | None) -> list[str]:
    if loaded is None:
        return []
    arguments = ["-kernel", str(loaded.kernel), "-append", loaded.command_line]
    return [*arguments, "-initrd", str(loaded.initrd)] if loaded.initrd else arguments


def _monitor(descriptor: int) -> list[str]:
    channel = f"socket,id=monitor,fd={descriptor}"
    return ["-chardev", channel, "-mon", "chardev=monitor,mode=control"]


def _serial(machine: Machine, terminals: dict[int, str]) -> list[str]:
    """Return the UARTs: on a terminal, on QEMU's own stdin and stdout, or on a TCP port."""
    arguments: list[str] = []
    for number, backend in sorted(machine.com.items()):
        channel = f"com{number}"
        if number in terminals:
            source = f"serial,id={channel},path={escape(terminals[number])}"
        elif backend == "stdio":
            source = f"stdio,id={channel},signal=off"
        else:
            host, _, port = backend.removeprefix("tcp=").rpartition(":")
            source = f"socket,id={channel},host={host.strip('[]')},port={port},server=on,wait=off"
        arguments += ["-chardev", source]
        arguments += ["-device", f"isa-serial,chardev={channel},index={number - 1}"]
    return arguments

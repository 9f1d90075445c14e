"""What bhyve finds wrong in a line without looking at the host."""

from __future__ import annotations

import re
import signal

from chyves_core.lab.bhyve import disks
from chyves_core.lab.bhyve.config import FALSE_WORDS, TRUE_WORDS
from chyves_core.lab.bhyve.devices import ALIASES, NET_MODELS
from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.bhyve.framebuffer import check_framebuffer
from chyves_core.lab.bhyve.lpc import NO_BACKEND
from chyves_core.lab.bhyve.machine import MEGABYTE, Machine, PciDevice
from chyves_core.lab.bhyve.nics import check_nic
from chyves_core.lab.bhyve.older import check_words
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.releases import Release, has_config_tree, models

BOOLEANS = (
    "memory.wired",
    "memory.guest_in_core",
    "x86.vmexit_on_hlt",
    "x86.vmexit_on_pause",
    "x86.x2apic",
    "x86.strictio",
    "x86.strictmsr",
    "x86.mptable",
    "acpi_tables",
    "rtc.use_localtime",
    "virtio_msix",
    "destroy_on_poweroff",
)
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NVLIST_ASSERTION = (
    "Assertion failed: (nvl->nvl_error == 0), function nvlist_find,"
    " file /usr/src/sys/contrib/libnv/nvlist.c, line 388."
)
NO_LPC = """\
vm exit[0]
\treason\t\tSVM
\trip\t\t0x000000000000fff0
\tinst_length\t0
\texitcode\t0x400
\texitinfo1\t0x100000014
\texitinfo2\t0xfffffff0"""


def settings_of(machine: Machine, device: PciDevice) -> dict[str, str]:
    """Return the variables below the device's node, `device` left out."""
    prefix = f"pci.{device.bus}.{device.slot}.{device.function}."
    config = machine.config
    found = {key[len(prefix) :]: config[key] for key in config if key.startswith(prefix)}
    found.pop("device", None)
    return found


def check_booleans(machine: Machine) -> None:
    """Refuse words that are no boolean."""
    for path in BOOLEANS:
        value = machine.config.get(path)
        if value is not None and value.lower() not in TRUE_WORDS + FALSE_WORDS:
            text = f"bhyve: Invalid value {value} for boolean variable {path}: {STALE}"
            raise Refused(text, 4)


def check_nodes(machine: Machine, freebsd: Release) -> None:
    """Check the devices that -o or -k set: -s checks its own as it goes."""
    for bus, slot, function, *_ in machine.devices:
        name = machine.config.get(f"pci.{bus}.{slot}.{function}.device")
        where = f"pci slot {bus}:{slot}:{function}"
        if name is None:
            problem = f'{where}: missing "device" value'
        elif name in ALIASES:
            problem = f'{where}: legacy device "{name}", use "{ALIASES[name]}" instead'
        elif name not in models(freebsd):
            problem = f'{where}: unknown device "{name}"'
        else:
            continue
        raise DeviceFailed([problem]).refusal(freebsd)


def check_device(device: PciDevice, machine: Machine, freebsd: Release) -> None:
    """Check what a device is told; raises DeviceFailed or Crash."""
    settings = settings_of(machine, device)
    kind = device.emulation
    if kind == "passthru":
        _check_passthru(settings, machine, freebsd)
    if kind in NET_MODELS and has_config_tree(freebsd):
        check_nic(kind, settings, freebsd)
    elif not has_config_tree(freebsd):
        check_words(kind, device.written, freebsd)
        if kind in NET_MODELS:
            check_nic(kind, settings, freebsd)
    elif kind in disks.MODELS:
        disks.check_disks(kind, settings)
    elif kind == "fbuf":
        check_framebuffer(settings, freebsd)
    elif kind == "xhci":
        _check_xhci(device)
    elif kind == "virtio-9p" and "path" not in settings:
        raise DeviceFailed(["virtio-9p: path required"])
    elif kind == "virtio-console" and not any(key.endswith(".path") for key in settings):
        raise Crash(signal.SIGSEGV)


def _check_xhci(device: PciDevice) -> None:
    for model in device.options:
        if model != "tablet":
            raise DeviceFailed([f'pci_xhci: unknown device model "{model}"'])


def _check_passthru(settings: dict[str, str], machine: Machine, freebsd: Release) -> None:
    if "S" not in machine.flags:
        raise DeviceFailed(["bhyve: passthru requires guest memory to be wired"])
    if "pptdev" in settings:
        return
    for name in ("bus", "slot", "func"):
        if name not in settings and has_config_tree(freebsd):
            raise DeviceFailed([f"passthru: missing required {name} setting"])
        if name not in settings:
            raise DeviceFailed(["bhyve: invalid passthru options"])


def check_tables(machine: Machine) -> None:
    """Check what the guest's MP and SMBIOS tables need."""
    if machine.memory <= MEGABYTE and "Y" not in machine.flags:
        tables = f"error to build the guest tables: {STALE}"
        raise Refused(f"mptable requires mapped mem\n{tables}", 4)
    if machine.uuid is not None and not UUID.fullmatch(machine.uuid):
        raise Refused("Invalid UUID", 4)


def check_bridge(device: PciDevice, has_one: bool) -> None:
    """Refuse a second LPC bridge, and one that is not on bus 0; raises DeviceFailed."""
    if has_one:
        raise DeviceFailed(["Only one LPC bridge is allowed."])
    if device.bus != 0:
        raise DeviceFailed(["LPC bridge can be present only on bus 0."])


def check_ports(machine: Machine) -> None:
    """Crash as bhyve does where a serial port has no backend (captures w-l-com1-noarg)."""
    if NO_BACKEND in machine.com.values():
        raise Crash(signal.SIGABRT, NVLIST_ASSERTION)


def check_boot(machine: Machine) -> None:
    """Crash as bhyve does where a boot ROM has no LPC bridge to be at (captures w-lpc-none)."""
    bridges = [device for device in machine.devices if device.emulation == "lpc"]
    if machine.bootrom is not None and not bridges:
        raise Crash(signal.SIGABRT, NO_LPC)

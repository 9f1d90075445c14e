"""Starting the devices of a guest: bhyve's init_pci(), slot after slot."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path

from chyves_core.lab.bhyve import disks
from chyves_core.lab.bhyve.checks import (
    NVLIST_ASSERTION,
    check_bridge,
    check_device,
    settings_of,
)
from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.bhyve.framebuffer import open_framebuffer
from chyves_core.lab.bhyve.lpc import NO_BACKEND
from chyves_core.lab.bhyve.machine import Machine, PciDevice
from chyves_core.lab.bhyve.nics import open_nic
from chyves_core.lab.bhyve.releases import has_config_tree
from chyves_core.lab.home import Lab
from chyves_core.lab.host.nmdm import NAME as NMDM_NAME
from chyves_core.lab.host.nmdm import has_driver, open_nmdm
from chyves_core.lab.host.state import read_host

PAGE = 4096
BOOTROM_SIZE = 16 << 20
UART_ASSERTION = (
    "Assertion failed: (sc->mev != NULL), function uart_opentty,"
    " file /usr/src/usr.sbin/bhyve/uart_emul.c, line 290."
)
HDA_ASSERTION = (
    "Assertion failed: (!err), function hda_init, file /usr/src/usr.sbin/bhyve/pci_hda.c, line 355."
)


class OpenDevices:
    """What the devices of a running guest hold open.

    `consoles` maps 1..4 to (input, output) descriptors, `viewer` is the VNC port's listener, `tpm`
    the connection to swtpm.
    """

    def __init__(self) -> None:
        self.taps: list[str] = []
        self.consoles: dict[int, tuple[int, int]] = {}
        self.viewer: socket.socket | None = None
        self.tpm: socket.socket | None = None
        self.has_lpc = False
        self.has_framebuffer = False


def open_devices(machine: Machine, lab: Lab, opened: OpenDevices, *, consoles: bool = True) -> None:
    """Start every device in the order of its slot; raises DeviceFailed or Crash.

    What is open by then stands in `opened`. With `consoles` off the serial ports and the VNC
    port are checked and left closed, for a guest that opens them by itself.
    """
    for device in machine.devices:
        _open_device(device, settings_of(machine, device), machine, lab, opened)
        if device.emulation == "lpc" and not consoles:
            _close_consoles(opened)
        if opened.viewer is not None and not consoles:
            opened.viewer.close()
            opened.viewer = None


def _open_device(
    device: PciDevice, settings: dict[str, str], machine: Machine, lab: Lab, opened: OpenDevices
) -> None:
    kind = device.emulation
    if kind == "fbuf" and opened.has_framebuffer:
        raise DeviceFailed(["Only one frame buffer device is allowed."])
    check_device(device, machine, lab.freebsd)
    if kind in disks.MODELS:
        disks.open_disks(kind, settings, lab)
    elif kind in ("virtio-net", "e1000"):
        tap = open_nic(settings, lab)
        opened.taps += [tap] if tap else []
    elif kind == "fbuf":
        opened.has_framebuffer = True
        opened.viewer = open_framebuffer(settings, lab)
    elif kind == "lpc":
        _open_lpc(device, machine, lab, opened)
    else:
        _open_other(device, settings, lab)


def _open_other(device: PciDevice, settings: dict[str, str], lab: Lab) -> None:
    path = settings.get("path")
    if device.emulation == "xhci":
        if not device.options:
            print("pci_xhci no USB devices configured", flush=True)
    elif device.emulation == "passthru":
        _open_passthru(settings, lab)
    elif device.emulation == "virtio-9p":
        if not path or not lab.path_or_own(path).is_dir():
            raise DeviceFailed([f"virtio-9p: failed to open '{path}': {STALE}"])
    elif device.emulation == "hda":
        if any(not lab.path(settings[key]).exists() for key in ("play", "rec") if key in settings):
            raise Crash(signal.SIGABRT, HDA_ASSERTION)
    elif device.emulation == "virtio-console":
        _open_virtio_console(settings, lab)
    elif device.emulation == "virtio-input":
        if path is None or not lab.path(path).exists():
            line = f"pci_vtinput_init: failed to open {path}\n"
            raise DeviceFailed([], "Bad file descriptor", line)
    elif device.emulation == "virtio-scsi":
        port = settings.get("dev", "/dev/cam/ctl")
        if not lab.path(port).exists():
            raise DeviceFailed([], STALE, f"virtio-scsi: cannot open {port}: {STALE}\n")
    elif device.emulation == "uart" and path is not None:
        where = f"pci uart at {device.slot}:{device.function}"
        for descriptor in set(_open_console(path, lab, where)):
            os.close(descriptor)


def _open_passthru(settings: dict[str, str], lab: Lab) -> None:
    """Check for a device of ppt(4); the host's state lists those it has."""
    known = read_host(lab).get("passthru", [])
    name = settings.get("pptdev")
    if name is not None:
        if not any(device["name"] == name for device in known):
            raise DeviceFailed([f"Passthru device {name} not found"])
        return
    address = "/".join(settings.get(key, "0") for key in ("bus", "slot", "func"))
    if not any(device["address"] == address for device in known):
        raise DeviceFailed([f"bhyve: PCI device at {address} is not using the ppt(4) driver"])


def _open_virtio_console(settings: dict[str, str], lab: Lab) -> None:
    paths = [value for key, value in settings.items() if key.endswith(".path")]
    for number, path in enumerate(paths):
        if not lab.path(path).parent.is_dir():
            raise DeviceFailed([f"cannot create port {number}: {STALE}"])


def _open_lpc(device: PciDevice, machine: Machine, lab: Lab, opened: OpenDevices) -> None:
    check_bridge(device, opened.has_lpc)
    opened.has_lpc = True
    if machine.bootrom is not None:
        _check_bootrom(machine.bootrom, machine.bootvars, lab)
    for number, backend in sorted(machine.com.items()):
        if backend == NO_BACKEND:
            raise Crash(signal.SIGABRT, NVLIST_ASSERTION)
        name = f"com{number}" if has_config_tree(lab.freebsd) else f"COM{number}"
        opened.consoles[number] = _open_console(backend, lab, f"LPC device {name}")


def _check_bootrom(rom: str, variables: str | None, lab: Lab) -> None:
    size = _file_size(rom, lab, "bootrom")
    if size == 0:
        raise DeviceFailed(["bhyve: ROM size 0 is invalid"])
    if size % PAGE:
        raise DeviceFailed([f"bhyve: ROM size {size} is not a multiple of the page size"])
    if size > BOOTROM_SIZE:
        raise DeviceFailed([f"Invalid bootrom and variable aggregate size {size}"])
    if variables is None:
        return
    room = _file_size(variables, lab, "bootrom variable file")
    if room == 0:
        raise DeviceFailed([], "Invalid argument")
    if room % PAGE or room > BOOTROM_SIZE - size:
        raise DeviceFailed([f"Invalid bootrom variable size {room}"])


def _file_size(path: str, lab: Lab, what: str) -> int:
    file = lab.path_or_own(path) if path else Path("/nonexistent")
    try:
        size = file.stat().st_size
    except OSError as error:
        line = f'Error opening {what} "{path}": {error.strerror}'
        raise DeviceFailed([line], error.strerror or STALE) from None
    return 512 if file.is_dir() else size


def _open_console(backend: str, lab: Lab, where: str) -> tuple[int, int]:
    """Return the descriptors to read from and to write to."""
    if backend == "stdio":
        if _is_null(0):
            raise Crash(signal.SIGABRT, UART_ASSERTION)
        return os.dup(0), os.dup(1)
    failure = f"Unable to initialize backend '{backend}' for {where}"
    if NMDM_NAME.fullmatch(backend.removeprefix(str(lab.root))) and has_driver(lab):
        terminal = open_nmdm(lab, backend)
        return terminal, terminal
    if backend.startswith("tcp=") and lab.freebsd >= (14, 3):
        null = os.open(os.devnull, os.O_RDWR)
        return null, null
    if not backend or backend.startswith("tcp="):
        raise DeviceFailed([failure])
    try:
        terminal = os.open(lab.path(backend), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise DeviceFailed([failure], error.strerror or STALE) from None
    if not os.isatty(terminal):
        os.close(terminal)
        raise DeviceFailed([failure], os.strerror(errno.ENOTTY))
    return terminal, terminal


def _is_null(descriptor: int) -> bool:
    """Return whether the descriptor is closed or /dev/null, which bhyve cannot wait for."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(os.devnull))
    except OSError:
        return True


def _close_consoles(opened: OpenDevices) -> None:
    for descriptors in opened.consoles.values():
        for descriptor in set(descriptors):
            os.close(descriptor)
    opened.consoles.clear()

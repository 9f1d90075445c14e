"""The devices of a bhyve line as QEMU has them, each in the slot where bhyve puts it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from chyves_core.lab.bhyve.machine import PciDevice

Locate = Callable[[str], Path]

AHCI_PORTS = 6
"""Ports of QEMU's ich9-ahci; bhyve's controller has 32."""


class Plug(NamedTuple):
    """The end of a tap's wire that QEMU inherits; `outside`: its bridge leads out of the host."""

    descriptor: int
    outside: bool


class CannotEmulateError(Exception):
    """QEMU has nothing that could stand for this part of the bhyve line."""


def device_arguments(
    device: PciDevice, vm_name: str, locate: Locate, plugs: Mapping[str, Plug] | None = None
) -> list[str]:
    """Return QEMU's arguments for one device; raises CannotEmulateError.

    `locate` says where a path of the lab's host lies on this machine, `plugs` has the taps'.
    """
    if device.emulation in PART_OF_THE_BOARD:
        return []
    make = DEVICES.get(device.emulation)
    if make is None:
        raise CannotEmulateError(f"{device.emulation} cannot be had under QEMU")
    if device.bus:
        raise CannotEmulateError(f"PCI bus {device.bus}: QEMU's guest has bus 0 only")
    if device.slot in (0, 31):
        used_for = "host bridge" if device.slot == 0 else "ISA bridge"
        raise CannotEmulateError(f"slot {device.slot} holds the {used_for} of QEMU's q35 board")
    arguments = make(device, vm_name, locate)
    if device.emulation in NICS:
        return network(device, (plugs or {}).get(device.options[0])) + arguments
    return arguments


def device_id(device: PciDevice) -> str:
    """Return the name of the device inside QEMU: pci4, or pci4f1 for function 1."""
    return f"pci{device.slot}" + (f"f{device.function}" if device.function else "")


def escape(value: str) -> str:
    """Return the value as QEMU's `key=value,…` lists take it: a comma is doubled."""
    return value.replace(",", ",,")


def place(device: PciDevice) -> str:
    """Return the words that put a device into its slot; QEMU reads addr as hexadecimal."""
    several = ",multifunction=on" if device.function == 0 else ""
    return f"addr={device.slot:#x}.{device.function:x}{several}"


def net_mac(device: PciDevice, vm_name: str) -> str:
    """Return mac=, or the address that bhyve derives from slot, function and VM name.

    bhyve net_utils.c: the OUI of FreeBSD and three bytes of MD5("SLOT-FUNCTION-NAME").
    """
    given = device.option("mac")
    if given:
        return given
    text = f"{device.slot}-{device.function}-{vm_name}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return f"58:9c:fc:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"


def _drive(drive_id: str, path: Path, words: tuple[str, ...], *, read_only: str) -> list[str]:
    """Return the -drive of a disk image.

    Two guests may open one image, as with bhyve (captures bhyve_run x-disk): no locking.
    nocache is not passed on: not every file system that a lab may lie on has O_DIRECT.
    """
    text = f"if=none,id={drive_id},format=raw,file.locking=off,file={escape(str(path))}"
    if "ro" in words:
        text += f",{read_only}"
    return ["-drive", text]


def _disk_words(words: tuple[str, ...], *, sectors: bool = True) -> str:
    """Return the options of a disk device for bhyve's words (ser=, sectorsize=, direct)."""
    text = ""
    for word in words:
        name, _, value = word.partition("=")
        if name in ("ser", "serial"):
            text += f",serial={escape(value)}"
        elif name == "bootindex":
            text += f",bootindex={value}"
        elif name == "sectorsize":
            logical, _, physical = value.partition("/")
            text += f",logical_block_size={logical}" if sectors else ""
            text += f",physical_block_size={physical or logical}"
        elif name == "direct":
            text += ",write-cache=off"
    return text


def _virtio_blk(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    name, words = device_id(device), device.options[1:]
    drive = _drive(f"{name}-disk", locate(device.options[0]), words, read_only="readonly=on")
    card = f"virtio-blk-pci,id={name},drive={name}-disk,{place(device)}{_disk_words(words)}"
    return [*drive, "-device", card]


def _nvme(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    name = device_id(device)
    if not device.options or device.options[0].startswith("ram="):
        raise CannotEmulateError("nvme,ram= cannot be had under QEMU")
    words = device.options[1:]
    drive = _drive(f"{name}-disk", locate(device.options[0]), words, read_only="readonly=on")
    serial = device.option("ser") or f"NVME-{device.slot}-{device.function}"
    space = tuple(word for word in words if not word.startswith("ser="))
    namespace = f"nvme-ns,drive={name}-disk,bus={name}{_disk_words(space)}"
    eui64 = device.option("eui64")
    if eui64:
        namespace += f",eui64={int(eui64, 0):#x}"
    controller = f"nvme,id={name},{place(device)},serial={escape(serial)}"
    return [*drive, "-device", controller, "-device", namespace]


def _virtio_scsi(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """A controller, and the units that ctladm(8) has mapped on its port."""
    name = device_id(device)
    node = locate(device.option("dev") or device.options[0])
    arguments = ["-device", f"virtio-scsi-pci,id={name},{place(device)}"]
    for number, lun in json.loads(node.read_text() or "{}").items():
        options, drive_id = lun["options"], f"{name}-lun{number}"
        words = ("ro",) if options.get("readonly") == "on" else ()
        arguments += _drive(drive_id, locate(options["file"]), words, read_only="readonly=on")
        sectors = f"logical_block_size={lun['blocksize']}"
        sectors += f",physical_block_size={options.get('pblocksize', lun['blocksize'])}"
        unit = f"scsi-hd,bus={name}.0,lun={number},drive={drive_id},serial={escape(lun['serial'])}"
        arguments += ["-device", f"{unit},{sectors}"]
    return arguments


def _ahci(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """A controller and its ports; ahci-hd and ahci-cd are a controller with one port."""
    name = device_id(device)
    arguments = ["-device", f"ich9-ahci,id={name},{place(device)}"]
    ports = _ahci_ports(device)
    if len(ports) > AHCI_PORTS:
        raise CannotEmulateError(f"ahci with {len(ports)} ports: QEMU's has {AHCI_PORTS}")
    for number, (kind, path, words) in enumerate(ports):
        drive_id = f"{name}-port{number}"
        if kind == "cd":
            words = (*words, "ro")
        # QEMU has no read-only SATA disk: what is written goes to a file that is thrown away.
        read_only = "readonly=on" if kind == "cd" else "snapshot=on"
        arguments += _drive(drive_id, locate(path), words, read_only=read_only)
        options = _disk_words(words, sectors=False) if kind == "hd" else ""
        arguments += ["-device", f"ide-{kind},bus={name}.{number},drive={drive_id}{options}"]
    return arguments


def _ahci_ports(device: PciDevice) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (hd or cd, path, words) of every port of the controller."""
    if device.emulation != "ahci":
        return [(device.emulation[-2:], device.options[0], device.options[1:])]
    ports: list[tuple[str, str, tuple[str, ...]]] = []
    for word in device.options:
        kind, colon, path = word.partition(":")
        if colon and kind in ("hd", "cd"):
            ports.append((kind, path, ()))
        elif ports:
            kind, path, words = ports[-1]
            ports[-1] = (kind, path, (*words, word))
    return ports


def network(device: PciDevice, plug: Plug | None) -> list[str]:
    """Return what a card is plugged into: its tap's wire, QEMU's own NAT, or a hub with both.

    NAT stands for all that is outside of the host, which takes privileges that a lab lacks. Each
    guest has its own, and they give their guests different addresses.
    """
    name = f"{device_id(device)}-net"
    if plug is None:
        return ["-netdev", f"user,id={name}"]
    wire = f"socket,fd={plug.descriptor}"
    if not plug.outside:
        return ["-netdev", f"{wire},id={name}"]
    number = int("".join(filter(str.isdecimal, device.options[0])))
    arguments = ["-netdev", f"user,id={name}-nat,dhcpstart=10.0.2.{15 + number % 200}"]
    arguments += ["-netdev", f"{wire},id={name}-tap"]
    hub = f"hubport,hubid={device.slot * 8 + device.function}"
    for end in ("nat", "tap"):
        arguments += ["-netdev", f"{hub},id={name}-{end}-port,netdev={name}-{end}"]
    return [*arguments, "-netdev", f"{hub},id={name}"]


def _net(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    name = device_id(device)
    model = "virtio-net-pci" if device.emulation == "virtio-net" else "e1000"
    card = f"{model},id={name},netdev={name}-net,{place(device)},mac={net_mac(device, vm_name)}"
    mtu = device.option("mtu")
    if mtu and device.emulation == "virtio-net":
        card += f",host_mtu={mtu}"
    # No option ROM: bhyve's cards have none, and the firmware need not wait for PXE.
    return ["-device", f"{card},romfile="]


def _fbuf(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """The frame buffer: a VGA card, and a VNC server where rfb= (or tcp=) says."""
    where = device.option("rfb") or device.option("tcp") or "127.0.0.1:5900"
    host, _, port = where.rpartition(":")
    if not port.isdecimal() or int(port) < 5900:
        raise CannotEmulateError(f"fbuf at {where}: QEMU's VNC ports begin at 5900")
    password = ",password=on" if device.option("password") else ""
    card = f"VGA,id={device_id(device)},{place(device)},vgamem_mb=16"
    width, height = device.option("w"), device.option("h")
    if width and height:
        card += f",xres={width},yres={height}"
    return ["-vnc", f"{host}:{int(port) - 5900}{password}", "-device", card]


def _xhci(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    name = device_id(device)
    arguments = ["-device", f"qemu-xhci,id={name},{place(device)}"]
    for word in device.options:
        if word != "tablet":
            raise CannotEmulateError(f"xhci,{word} cannot be had under QEMU")
        arguments += ["-device", f"usb-tablet,bus={name}.0"]
    return arguments


def _rnd(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    return ["-device", f"virtio-rng-pci,id={device_id(device)},{place(device)}"]


def _console(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """virtio-console: each port is a socket of the host that a program may connect to."""
    name = device_id(device)
    arguments = ["-device", f"virtio-serial-pci,id={name},{place(device)}"]
    for number, word in enumerate(device.options):
        port, _, path = word.partition("=")
        channel = f"{name}-port{number}"
        socket = f"socket,id={channel},path={escape(str(locate(path)))},server=on,wait=off"
        arguments += ["-chardev", socket, "-device"]
        arguments += [f"virtserialport,bus={name}.0,chardev={channel},name={escape(port)}"]
    return arguments


def _9p(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """virtio-9p,NAME=/path[,ro]: a folder of the host."""
    name = device_id(device)
    tag, _, path = device.options[0].partition("=")
    folder = f"local,id={name}-folder,security_model=none,path={escape(str(locate(path)))}"
    if "ro" in device.options:
        folder += ",readonly=on"
    card = f"virtio-9p-pci,id={name},{place(device)},fsdev={name}-folder,mount_tag={escape(tag)}"
    return ["-fsdev", folder, "-device", card]


def _hda(device: PciDevice, vm_name: str, locate: Locate) -> list[str]:
    """A sound card that nobody hears: the lab has no /dev/dsp."""
    name = device_id(device)
    card = f"intel-hda,id={name},{place(device)}"
    codec = f"hda-duplex,bus={name}.0,audiodev={name}-none"
    return ["-audiodev", f"none,id={name}-none", "-device", card, "-device", codec]


PART_OF_THE_BOARD = ("hostbridge", "amd_hostbridge", "lpc", "dummy")
"""What q35 brings along: its host bridge is in slot 0 and its ISA bridge in slot 31."""

NICS = ("virtio-net", "e1000")
DEVICES: dict[str, Callable[[PciDevice, str, Locate], list[str]]] = {
    "virtio-blk": _virtio_blk,
    "nvme": _nvme,
    "virtio-scsi": _virtio_scsi,
    "ahci": _ahci,
    "ahci-hd": _ahci,
    "ahci-cd": _ahci,
    "virtio-net": _net,
    "e1000": _net,
    "fbuf": _fbuf,
    "xhci": _xhci,
    "virtio-rnd": _rnd,
    "virtio-console": _console,
    "virtio-9p": _9p,
    "hda": _hda,
}

"""pciconf(8): the PCI devices of the host.

Devices for passthru stand in the host's state under `passthru`, each with `name` ("ppt0") and
`address` ("2/0/0").
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import read_host

USAGE = """\
usage: pciconf -l [-BbceVv] [device]
       pciconf -a device
       pciconf -r [-b | -h] device addr[:addr2]
       pciconf -w [-b | -h] device addr value
       pciconf -D [-b | -h | -x] device [start[:count]]"""


class Device(NamedTuple):
    """One line of `pciconf -l`, and the words of `-v` (empty ones are not shown)."""

    name: str
    place: str
    numbers: str
    vendor: str = ""
    device: str = ""
    group: str = ""
    kind: str = ""


INTEL, REDHAT = "Intel Corporation", "Red Hat, Inc."
DEVICES = (
    Device(
        "hostb0",
        "0:0:0:0",
        "class=0x060000 rev=0x02 hdr=0x00 vendor=0x8086 device=0x1237"
        " subvendor=0x1af4 subdevice=0x1100",
        INTEL,
        "440FX - 82441FX PMC [Natoma]",
        "bridge",
        "HOST-PCI",
    ),
    Device(
        "isab0",
        "0:0:1:0",
        "class=0x060100 rev=0x00 hdr=0x00 vendor=0x8086 device=0x7000"
        " subvendor=0x1af4 subdevice=0x1100",
        INTEL,
        "82371SB PIIX3 ISA [Natoma/Triton II]",
        "bridge",
        "PCI-ISA",
    ),
    Device(
        "atapci0",
        "0:0:1:1",
        "class=0x010180 rev=0x00 hdr=0x00 vendor=0x8086 device=0x7010"
        " subvendor=0x1af4 subdevice=0x1100",
        INTEL,
        "82371SB PIIX3 IDE [Natoma/Triton II]",
        "mass storage",
        "ATA",
    ),
    Device(
        "none0",
        "0:0:1:3",
        "class=0x068000 rev=0x03 hdr=0x00 vendor=0x8086 device=0x7113"
        " subvendor=0x1af4 subdevice=0x1100",
        INTEL,
        "82371AB/EB/MB PIIX4 ACPI",
        "bridge",
    ),
    Device(
        "vgapci0",
        "0:0:2:0",
        "class=0x030000 rev=0x02 hdr=0x00 vendor=0x1234 device=0x1111"
        " subvendor=0x1af4 subdevice=0x1100",
        group="display",
        kind="VGA",
    ),
    Device(
        "virtio_pci0",
        "0:0:3:0",
        "class=0x020000 rev=0x00 hdr=0x00 vendor=0x1af4 device=0x1000"
        " subvendor=0x1af4 subdevice=0x0001",
        REDHAT,
        "Virtio network device",
        "network",
        "ethernet",
    ),
    Device(
        "em0",
        "0:0:4:0",
        "class=0x020000 rev=0x03 hdr=0x00 vendor=0x8086 device=0x100e"
        " subvendor=0x1af4 subdevice=0x1100",
        INTEL,
        "82540EM Gigabit Ethernet Controller",
        "network",
        "ethernet",
    ),
    *(
        Device(
            f"virtio_pci{number}",
            f"0:0:{number + 4}:0",
            "class=0x010000 rev=0x00 hdr=0x00 vendor=0x1af4 device=0x1001"
            " subvendor=0x1af4 subdevice=0x0002",
            REDHAT,
            "Virtio block device",
            "mass storage",
            "SCSI",
        )
        for number in (1, 2, 3)
    ),
)
"""The devices of the captured host (captures host pciconf-lv)."""


def main(arguments: list[str], lab: Lab) -> int:
    """List all devices, or the one that is named."""
    try:
        options, words = parse_options(arguments, "aBbcDehlrVvwx")
    except BadOption as bad:
        print(f"pciconf: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    if "l" not in flags or len(words) > 1:
        print(USAGE, file=sys.stderr)
        return 1
    devices = all_devices(lab)
    if words:
        wanted = words[0].rpartition("@pci")[2]
        devices = [each for each in devices if wanted in (each.name, each.place)]
        if not devices:
            print("pciconf: Device not found", file=sys.stderr)
            return 1
    for device in devices:
        _show(device, verbose="v" in flags)
    return 0


def all_devices(lab: Lab) -> list[Device]:
    """Return the host's devices, those for passthru behind the others."""
    devices = list(DEVICES)
    for each in read_host(lab).get("passthru", []):
        bus, slot, function = each["address"].split("/")
        numbers = each.get(
            "numbers",
            "class=0x020000 rev=0x01 hdr=0x00 vendor=0x8086 device=0x1521"
            " subvendor=0x8086 subdevice=0x0001",
        )
        names = (INTEL, "I350 Gigabit Network Connection", "network", "ethernet")
        devices.append(Device(each["name"], f"0:{bus}:{slot}:{function}", numbers, *names))
    return devices


def _show(device: Device, *, verbose: bool) -> None:
    print(f"{device.name}@pci{device.place}:\t{device.numbers}")
    if not verbose:
        return
    if device.vendor:
        print(f"    vendor     = '{device.vendor}'")
    if device.device:
        print(f"    device     = '{device.device}'")
    if device.group:
        print(f"    class      = {device.group}")
    if device.kind:
        print(f"    subclass   = {device.kind}")

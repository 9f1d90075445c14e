"""One guest on one host: what the golden plans are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from chyves_core.bhyve.cpu_features import CpuFeatures
from chyves_core.bhyve.machine import Media
from chyves_core.bhyve.version import HostFacts
from chyves_core.network.design import Vlan
from chyves_core.network.ifconfig import Interface

UP = frozenset(("UP", "BROADCAST", "RUNNING"))
EM0 = Interface("em0", UP, 1500, addresses=("192.0.2.10",))
EM1_JUMBO = Interface("em1", frozenset(("BROADCAST",)), 9000)

HOSTS = {
    "10.3": HostFacts(1003000, "amd64", 4, 16, True),
    "12.2": HostFacts(1202000, "amd64", 4, 16, True),
    "13.2": HostFacts(1302001, "amd64", 4, 4, True),
    "14.3": HostFacts(1403000, "amd64", 8, 8, True),
    "15.0": HostFacts(1500068, "amd64", 8, 8, True, racct=True),
    "16.0": HostFacts(1600000, "amd64", 8, 8, True),
    "no-iommu": HostFacts(1403000, "amd64", 8, 8, True, CpuFeatures(True, True, False)),
    "no-ug": HostFacts(1403000, "amd64", 8, 8, True, CpuFeatures(True, False, None)),
    "no-ept": HostFacts(1403000, "amd64", 8, 8, True, CpuFeatures(False, None, None)),
    "10.3-racct": HostFacts(1003000, "amd64", 4, 16, True, racct=True),
    "racct-off": HostFacts(1403000, "amd64", 8, 8, True, racct=False),
    "arm64": HostFacts(1500068, "aarch64", 8, 8, True),
}

RELEASES = ("10.3", "12.2", "13.2", "14.3")

IDENTITY = {
    "chyves_guest_version": "1",
    "uuid": "b2c1a4de-0000-4000-8000-000000000001",
    "serial": "nmdm50",
    "net_ifaces": "tap50",
    "tap50_mac": "58:9c:fd:00:00:01",
    "tap50_bridge": "bridge0",
    "uefi_vnc_port": "5900",
    "pci_slots": "disk0=4,tap50=16",
}


@dataclass(frozen=True)
class Case:
    """One guest on one host."""

    host: str = "14.3"
    properties: dict[str, str] = field(default_factory=dict)
    disks: int = 1
    of_disks: dict[str, str] = field(default_factory=dict)
    media: Media = field(default_factory=Media)
    interfaces: tuple[Interface, ...] = (EM0,)
    bridges: dict[str, str] = field(default_factory=dict)
    automatic: bool = True
    vlans: dict[str, Vlan] = field(default_factory=dict)
    members_have_addresses: bool = True
    consolidate: bool = False
    name: str = "web1"


UEFI = {"loader": "uefi"}
VNC = {**UEFI, "uefi_console_output": "vnc"}
FIRMWARE = Media(firmware="/usr/local/share/uefi-firmware/BHYVE_UEFI.fd")
ISO = Media(iso="/chyves/zroot/ISO/os.iso/os.iso")
UBOOT = Media(firmware="/usr/local/share/u-boot/u-boot-bhyve-arm64/u-boot.bin")
UEFI_ISO = Media(iso=ISO.iso, firmware=FIRMWARE.firmware)

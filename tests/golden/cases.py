"""Guests of every usual kind on hosts of every release."""

from __future__ import annotations

from chyves_core.bhyve.machine import Media
from chyves_core.network.ifconfig import Interface
from tests.golden.case import EM0, EM1_JUMBO, FIRMWARE, ISO, RELEASES, UEFI, UEFI_ISO, UP, VNC, Case
from tests.golden.device_cases import DEVICE_CASES
from tests.golden.network_cases import NETWORK_CASES

CASES: dict[str, Case] = {
    **{f"freebsd-on-{host}": Case(host=host) for host in RELEASES},
    **{
        f"uefi-iso-on-{host}": Case(host=host, properties=UEFI, media=UEFI_ISO) for host in RELEASES
    },
    "install-freebsd-from-iso": Case(media=ISO),
    "bhyveload-flags": Case(properties={"bhyveload_flags": "-e boot_verbose=YES -e 'a=b c'"}),
    "wired-memory": Case(properties={"bargs": "-A -H -P -S"}),
    "cpus": Case(properties={"cpu": "4", "ram": "8G"}),
    "cpu-topology": Case(properties={"cpu": "cpus=4,sockets=1,cores=2,threads=2"}),
    "more-cpus-than-the-host-allows": Case(host="13.2", properties={"cpu": "6"}),
    "ahci-disk": Case(properties={"bhyve_disk_type": "ahci-hd"}),
    "nvme-disk": Case(properties={"bhyve_disk_type": "nvme"}),
    "disk-options": Case(properties={"virtio_block_options_disk0": "nocache,sectorsize=512/4096"}),
    "six-disks": Case(disks=6),
    "first-disk-only-for-a-while": Case(
        disks=2, properties={"bhyveload_disks": "first", "loader_timeout": "30"}
    ),
    "disk-added-later-keeps-the-nic": Case(disks=2),
    "disk-with-stored-slot-far-away": Case(properties={"pci_slots": "disk0=9,tap50=5"}),
    "image-file-beside-the-zvol": Case(
        media=Media(images=("/chyves/zroot/guests/web1/img/a.img",))
    ),
    "no-disk": Case(disks=0),
    "no-disk-but-uefi-iso": Case(disks=0, properties=UEFI, media=UEFI_ISO),
    "e1000": Case(properties={"bhyve_net_type": "e1000"}),
    "no-network": Case(properties={"net_ifaces": ""}),
    "two-nics-on-two-bridges": Case(
        properties={
            "net_ifaces": "tap50,tap51",
            "tap51_mac": "58:9c:fd:00:00:02",
            "tap51_bridge": "bridge1",
        },
        bridges={"bridge0": "em0"},
    ),
    "vale-port": Case(properties={"net_ifaces": "vale0:1"}),
    "vale-ports-with-addresses": Case(
        properties={
            "net_ifaces": "vale0:1,vale2",
            "vale0:1_mac": "58:9c:fd:00:00:07",
            "vale2_mac": "58:9c:fd:00:00:08",
        }
    ),
    "netgraph-port-with-an-address": Case(
        properties={
            "net_ifaces": "netgraph2:5",
            "netgraph2:5_mac": "58:9c:fd:00:00:09",
        }
    ),
    "bridge-takes-the-mtu-of-its-uplink": Case(
        interfaces=(EM0, EM1_JUMBO), bridges={"bridge0": "em1"}
    ),
    "bridge-without-its-uplink": Case(bridges={"bridge0": "em7"}),
    "bridge-is-there": Case(interfaces=(EM0, Interface("bridge0", UP, 9000, members=("em0",)))),
    "bridge-is-down": Case(interfaces=(Interface("bridge0", frozenset(), 1500),)),
    "tap-is-left-from-before": Case(
        interfaces=(
            Interface("bridge0", UP, 1500, members=("tap50",)),
            Interface("tap50", UP, 1500, "chyves:web1:tap50"),
        )
    ),
    "tap-is-in-another-bridge": Case(
        interfaces=(
            Interface("bridge0", UP, 1500),
            Interface("bridge7", UP, 1500, members=("tap50",)),
            Interface("tap50", UP, 1500, "chyves:web1:tap50"),
        )
    ),
    "tap-of-another-guest": Case(interfaces=(Interface("tap50", UP, 1500, "chyves:web2:tap50"),)),
    "tap-in-use": Case(interfaces=(Interface("tap50", UP, 1500, opened_by=4711),)),
    "system-mode-without-bridge": Case(automatic=False),
    "system-mode-all-there": Case(
        automatic=False,
        interfaces=(
            Interface("bridge0", UP, 1500, members=("tap50",)),
            Interface("tap50", UP, 1500, "chyves:web1:tap50"),
        ),
    ),
    "uefi": Case(properties=UEFI, media=FIRMWARE),
    "uefi-variables": Case(
        properties={**UEFI, "uefi_vars": "yes"},
        media=Media(firmware=FIRMWARE.firmware, variables="/chyves/zroot/guests/web1/uefi_vars.fd"),
    ),
    "vnc": Case(properties=VNC, media=UEFI_ISO),
    "vnc-waits-on-ipv6-with-ps2-mouse": Case(
        properties={
            **VNC,
            "uefi_vnc_ip": "::1",
            "uefi_vnc_pause_until_client_connect": "yes",
            "uefi_vnc_mouse_type": "ps2",
            "uefi_vnc_res": "1920x1080",
        },
        media=FIRMWARE,
    ),
    "vnc-password": Case(properties={**VNC, "uefi_vnc_password": "geheim"}, media=FIRMWARE),
    "vnc-password-before-13.1": Case(
        host="12.2", properties={**VNC, "uefi_vnc_password": "geheim"}, media=FIRMWARE
    ),
    "passthru": Case(properties={"pcidev_1": "passthru,2/0/0", "bargs": "-A -H -P -S"}),
    "property-with-a-line-break-from-outside": Case(properties={"pcidev_1": "virtio-rnd\n-s"}),
    "address-that-carries-options": Case(properties={"tap50_mac": "58:9c:fd:00:00:01,backend=x"}),
    "cpus-that-are-no-number": Case(properties={"cpu": "²"}),
    "no-uuid": Case(properties={"uuid": ""}),
    **DEVICE_CASES,
    **NETWORK_CASES,
}

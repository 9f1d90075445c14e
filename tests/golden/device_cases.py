"""Guests with the devices and settings that few guests have, on hosts that have them or not."""

from __future__ import annotations

from chyves_core.bhyve.machine import Media
from tests.golden.case import FIRMWARE, UBOOT, UEFI, VNC, Case

WHOLE = {
    **VNC,
    "com2": "/dev/nmdm7A",
    "com3": "/dev/nmdm8A",
    "com4": "/dev/ttyu1",
    "cpu": "2",
    "cpu_pin": "0:1,1:0",
    "keyboard": "de_noacc",
    "random": "yes",
    "share_1": "src=/usr/src,ro",
    "share_2": "home=/usr/home",
    "sound": "play=/dev/dsp0,rec=/dev/dsp1",
    "gdb": "w127.0.0.1:1234",
    "virtio_console_1": "agent",
    "virtio_console_3": "log",
    "uefi_vnc_vga": "off",
}
NEW = {
    "com2": "tcp=127.0.0.1:4711",
    "fwcfg": "qemu",
    "fwcfg_1": "opt/org.example/key,string=value",
    "fwcfg_2": "opt/org.example/file,file=/etc/rc.conf",
    "virtio_input_1": "/dev/input/event3",
}
LIMITS = {
    "limit_cpu": "150",
    "limit_read": "50M",
    "limit_write": "10M",
    "limit_read_iops": "1000",
    "limit_write_iops": "500",
}
TWO_FUNCTIONS = {"pcidev_1": "passthru,2/0/0", "pcidev_2": "passthru,2/0/1"}
SCSI = {"bhyve_disk_type": "virtio-scsi"}
SWITCH = {
    "net_ifaces": "netgraph0:2",
    "netgraph0:2_mac": "58:9c:fd:00:00:04",
    "pci_slots": "disk0=4,netgraph0:2=16",
}
NO_TAPS = {
    "pcidev_1": "virtio-net,netgraph,path=br0:,peerhook=link2,mac=58:9c:fd:00:00:02",
    "pcidev_2": "e1000,slirp,hostfwd=tcp:127.0.0.1:2222-:22,mac=58:9c:fd:00:00:03",
}
SHARED_AHCI = {"bhyve_disk_type": "ahci-hd", "pci_slots": ""}

DEVICE_CASES = {
    "all-devices-on-13.2": Case(host="13.2", properties=WHOLE, media=FIRMWARE),
    "all-devices-on-12.2": Case(host="12.2", properties=WHOLE, media=FIRMWARE),
    "newer-devices": Case("15.0", properties={**UEFI, **NEW}, media=FIRMWARE),
    "newer-devices-on-13.2": Case(host="13.2", properties={**UEFI, **NEW}, media=FIRMWARE),
    **{
        f"{name}-on-{host}".replace("_", "-"): Case(host=host, properties={name: value})
        for host, properties in {"10.3": WHOLE, "12.2": WHOLE, "13.2": NEW}.items()
        for name, value in properties.items()
        if not name.startswith(("uefi", "loader", "cpu"))
        and (name, host) != ("gdb", "12.2")
        and not name.endswith(("_2", "_3"))
    },
    "tpm-of-the-host": Case(properties={**UEFI, "tpm": "passthru,/dev/tpm0"}, media=FIRMWARE),
    "tpm-by-swtpm": Case("15.0", {**UEFI, "tpm": "swtpm"}, media=FIRMWARE),
    "tpm-by-swtpm-on-14.3": Case(properties={**UEFI, "tpm": "swtpm"}, media=FIRMWARE),
    "tpm-on-13.2": Case(host="13.2", properties={**UEFI, "tpm": "swtpm"}, media=FIRMWARE),
    "limits": Case("15.0", LIMITS),
    "limit-of-one-kind": Case("15.0", {"limit_write": "10M"}),
    "limits-without-accounting": Case("racct-off", LIMITS),
    "limits-without-racct-in-the-kernel": Case("14.3", LIMITS),
    "limits-of-disks-on-10.3": Case("10.3-racct", LIMITS),
    "swtpm-of-a-name-as-long-as-it-can-be": Case(
        "15.0", {**UEFI, "tpm": "swtpm"}, media=FIRMWARE, name="w" * 68
    ),
    "swtpm-of-a-name-too-long": Case(
        "15.0", {**UEFI, "tpm": "swtpm"}, media=FIRMWARE, name="w" * 69
    ),
    "virtio-console-of-a-name-too-long": Case(properties={"virtio_console_1": "p"}, name="w" * 100),
    "no-ept": Case("no-ept"),
    "no-unrestricted-guest": Case("no-ug"),
    "no-unrestricted-guest-for-uefi": Case("no-ug", UEFI, media=FIRMWARE),
    "no-unrestricted-guest-for-two-cpus": Case("no-ug", {"cpu": "2"}),
    "gdb-with-an-address-on-12.2": Case("12.2", {"gdb": "127.0.0.1:1234"}),
    "gdb-on-12.2": Case("12.2", {"gdb": "w1234"}),
    "pin-to-a-cpu-that-is-not-there": Case(properties={"cpu": "2", "cpu_pin": "1:8"}),
    "pin-of-a-cpu-that-it-has-not": Case(properties={"cpu": "2", "cpu_pin": "2:0"}),
    "passthru-by-name": Case(properties={"pcidev_1": "passthru,ppt0,rom=/vm/rom.bin"}),
    "passthru-of-two-functions-stays-together": Case(properties=TWO_FUNCTIONS),
    "passthru-on-12.2": Case(host="12.2", properties=TWO_FUNCTIONS),
    "passthru-without-iommu": Case(host="no-iommu", properties=TWO_FUNCTIONS),
    "passthru-on-arm64": Case(host="arm64", properties={**UEFI, **TWO_FUNCTIONS}, media=UBOOT),
    "arm64": Case(host="arm64", properties=UEFI, media=UBOOT),
    "arm64-with-flags-of-amd64": Case(
        host="arm64", properties={**UEFI, "bargs": "-A -u"}, media=UBOOT
    ),
    "arm64-with-vnc": Case(host="arm64", properties=VNC, media=UBOOT),
    "serial-card-of-the-user": Case(properties={"pcidev_3": "uart,/dev/nmdm9A"}),
    "properties-that-no-program-reads": Case(
        properties={
            "description": "our $(web) server",
            "notes": "since 2016",
            "rcboot": "10",
            "rcboot_delay": "5",
            "template": "no",
            "groups": "web",
            "os": "debian",
            "eject_iso_on_n_reboot": "2",
            "revert_to_snapshot": "@clean",
            "revert_to_snapshot_method": "start",
            "snapshot_keep": "last=3",
            "uefi_firmware": "other.fd",
            "uefi_vars": "yes",
            "uefi_vnc_client": "custom",
            "uefi_vnc_client_custom_cmd": "viewer %h:%p",
        },
        of_disks={
            "description": "first",
            "notes": "of the web",
            "source": "https://example.org/web.raw",
            "imported": "2026-01-01T00:00:00Z",
        },
    ),
    "netgraph-switch": Case(properties=SWITCH),
    "netgraph-and-slirp": Case(properties=NO_TAPS),
    "slirp-on-13.2": Case(host="13.2", properties=NO_TAPS),
    "netgraph-on-12.2": Case(host="12.2", properties=NO_TAPS),
    "custom-nvme-on-10.3": Case(host="10.3", properties={"pcidev_1": "nvme,/dev/ada1"}),
    "custom-device": Case(properties={"pcidev_7": "virtio-scsi,/dev/cam/ctl1.0,iid=3"}),
    "flags-of-the-user": Case(
        properties={"bargs": "-AHP -u -w -s 7,virtio-rnd -o rtc.use_localtime=1"}
    ),
    "flags-of-the-user-in-the-way": Case(properties={"bargs": "-H -s 4,virtio-rnd"}),
    "setting-of-the-user-in-the-way": Case(properties={"bargs": "-H -o memory.size=1G"}),
    "flags-too-new": Case(host="12.2", properties={"bargs": "-H -D"}),
    "nvme-with-options-on-12.2": Case(
        host="12.2",
        properties={"bhyve_disk_type": "nvme", "virtio_block_options_disk0": "nocache"},
    ),
    "firmware-on-15": Case(host="15.0", properties={**UEFI, "fwcfg": "qemu"}, media=FIRMWARE),
    "numa-domains": Case(
        host="16.0",
        properties={**UEFI, "cpu": "4", "numa_0": "size=1G,cpus=0-1", "numa_1": "size=1G,cpus=2-3"},
        media=FIRMWARE,
    ),
    "numa-on-14.3": Case(properties={**UEFI, "numa_0": "size=1G,cpus=0"}, media=FIRMWARE),
    "numa-without-firmware": Case(host="16.0", properties={"numa_0": "size=1G,cpus=0"}),
    "numa-domain-left-out": Case(
        host="16.0", properties={**UEFI, "numa_1": "size=1G,cpus=0"}, media=FIRMWARE
    ),
    "scsi-disks": Case(
        disks=2,
        properties={
            **SCSI,
            "virtio_block_options_disk0": "ro,sectorsize=512/4096",
            "virtio_block_options_disk1": "nodelete",
        },
        media=Media(images=("/chyves/zroot/guests/web1/img/data.img",)),
    ),
    "scsi-disks-that-share-slots": Case(disks=9, properties=SCSI, consolidate=True),
    "scsi-disk-with-an-option-of-others": Case(
        properties={**SCSI, "virtio_block_options_disk0": "nocache"}
    ),
    "scsi-disk-of-a-guest-without-console": Case(properties={**SCSI, "serial": ""}),
    "scsi-disk-on-10.3": Case(host="10.3", properties=SCSI),
    "scsi-disk-on-12.2": Case(host="12.2", properties=SCSI),
    "nvme-on-10.3": Case(host="10.3", properties={"bhyve_disk_type": "nvme"}),
    "e1000-on-10.3": Case(host="10.3", properties={"bhyve_net_type": "e1000"}),
    "vnc-on-10.3": Case(host="10.3", properties=VNC, media=FIRMWARE),
    "topology-on-10.3": Case(host="10.3", properties={"cpu": "cores=2,threads=2"}),
    "uefi-variables-on-12.2": Case(
        host="12.2",
        properties={**UEFI, "uefi_vars": "yes"},
        media=Media(firmware=FIRMWARE.firmware, variables="/vars.fd"),
    ),
    "shared-slots": Case(disks=10, consolidate=True),
    "shared-ahci": Case(disks=40, properties=SHARED_AHCI, consolidate=True),
    "shared-ahci-on-12.2": Case("12.2", disks=3, properties=SHARED_AHCI, consolidate=True),
    "shared-ahci-keeps-a-port-free": Case(
        disks=2, properties={**SHARED_AHCI, "pci_slots": "disk0=4.0,disk1=4.2,tap50=16"}
    ),
    "shared-ahci-with-a-free-port-on-12.2": Case(
        "12.2",
        disks=2,
        properties={**SHARED_AHCI, "pci_slots": "disk0=4.0,disk1=4.2,tap50=16"},
    ),
    "shared-ahci-turned-to-virtio": Case(
        disks=2, properties={"pci_slots": "disk0=4.0,disk1=4.1,tap50=16"}
    ),
    "function-0-is-gone": Case(disks=1, properties={"pci_slots": "disk0=4:3,tap50=16"}),
    "iso-of-a-guest-with-a-device-in-slot-3": Case(
        properties={"pci_slots": "disk0=2,tap50=3"},
        media=Media(iso="/chyves/zroot/ISO/os.iso/os.iso"),
    ),
    "cloud-init-seed": Case(
        properties={
            **UEFI,
            "cloud_seed": "yes",
            "cloud_hostname": "www.example.org",
            "cloud_net": "192.0.2.7/24,192.0.2.1",
        },
        media=Media(firmware=FIRMWARE.firmware, seed="/chyves/seed.iso"),
    ),
    "full-machine": Case(disks=40, properties={"pci_slots": ""}),
}

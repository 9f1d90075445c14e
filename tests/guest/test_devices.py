"""Every device of a bhyve line as a real guest sees it, without chyves in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.lab.bhyve.qemu_firmware import store_at_front
from tests.guest.conftest import GuestHost, firmware

pytestmark = pytest.mark.guest

LINE = """-c 2 -m 512M -A -H -P -U 0badf00d-0000-4000-8000-00000000000a
-s 0,hostbridge -s 3,ahci-cd,{iso} -s 4,virtio-blk,{disk},ser=SERIAL-4,sectorsize=512/4096
-s 5:0,virtio-net,tap70,mac=58:9c:fc:00:00:01 -s 5:7,e1000,tap71,mac=58:9c:fc:00:00:02
-s 6,nvme,{disk},sectorsize=4096,ser=SERIAL-6 -s 7,ahci,hd:{disk},hd:{disk} -s 8,virtio-rnd
-s 9,virtio-blk,{disk},ro -s 30,xhci,tablet -s 31,lpc -l com1,/dev/nmdm70A
-l bootrom,{rom},{variables} devices"""


def device_facts(lines: list[str]) -> dict[str, list[str]]:
    """Return {disk: [bytes, sector, read only, PCI address]} of the guest's show-disks."""
    return {words[0]: words[1:] for words in map(str.split, lines)}


def test_a_guest_sees_every_device_of_the_line_in_its_slot(
    guest_host: GuestHost, guest_iso: Path
) -> None:
    disk, variables = guest_host.folder / "64.img", guest_host.folder / "variables.fd"
    with open(disk, "wb") as image:
        image.truncate(64 << 20)
    variables.write_bytes(bytes(4096))
    rom = firmware()
    line = LINE.format(iso=guest_iso, disk=disk, rom=rom, variables=variables).split()
    for tap in ("tap70", "tap71"):
        guest_host.run("ifconfig", tap, "create")
    console = guest_host.null_modem("/dev/nmdm70B")
    bhyve = guest_host.start("bhyve", *line)
    console.wait_for_prompt()

    slots = "00.0 03.0 04.0 05.0 05.7 06.0 07.0 08.0 09.0 1e.0 1f.0".split()
    assert console.ask("ls /sys/bus/pci/devices | cat") == [f"0000:00:{slot}" for slot in slots]
    size = str(64 << 20)
    assert device_facts(console.ask("show-disks")) == {
        "vda": [size, "512", "0", "0000:00:04.0"],
        "vdb": [size, "512", "1", "0000:00:09.0"],
        "sda": [size, "512", "0", "0000:00:07.0"],
        "sdb": [size, "512", "0", "0000:00:07.0"],
        "sr0": [str(guest_iso.stat().st_size), "2048", "1", "0000:00:03.0"],
        "nvme0n1": [size, "4096", "0", "0000:00:06.0"],
    }
    assert console.ask("cat /sys/block/vda/serial; echo") == ["SERIAL-4"]
    assert console.ask("cat /sys/block/vda/queue/physical_block_size") == ["4096"]
    assert console.ask("cat /sys/class/nvme/nvme0/serial") == ["SERIAL-6"]
    addresses = console.ask("cat /sys/class/net/eth*/address")
    assert addresses == ["58:9c:fc:00:00:01", "58:9c:fc:00:00:02"]
    assert console.ask("grep -c 'QEMU USB Tablet' /proc/bus/input/devices") != ["0"]
    assert console.ask("cat /sys/class/misc/hw_random/rng_current") == ["virtio_rng.0"]
    assert console.ask("grep -c ^processor /proc/cpuinfo") == ["2"]

    bhyve.terminate()
    console.expect("power button pressed")
    assert bhyve.wait(30) == 1, "captures bhyve_run end-off: 1 is a power-off"
    empty_store = store_at_front(Path(rom).read_bytes())
    written = variables.read_bytes()
    assert empty_store is not None
    assert len(written) == len(empty_store)
    assert written != empty_store, "the firmware kept its variables in the file"


@pytest.mark.parametrize(("command", "status"), [("halt", 2), ("reboot -f", 0)])
def test_a_guest_loaded_by_grub_bhyve_ends_with_bhyves_status(
    guest_host: GuestHost, guest_iso: Path, command: str, status: int
) -> None:
    device_map = guest_host.folder / "device.map"
    device_map.write_text(f"(cd0) {guest_iso}\n")
    typed = "linux (cd0)/boot/vmlinuz quiet\ninitrd (cd0)/boot/initrd.gz\nboot\n"
    argv = ("grub-bhyve", "-m", str(device_map), "-r", "host", "-M", "256M", "direct")
    guest_host.run(*argv, stdin=typed)
    console = guest_host.null_modem("/dev/nmdm71B")
    line = "-c 1 -m 256M -H -s 0,hostbridge -s 31,lpc -l com1,/dev/nmdm71A direct"
    bhyve = guest_host.start("bhyve", *line.split())
    console.wait_for_prompt()
    first = console.ask("cat /proc/cmdline")[0]
    assert first == "console=ttyS0 BOOT_IMAGE=(cd0)/boot/vmlinuz quiet"
    console.type(command)
    assert bhyve.wait(60) == status
    console.leave()
    guest_host.run("bhyvectl", "--vm=direct", "--destroy")

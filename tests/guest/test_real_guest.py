"""A real operating system in the lab, from `create` to `stop`, through chyves' own commands.

Each test takes the time of some boots under emulation, about 15 s each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.guest.conftest import VARIABLES_TEMPLATE, GuestHost

pytestmark = pytest.mark.guest

MEGABYTE = 1 << 20


@pytest.fixture
def host(guest_host: GuestHost) -> Iterator[GuestHost]:
    """The lab; whatever still runs when a test ends is killed."""
    yield guest_host
    for guest in guest_host.running():
        guest_host.chyves(guest, "stop", "force", status=None)
        guest_host.wait_until_down(guest)


def slots(bhyve_line: str) -> dict[str, str]:
    """Return {PCI address as Linux writes it: emulation} of the devices of a bhyve line."""
    found = {}
    for slot, function, emulation in re.findall(r"-s (\d+)(?::(\d+))?,([\w-]+)", bhyve_line):
        found[f"0000:00:{int(slot):02x}.{function or 0}"] = emulation
    return found


def test_an_uefi_guest_is_installed_restarted_and_shut_down(host: GuestHost) -> None:
    host.chyves("web1", "create", "200M")
    host.chyves("web1", "set", "ram=512M", "cpu=2", "loader=uefi", "uefi_firmware=OVMF.fd")
    host.chyves("web1", "set", "uefi_vars=yes", "bhyve_net_type=e1000")
    image = host.root / "chyves/zroot/guests/web1/img/data.img"
    image.parent.mkdir(exist_ok=True)
    image.write_bytes(bytes(64 * MEGABYTE))
    line = host.bhyve_line("web1", "guest.iso")
    host.chyves("web1", "start", "guest.iso")

    console = host.console("web1")
    console.wait_for_prompt()
    assert console.ask("ls /sys/bus/pci/devices | cat") == sorted(slots(line))
    disks = {disk[0]: disk[1:] for disk in map(str.split, console.ask("show-disks"))}
    where = {emulation: address for address, emulation in slots(line).items()}
    assert disks["vda"] == [str(200 * MEGABYTE), "512", "0", disks["vda"][3]]
    assert disks["vdb"] == [str(64 * MEGABYTE), "512", "0", disks["vdb"][3]]
    assert slots(line)[disks["vda"][3]] == slots(line)[disks["vdb"][3]] == "virtio-blk"
    assert disks["sr0"][2:] == ["1", where["ahci-cd"]]
    mac = host.output("web1", "get", "-H", "tap50_mac").split("\t")[-1]
    assert mac.lower() in "\n".join(console.ask("cat /sys/class/net/eth0/address"))
    uuid = host.output("web1", "get", "-H", "uuid").split("\t")[-1]
    assert console.ask("cat /sys/class/dmi/id/product_uuid") == [uuid]
    assert console.ask("grep -c ^processor /proc/cpuinfo") == ["2"]

    assert console.ask("install-to-disk vda") == ["installed on /dev/vda"]
    console.restart()
    assert "installed=1" in console.ask("cat /proc/cmdline")[0]
    names = [disk.split()[0] for disk in console.ask("show-disks")]
    assert names == ["vda", "vdb"], "the ISO is ejected at the first reboot"

    template = host.root / VARIABLES_TEMPLATE
    variables = host.root / "chyves/zroot/guests/web1/uefi_vars.fd"
    assert variables.stat().st_size == template.stat().st_size
    assert variables.read_bytes() != template.read_bytes()

    console.leave()
    host.chyves("web1", "stop")
    assert host.wait_until_down("web1").startswith("ok ")
    host.nothing_is_left_of("web1")


def test_poweroff_typed_in_the_guest_ends_it(host: GuestHost) -> None:
    host.chyves("off1", "create", "16M")
    host.chyves("off1", "set", "ram=512M", "loader=uefi", "uefi_firmware=OVMF.fd")
    host.chyves("off1", "set", "bhyve_disk_type=ahci-hd")
    host.chyves("off1", "start", "guest.iso")
    console = host.console("off1")
    console.wait_for_prompt()
    names = [disk.split()[0] for disk in console.ask("show-disks")]
    assert names == ["sda", "sr0"]
    console.type("poweroff")
    assert host.wait_until_down("off1").startswith("ok ")
    host.nothing_is_left_of("off1")


def test_a_guest_that_is_still_in_its_firmware_is_killed_by_stop_and_that_is_said(
    host: GuestHost,
) -> None:
    host.chyves("firm1", "create", "16M")
    host.chyves("firm1", "set", "ram=512M", "loader=uefi", "uefi_firmware=OVMF.fd")
    host.chyves("firm1", "start")
    console = host.console("firm1")
    console.expect("BdsDxe")
    done = host.chyves("firm1", "stop", status=None)
    assert "ACPI" in done.stdout + done.stderr
    host.wait_until_down("firm1")
    host.nothing_is_left_of("firm1")


def test_a_grub_guest_boots_from_its_iso_and_once_installed_from_its_disk(host: GuestHost) -> None:
    host.chyves("grub1", "create", "200M")
    host.chyves("grub1", "set", "ram=384M", "loader=grub-bhyve", "os=default")
    line = host.bhyve_line("grub1", "guest.iso")
    host.chyves("grub1", "start", "guest.iso")

    console = host.console("grub1")
    console.wait_for_prompt()
    assert console.ask("ls /sys/firmware/efi")[0].endswith("No such file or directory")
    assert console.ask("cat /proc/cmdline")[0].startswith("BOOT_IMAGE=/boot/vmlinuz ")
    assert console.ask("ls /sys/bus/pci/devices | cat") == sorted(slots(line))
    assert console.ask("install-to-disk vda") == ["installed on /dev/vda"]
    console.restart()
    assert "installed=1" in console.ask("cat /proc/cmdline")[0]

    console.leave()
    host.chyves("grub1", "stop")
    assert host.wait_until_down("grub1").startswith("ok ")
    host.nothing_is_left_of("grub1")

"""What a real guest sees of its machine is what `explain` says, also as disks come and go."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.guest.conftest import Console, GuestHost
from tests.guest.screen import take_picture

pytestmark = pytest.mark.guest

MEGABYTE = 1 << 20
DISK_NAMES = {"virtio-blk": "vd", "ahci-hd": "sd", "nvme": "nvme", "virtio-scsi": "sd"}
FIRST = "16M"


@pytest.fixture
def host(guest_host: GuestHost) -> Iterator[GuestHost]:
    """The lab; whatever still runs when a test ends is killed."""
    yield guest_host
    for guest in guest_host.running():
        guest_host.chyves(guest, "stop", "force", status=None)
        guest_host.wait_until_down(guest)


def make(host: GuestHost, name: str, *settings: str) -> None:
    """Make an UEFI guest with one disk and two network interfaces, on two bridges."""
    settings = ("ram=512M", "loader=uefi", "uefi_firmware=OVMF.fd", *settings)
    host.chyves(name, "create", FIRST, *settings)
    taps = [host.output(name, "get", "-H", "-o", "value", "net_ifaces"), f"tap{900 + len(name)}"]
    lines = (
        f"[{name}]",
        f'net_ifaces = "{",".join(taps)}"',
        f"{taps[1]}_bridge = bridge1",
    )
    file = host.folder / f"{name}.cfg"
    file.write_text("".join(f"{line}\n" for line in lines))
    host.chyves("apply", "-y", str(file))


def explained(host: GuestHost, name: str, *iso: str) -> dict[str, list[str]]:
    """Return {PCI address as Linux writes it: [properties it comes from]}, by `explain`."""
    found = {}
    for row in json.loads(host.output(name, "explain", "--json", *iso)):
        flag, _, value = row["argument"].partition(" ")
        if row["program"] == "bhyve" and flag == "-s":
            slot, _, function = value.partition(",")[0].partition(":")
            found[f"0000:00:{int(slot):02x}.{function or 0}"] = row["from"].split(", ")
    return found


def boot(host: GuestHost, name: str) -> Console:
    """Start a guest from the ISO and wait for its shell."""
    host.chyves(name, "start", "guest.iso")
    console = host.console(name)
    console.wait_for_prompt()
    return console


def stop(host: GuestHost, name: str, console: Console) -> None:
    """Shut a guest down."""
    console.leave()
    host.chyves(name, "stop")
    assert host.wait_until_down(name).startswith("ok ")
    host.nothing_is_left_of(name)


def interfaces_seen(console: Console) -> dict[str, str]:
    """Return {MAC: PCI address} of the guest's network interfaces."""
    seen = console.ask(
        "for i in /sys/class/net/eth*; do echo $(cat $i/address) "
        "$(readlink -f $i/device | grep -o '0000:[0-9a-f:.]*' | tail -n 1); done"
    )
    return dict(pair for pair in (line.split() for line in seen) if len(pair) == 2)


def check_machine(host: GuestHost, name: str, console: Console) -> list[list[str]]:
    """Check that the guest sees all that `explain` names; return the disks that it sees."""
    where = explained(host, name, "guest.iso")
    assert console.ask("ls /sys/bus/pci/devices | cat") == sorted(where)
    disks = [line.split() for line in console.ask("show-disks")]
    for _, _, _, _, address in disks:
        assert where[address], address
    macs = host.output(name, "get", "-H", "-o", "property,value", "all").splitlines()
    wanted = {line.split("\t")[1] for line in macs if line.split("\t")[0].endswith("_mac")}
    assert set(interfaces_seen(console)) == wanted
    return disks


def test_a_nic_keeps_its_slot_as_disks_come_and_go(host: GuestHost) -> None:
    make(host, "nics", "cpu=cpus=4,sockets=2,cores=2,threads=1")
    console = boot(host, "nics")
    assert sizes(check_machine(host, "nics", console), "virtio-blk") == [16]
    shape = console.ask("grep -E 'physical id|cpu cores' /proc/cpuinfo | tr -d '\\t ' | sort -u")
    assert shape == ["cpucores:2", "physicalid:0", "physicalid:1"]
    nics = interfaces_seen(console)
    assert len(nics) == 2
    stop(host, "nics", console)

    change_disks(host, "nics")
    console = boot(host, "nics")
    assert sizes(check_machine(host, "nics", console), "virtio-blk") == [16, 17, 19, 20, 21, 22]
    assert interfaces_seen(console) == nics
    stop(host, "nics", console)


@pytest.mark.parametrize("kind", ["ahci-hd", "nvme", "virtio-scsi"])
def test_six_disks_of_a_kind_stand_where_explain_says(host: GuestHost, kind: str) -> None:
    name = f"six-{kind}"
    make(host, name, f"bhyve_disk_type={kind}")
    change_disks(host, name)
    console = boot(host, name)
    # Linux looks at several SCSI controllers at once, so their names say nothing of the order.
    by_slot = sorted(check_machine(host, name, console), key=lambda disk: disk[-1])
    assert sizes(by_slot, kind) == [16, 17, 19, 20, 21, 22]
    stop(host, name, console)


def test_disks_share_a_controller_and_nics_a_slot_where_that_is_wanted(host: GuestHost) -> None:
    host.chyves("global", "set", "consolidate_bhyve_pci_devices=yes")
    try:
        make(host, "shared", "bhyve_disk_type=ahci-hd")
        change_disks(host, "shared")
    finally:
        host.chyves("global", "set", "consolidate_bhyve_pci_devices=no")
    assert host.output("shared", "get", "-H", "-o", "value", "pci_slots").startswith("disk0=4.0,")
    console = boot(host, "shared")
    disks = check_machine(host, "shared", console)
    assert sizes(disks, "ahci-hd") == [16, 17, 19, 20, 21, 22]
    assert len({address for *_, address in disks if address != "0000:00:03.0"}) == 1
    stop(host, "shared", console)


def change_disks(host: GuestHost, name: str) -> None:
    """Give a guest six more disks of different sizes, and take one of them away."""
    for size in ("17M", "18M", "19M", "20M", "21M", "22M"):
        host.chyves(name, "disk", "add", size)
    host.chyves(name, "disk", "delete", "-y", "disk2")


def sizes(disks: list[list[str]], kind: str) -> list[int]:
    """Return the sizes in MiB of the disks that have the names of a kind."""
    seen = [each for each in disks if each[0].startswith(DISK_NAMES[kind])]
    return [int(each[1]) // MEGABYTE for each in seen]


def test_the_screen_of_a_guest_shows_through_its_vnc_port(host: GuestHost) -> None:
    make(
        host,
        "screenful",
        "bhyve_disk_type=nvme",
        "uefi_console_output=vnc",
        "uefi_vnc_res=1024x768",
    )
    console = boot(host, "screenful")
    assert sizes(check_machine(host, "screenful", console), "nvme") == [16]
    port = int(host.output("screenful", "get", "-H", "-o", "value", "uefi_vnc_port"))
    console.ask("printf '\\033[2J\\033[H' >/dev/tty0")
    before = take_picture(host.view(port))
    assert (before.width, before.height) == (1024, 768)
    console.ask("printf '\\033[20;1H%080d' 0 >/dev/tty0")
    after = take_picture(host.view(port))
    assert after.lit(0, 700) > before.lit(0, 700) + 1000
    assert console.ask("grep -c 'QEMU USB Tablet' /proc/bus/input/devices") != ["0"]
    stop(host, "screenful", console)

"""The exact command lines of loader, bhyve and network, for guests and hosts of many kinds.

Each case is a guest on a host; its text stands in plans/CASE.txt. After a change that is meant,
`pytest tests/golden --regenerate` writes the texts anew: read the difference before you commit it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chyves_core.bhyve.machine import Machine, Media, plan_machine
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import ChyvesError
from chyves_core.guests import Disk, Guest
from chyves_core.loaders.loader import plan_loader
from chyves_core.network.ifconfig import Interface
from chyves_core.network.plan import Design, plan_down, plan_up
from chyves_core.plan import Run, show
from chyves_core.properties.schema import load_schema
from chyves_core.supervise.boot import plan_files
from chyves_core.supervise.folder import RunFolder

PLANS = Path(__file__).with_name("plans")
UP = frozenset(("UP", "BROADCAST", "RUNNING"))
EM0 = Interface("em0", UP, 1500, addresses=("192.0.2.10",))
EM1_JUMBO = Interface("em1", frozenset(("BROADCAST",)), 9000)

HOSTS = {
    "10.3": HostFacts(1003000, "amd64", 4, 16, True),
    "12.2": HostFacts(1202000, "amd64", 4, 16, True),
    "13.2": HostFacts(1302001, "amd64", 4, 4, True),
    "14.3": HostFacts(1403000, "amd64", 8, 8, True),
    "no-iommu": HostFacts(1403000, "amd64", 8, 8, True, has_iommu=False),
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
    media: Media = field(default_factory=Media)
    interfaces: tuple[Interface, ...] = (EM0,)
    bridges: dict[str, str] = field(default_factory=dict)
    automatic: bool = True
    consolidate: bool = False


UEFI = {"loader": "uefi"}
VNC = {**UEFI, "uefi_console_output": "vnc"}
FIRMWARE = Media(firmware="/usr/local/share/uefi-firmware/BHYVE_UEFI.fd")
ISO = Media(iso="/chyves/zroot/ISO/os.iso/os.iso")
UBOOT = Media(firmware="/usr/local/share/u-boot/u-boot-bhyve-arm64/u-boot.bin")
UEFI_ISO = Media(iso=ISO.iso, firmware=FIRMWARE.firmware)

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
TWO_FUNCTIONS = {"pcidev_1": "passthru,2/0/0", "pcidev_2": "passthru,2/0/1"}
SHARED_AHCI = {"bhyve_disk_type": "ahci-hd", "pci_slots": ""}

EXTRAS = {
    "all-devices-on-13.2": Case(host="13.2", properties=WHOLE, media=FIRMWARE),
    "all-devices-on-12.2": Case(host="12.2", properties=WHOLE, media=FIRMWARE),
    "newer-devices": Case(properties={**UEFI, **NEW}, media=FIRMWARE),
    "newer-devices-on-13.2": Case(host="13.2", properties={**UEFI, **NEW}, media=FIRMWARE),
    **{
        f"{name}-on-{host}".replace("_", "-"): Case(host=host, properties={name: value})
        for host, properties in {"10.3": WHOLE, "12.2": WHOLE, "13.2": NEW}.items()
        for name, value in properties.items()
        if not name.startswith(("uefi", "loader", "cpu")) and not name.endswith(("_2", "_3"))
    },
    "tpm-of-the-host": Case(properties={**UEFI, "tpm": "passthru,/dev/tpm0"}, media=FIRMWARE),
    "tpm-by-swtpm": Case(properties={**UEFI, "tpm": "swtpm"}, media=FIRMWARE),
    "tpm-on-13.2": Case(host="13.2", properties={**UEFI, "tpm": "swtpm"}, media=FIRMWARE),
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
    "custom-device": Case(properties={"pcidev_7": "virtio-scsi,/dev/cam/ctl1.0,iid=3"}),
    "flags-of-the-user": Case(
        properties={"bargs": "-AHP -u -w -s 7,virtio-rnd -o rtc.use_localtime=1"}
    ),
    "flags-of-the-user-in-the-way": Case(properties={"bargs": "-H -s 4,virtio-rnd"}),
    "setting-of-the-user-in-the-way": Case(properties={"bargs": "-H -o memory.size=1G"}),
    "flags-too-new": Case(host="12.2", properties={"bargs": "-H -D"}),
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
    "cloud-init-seed": Case(
        properties=UEFI, media=Media(firmware=FIRMWARE.firmware, seed="/chyves/seed.iso")
    ),
    "full-machine": Case(disks=40, properties={"pci_slots": ""}),
}

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
    **{
        f"grub-{os}": Case(properties={"loader": "grub-bhyve", "os": os})
        for os in (
            "default",
            "debian",
            "d8lvm",
            "centos6",
            "centos7",
            "openbsd60",
            "netbsd",
            "custom",
        )
    },
    **EXTRAS,
    **{
        f"grub-{os}-from-iso": Case(properties={"loader": "grub-bhyve", "os": os}, media=ISO)
        for os in ("default", "debian", "arch", "gentoo", "coreos", "openbsd", "netbsd", "custom")
    },
}


def make_guest(case: Case) -> Guest:
    """Return the guest of a case."""
    disks = tuple(
        Disk(
            f"disk{n}", f"zroot/chyves/guests/web1/disk{n}", 8 << 30, {"disk_serial": f"CHY{n:012}"}
        )
        for n in range(case.disks)
    )
    properties = {**IDENTITY, **case.properties}
    dataset = "zroot/chyves/guests/web1"
    return Guest("web1", "zroot", dataset, properties, disks, 0, "", load_schema("guest"))


def plan_case(case: Case, config_path: str) -> Machine:
    """Return the machine of a case; raises what a plan raises."""
    facts = HOSTS[case.host]
    guest = make_guest(case)
    return plan_machine(guest, case.media, facts, config_path, consolidate=case.consolidate)


def plan_text(case: Case) -> str:
    """Return everything that starting and stopping a case's guest would do, or the refusal."""
    guest = make_guest(case)
    folder = RunFolder(guest.name)
    interfaces = {each.name: each for each in case.interfaces}
    try:
        machine = plan_case(case, folder.file("bhyve.conf"))
        loader = plan_loader(guest, case.media, folder.path)
        up = plan_up(guest, Design(case.automatic, case.bridges), interfaces)
    except ChyvesError as error:
        return f"chyves: {error}\n        {error.hint}\n"
    files = [step for step in plan_files(folder, machine, loader) if ".argv" not in str(step)]
    lines = [Run(loader.argv)] if loader else []
    down = plan_down(guest.name, interfaces)
    return "".join(
        (
            show(up),
            show((*lines, Run(machine.argv))),
            show(tuple(files)),
            "-- stop --\n",
            show(down),
        )
    )


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_as_written_down(name: str, request: pytest.FixtureRequest) -> None:
    written = PLANS / f"{name}.txt"
    text = plan_text(CASES[name])
    if request.config.getoption("--regenerate"):
        written.write_text(text)
    assert text == written.read_text()


def test_no_plan_is_left_of_a_case_that_is_gone() -> None:
    assert {path.stem for path in PLANS.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_no_plan_shows_the_vnc_password(name: str) -> None:
    assert "geheim" not in plan_text(CASES[name])


def release_of(case: Case) -> tuple[int, int]:
    """Return the release of a case's host, as the lab takes it."""
    number = HOSTS[case.host].osreldate
    return number // 100_000, number // 1_000 % 100


AMD64 = [name for name, case in CASES.items() if HOSTS[case.host].arch == "amd64"]
# -s numbers the ports of an AHCI controller one after the other; only settings can leave one out.
SAME_IN_FLAGS = [
    name for name in AMD64 if HOSTS[CASES[name].host].has_config_file and "port-free" not in name
]


@pytest.mark.parametrize("name", AMD64)
def test_the_labs_bhyve_takes_every_planned_line(name: str, tmp_path: Path) -> None:
    from chyves_core.lab.bhyve.machine import parse

    case = CASES[name]
    file = tmp_path / "bhyve.conf"
    try:
        machine = plan_case(case, str(file))
    except ChyvesError:
        return
    if machine.file:
        file.write_text(machine.file.text)
    parsed = parse(list(machine.argv[1:]), release_of(case))
    assert parsed.name == "chy-web1"
    slots = [(device.bus, device.slot, device.function) for device in parsed.devices]
    assert len(slots) == len(set(slots))


@pytest.mark.parametrize("name", SAME_IN_FLAGS)
def test_the_file_says_what_the_command_line_would_say(name: str, tmp_path: Path) -> None:
    from chyves_core.lab.bhyve.options import read_command_line

    file = tmp_path / "bhyve.conf"
    try:
        machine = plan_case(CASES[name], str(file))
    except ChyvesError:
        return
    assert machine.file
    file.write_text(machine.file.text)
    words = [word for each in machine.arguments for word in each.words]
    release = release_of(CASES[name])
    settings = dict(read_command_line(words, release, Path).lines())
    secrets = dict(secret for each in machine.arguments for secret in each.secrets)
    assert dict(read_command_line(list(machine.argv[1:]), release, Path).lines()) == {
        **settings,
        **secrets,
    }

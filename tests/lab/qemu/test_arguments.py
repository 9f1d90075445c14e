"""The QEMU command line that stands for a bhyve line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from chyves_core.lab.bhyve.machine import parse
from chyves_core.lab.bhyve.qemu_arguments import (
    Firmware,
    Loaded,
    QemuFiles,
    qemu_arguments,
    vnc_password,
    waits_for_viewer,
)
from chyves_core.lab.bhyve.qemu_devices import CannotEmulateError, Plug

LAB = Path("/lab/root")


def located(path: str) -> Path:
    return LAB / path.lstrip("/")


def arguments(line: str, **files: object) -> list[str]:
    """Return QEMU's arguments for a bhyve line of FreeBSD 14.3."""
    machine = parse([*line.split(), "web1"], (14, 3))
    given = {
        "locate": located,
        "firmware": Firmware(),
        "loaded": None,
        "terminals": {},
        "monitor": 5,
        "log": Path("/dev/fd/6"),
    }
    return qemu_arguments(machine, QemuFiles(**{**given, **files}))  # type: ignore[arg-type]


def devices(line: str) -> list[str]:
    """Return what the -s options of a line come to, as `option value` texts."""
    words = arguments(line)
    wanted = ("-device", "-drive", "-netdev", "-vnc", "-fsdev", "-chardev", "-audiodev")
    pairs = [f"{a} {b}" for a, b in pairwise(words) if a in wanted]
    return [pair for pair in pairs if "id=monitor" not in pair]


def test_the_board_memory_and_processors_are_those_of_the_line() -> None:
    uuid = "0badf00d-0000-4000-8000-00000000000a"
    line = f"-c cpus=4,sockets=1,cores=2,threads=2 -m 1G -U {uuid} -s 0,hostbridge -s 31,lpc"
    assert arguments(line) == [
        "qemu-system-x86_64",
        *("-name", "guest=web1"),
        *("-machine", "q35,usb=off,sata=off,smbus=off,vmport=off,hpet=off"),
        *("-accel", "tcg,tb-size=128", "-cpu", "max,la57=off"),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-S"),
        *("-vga", "none", "-display", "none"),
        *("-d", "cpu_reset", "-D", "/dev/fd/6"),
        *("-smp", "4,sockets=1,cores=2,threads=2", "-m", "1024M"),
        *("-uuid", uuid, "-rtc", "base=localtime"),
        *("-chardev", "socket,id=monitor,fd=5", "-mon", "chardev=monitor,mode=control"),
    ]


def test_u_keeps_the_clock_in_utc() -> None:
    words = arguments("-u -s 0,hostbridge")
    assert words[words.index("-rtc") + 1] == "base=utc"


def test_every_device_is_put_into_the_slot_and_function_that_bhyve_names() -> None:
    line = "-s 4,virtio-blk,/a -s 10:0,virtio-rnd -s 10:3,virtio-rnd -s 30,xhci,tablet"
    assert devices(line) == [
        "-drive if=none,id=pci4-disk,format=raw,file.locking=off,file=/lab/root/a",
        "-device virtio-blk-pci,id=pci4,drive=pci4-disk,addr=0x4.0,multifunction=on",
        "-device virtio-rng-pci,id=pci10,addr=0xa.0,multifunction=on",
        "-device virtio-rng-pci,id=pci10f3,addr=0xa.3",
        "-device qemu-xhci,id=pci30,addr=0x1e.0,multifunction=on",
        "-device usb-tablet,bus=pci30.0",
    ]


@pytest.mark.parametrize(
    ("options", "drive", "device"),
    [
        ("", "", ""),
        (",ro", ",readonly=on", ""),
        (",nocache", "", ""),
        (",direct", "", ",write-cache=off"),
        (",ser=AB12", "", ",serial=AB12"),
        (",sectorsize=512/4096", "", ",logical_block_size=512,physical_block_size=4096"),
        (",sectorsize=4096", "", ",logical_block_size=4096,physical_block_size=4096"),
        (",bootindex=2", "", ",bootindex=2"),
    ],
)
def test_block_options_reach_the_disk(options: str, drive: str, device: str) -> None:
    assert devices(f"-s 4,virtio-blk,/a{options}") == [
        f"-drive if=none,id=pci4-disk,format=raw,file.locking=off,file=/lab/root/a{drive}",
        f"-device virtio-blk-pci,id=pci4,drive=pci4-disk,addr=0x4.0,multifunction=on{device}",
    ]


def test_an_nvme_disk_keeps_its_serial_and_its_eui64() -> None:
    assert devices("-s 4,nvme,/a,ser=N1,eui64=0x589cfc0000000001,sectorsize=4096")[1:] == [
        "-device nvme,id=pci4,addr=0x4.0,multifunction=on,serial=N1",
        "-device nvme-ns,drive=pci4-disk,bus=pci4,logical_block_size=4096,"
        "physical_block_size=4096,eui64=0x589cfc0000000001",
    ]


def test_a_cd_is_read_only_and_a_read_only_sata_disk_throws_away_what_is_written() -> None:
    assert devices("-s 3,ahci-cd,/x.iso -s 4,ahci-hd,/a,ro") == [
        "-device ich9-ahci,id=pci3,addr=0x3.0,multifunction=on",
        "-drive if=none,id=pci3-port0,format=raw,file.locking=off,file=/lab/root/x.iso,readonly=on",
        "-device ide-cd,bus=pci3.0,drive=pci3-port0",
        "-device ich9-ahci,id=pci4,addr=0x4.0,multifunction=on",
        "-drive if=none,id=pci4-port0,format=raw,file.locking=off,file=/lab/root/a,snapshot=on",
        "-device ide-hd,bus=pci4.0,drive=pci4-port0",
    ]


def test_one_ahci_controller_has_a_port_for_each_of_its_disks() -> None:
    found = devices("-s 3,ahci,hd:/a,ser=S1,cd:/x.iso,hd:/b")
    assert [text for text in found if "-device" in text] == [
        "-device ich9-ahci,id=pci3,addr=0x3.0,multifunction=on",
        "-device ide-hd,bus=pci3.0,drive=pci3-port0,serial=S1",
        "-device ide-cd,bus=pci3.1,drive=pci3-port1",
        "-device ide-hd,bus=pci3.2,drive=pci3-port2",
    ]


def test_nics_have_the_mac_of_the_line_and_need_no_privileges() -> None:
    # Without mac=: bhyve net_utils.c, from the source and not captured.
    assert devices("-s 5,virtio-net,tap50,mac=58:9c:fc:01:02:03 -s 6,e1000,tap51") == [
        "-netdev user,id=pci5-net",
        "-device virtio-net-pci,id=pci5,netdev=pci5-net,addr=0x5.0,multifunction=on,"
        "mac=58:9c:fc:01:02:03,romfile=",
        "-netdev user,id=pci6-net",
        "-device e1000,id=pci6,netdev=pci6-net,addr=0x6.0,multifunction=on,"
        "mac=58:9c:fc:69:25:fd,romfile=",
    ]


def test_a_tap_is_a_wire_and_what_its_bridge_leads_to_is_nat_on_the_same_hub() -> None:
    plugs = {"tap50": Plug(7, outside=False), "tap51": Plug(8, outside=True)}
    words = arguments("-s 5,virtio-net,tap50 -s 6,e1000,tap51", plugs=plugs)
    assert [b for a, b in pairwise(words) if a == "-netdev"] == [
        "socket,fd=7,id=pci5-net",
        "user,id=pci6-net-nat,dhcpstart=10.0.2.66",
        "socket,fd=8,id=pci6-net-tap",
        "hubport,hubid=48,id=pci6-net-nat-port,netdev=pci6-net-nat",
        "hubport,hubid=48,id=pci6-net-tap-port,netdev=pci6-net-tap",
        "hubport,hubid=48,id=pci6-net",
    ]


def test_the_frame_buffer_is_a_vnc_server_on_the_same_address() -> None:
    line = "-s 29,fbuf,rfb=[::1]:5907,w=1024,h=768,password=secret,wait"
    assert devices(line) == [
        "-vnc [::1]:7,password=on",
        "-device VGA,id=pci29,addr=0x1d.0,multifunction=on,vgamem_mb=16,xres=1024,yres=768",
    ]
    machine = parse([*line.split(), "web1"], (14, 3))
    assert vnc_password(machine) == "secret"
    assert waits_for_viewer(machine)
    assert "secret" not in " ".join(arguments(line))


def test_com_ports_are_terminals_stdio_or_tcp() -> None:
    line = "-s 31,lpc -l com1,/dev/nmdm50A -l com2,stdio -l com3,tcp=127.0.0.1:9000"
    words = arguments(line, terminals={1: "/dev/pts/7"})
    assert words[-12:] == [
        *("-chardev", "serial,id=com1,path=/dev/pts/7"),
        *("-device", "isa-serial,chardev=com1,index=0"),
        *("-chardev", "stdio,id=com2,signal=off"),
        *("-device", "isa-serial,chardev=com2,index=1"),
        *("-chardev", "socket,id=com3,host=127.0.0.1,port=9000,server=on,wait=off"),
        *("-device", "isa-serial,chardev=com3,index=2"),
    ]


def test_firmware_is_one_rom_or_two_flash_chips() -> None:
    rom = arguments("-s 31,lpc", firmware=Firmware(rom=Path("/f/OVMF.fd")))
    assert rom[rom.index("-bios") + 1] == "/f/OVMF.fd"
    chips = arguments(
        "-s 31,lpc", firmware=Firmware(code=Path("/f/CODE.fd"), variables=Path("/v/VARS.fd"))
    )
    assert [word for word in chips if "pflash" in word] == [
        "if=pflash,unit=0,format=raw,readonly=on,file=/f/CODE.fd",
        "if=pflash,unit=1,format=raw,file.locking=off,file=/v/VARS.fd",
    ]


def test_a_kernel_from_the_boot_loader_is_started_without_firmware() -> None:
    loaded = Loaded(Path("/dev/fd/7"), Path("/dev/fd/8"), "console=ttyS0 root=/dev/vda1")
    words = arguments("-s 0,hostbridge", loaded=loaded)
    start = words.index("-kernel")
    assert words[start : start + 6] == [
        *("-kernel", "/dev/fd/7", "-append", "console=ttyS0 root=/dev/vda1"),
        *("-initrd", "/dev/fd/8"),
    ]


def test_a_comma_in_a_path_stays_part_of_the_path() -> None:
    machine = parse(
        ["-o", "pci.0.4.0.device=virtio-blk", "-o", "pci.0.4.0.path=/a,b", "v"], (14, 3)
    )
    files = QemuFiles(located, Firmware(), None, {}, 5, Path("/dev/fd/6"))
    assert any(word.endswith("file=/lab/root/a,,b") for word in qemu_arguments(machine, files))


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("1:2:0,virtio-rnd", "PCI bus 1: QEMU's guest has bus 0 only"),
        ("0,virtio-rnd", "slot 0 holds the host bridge of QEMU's q35 board"),
        ("31,virtio-rnd", "slot 31 holds the ISA bridge of QEMU's q35 board"),
        ("29,fbuf,tcp=127.0.0.1:80", "fbuf at 127.0.0.1:80: QEMU's VNC ports begin at 5900"),
        ("5,virtio-input,/dev/input/event0", "virtio-input cannot be had under QEMU"),
        ("5,nvme,ram=64", "nvme,ram= cannot be had under QEMU"),
        ("5,ahci" + ",hd:/a" * 7, "ahci with 7 ports: QEMU's has 6"),
    ],
)
def test_what_qemu_cannot_play_is_refused_with_its_reason(device: str, reason: str) -> None:
    with pytest.raises(CannotEmulateError) as refusal:
        arguments(f"-s {device}")
    assert str(refusal.value) == reason
